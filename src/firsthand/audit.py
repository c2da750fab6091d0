"""Shall this training set be trained on? The main job, from two datasets to a verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from firsthand import __version__, findings, registry
from firsthand.composition import compose
from firsthand.config import Limits, load_limits
from firsthand.diagnose import of_training_set
from firsthand.errors import Blocked, CannotSay, InputError
from firsthand.leaks import find_leaks
from firsthand.measure import Measured, audited, measure
from firsthand.outlook.going_on import going_on
from firsthand.provenance import declare
from firsthand.sides import Side, in_training
from firsthand.sources import Source, check_comparable, check_kind, samples_of, side_of
from firsthand.splits import held_out_as_in
from firsthand.types import HUMAN, Audit, Dataset, Finding, Provenance

Report = Callable[[str], None]


def audit(
    candidate: Source,
    reference: Source,
    *,
    anchor: Source | None = None,
    limits: Limits | Path | str | None = None,
    origin: Provenance | str | None = None,
    metrics: Sequence[str] | str | None = None,
    features: str | None = None,
    seed: int = 0,
    strict: bool = False,
    report: Report = lambda _step: None,
) -> Audit:
    """Shall this training set be trained on?

    Args:
        candidate: the training set: a path, a ledger version, or samples that were read. Also a
            saved profile or a file of features: what they do not hold is said to be undetermined.
            Its val and test splits are looked at for leaks, and nothing else: what they hold is
            not trained on. So they are left out of the reference too.
        reference: human-verified data to preserve. Naming it here declares it human where
            nothing else is said.
        anchor: held-out human-verified validation data; else the candidate's own val and test.
            Naming it here declares it human where nothing else is said.
        limits: a limits file or object; `firsthand.yaml` of the working folder, else the defaults.
        origin: what you declare of samples that no side file speaks of: "human", "synthetic",
            "model-labelled", "unknown", or what `declare` makes of more. Held-out samples that
            the reference holds too, label and all, keep the reference's.
        metrics: which one or ones to compute; all that fit if None. Nothing is diagnosed where
            they are named.
        features: what turns media into points, NAME or NAME=MODEL; by default what needs no model.
        seed: of the random splits behind nulls and intervals.
        strict: the first bad piece of content is an error instead of a counted skip.
        report: called with what is done next.

    Returns:
        The verdict with everything it rests on. `pass` says that no limit is breached and that no
        required limit stayed open; what else could not be told is in `undetermined`.

    Raises:
        InputError: a dataset cannot be read, is empty, is of another kind than the reference, or
            shares no class name with it; or the seed is negative.
    """
    began = time.monotonic()
    _check_seed(seed)
    rules = limits if isinstance(limits, Limits) else load_limits(limits)
    declared = declare(origin) if isinstance(origin, str) else origin
    report("reference")
    theirs, human = _both(side_of(reference, features, declared=HUMAN, strict=strict), HUMAN)
    report("candidate")
    ours, judged = _both(side_of(candidate, features, declared=declared, strict=strict), declared)
    judged = held_out_as_in(human, judged, declared)
    check_comparable(ours, theirs)
    kept, held_out = (None, None) if anchor is None else _anchor(anchor, ours, strict)
    asked = (metrics,) if isinstance(metrics, str) else metrics
    chosen = audited(theirs, ours) if asked is None else asked
    before, after = in_training(theirs, ours)
    expected, trained = samples_of(before, HUMAN), samples_of(after, declared)
    measured = measure(before, after, metrics=chosen, seed=seed, report=report)
    report("leaks")
    leaks, unchecked = find_leaks(judged, held_out)
    made = compose(trained)
    sources, open_questions = findings.origins(made, rules)
    skips = (*judged.skips, *human.skips, *(held_out.skips if held_out else ()))
    found = [*leaks, *findings.losses(measured.measurements, rules), *sources]
    found = findings.with_source_note(findings.waive(found, rules, date.today()), trained)
    found += findings.notes(human, judged, measured.shared, skips)
    found += findings.idle(rules, measured.measurements, measured.undetermined)
    open_questions += findings.unmeasured(measured.measurements, measured.undetermined, rules)
    if _labels_looked_at(measured):
        open_questions += findings.unlabelled(expected, trained, rules)
    undetermined = (*open_questions, *unchecked, *measured.undetermined)
    return Audit(
        verdict=findings.decide(found, undetermined, rules),
        findings=tuple(found),
        undetermined=undetermined,
        measurements=measured.measurements,
        composition=compose(judged),
        candidate=_typed(candidate) | ours.described(),
        reference=_typed(reference) | theirs.described(),
        anchor=None if kept is None else _typed(anchor) | kept.described(),
        shared=measured.shared,
        skips=skips,
        limits=_limits_used(rules),
        seed=seed,
        seconds=round(time.monotonic() - began, 3),
        version=__version__,
        ahead=going_on(trained, expected, made, seed),
        diagnosis=of_training_set(before, after, made, measured, seed=seed, report=report)
        if asked is None and _lost(found)
        else None,
    )


def _anchor(anchor: Source, judged: Side, strict: bool) -> tuple[Side, Dataset]:
    """Held-out data of the same kind, which naming them here declares human."""
    kept, held_out = _both(side_of(anchor, declared=HUMAN, strict=strict), HUMAN)
    check_kind(judged, kept, "anchor")
    return kept, held_out


def _lost(found: Sequence[Finding]) -> bool:
    """Is anything of the reference lost that nobody announced?"""
    return any(each.measurement is not None and each.severity != "note" for each in found)


def _both(side: Side, declared: Provenance | None) -> tuple[Side, Dataset]:
    """What is measured, and its samples one by one."""
    return side, samples_of(side, declared)


def _typed(source: Source | None) -> dict[str, object]:
    """A set as the caller named it: two sets may both be called data.yaml."""
    return {"source": str(source)} if isinstance(source, str | Path) else {}


def raise_for_verdict(result: Audit, *, allow_undetermined: bool = False) -> None:
    """Stop unless the verdict is pass; for use before a training run.

    Raises:
        Blocked: a limit is breached.
        CannotSay: a required limit could not be checked, unless `allow_undetermined`.
    """
    if result.verdict == "block":
        codes = sorted({each.code for each in result.findings if each.severity == "block"})
        raise Blocked(f"the training set is blocked: {', '.join(codes)}", result)
    if result.verdict == "cannot-say" and not allow_undetermined:
        reasons = sorted({each.reason for each in result.undetermined})
        raise CannotSay(f"it cannot be said whether to train: {', '.join(reasons)}", result)


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise InputError(f"the seed is {seed}", expected="a whole number from 0")


def _labels_looked_at(measured: Measured) -> bool:
    """Was a metric asked for that looks at labels?"""
    tried = {each.metric for each in measured.measurements}
    tried |= {each.metric for each in measured.undetermined}
    return any(registry.load("metrics", name).view == "boxes" for name in tried)


def _limits_used(limits: Limits) -> dict[str, object]:
    return {
        "source": limits.source,
        "family_wise_rate": limits.family_wise_rate,
        "limits": {
            name: {
                "at_least": each.at_least,
                "at_most": each.at_most,
                "required": each.required,
                "reason": each.reason,
            }
            for name, each in limits.limits.items()
        },
    }
