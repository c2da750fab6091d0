"""Recall, precision, missed and false boxes of a detector, by class and size, with intervals.

    recall           of what people labelled, the share that was found
    precision        of what was predicted, the share that found something
    missed_boxes     labelled objects an image that were not found
    false_boxes      predictions an image that found nothing

All at one operating confidence, as a detector is used: a mean over all thresholds hides what is
lost at the one that counts. Intervals are percentiles of a bootstrap over groups of images, so that
objects of one image are not taken for independent. Where nothing was found, or everything, no
resample shows anything else; then 3 / n bounds it (Hanley & Lippman-Hand 1983). The null band is
where another set of as many labelled images would have put the same detector: √2 times as wide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from firsthand.detections.scoring import Scored, Sums, resamples, sums
from firsthand.errors import InputError
from firsthand.types import FloatArray, Measurement, Slice, Undetermined, Worse

LEVEL = 0.95
REPLICATES = 1000
MIN_OBJECTS = 10
MIN_GROUPS = 20

Answers = tuple[Measurement | Undetermined, ...]
Operating = float | FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A ratio of two counts."""

    name: str
    unit: str
    worse: Worse
    share: bool  # it lies between 0 and 1
    above: Callable[[Sums], FloatArray]
    below: Callable[[Sums], FloatArray]
    behind: Callable[[Sums], FloatArray]  # the objects that the number rests on


def _every_image(of: Sums) -> FloatArray:
    return np.broadcast_to(of.images, of.objects.shape)


QUANTITIES = {
    each.name: each
    for each in (
        Quantity(
            name="recall",
            unit="share of labelled objects found",
            worse="down",
            share=True,
            above=lambda of: of.hits,
            below=lambda of: of.objects,
            behind=lambda of: of.objects,
        ),
        Quantity(
            name="precision",
            unit="share of predictions that found an object",
            worse="down",
            share=True,
            above=lambda of: of.right,
            below=lambda of: of.predicted,
            behind=lambda of: of.predicted,
        ),
        Quantity(
            name="missed_boxes",
            unit="labelled objects an image not found",
            worse="up",
            share=False,
            above=lambda of: of.objects - of.hits,
            below=_every_image,
            behind=lambda of: of.objects,
        ),
        Quantity(
            name="false_boxes",
            unit="predictions an image that found nothing",
            worse="up",
            share=False,
            above=lambda of: of.predicted - of.right,
            below=_every_image,
            behind=lambda of: of.predicted,
        ),
    )
}


def quantity(name: str) -> Quantity:
    """One of the quantities.

    Raises:
        InputError: there is none of that name.
    """
    if name not in QUANTITIES:
        raise InputError(f"no measure is named {name!r}", expected=", ".join(QUANTITIES))
    return QUANTITIES[name]


def measure(
    scored: Scored,
    name: str,
    confidence: Operating = 0.25,
    *,
    seed: int = 0,
    replicates: int = REPLICATES,
) -> Answers:
    """One quantity for every slice: all, each class, each size, each class by size.

    Args:
        scored: a detector on labelled images.
        name: recall, precision, missed_boxes or false_boxes.
        confidence: from which on a prediction counts; one number, or one a cell.
        seed: of the bootstrap.
        replicates: of the bootstrap.

    Returns:
        A measurement a slice; undetermined below 10 objects or 20 groups of images.
    """
    estimate = estimated(scored, quantity(name), confidence)
    weights = resamples(scored.units, seed, replicates)
    return _answers(estimate, estimate.resampled(weights), scored, seed)


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A quantity of one detector, ready to be resampled."""

    quantity: Quantity
    slices: tuple[Slice, ...]
    above: FloatArray  # (units, slices)
    below: FloatArray  # (units, slices)
    behind: FloatArray  # (slices,) objects that each number rests on, as they were counted
    counted: Sums  # without weights, (slices,) each

    @property
    def value(self) -> FloatArray:
        """The quantity of each slice, (slices,)."""
        return ratio(self.above.sum(axis=0), self.below.sum(axis=0))

    def resampled(self, weights: FloatArray) -> FloatArray:
        """The same for each row of multiplicities of units, (rows, slices)."""
        return ratio(weights @ self.above, weights @ self.below)


def estimated(scored: Scored, asked: Quantity, confidence: Operating) -> Estimate:
    """Sums of both counts by unit, for every slice."""
    parts, members = scored.cells.slices()
    of = sums(scored, confidence).over(members)
    raw = sums(scored.unweighted, confidence).over(members)
    raw = Sums(*(part.sum(axis=0) for part in raw))
    return Estimate(asked, parts, asked.above(of), asked.below(of), asked.behind(raw), raw)


def ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """One over the other; NaN where there is nothing to divide by."""
    out = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    return np.asarray(np.divide(above, below, out=out, where=below > 0))


def too_few(metric: str, part: Slice, objects: float, groups: int) -> Undetermined | None:
    """Why no number is given of a slice, or None."""
    if groups < MIN_GROUPS:
        needs = {"found": groups, "needed": MIN_GROUPS}
        return Undetermined(metric=metric, reason="too-few-groups", slice=part, params=needs)
    if objects < MIN_OBJECTS:
        few = {"found": int(objects), "needed": MIN_OBJECTS}
        return Undetermined(metric=metric, reason="too-few-objects", slice=part, params=few)
    return None


def _answers(estimate: Estimate, boot: FloatArray, scored: Scored, seed: int) -> Answers:
    asked, value = estimate.quantity, estimate.value
    low, high = _interval(estimate, boot)
    wide = value + np.sqrt(2) * (np.stack([low, high]) - value)
    null = np.clip(wide, 0.0, 1.0 if asked.share else np.inf)
    out: list[Measurement | Undetermined] = []
    for at, part in enumerate(estimate.slices):
        short = too_few(asked.name, part, float(estimate.behind[at]), scored.groups)
        out.append(
            short
            or Measurement(
                metric=asked.name,
                slice=part,
                value=float(value[at]),
                low=float(low[at]),
                high=float(high[at]),
                null_low=float(null[0, at]),
                null_high=float(null[1, at]),
                unit=asked.unit,
                worse=asked.worse,
                n_reference=int(estimate.counted.objects[at]),
                n_candidate=int(estimate.counted.predicted[at]),
                groups=scored.groups,
                seed=seed,
                method="bootstrap over groups of images",
                level=LEVEL,
            )
        )
    return tuple(out)


def _interval(estimate: Estimate, boot: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Percentiles, widened by 3 / n where every resample is alike."""
    asked, value = estimate.quantity, estimate.value
    low, high = quantiles(boot)
    behind = np.maximum(estimate.behind, 1.0)
    per = behind if asked.share else np.maximum(estimate.counted.images, 1.0)
    high = np.where(value == 0, np.maximum(high, 3 / per), high)
    if asked.share:
        low = np.where(value == 1, np.minimum(low, 1 - 3 / per), low)
    low, high = np.fmin(low, value), np.fmax(high, value)
    return np.maximum(low, 0.0), np.minimum(high, 1.0) if asked.share else high


def quantiles(boot: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Both ends of the interval of each column; NaN where no resample is a number."""
    ends = np.full((2, boot.shape[1]), np.nan)
    some = np.isfinite(boot).any(axis=0)
    ends[:, some] = np.nanquantile(boot[:, some], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return ends[0], ends[1]
