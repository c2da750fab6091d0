"""Points: are modes of one set gone from another, and has what is left drawn together?

Both are asked of cells of the two sets pooled (k-means), which know nothing of who is who, so that
changing places of samples is an exact test (Fisher). Samples are taken as independent.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.cases.cells import cells
from firsthand.contracts import FeatureView
from firsthand.diagnosing.exchange import Chance, difference
from firsthand.types import BoolArray, FloatArray

HELD = 10  # samples of a set that a cell holds on average
MOST = 50  # cells
TABLES = 9999  # of chance: tables with fixed margins cost next to nothing
FELL = 2.0  # a cell counts as far as it fell below half of its share


class Pooled(NamedTuple):
    """Points of both sets, each in a cell."""

    points: FloatArray  # (n + m, d)
    own: NDArray[np.int64]  # (n + m,) cell
    from_first: BoolArray  # (n + m,)


def pooled(first: FeatureView, second: FeatureView, seed: int) -> Pooled | None:
    """Cells of both sets; None of so few points that there would be one."""
    points = np.concatenate([first.features, second.features]).astype(np.float64)
    many = min(min(len(first.features), len(second.features)) // HELD, MOST)
    if many < 2:
        return None
    from_first = np.arange(len(points)) < len(first.features)
    return Pooled(points, cells(points, many, seed), from_first)


def left(pool: Pooled, seed: int) -> Chance:
    """Mass of the first set whose cells are not emptied in the second, as a share.

    One less the mass by which cells fell below half of their share, beyond what chance shows.
    """
    rng = np.random.Generator(np.random.Philox(key=seed, counter=17))
    whole, n = np.bincount(pool.own), int(pool.from_first.sum())
    mine = np.bincount(pool.own[pool.from_first], minlength=len(whole))
    tables = np.vstack([mine, rng.multivariate_hypergeometric(whole, n, size=TABLES)])
    rest = (whole - tables) / (len(pool.own) - n)
    gone = np.maximum(tables / n - FELL * rest, 0).sum(axis=1)
    found = 1 - (gone - gone[1:].mean())
    low, high = np.quantile(found[1:], [0.025, 0.975])
    beyond = int((found[1:] <= found[0] + 1e-12).sum())
    return Chance(float(found[0]), float(low), float(high), (1 + beyond) / len(found))


def within(pool: Pooled, seed: int) -> Chance:
    """Mean squared deviation from the middle of the cell, second set over first.

    In units of the cell's own spread, so that it does not matter which cells are kept.
    """
    many = np.bincount(pool.own)
    sums = [np.bincount(pool.own, weights=each) for each in pool.points.T]
    middle = np.stack(sums, axis=1) / many[:, None]
    away = ((pool.points - middle[pool.own]) ** 2).sum(axis=1)
    usual = np.maximum(np.bincount(pool.own, weights=away) / many, 1e-12)
    away = away / usual[pool.own]
    found = difference(-away, ~pool.from_first, seed, means=True)
    base = max(float(away[pool.from_first].mean()), 1e-12)
    low, high = (1 - each / base for each in (found.null_high, found.null_low))
    return Chance(1 - found.value / base, low, high, found.p_value)
