"""Futures of counts under drift with an inflow, a bias and favoured classes: the fast simulator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from firsthand.types import FloatArray


@dataclass(frozen=True)
class Process:
    """How one generation follows from the last, once for each chain."""

    size: FloatArray  # (chains,) independent draws a generation
    exponent: FloatArray  # (chains,) of the shares that are drawn from
    inflow: FloatArray  # (chains,) part that follows the shares of generation 0
    favour: FloatArray  # (chains, classes) logarithm of each class's advantage
    pool: float = 0.0  # samples so far, where nothing is left out
    added: float = 0.0  # and how many each generation adds

    def expected(self, shares: FloatArray, home: FloatArray) -> FloatArray:
        """What the next generation is drawn from. (chains, classes) of sum 1.

        >>> one = Process(*np.array([[100], [1.0], [0.5]]), np.zeros((1, 2)))
        >>> one.expected(np.array([[0.2, 0.8]]), np.array([0.4, 0.6]))
        array([[0.3, 0.7]])
        """
        weight = np.exp(self.favour)
        if (self.exponent != 1).any():
            power = self.exponent[:, None] - 1
            weight = weight * np.where(shares > 0, shares, 1.0) ** power
        drawn = shares * weight
        drawn /= drawn.sum(axis=1, keepdims=True)
        if not self.inflow.any():
            return np.asarray(drawn)
        m = self.inflow[:, None]
        return np.asarray((1 - m) * drawn + m * home)

    def futures(
        self, shares: FloatArray, home: FloatArray, generations: int, rng: np.random.Generator
    ) -> Iterator[FloatArray]:
        """(chains, classes) shares, generation after generation."""
        size, pool = np.maximum(np.rint(self.size), 1).astype(np.int64), self.pool
        for _ in range(generations):
            mean = self.expected(shares, home)
            mean /= np.maximum(mean.sum(axis=1, keepdims=True), 1.0) * (1 + 1e-12)
            drawn = rng.multinomial(size, mean) / size[:, None]
            shares = (pool * shares + self.added * drawn) / (pool + self.added) if pool else drawn
            pool += self.added if pool else 0.0
            yield shares
