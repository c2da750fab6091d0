"""New human values beside a model's own: what do they hold, and how should they be weighted?

A Gaussian is fitted by maximum likelihood, generation after generation, to `fresh` new human values
and `synthetic` ones drawn from the fit before. Results are for the settled process, in units of the
human variance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from firsthand.errors import InputError
from firsthand.numerics.domain import number, whole
from firsthand.types import FloatArray

MOST = 1e15  # synthetic values: more than this is no limit


class Settled(NamedTuple):
    """Where a loop with new human values settles, on average."""

    variance: FloatArray  # 1 is the human variance; lower is narrower
    mean_square: FloatArray  # squared error of the mean


def fresh_loop(fresh: ArrayLike, synthetic: ArrayLike, factor: ArrayLike = 1.0) -> Settled:
    """Where do variance and mean settle when every generation sees new human values too?

    Args:
        fresh: new human values a generation, 1 or more.
        synthetic: values drawn from the fit before, 0 or more.
        factor: what decoding multiplies the variance by when it draws them, in (0, 1]; below 1 the
            model draws nearer to its mean than it should.

    Returns:
        Mean variance and mean squared error of the mean, exact.

    Source: setting: Alemohammad et al. 2023 (arXiv:2307.01850), section 5.3; fixed point of the two
    linear recursions derived here.

    >>> found = fresh_loop(fresh=100, synthetic=[100, 300, 900], factor=0.9)
    >>> found.variance.round(4).tolist(), found.mean_square.round(5).tolist()
    ([0.9036, 0.7659, 0.5249], [0.00604, 0.00438, 0.00276])
    """
    real, model = whole("fresh", fresh, 1), whole("synthetic", synthetic)
    shrink = number("factor", factor, 0, 1)
    total = real + model
    p = model / total
    # V (1 - p f) + W (1 - p) = 1 - p   and   W (1 - p^2) - V p f / N = (1 - p) / N
    lost = p * shrink / total
    both = (1 - p * shrink) * (1 - p**2) + (1 - p) * lost
    variance = ((1 - p) * (1 - p**2) - (1 - p) ** 2 / total) / both
    square = ((1 - p * shrink) * (1 - p) / total + (1 - p) * lost) / both
    return Settled(np.asarray(variance), np.asarray(square))


def effective_fresh(fresh: ArrayLike, synthetic: ArrayLike) -> FloatArray:
    """How many human values alone would give as good a mean as this mixture does?

    With unbiased drawing (factor 1) it is 1 / `fresh_loop`.mean_square = fresh (1 + p) + p, where p
    is the synthetic part: from `fresh` to 2 `fresh` + 1. Synthetic values then help, as they carry
    what earlier generations saw, but never more than as many human values again would. (The last p
    is no gain: the fit's variance is a little too small.) Arguments and source as for `fresh_loop`.

    >>> effective_fresh(100, [0, 100, 900, 9900]).round(1).tolist()
    [100.0, 150.5, 190.9, 200.0]
    """
    return np.asarray(1 / fresh_loop(fresh, synthetic).mean_square)


def admissible_synthetic(fresh: int, factor: float) -> float:
    """How many synthetic values can be added before they do more harm than good?

    Args:
        fresh: new human values a generation, 2 or more.
        factor: what decoding multiplies the variance by, in (0, 1].

    Returns:
        The largest number for which the squared Wasserstein-2 distance of the settled means,
        (1 - sqrt(variance))^2 + mean_square, is at most that of human values alone; infinite for
        factor 1. It grows far more slowly than `fresh` does.

    Source: Alemohammad et al. 2023 (arXiv:2307.01850), section 5.3 for the phenomenon; derived here
    from `fresh_loop`.

    >>> [admissible_synthetic(n, 0.9) for n in (10, 100, 1000)]
    [83.0, 143.0, 283.0]
    """
    n = int(whole("fresh", fresh, 2))
    alone = _distance(n, 0, factor)
    low, high = 0.0, float(n)
    while _distance(n, high, factor) <= alone:
        low, high = high, 2 * high
        if high > MOST:
            return float("inf")
    while high - low > 1:
        middle = (low + high) // 2
        inside = _distance(n, middle, factor) <= alone
        low, high = (middle, high) if inside else (low, middle)
    return low


def _distance(fresh: int, synthetic: float, factor: float) -> float:
    found = fresh_loop(fresh, synthetic, factor)
    return float((1 - np.sqrt(found.variance)) ** 2 + found.mean_square)


def weighted_error(weight: ArrayLike, fresh: ArrayLike, synthetic: ArrayLike) -> FloatArray:
    """How large is the error of the mean when human values get this weight in every generation?

    Args:
        weight: of the mean of the new human values, in (0, 1]; the synthetic mean gets the rest.
        fresh: new human values a generation, 1 or more.
        synthetic: values drawn from the fit before, 1 or more, with the human variance.

    Returns:
        Settled mean squared error in units of the human variance, exact. Lower is better; 1 / fresh
        is what human values alone give.

    Source: He, Xu and Cheng 2025 (arXiv:2502.18049) for equal numbers; general form derived here.

    >>> (100 * weighted_error([0.5, 0.618, 0.8, 1.0], 100, 100)).round(3).tolist()
    [0.667, 0.618, 0.708, 1.0]
    """
    w = number("weight", weight, 0, 1)
    if bool(np.any(w == 0)):
        raise InputError("weight is 0", expected="a weight above 0: without any the error grows")
    real, model = whole("fresh", fresh, 1), whole("synthetic", synthetic, 1)
    return np.asarray((w**2 / real + (1 - w) ** 2 / model) / (1 - (1 - w) ** 2))


def best_weight(fresh: ArrayLike, synthetic: ArrayLike) -> FloatArray:
    """Which weight should new human values get, to make the error of the mean smallest?

    Args:
        fresh: new human values a generation, 1 or more.
        synthetic: values drawn from the fit before, 1 or more.

    Returns:
        w = (sqrt(k^2 + 4 k) - k) / 2 with k = fresh / synthetic, in (0, 1): 0.618, the golden
        ratio's inverse, for equal numbers, and always above the human share of the values. The
        error is then w / fresh: as if there were fresh / w human values.

    Source: He, Xu and Cheng 2025 (arXiv:2502.18049) for equal numbers; other k derived here.

    >>> best_weight(100, [100, 900]).round(3).tolist()
    [0.618, 0.282]
    """
    k = whole("fresh", fresh, 1) / whole("synthetic", synthetic, 1)
    return np.asarray((np.sqrt(k**2 + 4 * k) - k) / 2)
