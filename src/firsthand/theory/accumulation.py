"""A Gaussian fitted to a pool that grows by its own samples: where does the loss level off?

The process starts at mean 0 and variance 1; results for another start scale with it, and hold for
each coordinate of a Gaussian with diagonal covariance. Generation 1 is the first fit, on `samples`
human values; before each later one as many values drawn from the fit before join the pool.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from firsthand.errors import InputError
from firsthand.numerics.domain import whole
from firsthand.types import FloatArray


def accumulate_variance(
    samples: int, generations: ArrayLike, ddof: Literal[0, 1] = 0
) -> FloatArray:
    """What is the mean variance, when every generation is fitted to all values there ever were?

    Args:
        samples: values that each generation adds to the human ones, as many as these; 2 or more.
        generations: fits so far, 1 or more; an array gives one value each.
        ddof: what the fit subtracts from the number of values when it divides; 0 is maximum
            likelihood, 1 unbiased.

    Returns:
        Mean variance, exact. It levels off: with ddof 0 at `accumulate_variance_limit`. Unlike
        under replace the mean is near the median.

    Source: Kazdan et al. 2024 (arXiv:2410.16713) for ddof 0; ddof 1 derived here.

    >>> [f"{accumulate_variance(m, 100):.4f}" for m in (10, 100, 3)]
    ['0.8443', '0.9837', '0.5369']
    """
    if ddof not in {0, 1}:
        raise InputError(f"ddof is {ddof!r}", expected="0 or 1")
    n, t = whole("samples", samples, 2), whole("generations", generations, 1)
    fits = np.arange(1, int(t.max()) + 1)
    shrink = np.concatenate([[1 - 1 / n], 1 + _accumulate_step(n, fits[:-1], ddof)])
    pool = n * fits
    return np.asarray((np.cumprod(shrink) * pool / (pool - ddof))[t.astype(int) - 1])


def _accumulate_step(n: FloatArray, fits: np.ndarray, ddof: Literal[0, 1]) -> FloatArray:
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
