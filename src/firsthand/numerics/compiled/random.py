"""Random numbers inside compiled loops: a generator that stays in registers, and laws made of it.

A state is a tuple of four words and comes back with every number: `z, state = normal(state)`. It
begins at words that a NumPy generator drew (`words`), and therefore follows from the seed.

Sources: Doty-Humphrey's SFC64 (PractRand); Marsaglia and Tsang 2000 (J. Stat. Softw. 5:8), normal
by ziggurat, and 2000 (ACM TOMS 26:363), gamma; Hoermann 1993 (J. Stat. Comput. Simul. 46:101),
binomial by transformed rejection, with the squeeze of Kachitvichyanukul and Schmeiser 1988 (CACM
31:216).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

State = tuple[Any, Any, Any, Any]
Whole = Any  # a 64-bit integer of NumPy's, which the compiler keeps apart from Python's

_compile = njit(nogil=True, cache=True)

U = np.uint64
ONE, THREE, ELEVEN, SHIFT, BACK, LAYER = U(1), U(3), U(11), U(24), U(40), U(255)
SIGNED = np.int64(11)  # leaves 53 bits, the sign among them
UNIT = 2.0**-53

LAYERS = 256
EDGE = 3.6541528853610088  # where the tail begins, and the area of a layer, for 256 layers
AREA = 0.00492867323399


def _ziggurat() -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Width of each layer a unit, units that surely lie inside, and the density at each edge."""
    edges = np.empty(LAYERS + 1)
    edges[0], edges[1] = AREA / math.exp(-(EDGE**2) / 2), EDGE
    for at in range(1, LAYERS - 1):
        height = AREA / edges[at] + math.exp(-(edges[at] ** 2) / 2)
        edges[at + 1] = math.sqrt(-2 * math.log(height))
    edges[LAYERS] = 0.0
    inside = (edges[1:] / edges[:-1] * 2.0**52).astype(np.int64)
    return edges[:-1] / 2.0**52, inside, np.exp(-(edges**2) / 2)


WIDTH, INSIDE, HEIGHT = _ziggurat()
FEW = 14.0  # expected successes, below which counting up is faster than rejection
OVER = np.append(0.0, 1 / np.arange(1.0, 128.0))  # beyond is less than 10^-45 below FEW
KNOWN = 512
STIRLING = np.array(
    [math.lgamma(k + 1) - (k + 0.5) * math.log(k + 1) + k + 1 for k in range(KNOWN)]
)
STIRLING -= math.log(2 * math.pi) / 2


def words(rng: np.random.Generator) -> NDArray[np.uint64]:
    """Four random words to begin at."""
    return rng.integers(0, 2**64, size=4, dtype=np.uint64)


@_compile
def begin(seed: NDArray[np.uint64]) -> State:
    """The state that follows from four words."""
    state = (seed[0], seed[1], seed[2], seed[3])
    for _ in range(12):
        _, state = word(state)
    return state


@_compile
def word(state: State) -> tuple[Whole, State]:
    """64 random bits."""
    a, b, c, count = state
    out = a + b + count
    turned = (c << SHIFT) | (c >> BACK)
    return out, (b ^ (b >> ELEVEN), c + (c << THREE), turned + out, count + ONE)


@_compile
def uniform(state: State) -> tuple[float, State]:
    """From 0 to below 1."""
    bits, state = word(state)
    return np.float64(bits >> ELEVEN) * UNIT, state


@_compile
def normal(state: State) -> tuple[float, State]:
    """Standard normal."""
    bits, state = word(state)
    layer = np.int64(bits & LAYER)
    units = np.int64(bits) >> SIGNED
    if abs(units) < INSIDE[layer]:
        return float(np.float64(units) * WIDTH[layer]), state
    return _at_the_edge(layer, units, state)


