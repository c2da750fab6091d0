"""What is asked of pairs of points: which may be near, how far apart they are, which are nearest.

Without a compiler, in NumPy. `compiled/neighbours.py` does the same, faster, with the same results.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from firsthand.types import FloatArray

Floats = NDArray[np.float32]
Pairs = NDArray[np.int32]  # (pairs, 3) row, column, balls: 1 the row's, 2 the column's, 3 both
Edges = tuple[NDArray[Any], NDArray[Any]]
"""Of rows (4, m) and columns (4, n). A pair may be inside the row's ball if its product less the
column's entry 0 is at least the row's entry 0, and inside the column's ball if so for entry 1;
surely, if so for entries 2 and 3."""
Limits = tuple[FloatArray, FloatArray]  # squared radii of the balls of rows and of columns
Tally = tuple[NDArray[np.int64], NDArray[np.int64]]  # of rows (2, m) and columns (2, n)

CHUNK = 2048  # pairs that are gathered at a time


class Kernels(Protocol):
    """What both modules offer, the compiled one and the other."""

    def screen_floats(self, products: Floats, edges: Edges, tally: Tally, pairs: Pairs) -> int:
        """Count what is surely inside, list what may be."""
        ...

    def squared(
        self, points: tuple[Floats, Floats], pairs: Pairs, limits: Limits, compared: bool
    ) -> FloatArray:
        """Squared distance of each pair."""
        ...

    def insert(self, nearest: FloatArray, rows: NDArray[np.int32], distances: FloatArray) -> None:
        """Keep the smallest distances of each row."""
        ...


def screen_floats(products: Floats, edges: Edges, tally: Tally, pairs: Pairs) -> int:
    """Count what is surely inside, list what may be.

    Args:
        products: (m, n) of rows and columns.
        edges: what to compare them with.
        tally: added to: what is in the ball of each row and in how many balls each column is;
            in how many each row is and what is in that of each column.
        pairs: (room, 3) written to.

    Returns:
        How many pairs may be inside, also where there was no room for them.
    """
    rows, columns = edges
    unsure = np.zeros(products.shape, np.uint8)
    for ball in range(2):
        i, j = np.nonzero(products - columns[ball] >= rows[ball][:, None])
        sure = products[i, j] - columns[2 + ball, j] >= rows[2 + ball, i]
        for counts, at in zip(tally, (i, j), strict=True):
            counts[ball] += np.bincount(at[sure], minlength=counts.shape[1])
        unsure[i[~sure], j[~sure]] |= 1 << ball
    i, j = np.nonzero(unsure)
    found = np.stack([i, j, unsure[i, j]], axis=1)[: len(pairs)]
    pairs[: len(found)] = found
    return len(i)


def squared(
    points: tuple[Floats, Floats], pairs: Pairs, _limits: Limits, _compared: bool
) -> FloatArray:
    """Squared distance of each pair of rows, from differences, in float64. (pairs,).

    Args:
        points: of the rows and of the columns of the pairs.
        pairs: which.
        limits: (m,) and (n,); what lies beyond both may be rounded.
        compared: what lies elsewhere too, where that does not change on which side it is.

    >>> line = np.array([[0.0], [3.0]], np.float32)
    >>> squared((line, line), np.array([[0, 1, 3]], np.int32), (np.ones(2), np.ones(2)), False)
    array([9.])
    """
    out = np.empty(len(pairs))
    for start in range(0, len(pairs), CHUNK):
        part = pairs[start : start + CHUNK]
        gap = points[0][part[:, 0]].astype(np.float64) - points[1][part[:, 1]]
        out[start : start + CHUNK] = np.einsum("ij,ij->i", gap, gap)
    return out


def insert(nearest: FloatArray, rows: NDArray[np.int32], distances: FloatArray) -> None:
    """Put each distance into the rising list of its row, (n, k), if it belongs there."""
    order = np.lexsort((distances, rows))
    rows, distances = rows[order], distances[order]
    row, first = np.unique(rows, return_index=True)
    place = np.arange(len(rows)) - np.repeat(first, np.diff([*first, len(rows)]))
    k = nearest.shape[1]
    new = np.full((len(row), k), np.inf)
    fits = place < k
    new[np.searchsorted(row, rows[fits]), place[fits]] = distances[fits]
    nearest[row] = np.sort(np.concatenate([nearest[row], new], axis=1), axis=1)[:, :k]
