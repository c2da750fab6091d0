"""Average precision: the area under precision over recall, at all thresholds of confidence.

Predictions are ranked by confidence (of equal ones the earlier row first); at each of them the
precision is the highest at that recall or any greater one; the area is summed over all steps of
recall ("all-point" interpolation: Pascal VOC from 2010 on, Everingham et al. 2015, section 3.2).
COCO and Ultralytics read the same curve at 101 points instead, which differs by up to .01.

Slices by size follow COCO: what found an object of another size is left out, and what found nothing
counts where its own size falls. A mean over classes takes those that have an object.

Fails below 10 objects or 20 groups (Undetermined). A mean over all thresholds can stand still while
recall at the threshold in use goes to nothing: docs/detections.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firsthand.detections.measures import LEVEL, Answers, quantiles, too_few
from firsthand.detections.objects import IntArray
from firsthand.detections.scoring import Scored, resamples
from firsthand.types import BoolArray, FloatArray, Measurement, Slice, Undetermined

NAME = "average_precision"
UNIT = "area under precision over recall"
REPLICATES = 400
STEPS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The ranked predictions of one class in one range of sizes."""

    right: BoolArray  # (n,) by falling confidence
    unit: IntArray  # (n,)
    weight: FloatArray  # (n,)
    objects: FloatArray  # (units,) weighted number of objects


def area(right: FloatArray, predicted: FloatArray, objects: FloatArray) -> FloatArray:
    """Average precision of rankings, one a row.

    Args:
        right: (rows, n) how much found an object at each step of falling confidence.
        predicted: (rows, n) how much was predicted there, right or not.
        objects: (rows,) how many objects there are.

    Returns:
        (rows,) 0..1; NaN where there is no object.

    Two found of two, with a false one between them: recall 1/2 at precision 1, then 1 at 2/3.

    >>> area(np.array([[1.0, 0, 1]]), np.ones((1, 3)), np.array([2.0])).round(4).tolist()
    [0.8333]
    """
    true, all_ = np.cumsum(right, axis=1), np.cumsum(predicted, axis=1)
    precision = np.divide(true, all_, out=np.zeros_like(true), where=all_ > 0)
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    found = (right * envelope).sum(axis=1)
    return np.asarray(np.divide(found, objects, out=np.full(len(found), np.nan), where=objects > 0))


def average_precision(scored: Scored, *, seed: int = 0, replicates: int = REPLICATES) -> Answers:
    """Average precision of every slice; over several classes their mean (mAP).

    Args:
        scored: a detector on labelled images, with every prediction that it makes.
        seed: of the bootstrap.
        replicates: of the bootstrap.
    """
    parts, value, counted = ap_values(scored)
    low, high = quantiles(ap_resampled(scored, resamples(scored.units, seed, replicates)))
    out: list[Measurement | Undetermined] = []
    for at, part in enumerate(parts):
        short = too_few(NAME, part, float(counted[at]), scored.groups)
        ends = np.fmin(low[at], value[at]), np.fmax(high[at], value[at])
        out.append(short or _said(scored, part, (value[at], *ends), int(counted[at]), seed))
    return tuple(out)


def ap_values(scored: Scored) -> tuple[tuple[Slice, ...], FloatArray, FloatArray]:
    """Slices, the average precision of each, and the objects behind it."""
    once = ap_resampled(scored, np.ones((1, scored.units)))[0]
    parts, members = scored.cells.slices()
    cell = scored.cells.of(scored.human)
    counted = np.bincount(cell, minlength=len(scored.cells)).astype(np.float64)
    return parts, once, np.asarray(members.astype(np.float64) @ counted)


def ap_resampled(scored: Scored, weights: FloatArray) -> FloatArray:
    """Average precision of every slice for each row of multiplicities of units, (rows, slices)."""
    kinds, sizes = len(scored.cells.classes), len(scored.cells.sizes)
    table = np.full((len(weights), kinds, sizes + 1), np.nan)  # the last column: every size
    for label in range(kinds):
        for size in range(sizes + 1 if sizes > 1 else 1):
            whole = size == sizes or sizes == 1
            found = _curve(scored, label, None if whole else size)
            table[:, label, sizes if whole else size] = _areas(found, weights)
    return _laid_out(table, scored)


def _curve(scored: Scored, label: int, size: int | None) -> Curve:
    human, found, cells = scored.human, scored.found, scored.cells
    ours, theirs = human.label == label, found.label == label
    if size is not None:
        of_human, of_found = cells.size(human) == size, cells.size(found) == size
        ours &= of_human
        theirs &= np.where(
            scored.right, np.append(of_human, False)[scored.matching.human], of_found
        )
    rows = np.flatnonzero(theirs)
    rows = rows[np.argsort(-found.confidence[rows], kind="stable")]
    image = human.image[ours]
    there = np.bincount(scored.unit[image], human.weight[image], scored.units).astype(np.float64)
    at = found.image[rows]
    return Curve(scored.right[rows], scored.unit[at], found.weight[at], there)


def _areas(curve: Curve, weights: FloatArray) -> FloatArray:
    """The area for each resample of units, (rows,)."""
    true, all_ = (_steps(curve, each) for each in (curve.right * curve.weight, curve.weight))
    drawn = area(weights @ true, weights @ all_, weights @ curve.objects)
    once = np.ones((1, len(true)))
    rough = area(once @ true, once @ all_, once @ curve.objects)
    exact = area((curve.right * curve.weight)[None], curve.weight[None], once @ curve.objects)
    return np.asarray(drawn + (exact - rough))


def _steps(curve: Curve, amount: FloatArray) -> FloatArray:
    """What each unit adds at each step of the ranking, (units, steps).

    A step is one prediction, or several neighbours of a long ranking, which moves its area by
    less than 1 / STEPS; the same for every resample, so it is taken off again.
    """
    n, units = len(curve.unit), len(curve.objects)
    steps = min(n, STEPS)
    step = np.arange(n) * steps // max(n, 1)
    flat = np.bincount(curve.unit * steps + step, amount, minlength=units * steps)
    return flat.astype(np.float64).reshape(units, steps)


def _laid_out(table: FloatArray, scored: Scored) -> FloatArray:
    """From (rows, classes, sizes + 1) to the order of the cells' slices."""
    rows, kinds, _ = table.shape
    parts = [_mean(table[:, :, -1:])]
    if kinds > 1:
        parts.append(table[:, :, -1])
    if len(scored.cells.sizes) > 1:
        parts.append(_mean(table[:, :, :-1]))
        if kinds > 1:
            parts.append(table[:, :, :-1].reshape(rows, -1))
    return np.concatenate(parts, axis=1)


def _mean(table: FloatArray) -> FloatArray:
    """Over the classes that have an object, (rows, sizes)."""
    there = np.isfinite(table)
    total = np.where(there, table, 0.0).sum(axis=1)
    count = there.sum(axis=1)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _said(
    scored: Scored, part: Slice, ends: tuple[float, float, float], objects: int, seed: int
) -> Measurement:
    value, low, high = (float(each) for each in ends)
    wide = (value + np.sqrt(2) * (end - value) for end in (low, high))
    null_low, null_high = (float(np.clip(end, 0, 1)) for end in wide)
    return Measurement(
        metric=NAME,
        slice=part,
        value=value,
        low=low,
        high=high,
        null_low=null_low,
        null_high=null_high,
        unit=UNIT,
        worse="down",
        n_reference=objects,
        n_candidate=len(scored.found),
        groups=scored.groups,
        seed=seed,
        method="all points; bootstrap over groups of images",
        level=LEVEL,
    )
