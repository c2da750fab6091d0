"""Calibration: of predictions that are 70 % sure, do 70 % find an object?

Reliability bins hold equally many predictions, each with its mean confidence and the share that
found something. The expected calibration error is the mean distance of the two, weighted by
predictions: 0 where confidence is a probability, at most 1. Chance alone makes it greater than 0,
the more so the fewer predictions there are: the null band is what confidences that are exactly
right would have shown.

Fails below 10 predictions a bin, or 20 groups (Undetermined); says nothing about what was missed.

Source: Naeini, Cooper and Hauskrecht 2015 (AAAI), with bins of equal counts (Nguyen and O'Connor
2015, arXiv:1508.05154); for detectors Küppers et al. 2020 (arXiv:2004.13546).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firsthand.detections.measures import LEVEL, REPLICATES, quantiles, ratio, too_few
from firsthand.detections.scoring import Scored, resamples
from firsthand.types import ALL, FloatArray, Measurement, Slice, Undetermined

NAME = "calibration_error"
BINS = 10
LEAST = 0.05


class Bin(NamedTuple):
    """Predictions of about one confidence, surest last."""

    low: float  # confidences in it
    high: float
    predicted: int
    confidence: float  # mean
    right: float  # share that found an object
    right_low: float  # 95 % interval of that share
    right_high: float


class Reliability(NamedTuple):
    """How far confidence can be taken for a probability."""

    error: Measurement | Undetermined
    bins: tuple[Bin, ...]


def calibration(
    scored: Scored,
    label: int | None = None,
    *,
    least: float = LEAST,
    seed: int = 0,
    replicates: int = REPLICATES,
) -> Reliability:
    """Expected calibration error and reliability bins.

    Args:
        scored: a detector on labelled images.
        label: index of a class; all classes where none is given.
        least: predictions below this confidence are not looked at; there are hundreds an image.
        seed: of bootstrap and null.
        replicates: of both.
    """
    part: Slice = ALL if label is None else (("class", scored.cells.classes[label]),)
    sorted_ = _Sorted(scored, label, least)
    short = too_few(NAME, part, len(sorted_.sure) / BINS, scored.groups)
    if short is not None:
        return Reliability(short, ())
    draws = resamples(scored.units, seed, replicates)
    boot = sorted_.resampled(draws)
    whole = sorted_.resampled(np.ones((1, scored.units)))
    value = float(_error(*whole)[0])
    null = sorted_.null(seed, replicates)
    low, high = np.quantile(_error(*boot), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    band = np.quantile(null, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    error = Measurement(
        metric=NAME,
        slice=part,
        value=value,
        low=float(min(low, value)),
        high=float(max(high, value)),
        null_low=float(band[0]),
        null_high=float(band[1]),
        unit="mean distance of confidence and share right",
        worse="up",
        n_reference=len(scored.human),
        n_candidate=len(sorted_.sure),
        groups=scored.groups,
        seed=seed,
        method=f"{BINS} bins of equal counts; bootstrap over groups of images",
        level=LEVEL,
        p_value=float((1 + (null >= value).sum()) / (1 + len(null))),
    )
    return Reliability(error, sorted_.bins(whole, boot))


Totals = tuple[FloatArray, FloatArray, FloatArray]
"""Predictions, their confidences and those that were right, summed by bin: (rows, bins) each."""


class _Sorted:
    """The predictions of one class by rising confidence, dealt into bins of equal counts."""

    def __init__(self, scored: Scored, label: int | None, least: float) -> None:
        found = scored.found
        rows = np.flatnonzero(
            (found.confidence >= least) & ((label is None) | (found.label == label))
        )
        rows = rows[np.argsort(found.confidence[rows], kind="stable")]
        self.sure = found.confidence[rows]
        self.right = scored.right[rows].astype(np.float64)
        self.weight = found.weight[found.image[rows]]
        self.unit = scored.unit[found.image[rows]]
        self.units = scored.units
        self.place = np.arange(len(rows)) * BINS // max(len(rows), 1)

    def resampled(self, draws: FloatArray) -> Totals:
        """Totals for each row of multiplicities of units."""
        ones, key = np.ones(len(self.sure)), self.unit * BINS + self.place
        parts = (
            np.bincount(key, self.weight * each, minlength=self.units * BINS)
            for each in (ones, self.sure, self.right)
        )
        predicted, sure, right = (draws @ part.reshape(self.units, BINS) for part in parts)
        return predicted, sure, right

    def null(self, seed: int, replicates: int) -> FloatArray:
        """The error if each prediction were right as often as it is sure, (replicates,).

        The number right in a bin is a sum of many independent trials, so it is drawn as normal.
        """
        rng = np.random.Generator(np.random.Philox(key=seed, counter=5))
        doubt = self.weight**2 * self.sure * (1 - self.sure)
        amounts = (self.weight, self.weight * self.sure, doubt)
        predicted, sure, variance = (
            np.bincount(self.place, each, minlength=BINS).astype(np.float64) for each in amounts
        )
        right = rng.normal(sure, np.sqrt(variance), size=(replicates, BINS))
        return _error(predicted, sure, right)

    def bins(self, whole: Totals, boot: Totals) -> tuple[Bin, ...]:
        """What a reliability diagram draws."""
        low, high = quantiles(ratio(boot[2], boot[0]))
        counts = np.bincount(self.place, minlength=BINS)
        ends = np.append(np.searchsorted(self.place, np.arange(BINS)), len(self.sure))
        sure, right = (ratio(each[0], whole[0][0]) for each in whole[1:])
        return tuple(
            Bin(
                float(self.sure[ends[at]]),
                float(self.sure[ends[at + 1] - 1]),
                int(counts[at]),
                float(sure[at]),
                float(right[at]),
                float(low[at]),
                float(high[at]),
            )
            for at in range(BINS)
        )


def _error(predicted: FloatArray, sure: FloatArray, right: FloatArray) -> FloatArray:
    """Mean distance over the last axis, weighted by predictions."""
    return np.asarray(np.abs(sure - right).sum(axis=-1) / predicted.sum(axis=-1))
