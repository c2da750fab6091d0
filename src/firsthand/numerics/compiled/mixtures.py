"""Compiled expectation-maximisation in the plane: the mixtures of `numerics/mixtures.py`.

Points are taken by component, not one by one, so that all steps run on as many points at once as
the processor can.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from firsthand.types import FloatArray

EPS = float(np.finfo(np.float64).eps)
LEAST = -700.0  # exponents below make 0
POWERS = 2.0 ** np.arange(-1022.0, 1.0)
LOG2, HIGH, LOW = 1 / math.log(2), 0.6931471803691238, 1.9082149292705877e-10  # ln 2 in two parts

_compile = njit(nogil=True, cache=True)
_reordered = njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})  # sums in any order


@_compile
def plane_mixtures(
    x: FloatArray, row_weights: FloatArray, start: FloatArray, rounds: int, ridge: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weights, means and covariances of each chain's mixture."""
    chains, n, _ = x.shape
    k = start.shape[1]
    weights, means = np.empty((chains, k)), np.empty((chains, k, 2))
    covariances = np.empty((chains, k, 2, 2))
    terms, joint, sums = np.empty((5, n)), np.empty((k, n)), np.empty((k, 6))
    for chain in range(chains):
        u0, v0 = x[chain, 0, 0], x[chain, 0, 1]  # sums are taken about a point of the chain
        _terms(x[chain], u0, v0, terms)
        forms = _nearest(start[chain], u0, v0)
        for step in range(rounds):
            _shares(terms, forms, joint, row_weights, step == 0)
            _summed(terms, joint, sums)
            total = sums[:, 0].sum() + 10 * k * EPS
            for j in range(k):
                mass = sums[j, 0] + 10 * EPS
                u, v = sums[j, 1] / mass, sums[j, 2] / mass
                a = sums[j, 3] / mass - u * u + ridge
                b = sums[j, 4] / mass - u * v
                c = sums[j, 5] / mass - v * v + ridge
                _form(forms[j], (u, v), (a, b, c), mass / total)
                weights[chain, j] = mass / total
                means[chain, j, 0], means[chain, j, 1] = u + u0, v + v0
                covariances[chain, j, 0, 0], covariances[chain, j, 1, 1] = a, c
                covariances[chain, j, 0, 1] = covariances[chain, j, 1, 0] = b
    return weights, means, covariances


@_compile
def _terms(x: FloatArray, u0: float, v0: float, terms: FloatArray) -> None:
    """First and second powers of the coordinates."""
    for row in range(len(x)):
        u, v = x[row, 0] - u0, x[row, 1] - v0
        terms[0, row], terms[1, row] = u, v
        terms[2, row], terms[3, row], terms[4, row] = u * u, u * v, v * v


@_compile
def _nearest(start: FloatArray, u0: float, v0: float) -> FloatArray:
    """Quadratic forms that are largest for the nearest mean."""
    forms = np.zeros((len(start), 6))
    for j in range(len(start)):
        u, v = start[j, 0] - u0, start[j, 1] - v0
        forms[j] = np.array([-(u * u + v * v), 2 * u, 2 * v, -1.0, 0.0, -1.0])
    return forms


@_compile
def _form(
    form: FloatArray,
    mean: tuple[float, float],
    spread: tuple[float, float, float],
    weight: float,
) -> None:
    """Log of weight times density, without its constant, as a quadratic form."""
    (u, v), (a, b, c) = mean, spread
    area = a * c - b * b
    p, q, r = c / area, -b / area, a / area
    scale = math.log(weight) - 0.5 * math.log(area)
    form[0] = scale - 0.5 * (p * u * u + 2 * q * u * v + r * v * v)
    form[1], form[2] = p * u + q * v, q * u + r * v
    form[3], form[4], form[5] = -0.5 * p, -q, -0.5 * r


@_reordered
def _shares(
    terms: FloatArray, forms: FloatArray, joint: FloatArray, row_weights: FloatArray, hard: bool
) -> None:
    """How much of each point belongs to each component, times its weight."""
    k, n = joint.shape
    top, norm = np.full(n, -np.inf), np.zeros(n)
    for j in range(k):
        f0, f1, f2, f3, f4, f5 = forms[j]
        for i in range(n):
            value = f0 + f1 * terms[0, i] + f2 * terms[1, i]
            value += f3 * terms[2, i] + f4 * terms[3, i] + f5 * terms[4, i]
            joint[j, i] = value
            top[i] = max(top[i], value)
    for j in range(k):
        for i in range(n):
            gap = joint[j, i] - top[i]
            share = (1.0 if gap == 0.0 else 0.0) if hard else _exp(gap)
            joint[j, i] = share
            norm[i] += share
    for j in range(k):
        for i in range(n):
            joint[j, i] *= row_weights[i] / norm[i]


@_reordered
def _summed(terms: FloatArray, joint: FloatArray, sums: FloatArray) -> None:
    """Sums of 1, u, v, uu, uv, vv of each component."""
    k, n = joint.shape
    for j in range(k):
        s0 = s1 = s2 = s3 = s4 = s5 = 0.0
        for i in range(n):
            share = joint[j, i]
            s0 += share
            s1 += share * terms[0, i]
            s2 += share * terms[1, i]
            s3 += share * terms[2, i]
            s4 += share * terms[3, i]
            s5 += share * terms[4, i]
        sums[j, 0], sums[j, 1], sums[j, 2], sums[j, 3], sums[j, 4], sums[j, 5] = (
            s0,
            s1,
            s2,
            s3,
            s4,
            s5,
        )


@_compile
def _exp(x: float) -> float:
    """The exponential of 0 or less to 1e-15 of itself, without a branch or a call."""
    x = max(x, LEAST)
    power = math.floor(x * LOG2 + 0.5)
    r = (x - power * HIGH) - power * LOW
    p = 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * float(POWERS[int(power) + 1022])
