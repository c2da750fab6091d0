"""Classes, words or symbols redrawn from their own counts: how many kinds survive?

Each generation is `samples` draws from the shares of the generation before. Generation 1 is drawn
from the shares that are given; if these are the counts of a set of human samples over their sum,
it is the first set that a model made. What holds for words holds for the words of a bigram model
too, whose one-word counts drift alike (found by simulation, `docs/theory.md`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from firsthand.numerics.domain import distribution, number, whole
from firsthand.types import FloatArray


def lineage_survival(generations: ArrayLike) -> FloatArray:
    """Which share of one generation's samples still has copies so many generations later?

    Args:
        generations: 1 or more; 1 is the generation itself.

    Returns:
        g_k with g_1 = 1 and g_(k+1) = 1 - exp(-g_k): a probability, close to 2 / k for large k.
        Lower means that fewer ancestors stand behind the same number of samples.

    Source: Suresh et al. 2024 (arXiv:2412.17646), corollary 1. Exact for Poisson numbers of copies,
    that is for many samples.

    >>> lineage_survival([1, 2, 3]).round(4).tolist()
    [1.0, 0.6321, 0.4685]
    """
    asked = whole("generations", generations, 1).astype(int)
    found = np.ones(int(asked.max()))
    for k in range(1, len(found)):
        found[k] = -np.expm1(-found[k - 1])
    return np.asarray(found[asked - 1])


def survival_probability(
    share: ArrayLike, samples: ArrayLike, generations: ArrayLike
) -> FloatArray:
    """How probable is it that a class is still there after so many generations?

    Args:
        share: of each class, between 0 and 1; they need not sum to 1.
        samples: draws a generation, 1 or more.
        generations: 1 or more. Broadcast against the shares.

    Returns:
        1 - exp(-samples x share x g_k). Exact for Poisson counts; against binomial ones the error
        is at most about half the share, and reached after more generations than samples:
        `extinction.extinct_by` has none.

    Source: Suresh et al. 2024 (arXiv:2412.17646), corollary 1.

    >>> survival_probability([0.001, 0.01], samples=1000, generations=10).round(3).tolist()
    [0.158, 0.821]
    """
    expected = number("share", share, 0, 1) * whole("samples", samples, 1)
    return np.asarray(-np.expm1(-expected * lineage_survival(generations)))


def surviving_symbols(shares: ArrayLike, samples: int, generations: ArrayLike) -> FloatArray:
    """How many classes are expected to be left after so many generations?

    Args:
        shares: of all classes, summing to 1.
        samples: draws a generation, 1 or more.
        generations: 1 or more; an array gives one value each.

    Returns:
        Number of classes, at most as many as there are. Accuracy and source as for
        `survival_probability`.

    >>> surviving_symbols(np.full(1000, 0.001), 1000, [1, 2, 5, 50]).round().tolist()
    [632.0, 469.0, 268.0, 38.0]
    """
    p = distribution("shares", shares)
    factor = lineage_survival(generations)[..., None]
    return np.asarray(-np.expm1(-whole("samples", samples, 1) * p * factor).sum(axis=-1))


def missing_mass(shares: ArrayLike, samples: int, generations: ArrayLike) -> FloatArray:
    """Which share of the human distribution belongs to classes that are gone?

    Between 0 and 1; larger is a greater loss. Arguments, accuracy and source as for
    `surviving_symbols`.

    >>> missing_mass(np.full(1000, 0.001), 1000, [1, 50]).round(3).tolist()
    [0.368, 0.962]
    """
    p = distribution("shares", shares)
    factor = lineage_survival(generations)[..., None]
    return np.asarray((p * np.exp(-whole("samples", samples, 1) * p * factor)).sum(axis=-1))


def zipf_slope(exponent: ArrayLike) -> FloatArray:
    """How quickly does the missing mass fall with more samples, when shares fall as 1 / rank^b?

    The slope of log missing mass against log samples: -(1 - 1 / b), from 0 (b near 1: hardly any
    gain) to -1. Exact for infinitely many classes and many samples; b above 1. Source: Dohmatob et
    al. 2024 (arXiv:2402.07043).

    >>> zipf_slope([1.5, 2.0]).round(3).tolist()
    [-0.333, -0.5]
    """
    return np.asarray(1 / number("exponent", exponent, 1, inside=True) - 1)


def zipf_growth(exponent: ArrayLike, generations: ArrayLike) -> FloatArray:
    """By which factor has the missing mass grown since generation 1, when shares fall as rank^-b?

    g_k^-(1 - 1/b), 1 or more: k generations lose as much as a sample g_k times as large would have.
    b above 1; generations 1 or more. Derived here from the two results that it joins.

    >>> zipf_growth([1.5, 2.0], 10).round(2).tolist()
    [1.8, 2.41]
    """
    return np.asarray(lineage_survival(generations) ** zipf_slope(exponent))


def heterozygosity(initial: ArrayLike, samples: ArrayLike, generations: ArrayLike) -> FloatArray:
    """How probable is it, on average, that two draws differ in class after so many generations?

    Args:
        initial: the same probability in the shares at the start, 1 - sum of squares, in [0, 1].
        samples: draws a generation, 1 or more.
        generations: 0 or more.

    Returns:
        initial x (1 - 1 / samples)^generations, exact. Lower is less diverse; common classes make
        it, so it hardly sees rare ones go.

    Source: Wright 1931 (Genetics 16:97).

    >>> f"{heterozygosity(1.0, samples=1000, generations=50):.5f}"
    '0.95121'
    """
    start = number("initial", initial, 0, 1)
    n, t = whole("samples", samples, 1), whole("generations", generations)
    return np.asarray(start * (1 - 1 / n) ** t)


def fixation_time(shares: ArrayLike, samples: int) -> FloatArray:
    """After how many generations is a single class left, on average?

    Which one is left is a matter of chance: class i with probability equal to its share (exact).

    Args:
        shares: of all classes, summing to 1.
        samples: draws a generation, 1 or more.

    Returns:
        -2 x samples x sum of (1 - p) log(1 - p), in generations. An approximation for many samples:
        at 100 it is about 2 % (two classes) to 4 % (six) too long.

    Source: Kimura and Ohta 1969 (Genetics 61:763) for two classes; for more derived here, as class
    i against all others remains after -2 n (1 - p) log(1 - p) / p generations if it does.

    >>> f"{fixation_time([0.5, 0.5], 100):.1f} {fixation_time(np.full(6, 1 / 6), 100):.1f}"
    '138.6 182.3'
    """
    other = 1 - distribution("shares", shares)
    terms = other * np.log(np.where(other > 0, other, 1.0))
    return np.asarray(-2 * whole("samples", samples, 1) * terms.sum())
