"""A Gaussian refitted to its own samples: how fast does it narrow, and how far does it wander?

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
HALVINGS = 80  # of the range in which a quantile lies


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
        below 0.003 from 3 samples on (0.01 at 2), in the tails far smaller.

    Source: saddlepoint approximation of Lugannani and Rice 1980 (Adv. Appl. Probab. 12:475) for the
    sum of log chi-square variables, whose cumulants are polygamma functions; derived here.

    >>> narrow = replace_variance_cdf(0.01, samples=10, generations=[20, 60, 200], ddof=1)
    >>> (1 - narrow).round(3).tolist()
    [0.849, 0.277, 0.004]
    """
    n, t = _sizes(samples, generations, ddof, least_generations=1)
    level = np.log(number("variance", variance, 0, inside=True)) - t * np.log(2 / (n - ddof))
    half = (n - 1) / 2
    sd = np.sqrt(t * trigamma(half))
    off = (level - t * digamma(half)) / sd
    near = np.abs(off) < AT_THE_MEAN
    low = _lugannani_rice(np.where(near, t * digamma(half) - AT_THE_MEAN * sd, level), half, t)
    high = _lugannani_rice(np.where(near, t * digamma(half) + AT_THE_MEAN * sd, level), half, t)
    return np.asarray(low + (high - low) * np.where(near, off / AT_THE_MEAN + 1, 0) / 2)


def _lugannani_rice(level: FloatArray, shape: FloatArray, terms: FloatArray) -> FloatArray:
    """P(sum of `terms` logarithms of gamma variables <= level), away from its mean."""
    tilted = inverse_digamma(level / terms)
    tilt = tilted - shape
    cumulant = terms * (log_gamma(tilted) - log_gamma(shape))
    signed = np.sign(tilt) * np.sqrt(np.maximum(2 * (tilt * level - cumulant), 0))
    scaled = tilt * np.sqrt(terms * trigamma(tilted))
    density = np.exp(-(signed**2) / 2) / np.sqrt(2 * np.pi)
    found = normal_cdf(signed) + density * (1 / signed - 1 / scaled)
    return np.asarray(np.clip(found, 0, 1))


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
    wanted = number("probability", probability, 0, 1, inside=True)
    centre, sd = replace_log_variance(samples, generations, ddof)
    wanted, centre, sd = np.broadcast_arrays(wanted, centre, sd)
    low, high = centre - 60 * sd - 1, centre + 12 * sd + 1
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        under = replace_variance_cdf(np.exp(middle), samples, generations, ddof) < wanted
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.asarray(np.exp((low + high) / 2))


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


def accumulate_variance(samples: int, generations: ArrayLike, ddof: Ddof = 0) -> FloatArray:
    """What is the mean variance, when every generation is fitted to all values there ever were?

    Args:
        samples: values that each generation adds to the human ones, as many as these; 2 or more.
        generations: fits so far, 1 or more; an array gives one value each.
        ddof: see the top of this page.

    Returns:
        Mean variance, exact. It levels off: with ddof 0 at `accumulate_variance_limit`. Unlike
        under replace the mean is near the median.

    Source: Kazdan et al. 2024 (arXiv:2410.16713) for ddof 0; ddof 1 derived here.

    >>> [f"{accumulate_variance(m, 100):.4f}" for m in (10, 100, 3)]
    ['0.8443', '0.9837', '0.5369']
    """
    n, t = _sizes(samples, generations, ddof, least_generations=1)
    fits = np.arange(1, int(t.max()) + 1)
    shrink = np.concatenate([[1 - 1 / n], 1 + _accumulate_step(n, fits[:-1], ddof)])
    pool = n * fits
    return np.asarray((np.cumprod(shrink) * pool / (pool - ddof))[t.astype(int) - 1])


def _accumulate_step(n: FloatArray, fits: np.ndarray, ddof: Ddof) -> FloatArray:
    """Relative change of the pool's variance, about its own mean, from one fit to the next."""
    return (1 / (n * fits - 1) if ddof else -1 / n) / (fits + 1.0) ** 2


def accumulate_variance_limit(samples: ArrayLike) -> FloatArray:
    """Where does the mean variance level off, when nothing is ever left out? Maximum likelihood.

    sin(x) / x at x = pi / sqrt(samples), between 0 and 1: what is left of the human variance. About
    1 - 1.64 / samples. 2 or more samples. Source: Kazdan et al. 2024 (arXiv:2410.16713).

    >>> accumulate_variance_limit([10, 100, 3]).round(4).tolist()
    [0.8434, 0.9836, 0.5351]
    """
    return np.sinc(1 / np.sqrt(whole("samples", samples, 2)))


def accumulate_mean_square(samples: int, generations: ArrayLike) -> FloatArray:
    """How far has the mean wandered, squared, when nothing is ever left out? Maximum likelihood.

    In units of the human variance: 1 - `accumulate_variance`, exact. It stays bounded, at pi^2 / 6
    times what one human sample gives, for large samples. Arguments as there; derived here.

    >>> f"{100 * accumulate_mean_square(100, 10_000):.2f}"
    '1.64'
    """
    return np.asarray(1 - accumulate_variance(samples, generations))


def subsample_mean_square(generations: ArrayLike) -> FloatArray:
    """How far has the mean wandered, when each fit sees a random part of all there ever was?

    The pool gains `samples` values a generation, each fit draws `samples` of them without
    replacement, and the variance is known.

    Args:
        generations: fits so far, 1 or more.

    Returns:
        Samples times the mean squared error in units of the human variance, where one human sample
        gives 1. It levels off at pi^2 / 2 - 2 = 2.93, against pi^2 / 6 = 1.64 when all of the pool
        is used and no limit under replace. Exact to order 1 / samples.

    Source: the regime: Kazdan et al. 2024 (arXiv:2410.16713), section 3; derived here.

    >>> subsample_mean_square([1, 2, 5, 10]).round(2).tolist()
    [1.0, 1.75, 2.39, 2.65]
    """
    t = whole("generations", generations, 1)
    earlier = np.arange(1.0, t.max())
    terms = (2 - 1 / earlier) / (earlier + 1) ** 2
    drift = np.concatenate([[0.0], np.cumsum(terms)])
    return np.asarray(2 - 1 / t + drift[t.astype(int) - 1])


def _sizes(
    samples: ArrayLike, generations: ArrayLike, ddof: Ddof, least_generations: int = 0
) -> tuple[FloatArray, FloatArray]:
    if ddof not in {0, 1}:
        raise InputError(f"ddof is {ddof!r}", expected="0 or 1")
    return whole("samples", samples, 2), whole("generations", generations, least_generations)
