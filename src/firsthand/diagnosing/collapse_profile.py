"""The eight senses in which people say "collapse", each measured or not, so that all read one page.

Schaeffer et al. 2025 (arXiv:2503.03150) count eight definitions in use and ask for such a profile;
the wording of the eight here is ours. What speaks of loss over time needs a history; what speaks of
scaling needs runs at several sizes, which no single diagnosis has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from firsthand.diagnosing.answer import Definition, Evidence
from firsthand.diagnosing.context import spread
from firsthand.diagnosing.links import TOLERATED, Way, views
from firsthand.measure import measure
from firsthand.monitor import Watched, monitor
from firsthand.sides import Side
from firsthand.trajectory import Row
from firsthand.types import Measurement

RISKS = ("perplexity", "model_perplexity", "frechet", "kid", "sliced_wasserstein", "c2st")
"""Metrics of a history that stand for the loss on human data."""

STRANGE: Mapping[str, tuple[str, ...]] = {
    "features": ("density", "precision"),
    "tokens": ("perplexity",),
}
LONG = 6  # looks from which a tendency can be told
STILL = 3.0  # standard errors of a slope that is not nothing


def profile(
    reference: Side,
    target: Side,
    evidence: Sequence[Evidence],
    rows: Sequence[Row] | None,
    way: Way,
) -> tuple[Definition, ...]:
    """All eight.

    Args:
        reference: human data.
        target: the model's samples, or the training set where there are none.
        evidence: what was found about the links.
        rows: the history, if there is one.
        way: seed and splits.
    """
    names = STRANGE.get(next(iter(views(reference, target)), ""), ())
    short = "more-samples" if names else "points-or-texts"  # asked, and no number found
    asked = measure(reference, target, metrics=names, seed=way.seed, splits=way.splits)
    found = {(one.metric, one.slice): one for one in asked.measurements} if names else {}
    surprising = found.get(("perplexity", (("text", "too-surprising"),)))
    return (
        *_risks(rows),
        Definition(name="scaling-law", state="unknown", needs="sizes"),
        _diversity(reference, target, way),
        _tails(evidence),
        _strange("mixing", found.get(("density", ())), short if "density" in names else "points"),
        _strange("hallucination", surprising or found.get(("precision", ())), short),
    )


def _risks(rows: Sequence[Row] | None) -> tuple[Definition, ...]:
    names = ("divergent-risk", "any-risk", "asymptotic-divergence")
    mine = [row for row in rows or () if row.metric in RISKS]
    watched = monitor(mine).watched if mine else ()
    if not watched:
        needs = "history" if rows is None else "risk-history"
        return tuple(Definition(name=name, state="unknown", needs=needs) for name in names)
    worst = max(watched, key=lambda one: max(one.adjusted))
    grown = worst.alarm is not None
    speeds = _speeds(worst)
    return (
        _risk(names[0], worst, None if speeds is None else grown and speeds[1] >= speeds[0]),
        _risk(names[1], worst, grown),
        _risk(names[2], worst, None if speeds is None else grown and speeds[2] > STILL),
    )


def _speeds(one: Watched) -> tuple[float, float, float] | None:
    """Growth per look in the first and the last half, and the last one in its standard errors."""
    if len(one.values) < LONG:
        return None
    values = np.array(one.values) * (1.0 if one.worse == "up" else -1.0)
    halves = [values[: len(values) // 2], values[len(values) // 2 :]]
    slopes = [float(np.polyfit(np.arange(len(half)), half, 1)[0]) for half in halves]
    last = halves[1]
    at = np.arange(len(last))
    rest = last - np.polyval(np.polyfit(at, last, 1), at)
    error = np.sqrt((rest**2).sum() / max(len(last) - 2, 1) / ((at - at.mean()) ** 2).sum())
    return slopes[0], slopes[1], slopes[1] / max(float(error), 1e-12)


def _risk(name: str, one: Watched, seen: bool | None) -> Definition:
    if seen is None:
        return Definition(name=name, state="unknown", needs="longer-history")
    low, high = one.null[-1]
    return Definition(
        name=name,
        state="seen" if seen else "not-seen",
        value=one.values[-1],
        null_low=low,
        null_high=high,
        metric=one.metric,
        slice=one.slice,
    )


def _diversity(reference: Side, target: Side, way: Way) -> Definition:
    """Is it narrower than the reference, beyond chance and by more than is tolerated?"""
    one = spread(reference, target, way).evidence
    if one.value is None or one.null_low is None:
        return Definition(name="diversity", state="unknown", needs="points-or-texts")
    seen = one.value < one.null_low and one.value <= 1 - TOLERATED
    return Definition(
        name="diversity",
        state="seen" if seen else "not-seen",
        value=one.value,
        null_low=one.null_low,
        null_high=one.null_high,
        metric=one.metric,
        slice=one.slice,
    )


def _tails(evidence: Sequence[Evidence]) -> Definition:
    """Of both links, the one that is broken; else the first that could be asked."""
    links = [each for each in evidence if each.code in {"A", "B"} and each.value is not None]
    if not links:
        return Definition(name="tails", state="unknown", needs="more-samples")
    one = next((each for each in links if each.state == "broken"), links[0])
    return Definition(
        name="tails",
        state="seen" if one.state == "broken" else "not-seen",
        value=one.value,
        null_low=one.null_low,
        null_high=one.null_high,
        metric=one.metric,
        slice=one.slice,
    )


def _strange(name: str, one: Measurement | None, needs: str) -> Definition:
    if one is None:
        return Definition(name=name, state="unknown", needs=needs)
    far = 1 - one.value if one.worse == "down" else one.value - 1
    seen = (one.adjusted_p or 1.0) <= 0.05 and far >= TOLERATED
    return Definition(
        name=name,
        state="seen" if seen else "not-seen",
        value=one.value,
        null_low=one.null_low,
        null_high=one.null_high,
        metric=one.metric,
        slice=one.slice,
    )
