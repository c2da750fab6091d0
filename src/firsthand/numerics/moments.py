"""Counts, means and scatter by bucket: all that second-order metrics need of a set of points.

They add up exactly (Chan, Golub & LeVeque 1979), so shards profiled apart and merged say what one
pass says, and every part of the buckets has its mean and covariance without another look at the
points.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BUCKETS
from firsthand.types import BoolArray, FloatArray

ROWS = 2048
"""Points at a time: 2048 x 2048 in float64 are 32 MB."""


class Moments(NamedTuple):
    """Sums over the points of each bucket."""

    size: FloatArray  # (64,) points
    mean: FloatArray  # (64, d)
    scatter: FloatArray  # (64, d, d) sum of products of deviations from the bucket's own mean

    def merge(self, other: Moments) -> Moments:
        """Of the points of both shards together."""
        size = self.size + other.size
        share = np.divide(other.size, size, out=np.zeros(BUCKETS), where=size > 0)
        gap = other.mean - self.mean
        between = (self.size * share)[:, None, None] * _outer(gap)
        return Moments(
            size, self.mean + share[:, None] * gap, self.scatter + other.scatter + between
        )


class Spread(NamedTuple):
    """Mean and covariance of some points, or of many parts of them at once."""

    mean: FloatArray  # (..., d)
    covariance: FloatArray  # (..., d, d) over n - 1


def moments(features: NDArray[np.float32], start: NDArray[np.int64]) -> Moments:
    """Count, mean and scatter of each bucket, in float64.

    Args:
        features: (n, d) points by bucket.
        start: (65,) bucket b is features[start[b]:start[b + 1]].

    >>> line = np.array([[1.0], [3.0], [5.0]], np.float32)
    >>> found = moments(line, np.array([0, 2] + [3] * 63))
    >>> found.size[:2].tolist(), found.mean[:2].tolist(), found.scatter[:2].ravel().tolist()
    ([2.0, 1.0], [[2.0], [5.0]], [2.0, 0.0])
    """
    d = features.shape[1]
    out = Moments(np.diff(start).astype(float), np.zeros((BUCKETS, d)), np.zeros((BUCKETS, d, d)))
    for at in np.flatnonzero(out.size):
        points = features[start[at] : start[at + 1]].astype(np.float64)
        out.mean[at] = points.mean(axis=0)
        points -= out.mean[at]
        out.scatter[at] = points.T @ points
    return out


def of_parts(found: Moments, parts: BoolArray, rows: int = 32) -> Iterator[Spread]:
    """Mean and covariance of each part, some parts at a time.

    Args:
        found: k buckets of points in d dimensions.
        parts: (splits, 64) buckets in each part, at least two points in all.
        rows: parts at a time; 32 of 128 dimensions are 4 MB.
    """
    whole = found.size @ found.mean / found.size.sum()
    # About one origin near all means, so that next to nothing cancels.
    gap = found.mean - whole
    first = found.size[:, None] * gap
    second = (found.scatter + found.size[:, None, None] * _outer(gap)).reshape(BUCKETS, -1)
    for at in range(0, len(parts), rows):
        part = parts[at : at + rows].astype(np.float64)
        n = (part @ found.size)[:, None]
        mean = part @ first / n
        square = (part @ second).reshape(len(part), *found.scatter.shape[1:])
        covariance = (square - n[:, :, None] * _outer(mean)) / (n[:, :, None] - 1)
        yield Spread(mean + whole, covariance)


def spread(features: NDArray[np.float32], *, single: bool = False) -> Spread:
    """Mean and covariance of all n points in d dimensions, by blocks.

    Args:
        features: the points.
        single: products in float32, about the mean, added up by thousands in float64: twice as
            fast, and each entry right to 1e-7 of the variances that it stands between.
    """
    n, d = features.shape
    mean = features.mean(axis=0, dtype=np.float64)
    total = np.zeros((d, d))
    for at in range(0, n, ROWS):
        points = features[at : at + ROWS]
        points = points - mean.astype(np.float32) if single else points - mean
        total += points.T @ points
    return Spread(mean, total / (n - 1))


def eigenvalues(square: FloatArray) -> FloatArray:
    """Of (..., r, r) products of a matrix with itself, by its lower triangle, rising. (..., r).

    They are at least 0: what rounding leaves below is 0.
    """
    return np.maximum(np.asarray(np.linalg.eigvalsh(square, UPLO="L"), np.float64), 0.0)


def _outer(rows: FloatArray) -> FloatArray:
    return np.asarray(rows[:, :, None] * rows[:, None, :])
