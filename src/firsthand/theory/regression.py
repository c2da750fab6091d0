"""Linear regression on its own labels: how does the test error grow with generations?

Gaussian inputs of `features` dimensions and identity covariance, `samples` of them labelled each
generation, ordinary least squares. Errors are squared distances of the coefficients from the true
ones, which is the test error over its irreducible part. Generation 1 is fitted to human labels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from firsthand.errors import InputError
from firsthand.numerics.domain import number, whole
from firsthand.types import FloatArray


def replace_error(
    samples: ArrayLike, features: ArrayLike, generations: ArrayLike, noise: ArrayLike = 1.0
) -> FloatArray:
    """How large is the error when each model trains on the labels of the one before?

    Args:
        samples: labelled inputs a generation, at least features + 2.
        features: dimensions of the inputs, 1 or more.
        generations: fits so far, 1 or more.
        noise: standard deviation of a label, of people and models alike, 0 or more.

    Returns:
        noise^2 features / (samples - features - 1) x generations, exact. It grows without end.

    Source: Gerstgrasser et al. 2024 (arXiv:2404.01413), theorem 2; Dohmatob et al. 2024
    (arXiv:2402.07712).

    >>> replace_error(111, 10, [1, 5, 10]).tolist()
    [0.1, 0.5, 1.0]
    """
    return np.asarray(_one_fit(samples, features, noise) * whole("generations", generations, 1))


def accumulate_error(
    samples: ArrayLike, features: ArrayLike, generations: ArrayLike, noise: ArrayLike = 1.0
) -> FloatArray:
    """How large is the error when each model trains on all labels there ever were?

    The same with sum of 1 / i^2 in place of the generations, so never more than pi^2 / 6 times one
    fit's error. Exact where the same inputs are labelled anew each generation; with new inputs the
    later fits gain a little (about 3 % at 10 samples a feature). Arguments as for `replace_error`.
    Source: Gerstgrasser et al. 2024 (arXiv:2404.01413), theorem 2.

    >>> accumulate_error(111, 10, [5, 10]).round(4).tolist()
    [0.1464, 0.155]
    """
    t = whole("generations", generations, 1).astype(int)
    sums = np.cumsum(1 / np.arange(1.0, t.max() + 1) ** 2)
    return np.asarray(_one_fit(samples, features, noise) * sums[t - 1])


def subsample_error(
    samples: ArrayLike, features: ArrayLike, generations: ArrayLike, noise: ArrayLike = 1.0
) -> FloatArray:
    """How large is the error when each model trains on a random part of all labels there ever were?

    Each fit draws `samples` of the pool without replacement. It levels off near pi^2 / 2 - 2 = 2.93
    times one fit's error. Leading order for many samples a feature: at 100 a feature simulation
    agrees within its noise, at 11 a feature it finds up to 12 % more. Arguments as for
    `replace_error`. Source: the regime: Kazdan et al. 2024 (arXiv:2410.16713); derived here.

    >>> subsample_error(111, 10, [1, 2, 60]).round(3).tolist()
    [0.1, 0.175, 0.289]
    """
    t = whole("generations", generations, 1)
    earlier = np.arange(1.0, t.max())
    drift = np.concatenate([[0.0], np.cumsum((2 - 1 / earlier) / (earlier + 1) ** 2)])
    growth = 2 - 1 / t + drift[t.astype(int) - 1]
    return np.asarray(_one_fit(samples, features, noise) * growth)


def overparameterised_loss(
    samples: ArrayLike, features: ArrayLike, generations: ArrayLike
) -> FloatArray:
    """Which part of the truth is gone, when there are fewer samples than features and no noise?

    Args:
        samples: new inputs labelled each generation, 1 to `features`.
        features: dimensions of the inputs.
        generations: fits so far, 0 or more; each has the smallest norm that fits its labels.

    Returns:
        1 - (samples / features)^generations: squared error over the squared norm of the truth, 0 to
        1; exact on average. Without any noise, what lies outside each fit's inputs is forgotten.

    Source: exponential rate: Dohmatob et al. 2024 (arXiv:2402.07712); form derived here.

    >>> overparameterised_loss(60, 100, [1, 2, 8]).round(3).tolist()
    [0.4, 0.64, 0.983]
    """
    d = whole("features", features, 1)
    part = number("samples / features", whole("samples", samples, 1) / d, 0, 1)
    return np.asarray(1 - part ** whole("generations", generations))


def mixed_error(
    samples: ArrayLike,
    features: ArrayLike,
    synthetic: ArrayLike,
    shift: ArrayLike,
    noise: ArrayLike = 1.0,
) -> FloatArray:
    """How large is the error when a fixed share of the labels comes from a model that is off?

    Args:
        samples: labels of both kinds, at least features + 2.
        features: dimensions of the inputs, 1 or more.
        synthetic: share of the model's labels, in [0, 1].
        shift: distance of that model's coefficients from the true ones, 0 or more.
        noise: standard deviation of a label, 0 or more.

    Returns:
        About noise^2 features / samples + (synthetic x shift)^2: the second term is a floor that no
        number of samples goes below. Within 10 % for 100 samples a feature or more.

    Source: strong model collapse, Dohmatob et al. 2024 (arXiv:2410.04840), corollary 1.

    >>> mixed_error(50_000, 50, [0, 0.01, 0.1], 1.0).round(4).tolist()
    [0.001, 0.0011, 0.011]
    """
    floor = (number("synthetic", synthetic, 0, 1) * number("shift", shift, 0)) ** 2
    return np.asarray(_one_fit(samples, features, noise) + floor)


def _one_fit(samples: ArrayLike, features: ArrayLike, noise: ArrayLike) -> FloatArray:
    n, d = whole("samples", samples), whole("features", features, 1)
    if bool(np.any(n < d + 2)):
        raise InputError(
            f"{np.min(n):g} samples for {np.max(d):g} features",
            expected="at least two samples more than features",
            todo="The error of least squares has no finite mean below; see overparameterised_loss.",
        )
    return np.asarray(number("noise", noise, 0) ** 2 * d / (n - d - 1))
