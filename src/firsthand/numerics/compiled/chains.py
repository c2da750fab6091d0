"""Compiled loops over chains. What they draw has the law of the NumPy code that calls them.

Generators are those of NumPy: numba draws from their bit generators.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from firsthand.types import FloatArray

Rng = np.random.Generator
Sums = tuple[FloatArray, FloatArray]

_compile = njit(nogil=True, cache=True)


@_compile
def normal_sums(rng: Rng, mean: FloatArray, scale: FloatArray, n: int) -> Sums:
    """Mean and scatter of n normal numbers, for each chain."""
    means, scatters = np.empty(len(mean)), np.empty(len(mean))
    for chain in range(len(mean)):
        total, squares = 0.0, 0.0
        for _ in range(n):
            z = rng.standard_normal()
            total += z
            squares += z * z
        middle = total / n
        means[chain] = mean[chain] + scale[chain] * middle
        scatters[chain] = scale[chain] ** 2 * max(squares - n * middle * middle, 0.0)
    return means, scatters


@_compile
def multinomial(rng: Rng, weights: FloatArray, n: int) -> FloatArray:
    """How often each symbol occurs in n draws, for each chain, by conditional binomials."""
    counts = np.zeros(weights.shape)
    for chain in range(len(weights)):
        rest, left = weights[chain].sum(), n
        last = 0
        for symbol in range(weights.shape[1]):
            weight = weights[chain, symbol]
            if weight == 0.0:
                continue
            last = symbol
            drawn = left if weight >= rest else _binomial(rng, left, weight / rest)
            counts[chain, symbol] = drawn
            rest -= weight
            left -= drawn
            if left == 0:
                break
        counts[chain, last] += left  # where rounding left some over
    return counts


@_compile
def _binomial(rng: Rng, n: int, p: float) -> int:
    if p > 0.5:
        return n - _binomial_below(rng, n, 1.0 - p)
    return _binomial_below(rng, n, p)


@_compile
def _binomial_below(rng: Rng, n: int, p: float) -> int:
    """By inversion where few are expected: one uniform number and about n p steps."""
    if n * p > 30.0:
        return rng.binomial(n, p)
    odds = p / (1.0 - p)
    term = np.exp(n * np.log1p(-p))
    u = rng.random()
    x = 0
    while u > term and x < n:
        u -= term
        x += 1
        term *= odds * (n - x + 1) / x
    return x
