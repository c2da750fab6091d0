"""A kernel density refitted to its own samples: it spreads, which is collapse of another kind.

Gaussian kernels of a fixed bandwidth; lengths in units of the human standard deviation. Generation
0 is the human sample itself, each later one is drawn from the kernels on the one before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from firsthand.numerics.domain import number, whole
from firsthand.types import FloatArray


def replace_variance(
    bandwidth: ArrayLike, samples: ArrayLike, generations: ArrayLike
) -> FloatArray:
    """How wide are the samples when each set replaces the one before?

    Args:
        bandwidth: standard deviation of a kernel, 0 or more.
        samples: values a generation, 2 or more.
        generations: 0 or more.

    Returns:
        Mean variance of the set about its own mean (ddof 0), exact: V' = (1 - 1 / samples)
        (V + bandwidth^2). Above 1 it is wider than people's. It tends to
        (samples - 1) bandwidth^2; with bandwidth 0 (a bootstrap) to 0.

    Source: Kazdan et al. 2024 (arXiv:2410.16713) for the regime; form derived here.

    >>> f"{replace_variance(0.5, samples=100, generations=50):.3f}"
    '10.375'
    """
    h, n = number("bandwidth", bandwidth, 0), whole("samples", samples, 2)
    t = whole("generations", generations)
    keep = 1 - 1 / n
    return np.asarray(keep ** (t + 1) + (n - 1) * h**2 * (1 - keep**t))


def accumulate_second_moment(bandwidth: ArrayLike, generations: ArrayLike) -> FloatArray:
    """How wide is the pool when nothing is ever left out, each generation adding as many values?

    Args:
        bandwidth: standard deviation of a kernel, 0 or more.
        generations: additions so far, 0 or more.

    Returns:
        Mean squared distance of the pool from the human mean, exact:
        1 + bandwidth^2 (1/2 + ... + 1 / (generations + 1)). It grows like the logarithm of the
        generations: accumulation slows this collapse and does not stop it.

    Source: derived here.

    >>> f"{accumulate_second_moment(0.5, 50):.3f}"
    '1.880'
    """
    h, t = number("bandwidth", bandwidth, 0), whole("generations", generations).astype(int)
    sums = np.concatenate([[0.0], np.cumsum(1 / np.arange(2.0, t.max() + 2))])
    return np.asarray(1 + h**2 * sums[t])
