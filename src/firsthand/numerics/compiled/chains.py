"""Compiled loops over chains. What they draw has the law of the NumPy code that calls them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from firsthand.numerics.compiled.random import begin, binomial, chi_squared, normal, words
from firsthand.types import FloatArray

Sums = tuple[FloatArray, FloatArray]
Seed = NDArray[np.uint64]

_compile = njit(nogil=True, cache=True)


def normal_sums(
    rng: np.random.Generator, mean: FloatArray, variance: FloatArray, n: int, *, exact: bool
) -> Sums:
    """Mean and scatter of n normal numbers, for each chain: drawn, or by their distribution."""
    if exact and n > 2:
        return _sums_by_distribution(words(rng), mean, variance, n)
    return _sums_of_samples(words(rng), mean, variance, n)


@_compile
def _sums_by_distribution(seed: Seed, mean: FloatArray, variance: FloatArray, n: int) -> Sums:
    state = begin(seed)
    means, scatters = np.empty(len(mean)), np.empty(len(mean))
    for chain in range(len(mean)):
        z, state = normal(state)
        chi, state = chi_squared(n - 1.0, state)
        means[chain] = mean[chain] + np.sqrt(variance[chain] / n) * z
        scatters[chain] = variance[chain] * chi
    return means, scatters


@_compile
def _sums_of_samples(seed: Seed, mean: FloatArray, variance: FloatArray, n: int) -> Sums:
    state = begin(seed)
    means, scatters = np.empty(len(mean)), np.empty(len(mean))
    for chain in range(len(mean)):
        total, squares = 0.0, 0.0
        for _ in range(n):
            z, state = normal(state)
            total += z
            squares += z * z
        middle = total / n
        means[chain] = mean[chain] + np.sqrt(variance[chain]) * middle
        scatters[chain] = variance[chain] * max(squares - n * middle * middle, 0.0)
    return means, scatters


def multinomial(rng: np.random.Generator, weights: FloatArray, n: int) -> FloatArray:
    """How often each symbol occurs in n draws, for each chain."""
    return _multinomial(words(rng), np.ascontiguousarray(weights), weights.sum(axis=1), n)


@_compile
def _multinomial(seed: Seed, weights: FloatArray, totals: FloatArray, n: int) -> FloatArray:
    """By conditional binomials, of the symbols that are alive."""
    state = begin(seed)
    counts = np.zeros(weights.shape)
    alive = np.empty(weights.shape[1] + 1, np.int64)
    for chain in range(len(weights)):
        many = 0
        for symbol in range(weights.shape[1]):
            alive[many] = symbol
            many += weights[chain, symbol] > 0.0
        rest, left = totals[chain], n
        for at in range(many - 1):
            weight = weights[chain, alive[at]]
            drawn, state = binomial(left, min(weight / rest, 1.0), state)
            counts[chain, alive[at]] = drawn
            rest -= weight
            left -= drawn
            if left == 0:
                break
        counts[chain, alive[many - 1]] += left
    return counts
