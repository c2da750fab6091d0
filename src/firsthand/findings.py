"""From numbers to findings: which limits are breached, which are waived, what could not be told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from firsthand import registry
from firsthand.composition import held
from firsthand.config import Limits, default_limits
from firsthand.types import (
    Composition,
    Dataset,
    Finding,
    Measurement,
    Severity,
    Shared,
    Skip,
    Undetermined,
    Verdict,
)


def losses(measurements: Sequence[Measurement], limits: Limits) -> list[Finding]:
    """Everything outside its null at the family-wise rate; it blocks where a limit is passed too.

    A loss that no limit stands for, or that is within its tolerance, is to be watched. One that
    was announced under `expect:` is a note.
    """
    found: list[Finding] = []
    for measurement in measurements:
        chance = measurement.adjusted_p
        if chance is None or chance > limits.family_wise_rate:
            continue
        limit = limits.limits.get(measurement.metric)
        blocks = limit is not None and limit.passed_by(measurement.value)
        severity: Severity = "block" if blocks else "watch"
        expected = limits.expected(measurement)
        if expected is not None:
            severity = "note"
        found.append(
            Finding(
                code=registry.load("metrics", measurement.metric).finding,
                severity=severity,
                slice=measurement.slice,
                measurement=measurement,
                limit=limit.name if blocks and limit is not None else "",
                params={"expected": expected.reason} if expected else {},
            )
        )
    return sorted(found, key=_worst_first)


def unmeasured(
    measurements: Sequence[Measurement], undetermined: Sequence[Undetermined], limits: Limits
) -> list[Undetermined]:
    """Could too few of the metrics be computed to call anything healthy?

    Args:
        measurements: what was measured.
        undetermined: what those metrics could not tell.
        limits: `tails_measured` bounds the share of metrics that gave any number.
    """
    limit = limits.limits.get("tails_measured")
    answered = {each.metric for each in measurements}
    asked = answered | {each.metric for each in undetermined}
    if limit is None or not limit.passed_by(len(answered) / max(len(asked), 1)):
        return []
    if not answered:
        return [Undetermined(metric=limit.name, reason="nothing-measured")]
    params = {"found": len(answered), "asked": len(asked)}
    return [Undetermined(metric=limit.name, reason="too-little-measured", params=params)]


def unlabelled(reference: Dataset, candidate: Dataset, limits: Limits) -> list[Undetermined]:
    """Is a side without labels, or the candidate more so than empty images may rise?

    A missing label says nothing, but trainers take its image as one that holds no object.
    """
    limit = limits.limits.get("tails_measured")
    ours, theirs = _without_label(candidate), _without_label(reference)
    if limit is None or ours == theirs == 1.0:
        return []
    rise = limits.limits.get("empty_images") or default_limits().limits["empty_images"]
    if theirs == 1.0:
        side, share = reference, theirs
    elif ours == 1.0 or rise.passed_by(ours - theirs):
        side, share = candidate, ours
    else:
        return []
    total = len(side.samples)
    params: dict[str, str | int | float] = {
        "count": round(share * total),
        "total": total,
        "name": side.name,
    }
    return [Undetermined(metric=limit.name, reason="unlabelled", params=params)]


def _without_label(dataset: Dataset) -> float:
    bare = sum(one.boxes is None and one.category is None for one in dataset.samples)
    return bare / len(dataset.samples)


def _worst_first(finding: Finding) -> tuple[int, float, float]:
    order = {"block": 0, "watch": 1, "note": 2}[finding.severity]
    measured = finding.measurement
    if measured is None:
        return order, 0.0, 0.0
    away = measured.value if measured.worse == "down" else -measured.value
    return order, measured.adjusted_p or 0.0, away


def origins(composition: Composition, limits: Limits) -> tuple[list[Finding], list[Undetermined]]:
    """Are all origins declared, and is enough of it human?

    While origins are unknown the human share is unknown too: it can only be told where even the
    best case is too little, or the worst case enough.
    """
    total = composition.total
    unknown = composition.by_class.get("unknown", 0)
    human = sum(composition.by_class.get(kind, 0) for kind in ("real", "human-verified"))
    found: list[Finding] = []
    open_questions: list[Undetermined] = []
    known = limits.limits.get("origins_known")
    if known is not None and known.passed_by(unknown / total):
        open_questions.append(
            Undetermined(
                metric=known.name,
                reason="unknown-origin",
                params={"count": unknown, "total": total},
            )
        )
    share = limits.limits.get("human_share")
    if share is not None and share.passed_by((human + unknown) / total):
        bound = share.at_least if share.at_least is not None else share.at_most
        found.append(
            Finding(
                code="human-share-low",
                severity="block",
                limit=share.name,
                params={"value": human / total, "bound": bound or 0.0, "total": total},
            )
        )
    elif share is not None and share.passed_by(human / total):
        open_questions.append(
            Undetermined(
                metric=share.name,
                reason="unknown-origin",
                params={"count": unknown, "total": total},
            )
        )
    return found, open_questions


def notes(
    reference: Dataset, candidate: Dataset, shared: Shared, skips: Sequence[Skip]
) -> list[Finding]:
    """What a person should know and that decides nothing."""
    found: list[Finding] = []
    if shared.both:
        params: dict[str, str | int | float] = {"count": shared.both, "total": shared.candidate}
        found.append(Finding(code="reference-overlap", severity="note", params=params))
    for name in sorted(_used(candidate) - _used(reference)):
        found.append(Finding(code="new-class", severity="note", params={"name": name}))
    if skips:
        found.append(
            Finding(code="skipped-content", severity="watch", params={"count": len(skips)})
        )
    return found


def _used(dataset: Dataset) -> set[str]:
    labels: set[int] = set()
    for sample in dataset.samples:
        labels |= held(sample)
    return {dataset.classes[label] for label in labels}


def with_source_note(found: Iterable[Finding], candidate: Dataset) -> list[Finding]:
    """Losses are collapse only with a lineage: say so where none is known.

    A set from elsewhere differs from the reference too. Only a generator that descends from this
    project's own models makes a loss part of a recursion.
    """
    out = list(found)
    lost = any(each.measurement is not None and each.severity != "note" for each in out)
    if lost and not any(sample.provenance.own for sample in candidate.samples):
        out.append(Finding(code="other-source", severity="note"))
    return out


def waive(found: Iterable[Finding], limits: Limits, today: date) -> list[Finding]:
    """Turn breaches that somebody answers for into notes, which name who and until when."""
    out: list[Finding] = []
    for each in found:
        waiver = limits.waived(each.limit, each.slice, today) if each.limit else None
        if each.severity != "block" or waiver is None:
            out.append(each)
            continue
        params: dict[str, str | int | float] = {
            "code": each.code,
            "owner": waiver.owner,
            "expires": waiver.expires.isoformat(),
            "reason": waiver.reason,
        }
        out.append(replace(each, code="waived", severity="note", params=params))
    return out


def idle(
    limits: Limits, measurements: Sequence[Measurement], undetermined: Sequence[Undetermined]
) -> list[Finding]:
    """Waivers and expectations on a slice that nobody looked at: misspelt, or out of date.

    They would do nothing without a word, and the breach that they were written for would block.
    """
    seen = [set(each.slice) for each in measurements]
    seen += [set(each.slice) for each in undetermined]
    said = [("waivers", each.slice) for each in limits.waivers]
    said += [("expect", each.slice) for each in limits.expect]
    return [
        Finding(code="names-nothing", severity="watch", slice=part, params={"key": key})
        for key, part in said
        if part and not any(set(part) <= looked_at for looked_at in seen)
    ]


def decide(
    found: Sequence[Finding], undetermined: Sequence[Undetermined], limits: Limits
) -> Verdict:
    """Block if any limit is breached; else cannot-say if a required one is open; else pass."""
    if any(each.severity == "block" for each in found):
        return "block"
    required = {name for name, limit in limits.limits.items() if limit.required}
    if any(each.metric in required for each in undetermined):
        return "cannot-say"
    return "pass"
