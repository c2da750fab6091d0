"""New human samples in every generation: which shares last, and how many does it take?

Each generation is `samples` draws, each from people with probability `fresh` and from the shares of
the generation before otherwise; taking exactly that part from people leaves a little less noise.
What lasts hangs on the *number* of fresh human samples a generation, F = samples x fresh, hardly on
their share. Results hold for every generation once the process has settled; before that less is
lost, as it starts at the human shares.

Whoever adds fresh samples of one class only has to add the others in proportion, or that class
takes over: the numbers here are of fresh samples of all classes as they occur, of which a class
gets its share.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from firsthand.numerics.domain import number, whole
from firsthand.numerics.special import beta_binomial_cdf, beta_cdf
from firsthand.types import FloatArray


def homozygosity_after(
    initial: ArrayLike,
    human: ArrayLike,
    samples: ArrayLike,
    fresh: ArrayLike,
    generations: ArrayLike,
) -> FloatArray:
    """How probable is it that two samples are of one class, after so many generations?

    Args:
        initial: sum of squared shares at the start, in [0, 1].
        human: the same of the human distribution, in [0, 1].
        samples: draws a generation, 2 or more.
        fresh: expected share of them that is newly drawn from people, in [0, 1].
        generations: 0 or more.

    Returns:
        Mean sum of squared shares, exact for independent draws. Higher is less diverse; it tends to
        `settled_homozygosity`. Starting at `human`, it includes the first draw from people.

    Source: J' = 1/N + (1 - 1/N) [(1 - m)^2 J + (1 - (1 - m)^2) J_human], as drift with migration
    from a constant mainland (Wright 1931, Genetics 16:97); derived here.

    >>> f"{homozygosity_after(0.03, 0.03, 2000, 0.0, 100):.5f}"
    '0.07732'
    """
    start, target = number("initial", initial, 0, 1), number("human", human, 0, 1)
    n, m, t = _mixture(samples, fresh, generations)
    stays = (1 - 1 / n) * (1 - m) ** 2
    added = 1 / n + (1 - 1 / n) * (1 - (1 - m) ** 2) * target
    return np.asarray(stays**t * start + added * (1 - stays**t) / (1 - stays))


def settled_homozygosity(human: ArrayLike, samples: ArrayLike, fresh: ArrayLike) -> FloatArray:
    """How probable is it that two samples are of one class, once the process has settled?

    Mean sum of squared shares: (1 - J) is (1 - J_human) a / (a + 1) with a = `concentration`. At
    fresh = 0 it is 1: a single class. Arguments, accuracy and source as for `homozygosity_after`.

    >>> settled_homozygosity(0.02934, 2000, [0.005, 0.05, 0.2]).round(4).tolist()
    [0.0757, 0.0343, 0.0307]
    """
    target, size = number("human", human, 0, 1), concentration(samples, fresh)
    return np.asarray(1 - (1 - target) * size / (size + 1))


def concentration(samples: ArrayLike, fresh: ArrayLike) -> FloatArray:
    """How firmly do fresh human samples hold every share near its human value?

    The `a` for which a class's settled share has the mean p and variance p (1 - p) / (a + 1) of a
    Beta(a p, a (1 - p)) variable: a = (samples - 1) fresh (2 - fresh), about twice the number of
    fresh human samples a generation where these are few among many. 0: nothing holds it. Arguments
    and source as for `homozygosity_after`; that it is free of the shares: derived here.

    >>> f"{concentration(samples=100_000, fresh=0.0005):.1f}"
    '100.0'
    """
    n, m, _ = _mixture(samples, fresh, 0)
    return np.asarray((n - 1) * m * (2 - m))


def share_cdf(share: ArrayLike, human: ArrayLike, size: ArrayLike) -> FloatArray:
    """How probable is it that a class's settled share is at most this?

    Args:
        share: in [0, 1].
        human: its human share, in (0, 1).
        size: `concentration`, or one from `retention`, above 0.

    Returns:
        The Beta(size x human, size x (1 - human)) distribution function. Close where a class has
        many samples a generation; where it has few, use `loss_probability`.

    Source: Wright 1931 (Genetics 16:97), the stationary law of drift with migration.

    >>> f"{share_cdf(0.005, human=0.01, size=100.0):.2f}"
    '0.39'
    """
    p = number("human", human, 0, 1, inside=True)
    a = number("size", size, 0, inside=True)
    return beta_cdf(number("share", share, 0, 1), a * p, a * (1 - p))


def loss_probability(
    human: ArrayLike, samples: ArrayLike, fresh: ArrayLike, keep: ArrayLike = 0.5
) -> FloatArray:
    """How probable is it that a training set holds less than `keep` of a class's human share?

    Args:
        human: the class's human share, in (0, 1).
        samples: draws a generation, 2 or more.
        fresh: expected share of them that is newly drawn from people, in (0, 1].
        keep: the part of the human share that is to be kept, in [0, 1].

    Returns:
        Probability in one settled generation; higher is worse, and it is not 0 even for human
        samples alone. The error is below 0.02.

    Source: the settled law as a beta-binomial: counts are drawn from shares that follow the Beta
    law around the human ones, narrowed by (1 - fresh)^2. Derived here; the Beta law of the count
    itself (Wright 1931, Genetics 16:97) is off where the class has few samples a generation.

    >>> loss_probability(0.01, 2000, [0.005, 0.05, 1.0]).round(3).tolist()
    [0.666, 0.249, 0.005]
    """
    p, part = number("human", human, 0, 1, inside=True), number("keep", keep, 0, 1)
    n, size = whole("samples", samples, 2), _model_concentration(samples, fresh)
    return beta_binomial_cdf(np.ceil(part * p * n - 1e-9) - 1, p, n, size)


def share_quantile(
    human: ArrayLike, samples: ArrayLike, fresh: ArrayLike, probability: ArrayLike
) -> FloatArray:
    """Which share does a class reach at most, with this probability, once the process has settled?

    Args:
        human: the class's human share, in (0, 1).
        samples: draws a generation, 2 or more.
        fresh: expected share of them that is newly drawn from people, in (0, 1].
        probability: strictly between 0 and 1; 0.025 and 0.975 give an interval that holds at least
            95 % of the training sets.

    Returns:
        Shares; whole counts over `samples`. Accuracy and source as for `loss_probability`.

    >>> share_quantile(0.01, 2000, 0.05, [0.025, 0.5, 0.975]).tolist()
    [0.001, 0.0085, 0.028]
    """
    p, wanted = number("human", human, 0, 1, inside=True), number("probability", probability, 0, 1)
    n, size = whole("samples", samples, 2), _model_concentration(samples, fresh)
    p, wanted, n, size = np.broadcast_arrays(p, wanted, n, size)
    low, high = np.full(p.shape, -1.0), np.array(n)
    while bool((high - low > 1).any()):
        middle = np.floor((low + high) / 2)
        under = beta_binomial_cdf(middle, p, n, size) < wanted
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.asarray(high / n)


def fresh_for_diversity(samples: ArrayLike, keep: ArrayLike) -> FloatArray:
    """How many fresh human samples a generation keep this part of the heterozygosity?

    Args:
        samples: draws a generation, 2 or more.
        keep: the part of 1 - sum of squared human shares that is to last on average, in [0, 1).

    Returns:
        The smallest whole number; infinite if not even `samples` of them suffice. About
        keep / (1 - keep) / 2, whatever the shares and whatever `samples` is: 50 keep 99 %.

    Source: inverse of `settled_homozygosity`; derived here.

    >>> fresh_for_diversity([2000, 1_000_000], 0.99).tolist()
    [51.0, 50.0]
    """
    n, part = whole("samples", samples, 2), number("keep", keep, 0, 1 - 1e-12)
    missing = part / (1 - part) / (n - 1)
    fresh = np.ceil(n * (1 - np.sqrt(np.maximum(1 - missing, 0))) - 1e-9)
    return np.where(missing <= 1, fresh, np.inf)


def fresh_for_class(
    human: ArrayLike, samples: ArrayLike, keep: ArrayLike, probability: ArrayLike
) -> FloatArray:
    """How many fresh human samples a generation keep a class at this part of its human share?

    Args:
        human: (classes,) or one human share, in (0, 1).
        samples: draws a generation, 2 or more.
        keep: the part of the human share that is to be kept, in [0, 1].
        probability: with which a settled training set is to hold at least that, in (0, 1).

    Returns:
        The smallest whole number of fresh samples of *all* classes; the class itself gets its share
        of them. Infinite if not even `samples` suffice, since then a human sample of that size
        misses the target too. Rarer classes need more, about as 1 / human.

    Source: inverse of `loss_probability`; derived here.

    >>> fresh_for_class([0.01, 0.1], 2000, keep=0.5, probability=0.95).tolist()
    [432.0, 38.0]
    """
    p, n = number("human", human, 0, 1, inside=True), whole("samples", samples, 2)
    part, wanted = number("keep", keep, 0, 1), number("probability", probability, 0, 1, inside=True)
    p, n, part, allowed = np.broadcast_arrays(p, n, part, 1 - wanted)
    low, high = np.zeros(p.shape), np.array(n)
    possible = loss_probability(p, n, 1.0, part) <= allowed
    while bool((high - low > 1).any()):
        middle = np.floor((low + high) / 2)
        under = loss_probability(p, n, np.maximum(middle, 0.5) / n, part) > allowed
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.where(possible, high, np.inf)


def _model_concentration(samples: ArrayLike, fresh: ArrayLike) -> FloatArray:
    """Of the shares from which the next set is drawn: the settled ones, mixed with human ones."""
    m = number("fresh", fresh, 1e-12, 1)
    with np.errstate(divide="ignore"):
        return np.asarray((concentration(samples, m) + 1) / (1 - m) ** 2 - 1)


def _mixture(
    samples: ArrayLike, fresh: ArrayLike, generations: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    n = whole("samples", samples, 2)
    return n, number("fresh", fresh, 0, 1), whole("generations", generations)
