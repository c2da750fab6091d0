"""Exact nearest neighbours by blocks: sorted lists, never an n x n matrix."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BLOCK = 512
"""Rows at a time: 512 x 5000 float32 distances are 10 MB."""


class Points(NamedTuple):
    """Points to search among, with what makes two of them dependent."""

    features: NDArray[np.float32]  # (n, d)
    bucket: NDArray[np.int64]  # (n,) dependent samples share one
    identity: NDArray[np.int64]  # (n,) equal for equal media


class Neighbours(NamedTuple):
    """The nearest independent neighbours of each query, nearest first."""

    distance: NDArray[np.float32]  # (n, k) NaN where there are fewer than k
    rows: NDArray[np.int64]  # (n, k) row of each among the points searched, 0 where there is none


def nearest(queries: Points, among: Points, k: int) -> Neighbours:
    """Which k points of another bucket and of other media lie nearest to each query?

    Samples of one bucket may depend on each other (frames of one video), and a copy says nothing
    about what surrounds it, so neither counts as a neighbour.

    Args:
        queries: n points.
        among: m points of the same dimension d.
        k: length of the lists; shortened to m.

    Distances are Euclidean, in units of the features. Those of the k that remain are computed
    from differences, because the product form loses all digits for near-duplicates.

    >>> line = np.arange(4, dtype=np.float32)[:, None]
    >>> own = np.arange(4)
    >>> found = nearest(Points(line, own, own), Points(line, own, own), 2)
    >>> found.rows.tolist(), found.distance.tolist()[0]
    ([[1, 2], [0, 2], [1, 3], [2, 1]], [1.0, 2.0])
    """
    k = min(k, len(among.features))
    middle = among.features.mean(axis=0, dtype=np.float64).astype(np.float32)
    other = among.features - middle
    norms = np.einsum("ij,ij->i", other, other)
    distance = np.empty((len(queries.features), k), np.float32)
    rows = np.empty((len(queries.features), k), np.int64)
    for start in range(0, len(queries.features), BLOCK):
        part = slice(start, start + BLOCK)
        mine = queries.features[part] - middle
        # Up to the query's own norm, which is the same for its whole row.
        far = norms - 2.0 * (mine @ other.T)
        far[_dependent(queries, among, part)] = np.inf
        place = _smallest(far, k)
        exact = _exact(mine, other, place, np.take_along_axis(far, place, axis=1))
        order = np.argsort(exact, axis=1, kind="stable")
        distance[part] = np.take_along_axis(exact, order, axis=1)
        rows[part] = np.take_along_axis(place, order, axis=1)
    rows[np.isnan(distance)] = 0
    return Neighbours(distance, rows)


def _dependent(queries: Points, among: Points, part: slice) -> NDArray[np.bool_]:
    same_bucket = queries.bucket[part, None] == among.bucket
    return np.asarray(same_bucket | (queries.identity[part, None] == among.identity))


def _smallest(far: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Columns of the k smallest of each row, in rising order of column: ties by position."""
    if k == far.shape[1]:
        return np.broadcast_to(np.arange(k), far.shape).copy()
    return np.sort(np.argpartition(far, k - 1, axis=1)[:, :k], axis=1)


def _exact(
    mine: NDArray[np.float32],
    other: NDArray[np.float32],
    place: NDArray[np.int64],
    far: NDArray[np.float32],
) -> NDArray[np.float32]:
    out = np.empty(place.shape, np.float32)
    for column in range(place.shape[1]):  # one column at a time keeps memory at (block, d)
        gap = mine - other[place[:, column]]
        out[:, column] = np.sqrt(np.einsum("ij,ij->i", gap, gap))
    out[np.isinf(far)] = np.nan
    return out