@_compile
def _at_the_edge(layer: Whole, units: Whole, state: State) -> tuple[float, State]:
    """What one in a hundred words needs: it lies where a layer is only partly under the curve."""
    while abs(units) >= INSIDE[layer]:
        if layer == 0:
            beyond, state = _tail(state)
            return (beyond if units > 0 else -beyond), state
        x = float(np.float64(units) * WIDTH[layer])
        u, state = uniform(state)
        low, high = HEIGHT[layer], HEIGHT[layer + 1]
        if low + u * (high - low) < math.exp(-0.5 * x * x):
            return x, state
        bits, state = word(state)
        layer, units = np.int64(bits & LAYER), np.int64(bits) >> SIGNED
    return float(np.float64(units) * WIDTH[layer]), state


@_compile
def _tail(state: State) -> tuple[float, State]:
    """Normal, given that it lies beyond the edge."""
    while True:
        u, state = uniform(state)
        v, state = uniform(state)
        x = -math.log1p(-u) / EDGE
        if -2.0 * math.log1p(-v) > x * x:
            return EDGE + x, state


@_compile
def chi_squared(freedom: float, state: State) -> tuple[float, State]:
    """Chi-squared with 2 or more degrees of freedom."""
    d = freedom / 2 - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        z, state = normal(state)
        v = 1.0 + c * z
        if v <= 0.0:
            continue
        v = v * v * v
        u, state = uniform(state)
        square = z * z
        if u < 1.0 - 0.0331 * square * square:
            return 2.0 * d * v, state
        if math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
            return 2.0 * d * v, state


@_compile
def binomial(n: int, p: float, state: State) -> tuple[Whole, State]:
    """How many of n succeed, each with probability p."""
    q = p if p <= 0.5 else 1.0 - p
    if n * q < FEW:
        found, state = _by_inversion(n, q, state)
    else:
        found, state = _by_rejection(n, q, state)
    return (found if p <= 0.5 else n - found), state


@_compile
def _by_inversion(n: int, p: float, state: State) -> tuple[Whole, State]:
    """Where few are expected: one uniform number and about n p steps."""
    odds = p / (1.0 - p)
    term = math.exp(n * math.log(1.0 - p))
    u, state = uniform(state)
    most = min(n, len(OVER) - 1)
    x = 0
    while u > term and x < most:
        u -= term
        x += 1
        term *= odds * (n - x + 1) * OVER[x]
    return x, state


@_compile
def _by_rejection(n: int, p: float, state: State) -> tuple[Whole, State]:
    sd = math.sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * sd
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = n * p + 0.5
    certain = 0.92 - 4.2 / b
    while True:
        u, state = uniform(state)
        v, state = uniform(state)
        u -= 0.5
        side = 0.5 - abs(u)
        x = math.floor((2.0 * a / side + b) * u + c) if side > 0.0 else -1.0
        if side >= 0.07 and v <= certain:
            return np.int64(x), state
        if x < 0.0 or x > n:
            continue
        v = math.log(v * (2.83 + 5.1 / b) * sd / (a / (side * side) + b))
        off = abs(x - math.floor((n + 1) * p))
        variance = sd * sd
        middle = -0.5 * off * off / variance
        room = off * ((off * (off / 3.0 + 0.625) + 1.0 / 6.0) / variance + 0.5) / variance
        if off < 0.5 * variance - 1.0 and abs(v - middle) > room:
            if v < middle:
                return np.int64(x), state
        elif v <= _log_ratio(n, p, x):
            return np.int64(x), state


@_compile
def _log_ratio(n: int, p: float, x: float) -> float:
    """Log of the probability of x over that of the mode."""
    mode = math.floor((n + 1) * p)
    odds = p / (1.0 - p)
    found = (mode + 0.5) * math.log((mode + 1.0) / (odds * (n - mode + 1.0)))
    found += (n + 1.0) * math.log((n - mode + 1.0) / (n - x + 1.0))
    found += (x + 0.5) * math.log(odds * (n - x + 1.0) / (x + 1.0))
    return found + _stirling(mode) + _stirling(n - mode) - _stirling(x) - _stirling(n - x)


@_compile
def _stirling(k: float) -> float:
    """What Stirling's formula leaves out of log k!, about k + 1."""
    if k < KNOWN:
        return float(STIRLING[int(k)])
    over = 1.0 / (k + 1.0)
    return (1.0 / 12.0 - (1.0 / 360.0 - over * over / 1260.0) * over * over) * over
