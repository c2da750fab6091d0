"""A Gaussian refitted to its own samples: how fast does it narrow, and how far does it wander?

Each set replaces the one before; for sets that grow see `accumulation`.

The process starts at mean 0 and variance 1; results for another start scale with it, and hold for
each coordinate of a Gaussian with diagonal covariance. Generation 1 is the first fit, on `samples`
human values; each later one is fitted to as many values drawn from the fit before. `ddof` is what
the fit subtracts from the number of values when it divides: 0 is maximum likelihood, 1 unbiased.
`docs/theory.md` has what simulation found beside each result.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from firsthand.errors import InputError
from firsthand.numerics.domain import number, whole
from firsthand.numerics.special import digamma, inverse_digamma, log_gamma, normal_cdf, trigamma
from firsthand.types import FloatArray

Ddof = Literal[0, 1]

AT_THE_MEAN = 1e-3  # standard deviations around the mean where the saddlepoint formula is 0 / 0
HALVINGS = 56  # of the range in which a quantile lies
NODES = 16


class LogVariance(NamedTuple):
    """The logarithm of a variance, close to normally distributed."""

    mean: FloatArray  # nats
    sd: FloatArray  # nats


def replace_log_variance(samples: ArrayLike, generations: ArrayLike, ddof: Ddof = 0) -> LogVariance:
    """How much has the variance shrunk, typically, when each set replaces the one before?

    Args:
        samples: values a generation, 2 or more.
        generations: fits so far, 0 or more; 1 is the fit to human values.
        ddof: see the top of this page.

    Returns:
        Mean and standard deviation of log variance, exact. Lower is narrower; exp(mean) is close to
        the median. It falls without end under either ddof: even an unbiased fit collapses.

    Source: V_t is a product of t independent chi-square variables of samples - 1 degrees of freedom
    over samples - ddof (Kazdan et al. 2024, arXiv:2410.16713, setting; Shumailov et al. 2023,
    arXiv:2305.17493, theorem 3.1); moments of their logarithms derived here.

    >>> found = replace_log_variance(samples=100, generations=100)
    >>> f"{found.mean:.4f} {found.sd:.3f}"
    '-2.0185 1.429'
    """
    n, t = _sizes(samples, generations, ddof)
    half = (n - 1) / 2
    mean = t * (digamma(half) + np.log(2 / (n - ddof)))
    return LogVariance(np.asarray(mean), np.asarray(np.sqrt(t * trigamma(half))))


def replace_half_life(samples: ArrayLike, ddof: Ddof = 0) -> FloatArray:
    """After how many generations is the median variance halved, when each set replaces the last?

    Generations, not rounded; about 0.69 samples for large samples. Smaller is a faster loss.
    Arguments, domain and source as for `replace_log_variance`.

    >>> f"{replace_half_life(100):.1f}"
    '34.3'
    """
    return np.asarray(np.log(2) / -replace_log_variance(samples, 1, ddof).mean)


def replace_variance(samples: ArrayLike, generations: ArrayLike, ddof: Ddof = 0) -> FloatArray:
    """What is the mean variance over many chains, when each set replaces the one before?

    Between 0 and 1; exact. Not what one chain does: rare chains that grew carry the mean, so that
    with ddof 1 it stays 1 while almost every chain narrows. Compare medians or logarithms with
    observations. Arguments, domain and source as for `replace_log_variance`.

    >>> f"{replace_variance(100, 100):.4f} {replace_variance(100, 100, ddof=1):.1f}"
    '0.3660 1.0'
    """
    n, t = _sizes(samples, generations, ddof)
    return np.asarray(((n - 1) / (n - ddof)) ** t)


def replace_mean_square(samples: ArrayLike, generations: ArrayLike, ddof: Ddof = 0) -> FloatArray:
    """How far has the mean wandered from 0, squared, when each set replaces the one before?

    In units of the human variance; larger is further. With ddof 0 it and the mean variance sum to
    1; with ddof 1 it is generations / samples and grows without end. Exact. Arguments and domain
    as for `replace_log_variance`; derived here.

    >>> f"{replace_mean_square(100, 100):.4f} {replace_mean_square(100, 100, ddof=1):.2f}"
    '0.6340 1.00'
    """
    n, t = _sizes(samples, generations, ddof)
    return np.asarray(t / n if ddof else 1 - (1 - 1 / n) ** t)


def replace_sd(samples: ArrayLike, generations: ArrayLike, ddof: Ddof = 0) -> FloatArray:
    """What is the mean standard deviation, when each set replaces the one before?

    Between 0 and 1, falling under either ddof; exact. Arguments and domain as for
    `replace_log_variance`. Source: Bertrand et al. 2023 (arXiv:2310.00429), for one step.

    >>> f"{replace_sd(100, 10, ddof=1):.4f} {replace_sd(10, 50, ddof=1):.4f}"
    '0.9751 0.2501'
    """
    n, t = _sizes(samples, generations, ddof)
    step = log_gamma(n / 2) - log_gamma((n - 1) / 2) + np.log(2 / (n - ddof)) / 2
    return np.asarray(np.exp(t * step))


def replace_wasserstein(samples: ArrayLike, generations: ArrayLike, ddof: Ddof = 0) -> FloatArray:
    """How far is the fit from the human distribution, in mean squared Wasserstein-2 distance?

    In units of the human variance; 0 is no difference. With ddof 1 and few generations it is 1.5
    generations / samples. Exact. Arguments and domain as for `replace_log_variance`. Source:
    Shumailov et al. 2023 (arXiv:2305.17493) for the first order; exact form derived here.

    >>> f"{replace_wasserstein(100, 10, ddof=1):.4f}"
    '0.1499'
    """
    spread = replace_variance(samples, generations, ddof)
    moved = replace_mean_square(samples, generations, ddof)
    return np.asarray(moved + spread + 1 - 2 * replace_sd(samples, generations, ddof))


def replace_variance_cdf(
    variance: ArrayLike, samples: ArrayLike, generations: ArrayLike, ddof: Ddof = 0
) -> FloatArray:
    """How probable is it that the variance is at most this, when each set replaces the one before?

    Args:
        variance: above 0, in units of the human variance.
        samples: values a generation, 2 or more.
        generations: fits so far, 1 or more.
        ddof: see the top of this page.

    Returns:
        A probability; closer to 1 means that narrowing below `variance` is the rule. Its error is
        below 0.003 from 5 samples on (0.007 at fewer), in the tails far smaller.

    Source: saddlepoint approximation of Lugannani and Rice 1980 (Adv. Appl. Probab. 12:475) for the
    sum of log chi-square variables, whose cumulants are polygamma functions; derived here.

    >>> narrow = replace_variance_cdf(0.01, samples=10, generations=[20, 60, 200], ddof=1)
    >>> (1 - narrow).round(3).tolist()
    [0.849, 0.277, 0.004]
    """
    n, t = _sizes(samples, generations, ddof, least_generations=1)
    level = np.log(number("variance", variance, 0, inside=True)) - t * np.log(2 / (n - ddof))
    return _below(inverse_digamma(level / t), (n - 1) / 2, t)


def _below(tilted: FloatArray, shape: FloatArray, terms: FloatArray) -> FloatArray:
    """P(sum of `terms` log gamma variables <= the mean it would have at the shape `tilted`)."""
    step = AT_THE_MEAN / np.sqrt(terms * trigamma(shape))
    off = (tilted - shape) / step
    near = np.abs(off) < 1
    low = _lugannani_rice(np.where(near, shape - step, tilted), shape, terms)
    high = _lugannani_rice(np.where(near, shape + step, tilted), shape, terms)
    return np.asarray(low + (high - low) * np.where(near, off + 1, 0) / 2)


def _lugannani_rice(tilted: FloatArray, shape: FloatArray, terms: FloatArray) -> FloatArray:
    tilt = tilted - shape
    signed = np.sign(tilt) * np.sqrt(2 * terms * _rate(tilted, shape))
    scaled = tilt * np.sqrt(terms * trigamma(tilted))
    density = np.exp(-(signed**2) / 2) / np.sqrt(2 * np.pi)
    found = normal_cdf(signed) + density * (1 / signed - 1 / scaled)
    return np.asarray(np.clip(found, 0, 1))


def _rate(tilted: FloatArray, shape: FloatArray) -> FloatArray:
    """The rate function of one log gamma variable, as an integral where its terms would cancel."""
    tilt = tilted - shape
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    part = tilt[..., None] * (nodes + 1) / 2
    inner = (part * trigamma(shape[..., None] + part)) @ weights * tilt / 2
    outer = tilt * digamma(tilted) - log_gamma(tilted) + log_gamma(shape)
    return np.asarray(np.where(np.abs(tilt) < shape / 2, inner, outer))


def replace_variance_quantile(
    probability: ArrayLike, samples: ArrayLike, generations: ArrayLike, ddof: Ddof = 0
) -> FloatArray:
    """Below which variance does a chain lie with this probability, when each set replaces the last?

    `probability` lies strictly between 0 and 1; 0.5 asks for the median, 0.05 and 0.95 for a 90 %
    interval of one chain. In units of the human variance; other arguments, accuracy and source as
    for `replace_variance_cdf`, whose inverse it is.

    >>> f"{replace_variance_quantile(0.5, samples=100, generations=100):.3f}"
    '0.133'
    """
    n, t = _sizes(samples, generations, ddof, least_generations=1)
    wanted = number("probability", probability, 0, 1, inside=True)
    wanted, shape, t = np.broadcast_arrays(wanted, (n - 1) / 2, t)
    low, high = np.log(shape) - 50.0, np.log(shape) + 20.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        under = _below(np.exp(middle), shape, t) < wanted
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.asarray(np.exp(t * (digamma(np.exp((low + high) / 2)) + np.log(2 / (n - ddof)))))


def replace_spread_bound(eps: ArrayLike, samples: ArrayLike, generations: ArrayLike) -> FloatArray:
    """At most how probable is a standard deviation above `eps`, when each set replaces the last?

    A bound for unbiased fits, (1 / eps) exp(-generations / (4 samples - 1)), cut at 1; it proves
    collapse but is loose. `replace_variance_cdf` has the probability itself. Source: Suresh et al.
    2024 (arXiv:2412.17646), theorem 3.

    >>> f"{replace_spread_bound(0.1, samples=10, generations=200):.3f}"
    '0.059'
    """
    n, t = _sizes(samples, generations, 1)
    level = number("eps", eps, 0, inside=True)
    return np.asarray(np.minimum(1, np.exp(-t / (4 * n - 1)) / level))


def _sizes(
    samples: ArrayLike, generations: ArrayLike, ddof: Ddof, least_generations: int = 0
) -> tuple[FloatArray, FloatArray]:
    if ddof not in {0, 1}:
        raise InputError(f"ddof is {ddof!r}", expected="0 or 1")
    return whole("samples", samples, 2), whole("generations", generations, least_generations)
