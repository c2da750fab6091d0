"""Sums of a polynomial kernel between buckets: every two-sample statistic of it, from one pass.

The squared maximum mean discrepancy (Gretton et al. 2012) of any parts of two sets is a quadratic
form in 64 x 64 sums, so that thousands of splits and a standard error cost nothing more, and no
n x n matrix is ever held.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BUCKETS
from firsthand.numerics.pointset import PointSet
from firsthand.types import BoolArray, FloatArray

Floats = NDArray[np.float32]
Parts = BoolArray | FloatArray

ROWS, COLUMNS = 512, 1024
"""Points of either side at a time: 2 MB of kernel values, which a cache holds."""


class Sums(NamedTuple):
    """Sums of kernel values over all pairs from two buckets, in float64."""

    ours: FloatArray  # (64, 64) within the reference, each point with itself too
    theirs: FloatArray  # (64, 64) within the candidate
    across: FloatArray  # (64, 64) reference by candidate
    own: FloatArray  # (2, 64) each point of the reference, of the candidate, with itself only
    size: FloatArray  # (2, 64) points in each bucket


class Estimate(NamedTuple):
    """A number and how far a new sample of both sides would move it."""

    value: float
    error: float  # standard deviation


def sums(reference: PointSet, candidate: PointSet) -> Sums:
    """Sums of the kernel (x.y / d + 1)³ (Bińkowski et al. 2018) between all buckets.

    Values are float32, of a few hundred by two thousand points at a time, and add up in float64.
    Values beyond float32 give sums that are not finite, never a wrong number.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        ours, theirs = (_lifted(side.features) for side in (reference, candidate))
        within = _symmetric(ours, reference.start)
        if np.array_equal(ours, theirs):  # a set against itself: to the last bit
            other, across = within, within
        else:
            other = _symmetric(theirs, candidate.start)
            across = _across(ours, reference.start, theirs, candidate.start)
        own = [_by_bucket(_with_itself(ours), reference.start)]
        own.append(_by_bucket(_with_itself(theirs), candidate.start))
    size = np.stack([reference.sizes, candidate.sizes])
    return Sums(within, other, across, np.stack(own), size)


def _lifted(features: Floats) -> Floats:
    """Points whose plain products are x.y / d + 1. (n, d + 1)."""
    n, d = features.shape
    out = np.ones((n, d + 1), np.float32)
    np.multiply(features, np.float32(d**-0.5), out=out[:, :d])
    return out


def _with_itself(lifted: Floats) -> FloatArray:
    return np.asarray(np.einsum("ij,ij->i", lifted, lifted).astype(np.float64) ** 3)


def _by_bucket(values: FloatArray, start: NDArray[np.int64]) -> FloatArray:
    """Sums of (..., n) values over each bucket, (..., 64)."""
    whole = np.zeros((*values.shape[:-1], values.shape[-1] + 1))
    np.cumsum(values, axis=-1, out=whole[..., 1:])
    return np.diff(whole[..., start], axis=-1)


def _across(
    ours: Floats, start: NDArray[np.int64], theirs: Floats, other: NDArray[np.int64]
) -> FloatArray:
    out = np.zeros((BUCKETS, BUCKETS))
    for at in range(0, len(ours), ROWS):
        out += _block(ours[at : at + ROWS], _shifted(start, at, ROWS), theirs, other)
    return out


def _symmetric(points: Floats, start: NDArray[np.int64]) -> FloatArray:
    """Each pair once: a block of points meets itself, and those after it for both orders."""
    out = np.zeros((BUCKETS, BUCKETS))
    for at in range(0, len(points), ROWS):
        rows, place = points[at : at + ROWS], _shifted(start, at, ROWS)
        after = _shifted(start, at + ROWS, len(points))
        out += _block(rows, place, rows, place)
        twice = _block(rows, place, points[at + ROWS :], after)
        out += twice + twice.T
    return out


def _shifted(start: NDArray[np.int64], first: int, length: int) -> NDArray[np.int64]:
    """Where buckets start among the points from `first` on."""
    return np.clip(start - first, 0, min(length, max(int(start[-1]) - first, 0)))


