"""Special functions that closed forms need and NumPy does not have.

Accuracy, tested against SciPy on the ranges below: `log_gamma`, `digamma` and `trigamma` 1e-12
relative or absolute, whichever is larger, from 1e-3 on; `normal_cdf` and `normal_quantile` 1e-14;
`beta_cdf` and `gamma_cdf` 1e-9 absolute for parameters from 1e-3 to 1e6; `beta_binomial_cdf` 1e-8.

Sources: recurrence and asymptotic series, continued fractions of the incomplete beta and gamma
functions: NIST Digital Library of Mathematical Functions 5.5, 5.11, 8.9, 8.11, 8.17, evaluated by
the method of Lentz 1976 (Applied Optics 15:668).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from firsthand.types import FloatArray

FAR = 12.0  # from here on few terms of an asymptotic series are enough
SMALL = 1e-300
PRECISION = 1e-14
TERMS = 4096  # counts summed one by one; of larger ones a continuous law is close enough
FIRM = 1e13  # a share that is as good as fixed
FAR_GAMMA = 1e4
LONGEST = 20_000  # steps of a continued fraction; parameters of 1e6 take about 2000

_each_log_gamma = np.frompyfunc(math.lgamma, 1, 1)
_each_erfc = np.frompyfunc(math.erfc, 1, 1)
_each_quantile = np.frompyfunc(NormalDist().inv_cdf, 1, 1)


def log_gamma(x: ArrayLike) -> FloatArray:
    """Logarithm of the gamma function, x > 0.

    >>> round(float(log_gamma(5.0)), 6) == round(math.log(24), 6)
    True
    """
    return np.asarray(_each_log_gamma(np.asarray(x, dtype=np.float64)), dtype=np.float64)


def digamma(x: ArrayLike) -> FloatArray:
    """Derivative of `log_gamma`, x > 0: the mean of the logarithm of a gamma variable of shape x.

    >>> round(float(digamma(1.0)), 6)
    -0.577216
    """
    shifted, below = _shift(x, 1)
    square = shifted**-2.0
    series = square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square / 240)))
    return np.asarray(np.log(shifted) - 0.5 / shifted - series - below)


def trigamma(x: ArrayLike) -> FloatArray:
    """Second derivative of `log_gamma`, x > 0: the variance of that logarithm.

    >>> round(float(trigamma(1.0)), 6) == round(math.pi**2 / 6, 6)
    True
    """
    shifted, below = _shift(x, 2)
    square = shifted**-2.0
    series = 1 / 6 - square * (1 / 30 - square * (1 / 42 - square * (1 / 30 - square * 5 / 66)))
    return np.asarray(1 / shifted + square / 2 + square / shifted * series + below)


def _shift(x: ArrayLike, power: int) -> tuple[FloatArray, FloatArray]:
    """A far enough argument, and the sum of 1 / x^power over the whole steps up to it."""
    shifted = np.array(x, dtype=np.float64)
    below = np.zeros_like(shifted)
    for _ in range(int(FAR)):
        near = shifted < FAR
        below = below + np.where(near, shifted ** -float(power), 0.0)
        shifted = np.where(near, shifted + 1, shifted)
    return shifted, below


def inverse_digamma(y: ArrayLike) -> FloatArray:
    """The x > 0 with digamma(x) = y, by Newton's method.

    >>> round(float(inverse_digamma(digamma(0.3))), 9)
    0.3
    """
    wanted = np.asarray(y, dtype=np.float64)
    far = np.exp(np.minimum(wanted, 700.0)) + 0.5
    x = np.where(wanted > -2.2, far, 1 / np.maximum(0.577 - wanted, 0.5))
    for _ in range(8):
        x = np.maximum(x - (digamma(x) - wanted) / trigamma(x), x / 10)
    return np.asarray(x)


def normal_cdf(x: ArrayLike) -> FloatArray:
    """Probability that a standard normal variable is at most x.

    >>> float(normal_cdf(0.0))
    0.5
    """
    scaled = -np.asarray(x, dtype=np.float64) / math.sqrt(2)
    return np.asarray(_each_erfc(scaled), dtype=np.float64) / 2


def normal_quantile(probability: ArrayLike) -> FloatArray:
    """The x at which `normal_cdf` is `probability`, strictly between 0 and 1.

    >>> round(float(normal_quantile(0.975)), 4)
    1.96
    """
    given = np.asarray(probability, dtype=np.float64)
    return np.asarray(_each_quantile(given), dtype=np.float64)


def beta_cdf(x: ArrayLike, a: ArrayLike, b: ArrayLike) -> FloatArray:
    """Probability that a Beta(a, b) variable is at most x; a, b > 0.

    >>> round(float(beta_cdf(0.5, 3.0, 3.0)), 9)
    0.5
    """
    given, one, two = np.broadcast_arrays(*(np.asarray(each, dtype=float) for each in (x, a, b)))
    given = np.clip(given, 0, 1)
    swap = given > (one + 1) / (one + two + 2)  # there the fraction for 1 - x converges quickly
    at = np.where(swap, 1 - given, given)
    one, two = np.where(swap, two, one), np.where(swap, one, two)
    inner = np.clip(at, SMALL, 1 - 1e-16)
    size = log_gamma(one + two) - log_gamma(one) - log_gamma(two) - np.log(one)
    size = size + one * np.log(inner) + two * np.log1p(-inner)

    def term(step: int) -> FloatArray:
        k = step // 2
        over = (one + step - 1) * (one + step)
        odd, even = -(one + k) * (one + two + k), k * (two - k)
        return np.asarray((odd if step % 2 else even) * at / over)

    found = np.where(at > 0, np.exp(size) * _fraction(term), 0.0)
    return np.asarray(np.clip(np.where(swap, 1 - found, found), 0, 1))


def beta_binomial_cdf(
    count: ArrayLike, mean: ArrayLike, draws: ArrayLike, size: ArrayLike
) -> FloatArray:
    """Probability of at most `count` hits in `draws`, when the share of hits is itself random.

    The share follows Beta(size mean, size (1 - mean)); an infinite `size` makes the count binomial.
    Exact up to a count of 4096, beyond it a continuous law of the same variance.

    >>> round(float(beta_binomial_cdf(1, 0.5, 3, np.inf)), 9)
    0.5
    """
    rows = np.broadcast_arrays(*(np.asarray(e, float) for e in (count, mean, draws, size)))
    found = [_hits(*row) for row in zip(*(each.ravel().tolist() for each in rows), strict=True)]
    return np.array(found).reshape(rows[0].shape)


def beta_binomial_cumulative(most: int, mean: float, draws: int, size: float) -> FloatArray:
    """`beta_binomial_cdf` at every count from 0 to `most`. (most + 1,).

    >>> beta_binomial_cumulative(3, 0.5, 3, np.inf).round(9).tolist()
    [0.125, 0.5, 0.875, 1.0]
    """
    within = np.cumsum(_chances(min(most, draws), mean, draws, min(size, FIRM)))
    return np.concatenate([np.minimum(within, 1), np.ones(max(most - draws, 0))])


def _hits(count: float, mean: float, draws: float, size: float) -> float:
    count, size = min(math.floor(count), draws), min(size, FIRM)
    if count < 0 or count == draws:
        return float(count == draws)
    if count > TERMS:
        spread = (size + 1) * draws / (size + draws) - 1
        return float(beta_cdf((count + 0.5) / draws, spread * mean, spread * (1 - mean)))
    return min(1.0, float(_chances(count, mean, draws, size).sum()))


def _chances(most: float, mean: float, draws: float, size: float) -> FloatArray:
    """Probability of each count from 0 to `most`."""
    hit, miss = size * mean, size * (1 - mean)
    k = np.arange(most)
    steps = np.log((draws - k) / (k + 1) * (hit + k) / (miss + draws - 1 - k))
    none = _rising(miss, draws) - _rising(size, draws)
    return np.asarray(np.exp(none + np.concatenate([[0.0], np.cumsum(steps)])))


def _rising(x: float, steps: ArrayLike) -> FloatArray:
    """Logarithm of x (x + 1) ... (x + steps - 1)."""
    more = np.asarray(steps, dtype=np.float64)
    if x > FAR_GAMMA:  # Stirling's series, as the difference of two log-gammas loses digits there
        series = (1 / (x + more) - 1 / x) / 12
        return np.asarray((x + more - 0.5) * np.log1p(more / x) + more * (math.log(x) - 1) + series)
    return np.asarray(log_gamma(x + more) - log_gamma(x))


def gamma_cdf(x: ArrayLike, a: ArrayLike) -> FloatArray:
    """Probability that a gamma variable of shape a > 0 and scale 1 is at most x.

    >>> round(float(gamma_cdf(1.0, 1.0)), 6) == round(1 - math.exp(-1), 6)
    True
    """
    at, shape = np.broadcast_arrays(np.maximum(np.asarray(x, float), SMALL), np.asarray(a, float))
    upper = at > shape + 1
    small, large = np.where(upper, shape, at), np.where(upper, at, shape + 1)

    def below(step: int) -> FloatArray:
        k = step // 2
        over = (shape + step - 1) * (shape + step)
        return np.asarray((-(shape + k) if step % 2 else k) * small / over)

    def above(step: int) -> FloatArray:
        return np.asarray(((step + 1) // 2 - shape if step % 2 else step // 2) / large)

    size = np.exp(shape * np.log(at) - at - log_gamma(shape))
    rest = size / at * _fraction(above)
    return np.asarray(np.clip(np.where(upper, 1 - rest, size / shape * _fraction(below)), 0, 1))


def _fraction(term: Callable[[int], FloatArray]) -> FloatArray:
    """1 / (1 + term(1) / (1 + term(2) / (1 + ...))), from the front until it no longer moves."""
    value = np.ones(np.shape(term(1)))
    ahead, behind = value, np.zeros_like(value)
    for step in range(1, LONGEST):
        behind = 1 / _away_from_zero(1 + term(step) * behind)
        ahead = _away_from_zero(1 + term(step) / ahead)
        value = value * ahead * behind
        if bool(np.all(np.abs(ahead * behind - 1) < PRECISION)):
            break
    return np.asarray(1 / value)


def _away_from_zero(x: FloatArray) -> FloatArray:
    return np.where(np.abs(x) < SMALL, SMALL, x)
