"""By which generation has a class been down to half, when each set replaces the one before?

Once halved, a class may grow again by chance; asked is the first time. Counts up to 25 are followed
exactly as a Markov chain; larger ones for one generation exactly and from there as a diffusion of
the share with variance share x (1 - share) / samples a generation, stopped at the threshold.

Source: Wright-Fisher model (Wright 1931, Genetics 16:97) and its backward equation (Kimura 1964,
J. Appl. Probab. 1:177); the threshold is moved by 0.5826 standard deviations of one generation, as
a walk looked at once a generation oversteps it (Siegmund 1979, Adv. Appl. Probab. 11:701). Derived
here, checked by simulation in tests/theory.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firsthand.numerics.domain import number, whole
from firsthand.numerics.special import beta_cdf, log_gamma
from firsthand.types import FloatArray

FEW = 25  # samples of a class, up to which counts are followed exactly
ROOM = 30  # times a small count that a class may grow before it counts as safe
POINTS = 200  # of the diffusion's grid
OVERSTEP = 0.5826  # -zeta(1/2) / sqrt(2 pi)


def reduced_by(share: ArrayLike, samples: int, generations: int, keep: float = 0.5) -> FloatArray:
    """How probable is it that a class has been down to `keep` of its share by each generation?

    Args:
        share: (classes,) or one, strictly between 0 and 1; shares at the start.
        samples: draws a generation, 2 or more.
        generations: how far to look, 1 or more.
        keep: the part of the share that counts as reduced, in [0, 1); 0.5 asks for halving, 0 for
            extinction (`extinction.extinct_by` is quicker for that).

    Returns:
        (classes, generations) probabilities, for generations 1, 2, ...; higher is a greater loss.
        The error is below 0.001 for expected counts up to 25; above it is below 0.02 for `keep` up
        to 0.5, and 0.03 up to 0.8.

    >>> reduced_by([0.005, 0.2], samples=1000, generations=10)[:, [0, 9]].round(2).tolist()
    [[0.12, 0.66], [0.0, 0.0]]
    """
    p = np.atleast_1d(number("share", share, 0, 1, inside=True))
    n = int(whole("samples", samples, 2))
    horizon = int(whole("generations", generations, 1))
    part = float(number("keep", keep, 0, 1 - 1e-9))
    down = np.floor(part * p * n + 1e-9)
    few = p * n <= FEW
    found = np.empty((len(p), horizon))
    for count in np.unique(down[few]):
        alike = few & (down == count)
        found[alike] = _counted(p[alike], n, horizon, int(count))
    for at in np.flatnonzero(~few):
        found[at] = _diffused(p[at], n, horizon, down[at])
    return np.clip(found, 0, 1)


def _counted(shares: FloatArray, n: int, horizon: int, down: int) -> FloatArray:
    """First passage of the count, exactly but for the room above. (classes, horizon)."""
    states = np.arange(down + 1, min(n, int(ROOM * (shares.max() * n + 1))) + 1)
    lower = np.arange(down + 1)
    step = _binomial(n, states / n, states)
    fallen = _binomial(n, states / n, lower).sum(axis=1)
    alive = _binomial(n, shares, states)
    found = np.empty((len(shares), horizon))
    found[:, 0] = _binomial(n, shares, lower).sum(axis=1)
    for t in range(1, horizon):
        found[:, t] = found[:, t - 1] + alive @ fallen
        alive = alive @ step
    return found


def _binomial(n: int, share: FloatArray, count: NDArray[np.int64]) -> FloatArray:
    """Probability of each count. (shares, counts)."""
    ways = log_gamma(n + 1.0) - log_gamma(count + 1.0) - log_gamma(n - count + 1.0)
    p = np.clip(share, 1e-300, 1 - 1e-16)[:, None]
    return np.asarray(np.exp(ways + count * np.log(p) + (n - count) * np.log1p(-p)))


def _diffused(share: float, n: int, horizon: int, down: float) -> FloatArray:
    """First passage of the share: one generation exactly, then by the backward equation."""
    down = down + 0.5  # between what is reduced and what is not
    stop = max(down - OVERSTEP * np.sqrt(down * (1 - down / n)), 0.5) / n
    # Equal steps of the logarithm of the angle: fine enough for a rare class as for a common one.
    x = np.sin(np.geomspace(np.arcsin(np.sqrt(stop)), np.pi / 2, POINTS)) ** 2
    inner, left, right = x[1:-1], np.diff(x)[:-1], np.diff(x)[1:]
    variance = inner * (1 - inner) / n
    up, back = variance / (right * (left + right)), variance / (left * (left + right))
    weight = np.exp(np.concatenate([[0.0], np.cumsum(np.log(up[:-1] / back[1:]))]) / 2)
    coupled = np.diag(np.sqrt(up[:-1] * back[1:]), 1)
    rates, modes = np.linalg.eigh(coupled + coupled.T - np.diag(up + back))
    edges = np.concatenate([[down / n], np.maximum((inner[1:] + inner[:-1]) / 2, down / n)])
    below = _at_most(edges, share, n)
    first = np.diff(np.append(below, 1.0))
    finally_down = (1 - inner) / (1 - stop)
    coefficients = (modes.T @ (first / weight)) * (modes.T @ (weight * finally_down))
    decay = np.exp(np.arange(horizon)[:, None] * rates)
    return np.asarray(below[0] + first @ finally_down - decay @ coefficients)


def _at_most(part: FloatArray, share: float, n: int) -> FloatArray:
    """Probability that a count is below this part of n; between whole counts by continuity."""
    count = np.minimum(n * part - 0.5, n - 0.5)
    return beta_cdf(1 - share, n - count, count + 1)


def reduction_generation(
    share: ArrayLike,
    samples: int,
    probability: ArrayLike,
    keep: float = 0.5,
    horizon: int = 1000,
) -> FloatArray:
    """In which generation is a class first down to `keep` of its share, with this probability?

    Args:
        share: (classes,) or one, strictly between 0 and 1; shares at the start.
        samples: draws a generation, 2 or more.
        probability: (probabilities,) strictly between 0 and 1; 0.5 asks for the median generation,
            0.05 and 0.95 for a 90 % interval.
        keep: the part of the share that counts as reduced, in [0, 1).
        horizon: how many generations to look ahead, 1 or more.

    Returns:
        (classes, probabilities) generations; infinite beyond the horizon. Smaller is earlier.

    >>> reduction_generation(0.01, 1000, [0.05, 0.5, 0.95]).tolist()
    [[1.0, 8.0, 200.0]]
    """
    wanted = np.atleast_1d(number("probability", probability, 0, 1, inside=True))
    down = reduced_by(share, samples, horizon, keep)
    earlier = (down[:, None, :] < wanted[:, None]).sum(axis=-1)
    return np.where(earlier < down.shape[1], earlier + 1.0, np.inf)