def _block(
    rows: Floats, place: NDArray[np.int64], others: Floats, other: NDArray[np.int64]
) -> FloatArray:
    """Sums of the kernel of some points with others, by the bucket of each. (64, 64)."""
    present = np.flatnonzero(np.diff(place))
    owner = np.repeat(np.arange(len(present)), np.diff(place)[present])
    add = _adder()
    total = np.zeros((len(present), len(others)))
    for at in range(0, len(others), COLUMNS):
        product = rows @ others[at : at + COLUMNS].T
        some = np.zeros((len(present), product.shape[1]), np.float32)
        add(product, owner, some)
        total[:, at : at + COLUMNS] = some
    out = np.zeros((BUCKETS, BUCKETS))
    out[present] = _by_bucket(total, other)
    return out


def _adder() -> Callable[[Floats, NDArray[np.int64], Floats], None]:
    """Adds cubes by the bucket of their row: compiled, if there is a compiler, or by products."""
    if importlib.util.find_spec("numba") is None:
        return add_cubes
    from firsthand.numerics.compiled.kernels import add_cubes as compiled

    return compiled


def add_cubes(product: Floats, owner: NDArray[np.int64], out: Floats) -> None:
    """The same without a compiler; see `compiled.kernels`."""
    member = (owner == np.arange(len(out))[:, None]).astype(np.float32)
    cube = product * product
    cube *= product
    out += member @ cube


def mmd(found: Sums) -> Estimate:
    """The unbiased squared maximum mean discrepancy of both sides, on all pairs of points.

    Its standard error is that of leaving out one bucket after the other on both sides at once
    (jackknife; Arvesen 1969 for U-statistics), which holds for dependent groups and shared samples.
    It can be negative: it is 0 on average where nothing differs.
    """
    kept = found.size.sum(axis=0) > 0
    every = np.ones((1, BUCKETS))
    whole = unbiased(found, every, every, theirs=True)[0]
    fewer = (1 - np.eye(BUCKETS))[kept]
    each = unbiased(found, fewer, fewer, theirs=True)
    with np.errstate(invalid="ignore"):
        spread = (kept.sum() - 1) * np.mean((each - each.mean()) ** 2)
    return Estimate(float(whole), float(np.sqrt(spread)))


def unbiased(found: Sums, first: Parts, second: Parts, *, theirs: bool) -> FloatArray:
    """The squared distance between the worlds that two parts are samples of, (splits,).

    Args:
        found: the sums.
        first: (splits, 64) buckets of the reference.
        second: (splits, 64) buckets of the candidate if `theirs`, else others of the reference.
        theirs: which side the second part is of.
    """
    with np.errstate(invalid="ignore"):
        return _unbiased(found, first, second, theirs)


def _unbiased(found: Sums, first: Parts, second: Parts, theirs: bool) -> FloatArray:
    n, m = first @ found.size[0], second @ found.size[int(theirs)]
    within = found.theirs if theirs else found.ours
    across = found.across if theirs else found.ours
    one = (_form(found.ours, first, first) - first @ found.own[0]) / (n * (n - 1))
    other = (_form(within, second, second) - second @ found.own[int(theirs)]) / (m * (m - 1))
    return np.asarray(one + other - 2 * _form(across, first, second) / (n * m))


def expected(found: Sums, first: Parts, second: Parts) -> float:
    """What the squared distance of the means of two parts of the reference is from their size.

    Args:
        found: the sums.
        first: (splits, 64) buckets of the reference.
        second: (splits, 64) others of it.

    Two samples of one world are never equal: the plain statistic is above the unbiased one by
    this, the mean over all splits.
    """
    spread = np.zeros(len(first))
    for part in (first, second):
        n, own = part @ found.size[0], part @ found.own[0]
        pairs = _form(found.ours, part, part)
        spread += pairs / n**2 - (pairs - own) / (n * (n - 1))
    return float(spread.mean())


def _form(middle: FloatArray, left: Parts, right: Parts) -> FloatArray:
    return np.asarray(((left @ middle) * right).sum(axis=1))
