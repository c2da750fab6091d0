"""Can a discriminant tell two sets apart that has not seen the points it is asked about?

Each point is described by its whitened features and their squares, so that a difference of means
and a difference of spread both show. The weight of each is the difference of the two sides' means
over its variance: the linear discriminant (Fisher 1936) with the covariance taken as diagonal,
which whitening has made nearly true and which needs no inverse (Bickel & Levina 2004). It follows
from sums by bucket in closed form, and buckets are held out so that no group is on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BUCKETS
from firsthand.numerics.pointset import PointSet
from firsthand.types import BoolArray, FloatArray

Parts = BoolArray

FOLDS = 4
_normal = np.vectorize(lambda z: 0.5 * (1 + math.erf(z / math.sqrt(2))), otypes=[np.float64])


class Described(NamedTuple):
    """One side: what each point is described by, and the sums by bucket."""

    rows: NDArray[np.float32]  # (n, k)
    bucket: NDArray[np.int64]  # (n,)
    sums: FloatArray  # (64, k)
    size: FloatArray  # (64,)


def described(points: PointSet) -> Described:
    """Features and their squares, in sums by bucket that add up over shards.

    Args:
        points: whitened.
    """
    rows = np.hstack([points.features, points.features**2])
    bucket = np.repeat(np.arange(BUCKETS), np.diff(points.start))
    whole = np.vstack([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0, dtype=np.float64)])
    return Described(rows, bucket, np.diff(whole[points.start], axis=0), points.sizes)


def precision(ours: Described, theirs: Described) -> FloatArray:
    """One over the variance of each description over both sides; 0 where it is constant. (k,)."""
    pool = np.concatenate([ours.rows, theirs.rows])
    found = pool.var(axis=0, dtype=np.float64)
    return np.asarray(np.divide(1.0, found, out=np.zeros_like(found), where=found > 0))


class Trained(NamedTuple):
    """What was learnt without one fold, in each split."""

    fold: BoolArray  # (64,) buckets held out
    gap: FloatArray  # (splits, k) between the means of both sides
    middle: FloatArray  # (splits, k) halfway between them


def _folds(ours: Described, theirs: Described, first: Parts, second: Parts) -> Iterator[Trained]:
    for at in range(FOLDS):
        fold = np.arange(BUCKETS) % FOLDS == at
        one, other = _mean(ours, first & ~fold), _mean(theirs, second & ~fold)
        yield Trained(fold, one - other, (one + other) / 2)


def _mean(side: Described, part: Parts) -> FloatArray:
    return np.asarray(part @ side.sums / np.maximum(part @ side.size, 1)[:, None])


def held_out(
    ours: Described, theirs: Described, first: Parts, second: Parts, weight: FloatArray
) -> FloatArray:
    """What share of the points of two parts is put on the right side by the others? (splits,).

    Args:
        ours: the side of the first part.
        theirs: the side of the second part.
        first: (splits, 64) buckets.
        second: (splits, 64) buckets, none of them in the first part if both are of one side.
        weight: (k,) as `precision` gives it.

    Returns:
        0.5 where nothing tells them apart; scores are taken as normal around each mean, which lets
        the share follow from the means.
    """
    right, asked = np.zeros((2, len(first)))
    for fold, gap, _ in _folds(ours, theirs, first, second):
        apart = _mean(ours, first & fold) - _mean(theirs, second & fold)
        score, spread = (gap * apart) @ weight, np.sqrt(gap**2 @ weight)
        share = _normal(np.divide(score, 2 * spread, out=np.zeros_like(score), where=spread > 0))
        one, other = (first & fold) @ ours.size, (second & fold) @ theirs.size
        count = one * other / np.maximum(one + other, 1)  # nothing said where a side is empty
        right, asked = right + share * count, asked + count
    return np.asarray(np.divide(right, asked, out=np.full(len(first), 0.5), where=asked > 0))


def accuracy(ours: Described, theirs: Described, weight: FloatArray) -> float:
    """What share of all points is put on the right side by those of the other folds?

    Both sides count the same, however many points they have. 0.5 is a guess.
    """
    every = np.ones((1, BUCKETS), bool)
    right = []
    for side, sign in ((ours, 1.0), (theirs, -1.0)):
        hits = 0.0
        for fold, gap, middle in _folds(ours, theirs, every, every):
            rows = side.rows[fold[side.bucket]]
            scores = sign * (rows @ (gap[0] * weight) - middle[0] @ (gap[0] * weight))
            hits += float((scores > 0).sum() + (scores == 0).sum() / 2)
        right.append(hits / len(side.rows))
    return float(np.mean(right))
