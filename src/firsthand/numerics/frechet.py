"""The Fréchet distance of two normal distributions (Dowson & Landau 1982) with given moments.

|m1 - m2|² + tr S1 + tr S2 - 2 tr (S1 S2)^½. With S = RᵀR for any root R, the last trace is the sum
of the singular values of R1 R2ᵀ. A root has as many rows as there are dimensions or as there are
points, whichever is fewer, so that fewer points than dimensions are the cheap case and not the
singular one. Nothing is ever added to a diagonal to make it invertible.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.numerics.moments import Spread, eigenvalues, spread
from firsthand.types import FloatArray

BLOCK = 512
NEARLY_FLAT = 1e-4
"""Smallest variance of a direction over the largest, below which float32 products would show in
the sixth digit of a small distance."""


class Normal(NamedTuple):
    """A normal distribution: its mean, and its covariance or points that have it."""

    mean: FloatArray  # (d,)
    variance: float  # of all dimensions together
    covariance: FloatArray | None  # (d, d)
    points: FloatArray | None  # (n, d): points.T @ points is the covariance


def distance(reference: NDArray[np.float32], candidate: NDArray[np.float32]) -> float:
    """How far apart are the normal distributions that fit two sets of points?

    Args:
        reference: n points in d dimensions, n at least 2.
        candidate: m points.

    Returns:
        At least 0, in squared units of the features. A set against itself is 0 up to about 1e-8
        of its variance. Products are in float64; in float32 added up in float64 where there are
        twice as many points as dimensions and no direction turns out to be nearly flat.

    >>> points = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32)
    >>> round(distance(points, points + np.float32(2)), 4)
    12.0
    """
    if min(len(reference), len(candidate)) >= 2 * reference.shape[1]:
        ours, theirs = (_of(spread(side, single=True)) for side in (reference, candidate))
        values = _single_values(ours, theirs)
        if values is not None and values[0] > NEARLY_FLAT**2 * values[-1]:
            return _total(ours, theirs, values)
    ours, theirs = normal(reference), normal(candidate)
    return _total(ours, theirs, _values(ours, theirs))


def normal(features: NDArray[np.float32]) -> Normal:
    """The normal distribution that fits n points, by points if they are no more than dimensions."""
    n, d = features.shape
    if n > d:
        return _of(spread(features))
    mean = features.mean(axis=0, dtype=np.float64)
    points = (features - mean) / np.sqrt(n - 1)
    return Normal(mean, float(np.vdot(points, points)), None, points)


def _of(found: Spread) -> Normal:
    return Normal(found.mean, float(np.trace(found.covariance)), found.covariance, None)


def _total(ours: Normal, theirs: Normal, values: FloatArray) -> float:
    gap = ours.mean - theirs.mean
    return max(float(gap @ gap) + ours.variance + theirs.variance - 2 * float(_roots(values)), 0.0)


def _single_values(ours: Normal, theirs: Normal) -> FloatArray | None:
    assert ours.covariance is not None
    assert theirs.covariance is not None
    try:
        root = np.asarray(np.linalg.cholesky(ours.covariance).T, np.float64)
    except np.linalg.LinAlgError:
        return None
    return eigenvalues(_congruent(root, theirs.covariance))


def _values(ours: Normal, theirs: Normal) -> FloatArray:
    """Eigenvalues of the product of both covariances, rising; without those that must be 0."""
    if ours.covariance is not None and theirs.covariance is not None:
        return eigenvalues(_congruent(_root(ours.covariance), theirs.covariance))
    one, other = (
        _root(side.covariance) if side.covariance is not None else side.points
        for side in (ours, theirs)
    )
    assert one is not None
    assert other is not None
    product = one @ other.T
    if product.shape[1] < product.shape[0]:
        product = product.T
    return eigenvalues(product @ product.T)


def _root(covariance: FloatArray) -> FloatArray:
    """Upper triangular, unless the covariance is flat in some direction. (d, d)."""
    try:
        return np.asarray(np.linalg.cholesky(covariance).T, np.float64)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        # An upper triangular one all the same: R of any root's QR decomposition.
        any_root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
        return np.asarray(np.linalg.qr(any_root, mode="r"), np.float64)


def _congruent(root: FloatArray, middle: FloatArray) -> FloatArray:
    """The lower triangle of root @ middle @ root.T for an upper triangular root.

    A third of the work of the plain products: half of the root is 0, half of the result is known.
    """
    out = np.zeros_like(middle)
    for at in range(0, len(root), BLOCK):
        stripe = middle[at:, at:] @ root[at : at + BLOCK, at:].T
        out[at:, at : at + BLOCK] = root[at:, at:] @ stripe
    return out


def _roots(values: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(values).sum(axis=-1))


def distances(ours: Spread, *others: Spread) -> tuple[FloatArray, ...]:
    """The distance of each of k distributions to the like row of the others. (k,) each.

    Args:
        ours: means (k, d) and covariances (k, d, d), which may be singular.
        others: the same of what they are compared with.
    """
    values, vectors = np.linalg.eigh(ours.covariance)
    root = np.sqrt(np.maximum(values, 0.0))[..., None] * vectors.swapaxes(-1, -2)
    own = np.trace(ours.covariance, axis1=-2, axis2=-1)
    out = []
    for theirs in others:
        inner = eigenvalues(root @ theirs.covariance @ root.swapaxes(-1, -2))
        other = np.trace(theirs.covariance, axis1=-2, axis2=-1)
        gap = ((ours.mean - theirs.mean) ** 2).sum(axis=-1)
        out.append(np.maximum(gap + own + other - 2 * _roots(inner), 0.0))
    return tuple(out)
