"""Could training and held-out samples change places? Permutation tests of what differs.

If a model did not memorise, samples that it was trained on and samples of the same law that it
never saw are exchangeable given its output, and each half of the pool is as good as the other. The
tests are exact then, whatever was counted (Fisher; Meehan et al. 2020, arXiv:2004.05675, for data
copying). Samples are taken as independent.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firsthand.types import BoolArray, FloatArray

BLOCK = 111  # permutations at a time: memory stays small for large sets
BLOCKS = 9


class Chance(NamedTuple):
    """A statistic with what chance shows."""

    value: float
    null_low: float
    null_high: float
    p_value: float  # that chance is as large


def difference(values: FloatArray, trained: BoolArray, seed: int, *, means: bool) -> Chance:
    """How much larger is the sum, or the mean, of the trained part than of the other?

    Args:
        values: (n,) one number a sample of the pool.
        trained: (n,) which were trained on.
        seed: of the permutations.
        means: compare means; else sums, for parts of one size.

    >>> pool = np.array([3.0, 4, 5, 0, 1, 0])
    >>> difference(pool, np.arange(6) < 3, 0, means=False).value
    11.0
    """
    rng = np.random.Generator(np.random.Philox(key=seed, counter=11))
    here, there = (trained.sum(), (~trained).sum()) if means else (1, 1)

    def apart(part: BoolArray) -> FloatArray:
        inside = part @ values
        return np.asarray(inside / here - (values.sum() - inside) / there)

    value = float(apart(trained))
    tiles = (np.tile(trained, (BLOCK, 1)) for _ in range(BLOCKS))
    null = np.concatenate([apart(rng.permuted(tile, axis=1)) for tile in tiles])
    low, high = np.quantile(null, [0.025, 0.975])
    p_value = (1 + int((null >= value - 1e-12).sum())) / (len(null) + 1)
    return Chance(value, float(low), float(high), p_value)
