"""Cells of a space of points: modes where nobody named classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firsthand.types import FloatArray

CELLS = 20
ROUNDS = 10


def cells(points: FloatArray, many: int = CELLS, seed: int = 0) -> NDArray[np.int64]:
    """The cell of each of (n, d) points, by k-means (Lloyd 1982) from random points. (n,).

    Cells that end up empty are not counted, so that there may be fewer than asked for.

    >>> cells(np.array([[0.0], [0.1], [5.0], [5.1]]), 2).tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
    True
    """
    rng = np.random.Generator(np.random.Philox(key=seed, counter=31))
    middle = points[rng.permutation(len(points))[:many]].copy()
    for _ in range(ROUNDS):
        own = _nearest(points, middle)
        for at in np.unique(own):
            middle[at] = points[own == at].mean(axis=0)
    return np.unique(_nearest(points, middle), return_inverse=True)[1].astype(np.int64)


def _nearest(points: FloatArray, middle: FloatArray) -> NDArray[np.int64]:
    away = (middle**2).sum(axis=1) - 2 * points @ middle.T
    return np.asarray(away.argmin(axis=1), np.int64)
