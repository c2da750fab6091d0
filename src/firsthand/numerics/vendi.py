"""The Vendi score: how many points, all unlike each other, would be as diverse as these?

The exponential of the entropy of the eigenvalues of K / n, where K holds the cosines of all pairs.
The d x d products of the directions have the same eigenvalues, so whichever is smaller is taken.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BUCKETS
from firsthand.numerics.moments import eigenvalues
from firsthand.types import BoolArray, FloatArray

Floats = NDArray[np.float32]

ROWS = 16384


def score(features: Floats) -> float:
    """How many unlike points would be as diverse? 1 to min(n, d).

    Args:
        features: (n, d). A point at the origin has no direction and is left out.

    Returns:
        The score, from cosines in float32 and eigenvalues in float64; NaN where all points are at
        the origin.

    >>> round(score(np.eye(4, dtype=np.float32)), 6), round(score(np.ones((9, 4), np.float32)), 6)
    (4.0, 1.0)
    """
    n, d = features.shape
    if n <= d:
        rows = _directions(features)
        gram = (rows @ rows.T).astype(np.float64)
    else:
        gram = np.zeros((d, d))
        for at in range(0, n, ROWS):
            rows = _directions(features[at : at + ROWS])
            gram += rows.T @ rows
    return float(effective_number(eigenvalues(gram)))


def _directions(features: Floats) -> Floats:
    lengths = np.sqrt(np.einsum("ij,ij->i", features, features))
    lengths[lengths == 0] = 1
    return np.asarray(features / lengths[:, None])


def effective_number(values: FloatArray) -> FloatArray:
    """The exponential of the entropy of (..., r) weights, none below 0, of any sum. (...)."""
    total = values.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        share = values / total
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    return np.asarray(np.exp(-(share * logs).sum(axis=-1)))


def products(features: Floats, start: NDArray[np.int64]) -> FloatArray:
    """Sums over each bucket of the products of directions: they add up over shards. (64, d, d).

    Args:
        features: (n, d) points by bucket.
        start: (65,) bucket b is features[start[b]:start[b + 1]].
    """
    rows = _directions(features).astype(np.float64)
    out = np.zeros((BUCKETS, features.shape[1], features.shape[1]))
    for at in range(BUCKETS):
        some = rows[start[at] : start[at + 1]]
        out[at] = some.T @ some
    return out


def scores(found: FloatArray, parts: BoolArray, rows: int = 32) -> FloatArray:
    """The score of each part in each split, (splits,).

    Args:
        found: (64, d, d) as `products` gives them.
        parts: (splits, 64) buckets of each part.
        rows: splits at a time.
    """
    flat = found.reshape(BUCKETS, -1)
    return np.concatenate([*_chunks(flat, parts, rows)])


def _chunks(flat: FloatArray, parts: BoolArray, rows: int) -> Iterator[FloatArray]:
    d = round(flat.shape[1] ** 0.5)
    for at in range(0, len(parts), rows):
        gram = (parts[at : at + rows] @ flat).reshape(-1, d, d)
        yield effective_number(eigenvalues(gram))
