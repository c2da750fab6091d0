"""Which link is broken: reference to training set (A, P), training set to samples (B, F)?

Each link is asked twice: what of its first end is lost at its second, and what at its second is
strange to its first. Both ends are cut to one size and compared with what two human samples of that
size show (see `measure`); p-values hold for everything that was asked of a link together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from firsthand.diagnosing import places
from firsthand.diagnosing.answer import Code, Evidence
from firsthand.diagnosing.places import Exact
from firsthand.measure import Measured, measure
from firsthand.sides import Side
from firsthand.types import Measurement, Undetermined

TOLERATED = 0.05
"""What is lost up to here matters to nobody, however sure it is (decision 0022)."""

MEASURED = 0.5
"""Share of a question's level that metrics get; what is asked by changing places gets the rest."""

LOST: Mapping[str, tuple[str, ...]] = {
    "features": ("coverage", "tail_coverage"),
    "tokens": ("type_survival", "rare_token_mass"),
    "boxes": ("class_survival",),
}
STRANGE: Mapping[str, tuple[str, ...]] = {
    "features": ("precision",),
    "tokens": ("perplexity",),
    "boxes": ("size_survival",),
}
SIZED = frozenset({"detect", "segment", "oriented"})
LONG_RUNS = ((("n", "3"),), (("n", "4"),))
PREDICTABLE = (("text", "too-predictable"),)
LEFT_OUT = {*LONG_RUNS, PREDICTABLE}
"""Long runs are told apart by models of language long before anything is lost; text that is too
predictable is narrow, not strange."""


class Asked(NamedTuple):
    """An answer before it is corrected for all that was asked."""

    evidence: Evidence
    material: bool  # is it beyond what is tolerated?


class Link(NamedTuple):
    """Both questions about a link, and what could not be told."""

    lost: Asked
    strange: Asked
    measurements: tuple[Measurement, ...]
    undetermined: tuple[Undetermined, ...]


class Way(NamedTuple):
    """How links are measured."""

    seed: int
    splits: int


def views(first: Side, second: Side) -> tuple[str, ...]:
    """What of the two is compared: points of points and whole images, words, or labels."""
    both = first.offers & second.offers
    if "tokens" in both:
        return ("tokens",)
    boxed = {first.task, second.task} & SIZED
    asked = ("boxes",) if boxed else ("features", "boxes")
    return tuple(name for name in asked if name in both)


def link(
    first: Side,
    second: Side,
    codes: tuple[Code, Code],
    way: Way,
    also: Sequence[str] = (),
    known: Measured | None = None,
) -> Link:
    """What became of the first in the second?

    Args:
        first: the end that is preserved or not.
        second: what was made from it.
        codes: what the questions "lost" and "strange" are called.
        way: seed and number of splits.
        also: further metrics, of no consequence here.
        known: what was measured of the two already, and is not measured again.
    """
    seen = views(first, second)
    sized = bool({first.task, second.task} & SIZED)
    lost = [name for view in seen for name in LOST[view]]
    strange = [name for view in seen for name in STRANGE[view] if view != "boxes" or sized]
    names = [*lost, *strange, *(name for name in also if "features" in seen)]
    found = _measured(first, second, names, way, known)
    kept = tuple(one for one in found.measurements if one.slice not in LEFT_OUT)
    by_model = sized and codes != ("A", "P")
    lost += strange if by_model else []  # a detector loses small objects; none is strange
    measured = asked(codes[0], [one for one in kept if one.metric in lost], found.undetermined)
    odd = (
        unknown(codes[1], "labels-cannot-tell")
        if by_model
        else _strange(codes, kept, strange, found.undetermined, sized=sized)
    )
    if sized:
        return Link(measured, odd, kept, found.undetermined)
    return Link(
        _joined(measured, places.lost(first, second, codes[0], way.seed)),
        _joined(odd, places.strange(first, second, codes[1], way.seed)),
        kept,
        found.undetermined,
    )


def _measured(
    first: Side, second: Side, names: Sequence[str], way: Way, known: Measured | None
) -> Measured:
    """What is known of the metrics, and the others measured, corrected among themselves."""
    if known is None:
        return measure(first, second, metrics=names, seed=way.seed, splits=way.splits)
    found = [one for one in known.measurements if one.metric in names]
    gone = [one for one in known.undetermined if one.metric in names]
    tried = {one.metric for one in found} | {one.metric for one in gone}
    rest = [name for name in names if name not in tried]
    if rest:
        more = measure(first, second, metrics=rest, seed=way.seed, splits=way.splits)
        found += more.measurements
        gone += more.undetermined
    return Measured(tuple(found), tuple(gone), known.shared)


