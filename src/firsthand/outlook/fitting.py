"""Which processes could have made the counts that were seen? A sample of them.

A process has draws a generation, an exponent, an inflow from generation 0 and a favour of each
class. All of them are uncertain after three steps, and a forecast has to carry that on.

The likelihood is an extended quasi-likelihood (Nelder and Pregibon 1987, Biometrika 74:221): the
deviance of multinomial counts over a dispersion, which is the number of samples over that of
independent draws. Favours of classes are normal around 0 and integrated out by Laplace's method.
What is left has four dimensions and is sampled by an ensemble of walkers (Goodman and Weare 2010,
Comm. App. Math. Comp. Sci. 5:65), which need no tuning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from firsthand.outlook.steps import Steps
from firsthand.types import FloatArray

WALKERS = 48
WARMING, KEPT, EVERY = 60, 100, 5
NEWTON = 3
STRETCH = 2.0
TINY = 1e-12


class Priors(NamedTuple):
    """What is believed before looking."""

    favoured: float  # mean size of the favours of classes (standard deviation)
    bent: float  # mean distance of the exponent from 1
    spread: float  # standard deviation of log (draws / samples)
    inflow: float  # inflow has density inflow ** (this - 1): more near none


WHOLE = Priors(favoured=0.1, bent=0.06, spread=2.5, inflow=0.6)
MEASURED = Priors(favoured=0.15, bent=0.1, spread=1.5, inflow=0.1)
"""Noise of measuring generation 0 looks like an inflow from it; less of that is believed."""


def _priors(steps: Steps) -> Priors:
    return MEASURED if steps.measured.size else WHOLE


@dataclass(frozen=True)
class Posterior:
    """Processes that could have made the counts, one a row."""

    size: FloatArray  # (chains,)
    exponent: FloatArray  # (chains,)
    inflow: FloatArray  # (chains,)
    favour: FloatArray  # (chains, groups)


def fit(steps: Steps, draws: float, rng: np.random.Generator) -> Posterior:
    """Sample the processes behind observed steps.

    Args:
        steps: three or more generations make two or more of them.
        draws: independent draws a generation that are expected before looking.
        rng: decides which processes are in the sample.
    """
    log_draws = float(np.log(draws))
    place = np.column_stack(
        [
            log_draws + 0.3 * rng.standard_normal(WALKERS),
            1 + 0.05 * rng.standard_normal(WALKERS),
            rng.uniform(0.02, 0.6, WALKERS),
            rng.exponential(_priors(steps).favoured, WALKERS),
        ]
    )
    density = _density(steps, place, log_draws)
    kept = []
    for turn in range(WARMING + KEPT):
        for half in (slice(None, WALKERS // 2), slice(WALKERS // 2, None)):
            other = slice(WALKERS // 2, None) if half.start is None else slice(None, WALKERS // 2)
            place[half], density[half] = _moved(
                steps, (place[half], density[half]), place[other], log_draws, rng
            )
        if turn >= WARMING and turn % EVERY == 0:
            kept.append(place.copy())
    return _posterior(steps, np.concatenate(kept), rng)


def _moved(
    steps: Steps,
    ours: tuple[FloatArray, FloatArray],
    others: FloatArray,
    log_draws: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """The stretch move: each walker towards or away from one of the others."""
    place, density = ours
    n = len(place)
    stretch = ((STRETCH - 1) * rng.uniform(size=n) + 1) ** 2 / STRETCH
    towards = others[rng.integers(len(others), size=n)]
    new = towards + stretch[:, None] * (place - towards)
    found = _density(steps, new, log_draws)
    gain = (place.shape[1] - 1) * np.log(stretch) + found - density
    taken = np.log(rng.uniform(size=n)) < gain
    return np.where(taken[:, None], new, place), np.where(taken, found, density)


def _density(steps: Steps, place: FloatArray, log_draws: float) -> FloatArray:
    """Logarithm of the posterior density, but for a constant. (walkers,)."""
    log_size, exponent, root, spread = place.T
    inside = (root > 0) & (root < 0.999) & (spread > 0) & (np.abs(exponent - 1) < 3)
    believed = _priors(steps)
    prior = -(((log_size - log_draws) / believed.spread) ** 2) / 2
    prior -= np.abs(exponent - 1) / believed.bent + spread / believed.favoured
    safe = np.where(inside[:, None], place, [log_draws, 1.0, 0.1, believed.favoured])
    return np.where(inside, prior + _Fit(steps, safe).likelihood(), -np.inf)


class _Fit:
    """The favours that fit best, for each of some walkers."""

    def __init__(self, steps: Steps, place: FloatArray) -> None:
        self.steps = steps
        self.bend, self.spread = place[:, 1] - 1, place[:, 3]
        self.inflow = place[:, 2] ** (1 / _priors(steps).inflow)
        self.dispersion = steps.sizes * (np.exp(-place[:, :1]) + steps.noise)  # (walkers, steps)
        self.favour = np.zeros((len(place), len(steps.home)))
        for _ in range(NEWTON):
            self.step()

    def step(self) -> None:
        """One of Newton's steps."""
        drawn, mean = self.means()
        part = (1 - self.inflow)[:, None, None] * drawn
        ratio = part / np.maximum(mean, TINY)
        counts, sizes = self.steps.after, self.steps.sizes[:, None]
        over = self.dispersion[:, :, None]
        score = ((counts - sizes * mean) * ratio / over).sum(axis=1)
        self.told = (sizes * part * ratio / over).sum(axis=1)
        self.held = 1 / np.maximum(self.spread, 1e-6)[:, None] ** 2
        change = (score - self.favour * self.held) / (self.told + self.held)
        self.favour = self.favour + np.clip(change, -1, 1)

    def means(self) -> tuple[FloatArray, FloatArray]:
        """What each step draws from the last generation, and with inflow. (walkers, steps, g)."""
        logit = self.bend[:, None, None] * self.steps.guide + self.favour[:, None, :]
        drawn = self.steps.before * np.exp(logit)
        drawn /= drawn.sum(axis=-1, keepdims=True)
        m = self.inflow[:, None, None]
        return drawn, (1 - m) * drawn + m * self.steps.home

    def likelihood(self) -> FloatArray:
        """Laplace's approximation of the logarithm of the quasi-likelihood. (walkers,)."""
        _, mean = self.means()
        counts, sizes = self.steps.after, self.steps.sizes[:, None]
        found = np.where(counts > 0, counts, 1.0)
        excess = counts * np.log(found / np.maximum(sizes * mean, TINY))
        deviance = 2 * excess.sum(axis=-1)
        freedom = np.maximum((self.steps.before > 0).sum(axis=1) - 1, 1)
        quasi = -(deviance / self.dispersion + freedom * np.log(self.dispersion)).sum(axis=1) / 2
        prior = -(self.favour**2 * self.held).sum(axis=1) / 2
        return np.asarray(quasi + prior - np.log1p(self.told / self.held).sum(axis=1) / 2)


def _posterior(steps: Steps, place: FloatArray, rng: np.random.Generator) -> Posterior:
    best = _Fit(steps, place)
    wide = 1 / np.sqrt(best.told + best.held)
    favour = best.favour + wide * rng.standard_normal(best.favour.shape)
    return Posterior(np.exp(place[:, 0]), place[:, 1], best.inflow, favour)
