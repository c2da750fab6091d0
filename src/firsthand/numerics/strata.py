"""Which points stand where few others do? The strata that tails are told by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

STRATA = (("rarest-tenth", 0.1), ("next-fifth", 0.3), ("middle", 0.7), ("dense", 1.0))
"""Names, and the share of the points up to the end of each, the loneliest first."""


def strata_of(radius: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """The stratum of each point, by its distance to the k-th neighbour: far is rare.

    Args:
        radius: (n,) distances, all to the same neighbour among the same points.

    Returns:
        (n,) index into `STRATA`. Ties go by position.

    >>> strata_of(np.array([1.0, 9.0, 2.0, 3.0, 1.0, 2.0, 2.0, 1.0, 8.0, 1.0])).tolist()
    [2, 0, 2, 1, 3, 2, 2, 3, 1, 3]
    """
    rank = np.empty(len(radius))
    rank[np.argsort(-radius, kind="stable")] = np.arange(len(radius))
    edges = np.array([upper for _, upper in STRATA[:-1]]) * len(radius)
    return np.searchsorted(edges, rank + 0.5)