def _joined(measured: Asked, exact: Sequence[Exact]) -> Asked:
    """The worst of both kinds of answers to one question, corrected for having asked them all."""
    if not exact or measured.evidence.p_value is None:
        return measured
    share = (1 - MEASURED) / len(exact)
    code = measured.evidence.code
    found = [_paid(measured, MEASURED), *(_paid(told(code, one), share) for one in exact)]
    return min(found, key=lambda one: (not one.material, one.evidence.p_value))


def _paid(one: Asked, share: float) -> Asked:
    """Corrected for its share of the level (Bonferroni, weighted)."""
    chance = min((one.evidence.p_value or 0.0) / share, 1.0)
    return one._replace(evidence=replace(one.evidence, p_value=chance))


def told(code: Code, one: Exact) -> Asked:
    """What changing places answers to a question, not yet corrected."""
    value = one.found.value
    evidence = Evidence(
        code=code,
        state="whole",
        value=value,
        null_low=one.found.null_low,
        null_high=one.found.null_high,
        p_value=one.found.p_value,
        metric=one.metric,
        unit=one.unit,
        n=one.n,
    )
    material = value >= 1 + TOLERATED if one.worse == "up" else value <= 1 - TOLERATED
    return Asked(evidence, material)


def _strange(
    codes: tuple[Code, Code],
    kept: Sequence[Measurement],
    names: Sequence[str],
    gone: Sequence[Undetermined],
    *,
    sized: bool,
) -> Asked:
    """Sizes that changed; where classes are gone, so are their sizes, which says nothing new."""
    mine = [one for one in kept if one.metric in names and not (sized and len(one.slice) > 1)]
    classes = asked(codes[0], [one for one in kept if one.metric == "class_survival"], gone)
    if sized and classes.material and (classes.evidence.p_value or 0) <= TOLERATED:
        return unknown(codes[1], "classes-gone")
    return asked(codes[1], mine, gone)


def asked(code: Code, found: Sequence[Measurement], gone: Sequence[Undetermined] = ()) -> Asked:
    """The worst of some measurements: the one that stands farthest out of what matters."""
    if not found:
        return unknown(code, gone[0].reason if gone else "nothing-to-compare")
    worst = min(found, key=lambda one: (not _material(one), one.adjusted_p or 0.0, _kept(one)))
    published = next((one.absolute for one in found if one.absolute is not None), None)
    evidence = Evidence(
        code=code,
        state="whole",
        value=worst.value,
        null_low=worst.null_low,
        null_high=worst.null_high,
        p_value=worst.adjusted_p,
        metric=worst.metric,
        slice=worst.slice,
        unit=worst.unit,
        absolute=published,
        n=min(worst.n_reference, worst.n_candidate),
    )
    return Asked(evidence, _material(worst))


def _kept(one: Measurement) -> float:
    return one.value if one.worse == "down" else -one.value


def _material(one: Measurement) -> bool:
    if one.worse == "down":
        return one.value <= 1 - TOLERATED
    return one.value >= 1 + TOLERATED


def unknown(code: Code, reason: str) -> Asked:
    """It cannot be said, and why."""
    return Asked(Evidence(code=code, state="unknown", reason=reason), material=False)


def judged(found: Sequence[Asked], level: float) -> list[Evidence]:
    """Every answer corrected for all of them (Holm 1979), and what that makes of it."""
    known = [one for one in found if one.evidence.p_value is not None]
    order = sorted(known, key=lambda one: one.evidence.p_value or 0.0)
    corrected: dict[str, float] = {}
    least = 0.0
    for at, one in enumerate(order):
        least = max(least, min((len(order) - at) * (one.evidence.p_value or 0.0), 1.0))
        corrected[one.evidence.code] = least
    return [_judged(one, corrected.get(one.evidence.code), level) for one in found]


def _judged(one: Asked, chance: float | None, level: float) -> Evidence:
    if chance is None:
        return one.evidence
    if one.material and chance <= level:
        return replace(one.evidence, p_value=chance, state="broken", reason="")
    if one.evidence.reason:  # what was asked could only have shown a loss
        return unknown(one.evidence.code, one.evidence.reason).evidence
    return replace(one.evidence, p_value=chance, state="whole")
