"""The cube of each product and its sum over the buckets of the rows, in one pass over a tile."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@njit(nogil=True, cache=True)
def add_cubes(product: Floats, owner: NDArray[np.int64], out: Floats) -> None:
    """Add the cube of each product to the row of `out` that its own row belongs to.

    Args:
        product: (rows, columns), as a cache holds them.
        owner: (rows,) which row of `out`.
        out: (owners, columns), added to in float32, as a product of matrices would.
    """
    for at in range(len(product)):
        row, total = product[at], out[owner[at]]
        for column in range(len(row)):
            total[column] += row[column] * row[column] * row[column]
