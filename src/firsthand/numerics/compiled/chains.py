"""Compiled loops over chains. What they draw has the law of the NumPy code that calls them.

Generators are those of NumPy: numba draws from their bit generators.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from firsthand.types import FloatArray

Rng = np.random.Generator
Sums = tuple[FloatArray, FloatArray]

EPS = np.finfo(np.float64).eps
NOTHING = -40.0  # nats: a smaller share of a point changes no sum of 10^8 points

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


@_compile
def plane_mixtures(
    x: FloatArray, row_weights: FloatArray, start: FloatArray, rounds: int, ridge: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mixtures in the plane by expectation-maximisation, for each chain."""
    chains, n, _ = x.shape
    k = start.shape[1]
    weights, means = np.empty((chains, k)), np.empty((chains, k, 2))
    covariances = np.empty((chains, k, 2, 2))
    for chain in range(chains):
        # Sums of each component: 1, u, v, uu, uv, vv, about the chain's first point.
        origin_u, origin_v = x[chain, 0, 0], x[chain, 0, 1]
        quadratic = _nearest_forms(start[chain], origin_u, origin_v)
        for step in range(rounds):
            sums = _expected(x[chain], row_weights, quadratic, (origin_u, origin_v), step == 0)
            total = sums[:, 0].sum() + 10 * k * EPS
            for j in range(k):
                mass = sums[j, 0] + 10 * EPS
                u, v = sums[j, 1] / mass, sums[j, 2] / mass
                a = sums[j, 3] / mass - u * u + ridge
                b = sums[j, 4] / mass - u * v
                c = sums[j, 5] / mass - v * v + ridge
                area = a * c - b * b
                scale = np.log(mass / total) - 0.5 * np.log(area)
                p, q, r = c / area, -b / area, a / area
                quadratic[j, 0] = scale - 0.5 * (p * u * u + 2 * q * u * v + r * v * v)
                quadratic[j, 1] = p * u + q * v
                quadratic[j, 2] = q * u + r * v
                quadratic[j, 3], quadratic[j, 4], quadratic[j, 5] = -0.5 * p, -q, -0.5 * r
                weights[chain, j] = mass / total
                means[chain, j, 0], means[chain, j, 1] = u + origin_u, v + origin_v
                covariances[chain, j, 0, 0], covariances[chain, j, 1, 1] = a, c
                covariances[chain, j, 0, 1] = covariances[chain, j, 1, 0] = b
    return weights, means, covariances


@_compile
def _nearest_forms(start: FloatArray, origin_u: float, origin_v: float) -> FloatArray:
    """Quadratic forms that are largest for the nearest mean."""
    forms = np.zeros((len(start), 6))
    for j in range(len(start)):
        u, v = start[j, 0] - origin_u, start[j, 1] - origin_v
        forms[j] = np.array([-(u * u + v * v), 2 * u, 2 * v, -1.0, 0.0, -1.0])
    return forms


@_compile
def _expected(
    x: FloatArray,
    row_weights: FloatArray,
    forms: FloatArray,
    origin: tuple[float, float],
    hard: bool,
) -> FloatArray:
    """Weighted sums of 1, u, v, uu, uv, vv of each component, by its share of each point."""
    k = len(forms)
    sums = np.zeros((k, 6))
    joint = np.empty(k)
    for row in range(len(x)):
        u, v = x[row, 0] - origin[0], x[row, 1] - origin[1]
        uu, uv, vv = u * u, u * v, v * v
        top = -np.inf
        best = 0
        for j in range(k):
            f = forms[j]
            joint[j] = f[0] + f[1] * u + f[2] * v + f[3] * uu + f[4] * uv + f[5] * vv
            if joint[j] > top:
                top, best = joint[j], j
        norm = 0.0
        for j in range(k):
            gap = joint[j] - top
            share = 1.0 if j == best else 0.0 if hard or gap < NOTHING else np.exp(gap)
            joint[j] = share
            norm += share
        for j in range(k):
            if joint[j] > 0.0:
                share = joint[j] * row_weights[row] / norm
                sums[j, 0] += share
                sums[j, 1] += share * u
                sums[j, 2] += share * v
                sums[j, 3] += share * uu
                sums[j, 4] += share * uv
                sums[j, 5] += share * vv
    return sums
