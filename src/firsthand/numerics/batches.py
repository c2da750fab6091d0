"""Samples of many chains at once, and what a policy does with them: join, pick, let a verifier see.

The leading axis of every array is the chain; chains never meet.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firsthand.recursion import Recipe
from firsthand.types import BoolArray, FloatArray

# Quantiles of the normal distribution and of its square.
NINE_TENTHS, NINE_TENTHS_SQUARED = 1.2815515655446004, 2.705543454095404
# A chain has degenerated whose model gives the verifier nothing to keep in so many draws.
DRAWS = 60


@dataclass(frozen=True)
class Points:
    """Labelled or unlabelled points; weights are equal in all chains."""

    x: FloatArray  # (chains, n, d)
    y: NDArray[np.float64] | None = None  # (chains, n) class, or its probability
    weight: FloatArray | None = None  # (n,) how often each counts; None: once

    def join(self, other: Points, weight: float = 1.0) -> Points:
        """Both together; each point of the other counts `weight` times."""
        weights = None
        if weight != 1.0 or self.weight is not None or other.weight is not None:
            weights = np.concatenate([self.weights, weight * other.weights])
        x = np.concatenate([self.x, other.x], axis=1)
        if self.y is None or other.y is None:
            return Points(x, None, weights)
        return Points(x, np.concatenate([self.y, other.y], axis=1), weights)

    def pick(self, n: int, rng: np.random.Generator) -> Points:
        """So many points of each chain, drawn without replacement; weights go by position."""
        keys = rng.random(self.x.shape[:2])
        return self.at(np.sort(keys.argpartition(n - 1, axis=1)[:, :n], axis=1))

    def at(self, rows: NDArray[np.int64]) -> Points:
        """Rows (chains, m) of each chain, with weight 1."""
        x = np.take_along_axis(self.x, rows[:, :, None], axis=1)
        return Points(x, None if self.y is None else np.take_along_axis(self.y, rows, axis=1))

    @property
    def weights(self) -> FloatArray:
        """How often each point counts, (n,)."""
        return np.ones(self.x.shape[1]) if self.weight is None else self.weight


def verified(
    draw: Callable[[int], Points],
    doubtful: Callable[[Points], BoolArray],
    n: int,
    recipe: Recipe,
    rng: np.random.Generator,
) -> Points:
    """Draw until the verifier has kept n points of every chain.

    A chain that does not get that far has NaN in place of points.
    """
    found: Points | None = None
    kept = np.zeros((0, 0), dtype=bool)
    for _ in range(DRAWS):
        more = draw(n)
        odds = np.where(doubtful(more), recipe.keep_doubtful, recipe.keep)
        passed = rng.random(odds.shape) < odds
        found = more if found is None else found.join(more)
        kept = passed if not kept.size else np.concatenate([kept, passed], axis=1)
        if kept.sum(axis=1).min() >= n:
            break
    assert found is not None
    chosen = found.at(np.argsort(~kept, axis=1, kind="stable")[:, :n])
    chosen.x[kept.sum(axis=1) < n] = np.nan
    return chosen


def outermost(points: Points) -> BoolArray:
    """Which points lie where the outermost tenth of the standard normal distribution does?"""
    d = points.x.shape[2]
    cube = 1 - 2 / (9 * d) + NINE_TENTHS * np.sqrt(2 / (9 * d))  # Wilson and Hilferty 1931
    squared = NINE_TENTHS_SQUARED if d == 1 else d * cube**3
    return np.asarray((points.x**2).sum(axis=2) > squared)


def cholesky(matrices: FloatArray) -> FloatArray:
    """Lower factors; those of chains whose matrix has none are NaN. (chains, d, d)."""
    try:
        return np.asarray(np.linalg.cholesky(matrices), np.float64)
    except np.linalg.LinAlgError:
        factors = np.full(matrices.shape, np.nan)
        for at, matrix in enumerate(matrices):
            with contextlib.suppress(np.linalg.LinAlgError):
                factors[at] = np.linalg.cholesky(matrix)
    return factors


def solved(matrices: FloatArray, vectors: FloatArray) -> FloatArray:
    """Solutions (chains, d) of linear equations; those of chains without one are NaN."""
    try:
        return np.asarray(np.linalg.solve(matrices, vectors[:, :, None])[:, :, 0], np.float64)
    except np.linalg.LinAlgError:
        found = np.full(vectors.shape, np.nan)
        for at, (matrix, vector) in enumerate(zip(matrices, vectors, strict=True)):
            with contextlib.suppress(np.linalg.LinAlgError):
                found[at] = np.linalg.solve(matrix, vector)
        return found


def bartlett(chains: int, d: int, freedom: int, rng: np.random.Generator) -> FloatArray:
    """Lower factors A such that A A' is a Wishart matrix, with `freedom` at least d."""
    factor = np.zeros((chains, d, d))
    below = np.tril_indices(d, -1)
    factor[:, below[0], below[1]] = rng.standard_normal((chains, len(below[0])))
    diagonal = np.arange(d)
    factor[:, diagonal, diagonal] = np.sqrt(rng.chisquare(freedom - diagonal, (chains, d)))
    return factor
