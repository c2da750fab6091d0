"""Two detectors on the same labelled images: what one finds over, or minus, what the other finds.

The same images are drawn for both in every resample, so that a hard image is hard for both and
falls out. With several runs (seeds) of each, runs are drawn as well: run i of one stands against
run i of the other, and the answer is the mean over runs, for other images and for other runs.

With one run the null swaps both detectors' answers on a random half of the groups of images, which
is exact whatever the counts are; its p-value is corrected over all slices. With several runs the
null is the bootstrap moved to no difference, as images and runs both vary; there is no p-value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from firsthand.detections import precision_curve as ap
from firsthand.detections.measures import (
    LEVEL,
    REPLICATES,
    Answers,
    Estimate,
    Operating,
    estimated,
    quantiles,
    quantity,
    ratio,
    too_few,
)
from firsthand.detections.scoring import Scored, resamples
from firsthand.errors import InputError
from firsthand.numerics.multiplicity import family_wise
from firsthand.types import FloatArray, Measurement, Slice, Undetermined, Worse

How = Literal["ratio", "difference"]
Runs = Scored | Sequence[Scored]


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """What was found for every slice, before it is said."""

    slices: tuple[Slice, ...]
    value: FloatArray  # (slices,)
    boot: FloatArray  # (replicates, slices)
    null: FloatArray  # (draws, slices)
    behind: FloatArray  # (slices,) objects behind the thinner side
    worse: Worse
    unit: str
    tested: bool  # the null gives p-values


def compare(
    before: Runs,
    after: Runs,
    name: str = "recall",
    confidence: Operating = 0.25,
    *,
    how: How = "ratio",
    seed: int = 0,
    replicates: int = REPLICATES,
) -> Answers:
    """How much of a quantity is left, or gained, from one detector to another?

    Args:
        before: one detector, such as generation 0, or its runs.
        after: the other, on the same images, with as many runs.
        name: recall, precision, missed_boxes, false_boxes or average_precision.
        confidence: from which on a prediction counts; average precision looks at all.
        how: after over before (1: no change), or after minus before (0: no change).
        seed: of the bootstrap and of the null.
        replicates: of both.

    Raises:
        InputError: they were not scored on the same images, or not in as many runs.
    """
    pairs = _paired(before, after)
    first = pairs[0][0]
    rng = np.random.Generator(np.random.Philox(key=seed, counter=4))
    drawn = rng.multinomial(len(pairs), np.full(len(pairs), 1 / len(pairs)), size=replicates)
    weights = resamples(first.units, seed, replicates)
    if name == ap.NAME:
        found = _of_curves(pairs, weights, drawn, how)
    else:
        sides = [tuple(estimated(each, quantity(name), confidence) for each in p) for p in pairs]
        found = _of_counts(sides, weights, drawn, how, rng)
    return _answers(f"{name}_{how}", found, first, seed)


def _paired(before: Runs, after: Runs) -> list[tuple[Scored, Scored]]:
    ours, theirs = ([side] if isinstance(side, Scored) else list(side) for side in (before, after))
    if not ours or len(ours) != len(theirs):
        raise InputError(
            f"{len(ours)} runs before and {len(theirs)} after", expected="as many on both sides"
        )
    keys = ours[0].human.keys
    if any(each.human.keys != keys for each in (*ours, *theirs)):
        raise InputError(
            "the detectors were not scored on the same images",
            expected="predictions of each on all of them, in one order",
        )
    return list(zip(ours, theirs, strict=True))


def _of_counts(
    pairs: Sequence[tuple[Estimate, ...]],
    weights: FloatArray,
    drawn: np.ndarray,
    how: How,
    rng: np.random.Generator,
) -> Contrast:
    value = np.mean([_contrast(a.value, b.value, how) for a, b in pairs], axis=0)
    each = [_contrast(a.resampled(weights), b.resampled(weights), how) for a, b in pairs]
    boot = _over_runs(np.stack(each, axis=1), drawn)
    behind = np.min([np.minimum(a.behind, b.behind) for a, b in pairs], axis=0)
    a, b = pairs[0]
    tested = len(pairs) == 1
    still = _still([a.value for a, _ in pairs], [a.resampled(weights) for a, _ in pairs], drawn)
    null = _swapped(a, b, len(weights), how, rng) if tested else _moved(boot, value, still, how)
    if a.quantity.name in {"precision", "false_boxes"}:
        # Predictions can vanish with what they are counted in; then objects decide.
        behind = np.min([p.behind for p, _ in pairs], axis=0)
    unit = f"{a.quantity.unit}, after {'over' if how == 'ratio' else 'minus'} before"
    return Contrast(a.slices, value, boot, null, behind, a.quantity.worse, unit, tested)


def _of_curves(
    pairs: Sequence[tuple[Scored, Scored]], weights: FloatArray, drawn: np.ndarray, how: How
) -> Contrast:
    weights, drawn = weights[: ap.REPLICATES], drawn[: ap.REPLICATES]
    values = [[ap.ap_values(side)[1] for side in pair] for pair in pairs]
    moved = [[ap.ap_resampled(side, weights) for side in pair] for pair in pairs]
    value = np.mean([_contrast(a, b, how) for a, b in values], axis=0)
    boot = _over_runs(np.stack([_contrast(a, b, how) for a, b in moved], axis=1), drawn)
    still = _still([a for a, _ in values], [a for a, _ in moved], drawn)
    parts, _, behind = ap.ap_values(pairs[0][0])
    unit = f"{ap.UNIT}, after {'over' if how == 'ratio' else 'minus'} before"
    null = _moved(boot, value, still, how)
    return Contrast(parts, value, boot, null, behind, "down", unit, False)


def _contrast(before: FloatArray, after: FloatArray, how: How) -> FloatArray:
    return ratio(after, before) if how == "ratio" else after - before


def _still(
    values: Sequence[FloatArray], each: Sequence[FloatArray], drawn: np.ndarray
) -> FloatArray:
    """How what was before moves by itself, over what it was, (replicates, slices)."""
    return ratio(_over_runs(np.stack(each, axis=1), drawn), np.mean(values, axis=0)[None])


def _over_runs(each: FloatArray, drawn: np.ndarray) -> FloatArray:
    """The mean over drawn runs, (replicates, runs, slices) to (replicates, slices)."""
    return np.asarray(np.einsum("brs,br->bs", each, drawn / drawn.sum(axis=1, keepdims=True)))


def _swapped(
    a: Estimate, b: Estimate, draws: int, how: How, rng: np.random.Generator
) -> FloatArray:
    """The same contrast with both answers swapped on random units, (draws, slices)."""
    stays = rng.integers(0, 2, (draws, len(a.above))).astype(np.float64)
    mixed = [
        ratio(
            stays @ p.above + (1 - stays) @ q.above,
            stays @ p.below + (1 - stays) @ q.below,
        )
        for p, q in ((a, b), (b, a))
    ]
    return _contrast(mixed[0], mixed[1], how)


def _moved(boot: FloatArray, value: FloatArray, still: FloatArray, how: How) -> FloatArray:
    """Moved to no change; where nothing is left to move, how what was before moves by itself."""
    if how == "difference":
        return boot - value
    return np.where(value > 0, ratio(boot, value[None]), still)


def _answers(metric: str, found: Contrast, scored: Scored, seed: int) -> Answers:
    low, high = _interval(found)
    null = quantiles(found.null)
    out: list[Measurement | Undetermined] = []
    for at, part in enumerate(found.slices):
        short = too_few(metric, part, float(found.behind[at]), scored.groups)
        if short is None and not np.isfinite([found.value[at], low[at], null[0][at]]).all():
            short = Undetermined(metric=metric, reason="not-finite", slice=part)
        out.append(
            short
            or Measurement(
                metric=metric,
                slice=part,
                value=float(found.value[at]),
                low=float(min(low[at], found.value[at])),
                high=float(max(high[at], found.value[at])),
                null_low=float(null[0][at]),
                null_high=float(null[1][at]),
                unit=found.unit,
                worse=found.worse,
                n_reference=int(found.behind[at]),
                n_candidate=int(found.behind[at]),
                groups=scored.groups,
                seed=seed,
                method="paired bootstrap over groups of images"
                + (", null by swapping" if found.tested else " and runs"),
                level=LEVEL,
                paired=True,
            )
        )
    return _tested(tuple(out), found) if found.tested else tuple(out)


def _interval(found: Contrast) -> tuple[FloatArray, FloatArray]:
    """Percentiles; 3 / n to both sides where every resample is alike, as one object may differ."""
    low, high = quantiles(found.boot)
    alike = np.where(low == high, 3.0 / np.maximum(found.behind, 1.0), 0.0)
    return low - alike, high + alike


def _tested(answers: Answers, found: Contrast) -> Answers:
    """With one-sided p-values in the worse direction, corrected over all slices that are said."""
    said = [at for at, each in enumerate(answers) if isinstance(each, Measurement)]
    if not said:
        return answers
    sign = -1.0 if found.worse == "down" else 1.0
    null = np.where(np.isfinite(found.null), sign * found.null, -np.inf)[:, said]
    chance = family_wise(sign * found.value[said], null)
    out = list(answers)
    for place, at in enumerate(said):
        each = out[at]
        assert isinstance(each, Measurement)
        out[at] = replace(
            each,
            p_value=float(chance.alone[place]),
            adjusted_p=float(chance.family[place]),
        )
    return tuple(out)
