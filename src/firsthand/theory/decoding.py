"""Decoding that sharpens or cuts: what does it cost over generations, even with endless samples?

Population limits: no sampling noise, each generation learns exactly what the one before put out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from firsthand.numerics.domain import distribution, number, whole
from firsthand.types import FloatArray


def tempered_shares(
    shares: ArrayLike, temperature: float, generations: int, human: float = 0.0
) -> FloatArray:
    """What becomes of the shares if every generation samples at this temperature?

    Args:
        shares: (classes,) of the human distribution, where it starts, summing to 1.
        temperature: above 0; below 1 sharpens, above 1 flattens.
        generations: 0 or more.
        human: share of each set that is drawn from the human distribution instead, in [0, 1].

    Returns:
        (classes,) shares. Without human samples they are proportional to
        shares^((1 / temperature)^generations): one class, or all equal, in the end.

    Source: Marchi et al. 2024 (arXiv:2404.02325) for the two limits; form derived here.

    >>> tempered_shares([0.6, 0.4], 0.5, 3).round(3).tolist()
    [0.962, 0.038]
    """
    start = distribution("shares", shares)
    power = float(1 / number("temperature", temperature, 0, inside=True))
    m = float(number("human", human, 0, 1))
    p = start
    for _ in range(int(whole("generations", generations))):
        with np.errstate(under="ignore"):
            sharp = (p / p.max()) ** power
        p = m * start + (1 - m) * sharp / sharp.sum()
    return p


def nucleus_mass(top_p: ArrayLike, generations: ArrayLike) -> FloatArray:
    """Which share of the human distribution does top-p sampling still reach, if always used?

    Args:
        top_p: mass that each generation keeps, the most frequent first, in (0, 1].
        generations: 0 or more.

    Returns:
        top_p^generations: close where classes are many and each small. Every generation keeps a
        little more than top_p, as the last class is kept whole, so that with few classes the loss
        stops; `nucleus_shares` is exact.

    Source: derived here.

    >>> nucleus_mass(0.95, [1, 10]).round(3).tolist()
    [0.95, 0.599]
    """
    mass = number("top_p", top_p, 1e-12, 1)
    return np.asarray(mass ** whole("generations", generations))


def nucleus_shares(shares: ArrayLike, top_p: float, generations: int) -> FloatArray:
    """What becomes of the shares if every generation samples from the top-p nucleus?

    Args:
        shares: (classes,) at the start, summing to 1.
        top_p: mass that each generation keeps, the most frequent first, in (0, 1].
        generations: 0 or more.

    Returns:
        (classes,) shares, 0 for those cut. Exact.

    >>> nucleus_shares([0.5, 0.3, 0.2], 0.75, 1).round(3).tolist()
    [0.625, 0.375, 0.0]
    """
    p = distribution("shares", shares)
    mass = float(number("top_p", top_p, 1e-12, 1))
    order = np.argsort(-p, kind="stable")
    for _ in range(int(whole("generations", generations))):
        before = np.cumsum(p[order]) - p[order]
        kept = np.zeros_like(p)
        inside = order[before < mass - 1e-12]
        kept[inside] = p[inside]
        p = kept / kept.sum()
    return p


def sharpened_variance(factor: ArrayLike, generations: ArrayLike) -> FloatArray:
    """What is left of the variance if every generation samples with this factor of it?

    `factor` of 0 or more multiplies the variance at sampling (below 1: truncation, guidance, low
    temperature); factor^generations is left of it, on average with an unbiased fit, exactly without
    sampling noise. Source: Alemohammad et al. 2023 (arXiv:2307.01850), equation 2.

    >>> f"{sharpened_variance(0.8, 10):.4f}"
    '0.1074'
    """
    return np.asarray(number("factor", factor, 0) ** whole("generations", generations))
