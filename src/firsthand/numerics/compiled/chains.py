"""Compiled loops over chains. What they draw has the law of the NumPy code that calls them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from firsthand.numerics.compiled import poisson
from firsthand.numerics.compiled.random import (
    State,
    begin,
    binomial,
    chi_squared,
    normal,
    words,
)
from firsthand.types import FloatArray

Sums = tuple[FloatArray, FloatArray]
Seed = NDArray[np.uint64]
Symbols = NDArray[np.int64]

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
    return _multinomial(words(rng), np.ascontiguousarray(weights), n, poisson.tables(n))


@_compile
def _multinomial(seed: Seed, weights: FloatArray, n: int, tables: poisson.Tables) -> FloatArray:
    """Of the symbols that are alive: by Poisson counts where weights are counts of n draws."""
    state = begin(seed)
    counts = np.zeros(weights.shape)
    alive = np.empty(weights.shape[1] + 1, np.int64)
    whole = np.empty(weights.shape[1] + 1, np.int64)
    for chain in range(len(weights)):
        many, total, are_whole = 0, 0.0, True
        for symbol in range(weights.shape[1]):
            weight = weights[chain, symbol]
            alive[many], whole[many] = symbol, np.int64(weight)
            are_whole &= whole[many] == weight
            total += weight
            many += weight > 0.0
        if are_whole and total == n and poisson.pays(n, many):
            state = poisson.multinomial(alive[:many], whole[:many], n, tables, counts[chain], state)
        else:
            state = _conditional(alive[:many], weights[chain], total, n, counts[chain], state)
    return counts


@_compile
def _conditional(
    alive: Symbols, weights: FloatArray, rest: float, left: int, counts: FloatArray, state: State
) -> State:
    """By binomial counts, each given those before it."""
    for at in range(len(alive) - 1):
        weight = weights[alive[at]]
        drawn, state = binomial(left, min(weight / rest, 1.0), state)
        counts[alive[at]] = drawn
        rest -= weight
        left -= drawn
        if left == 0:
            break
    counts[alive[-1]] += left
    return state
