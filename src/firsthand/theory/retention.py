"""Human samples that are never thrown away: how firmly do they hold the shares of the classes?

Either one fixed human set is part of every training set (`kept`), or nothing is ever left out
(`accumulated`). Against new human samples in every generation see `inflow`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from firsthand.numerics.domain import number, whole
from firsthand.numerics.special import beta_binomial_cdf
from firsthand.types import FloatArray


def kept_concentration(samples: ArrayLike, kept: ArrayLike) -> FloatArray:
    """How firmly does one fixed human set, kept in every generation, hold the shares near its own?

    Args:
        samples: size of each training set, 2 or more.
        kept: how many of them are the same human samples each time, 0 to `samples`.

    Returns:
        The `a` of a Beta law around the shares *of the kept set*, about 2 x kept. To the human
        distribution these differ themselves, by p (1 - p) / kept in variance: all in all fresh
        samples hold a share with about a third of the variance that as many kept ones leave.
        Infinite when all samples are kept.

    Derived here: the next shares are kept / samples of fixed ones and the rest redrawn.

    >>> f"{kept_concentration(samples=100_000, kept=50):.1f}"
    '100.0'
    """
    n, size = whole("samples", samples, 2), whole("kept", kept)
    number("share of kept samples", size / n, 0, 1)
    model = n - size
    drawn = np.where(model > 0, ((n - size) / n) ** 2, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = drawn / model / (1 - drawn * (1 - 1 / model))
    return np.where(model > 0, 1 / np.where(model > 0, spread, 1) - 1, np.inf)


def accumulated_concentration(samples: ArrayLike) -> FloatArray:
    """How firmly are shares held when nothing is ever left out, each generation adding `samples`?

    The `a` of a Beta law around the human shares, in the end: s / (1 - s) with s = sin(x) / x at
    x = pi / sqrt(samples), about 0.61 x samples; the first `samples` are human. 2 or more samples.
    Derived here: the Polya urn in batches has the same product as the accumulating Gaussian.

    >>> f"{accumulated_concentration(1000):.0f}"
    '607'
    """
    left = np.sinc(1 / np.sqrt(whole("samples", samples, 2)))
    return np.asarray(left / (1 - left))


def accumulated_heterozygosity(
    human: ArrayLike, samples: int, generations: ArrayLike
) -> FloatArray:
    """How probable is it that two samples of the pool differ in class, when none is left out?

    Args:
        human: the same probability in the human distribution, in [0, 1].
        samples: human samples at the start, and samples that each generation adds; 2 or more.
        generations: additions so far, 0 or more.

    Returns:
        human x product of (1 - 1 / (samples s^2)) over s = 1 ... generations + 1, exact. It levels
        off near human x (1 - 1.64 / samples).

    Source: Polya urn in batches; derived here.

    >>> f"{accumulated_heterozygosity(0.97, 2000, 101):.5f}"
    '0.96921'
    """
    start, n = number("human", human, 0, 1), whole("samples", samples, 2)
    t = whole("generations", generations).astype(int)
    batch = np.arange(1.0, t.max() + 2)
    return np.asarray(start * np.cumprod(1 - 1 / (n * batch**2))[t])


def kept_loss_probability(
    human: ArrayLike, samples: ArrayLike, kept: ArrayLike, keep: ArrayLike = 0.5
) -> FloatArray:
    """How probable is it that a set holds less than `keep` of a class's share in the kept part?

    Args:
        human: the class's share in the kept set, in (0, 1).
        samples: size of each training set, 2 or more.
        kept: how many of them are the same human samples each time, 1 to `samples`.
        keep: the part of the share that is to be kept, in [0, 1].

    Returns:
        Probability in one settled generation; 0 where the kept samples alone suffice. The error is
        below 0.02.

    Source: the fixed part plus a beta-binomial; derived here.

    >>> kept_loss_probability(0.01, 2000, [10, 100, 1000], 0.5).round(3).tolist()
    [0.667, 0.239, 0.0]
    """
    p = number("human", human, 0, 1, inside=True)
    n, size = whole("samples", samples, 2), whole("kept", kept, 1)
    needed = np.ceil(number("keep", keep, 0, 1) * p * n - size * p - 1e-9) - 1
    hold = np.minimum(kept_concentration(samples, kept), 1e12)
    return beta_binomial_cdf(needed, p, n - size, hold)
