"""Multinomial counts by Poisson ones: whole weights that sum to the number of draws.

Independent Poisson counts, given their sum m, are multinomial counts of m draws; add those of the
n - m draws that are missing, and they are those of n. Means are a little below the weights, so that
the sum is seldom above n; where it is, all is drawn again, which changes nothing, because the sum
says nothing about the parts. Weights are whole, so that a few tables serve for all of them: one
word and one look-up a count, by the alias method. A large count is a sum of several.

Sources: Kingman 1993, Poisson Processes, 1.3; alias method: Vose 1991 (IEEE TSE 17:972).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from firsthand.numerics.compiled.random import ELEVEN, UNIT, State, word
from firsthand.types import FloatArray

Whole = NDArray[np.int64]
Tables = tuple[Whole, FloatArray, Whole]

LARGEST = 256  # weight that has a table of its own
COLUMNS = 256  # counts in a table: eight standard deviations on both sides
BELOW = 1.5  # standard deviations of the sum that it stays below the draws: one in 15 is above
LOW = np.uint64(COLUMNS - 1)
GUIDES = 1024  # places from which a missing draw is looked for

_compile = njit(nogil=True, cache=True)


@lru_cache(maxsize=8)
def tables(n: int) -> Tables:
    """For each weight up to 256 of n: the least count, and the alias table above it."""
    return _tables(max(1.0 - BELOW / math.sqrt(n), 0.5))


@_compile
def pays(n: int, symbols: int) -> bool:
    """Whether there are not so many large counts that binomial ones are faster."""
    return n <= 4 * LARGEST * symbols


@_compile
def _tables(scale: float) -> Tables:
    least = np.zeros(LARGEST + 1, np.int64)
    keep = np.ones((LARGEST + 1, COLUMNS))
    other = np.zeros((LARGEST + 1, COLUMNS), np.int64)
    for weight in range(1, LARGEST + 1):
        mean = weight * scale
        least[weight] = max(0, int(mean) - COLUMNS // 2)
        share = np.empty(COLUMNS)
        for at in range(COLUMNS):
            k = least[weight] + at
            share[at] = math.exp(k * math.log(mean) - mean - math.lgamma(k + 1.0))
        share *= COLUMNS / share.sum()
        _alias(share, keep[weight], other[weight])
    return least, keep, other


@_compile
def _alias(share: FloatArray, keep: FloatArray, other: Whole) -> None:
    """Columns of equal height: each keeps a part of its own and is filled up by one other."""
    small, large = np.empty(COLUMNS, np.int64), np.empty(COLUMNS, np.int64)
    few, many = 0, 0
    for at in range(COLUMNS):
        if share[at] < 1.0:
            small[few] = at
            few += 1
        else:
            large[many] = at
            many += 1
    while few and many:
        one, full = small[few - 1], large[many - 1]
        keep[one], other[one] = share[one], full
        share[full] -= 1.0 - share[one]
        few -= 1
        if share[full] < 1.0:
            many -= 1
            small[few] = full
            few += 1


@_compile
def poisson(weight: int, given: Tables, state: State) -> tuple[int, State]:
    """A Poisson count whose mean is a little below a whole weight."""
    least, keep, other = given
    total = 0
    while weight > 0:
        part = min(weight, LARGEST)
        bits, state = word(state)
        column = np.int64(bits & LOW)
        if np.float64(bits >> ELEVEN) * UNIT >= keep[part, column]:
            column = other[part, column]
        total += least[part] + column
        weight -= part
    return total, state


@_compile
def multinomial(
    symbols: Whole, weights: Whole, n: int, given: Tables, counts: FloatArray, state: State
) -> State:
    """Add n draws to the counts of some symbols, whose weights sum to n."""
    drawn = np.empty(len(symbols), np.int64)
    total = n + 1
    while total > n:
        total = 0
        for at in range(len(symbols)):
            drawn[at], state = poisson(weights[at], given, state)
            total += drawn[at]
    state = _missing(weights, n, n - total, drawn, state)
    for at in range(len(symbols)):
        counts[symbols[at]] += drawn[at]
    return state


@_compile
def _missing(weights: Whole, n: int, many: int, drawn: Whole, state: State) -> State:
    """Add single draws by weight: looked for from the nearest of some marked places on."""
    ends = np.cumsum(weights)
    guide = np.empty(GUIDES, np.int64)
    at = 0
    for place in range(GUIDES):
        while ends[at] * GUIDES <= place * n:
            at += 1
        guide[place] = at
    for _ in range(many):
        bits, state = word(state)
        aim = np.float64(bits >> ELEVEN) * UNIT
        at = guide[int(aim * GUIDES)]
        while at < len(ends) - 1 and ends[at] <= aim * n:
            at += 1
        drawn[at] += 1
    return state
