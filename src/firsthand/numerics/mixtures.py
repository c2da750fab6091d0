"""Gaussian mixtures in the plane, fitted to many chains at once by expectation-maximisation.

The human population has equally likely modes of unit variance on a ring, `APART` from the next.
Each fit begins with k-means++ (Arthur and Vassilvitskii 2007) and does `ROUNDS` steps.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.numerics.batches import Points, cholesky, verified
from firsthand.recursion import Setting
from firsthand.types import BoolArray, FloatArray

ROUNDS = 20
APART = 6.0  # standard deviations
RIDGE = 1e-6  # added to the variances
FAR = 4.605170185988092  # squared radius of nine tenths of a normal distribution in the plane
THERE = 0.01  # a mode is alive that so much of the mixture's weight is nearest to
CHECKED = 500  # human points whose likelihood is recorded

UNITS = {
    "modes": "modes",
    "variance": "human variances",  # of the whole mixture
    "within": "human variances",  # inside a component, on average
    "log_likelihood": "nats",  # of a human point
}


class State(NamedTuple):
    """The fitted mixtures: k components of each chain."""

    weights: FloatArray  # (chains, k) sum to 1
    means: FloatArray  # (chains, k, 2)
    covariances: FloatArray  # (chains, k, 2, 2)


class MixtureChains:
    """Many mixtures at once."""

    def __init__(self, components: int, modes: int, setting: Setting) -> None:
        self.k, self.setting = components, setting
        radius = APART / 2 / math.sin(math.pi / modes) if modes > 1 else 0.0
        angles = 2 * np.pi * np.arange(modes) / modes
        self.centres = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        self.total = 2 + radius**2
        self.checked = self._people(CHECKED, 1, np.random.Generator(np.random.Philox(key=0)))[0]
        self.truth = {"modes": float(modes), "variance": 1.0, "within": 1.0}

    def human(self, n: int, rng: np.random.Generator) -> Points:
        """From the ring of modes."""
        return Points(self._people(n, self.setting.chains, rng))

    def fit(self, data: Points, rng: np.random.Generator) -> State:
        """Expectation-maximisation from k-means++."""
        start = spread_out(data, self.k, rng)
        if self.setting.compiled:
            from firsthand.numerics.compiled.mixtures import plane_mixtures

            return State(*plane_mixtures(data.x, data.weights, start, ROUNDS, RIDGE))
        return _fitted(data, start)

    def sample(self, state: State, n: int, rng: np.random.Generator) -> Points:
        """Points of random components."""
        recipe = self.setting.recipe
        if not recipe.verified:
            return self._drawn(state, n, rng)
        return verified(lambda size: self._drawn(state, size, rng), self._far, n, recipe, rng)

    def measure(self, state: State, rng: np.random.Generator) -> dict[str, FloatArray]:  # noqa: ARG002
        """Of each chain: modes that live, how wide it is, and how likely human points are."""
        weights, means, covariances = state
        gaps = ((means[:, :, None] - self.centres) ** 2).sum(axis=3)
        share = np.eye(len(self.centres))[gaps.argmin(axis=2)]
        lived = np.einsum("ck,ckm->cm", weights, share) > THERE
        middle = np.einsum("ck,ckd->cd", weights, means)
        within = np.einsum("ck,ckdd->c", weights, covariances)
        between = np.einsum("ck,ckd->c", weights, (means - middle[:, None]) ** 2)
        checked = np.broadcast_to(self.checked, (len(weights), *self.checked.shape))
        joint = _joint(checked, state)
        return {
            "modes": lived.sum(axis=1).astype(float),
            "variance": (within + between) / self.total,
            "within": within / 2,
            "log_likelihood": np.logaddexp.reduce(joint, axis=2).mean(axis=1),
        }

    def _people(self, n: int, chains: int, rng: np.random.Generator) -> FloatArray:
        mode = rng.integers(len(self.centres), size=(chains, n))
        return self.centres[mode] + rng.standard_normal((chains, n, 2))

    def _far(self, points: Points) -> BoolArray:
        """What a verifier doubts: points far from every human mode."""
        gaps = [((points.x - centre) ** 2).sum(axis=2) for centre in self.centres]
        return np.asarray(np.min(gaps, axis=0) > FAR)

    def _drawn(self, state: State, n: int, rng: np.random.Generator) -> Points:
        chains = len(state.weights)
        ends = np.cumsum(state.weights, axis=1)
        aim = rng.random((chains, n)) * ends[:, -1:]
        which = sum((aim >= ends[:, at, None]).astype(np.int64) for at in range(self.k - 1))
        which = np.broadcast_to(which, (chains, n))
        chain = np.arange(chains)[:, None]
        factors = cholesky(state.covariances * self.setting.sampling.spread)[chain, which]
        noise = rng.standard_normal((chains, n, 2))
        x = state.means[chain, which]
        x[:, :, 0] += factors[:, :, 0, 0] * noise[:, :, 0]
        x[:, :, 1] += factors[:, :, 1, 0] * noise[:, :, 0] + factors[:, :, 1, 1] * noise[:, :, 1]
        return Points(x)


def spread_out(data: Points, k: int, rng: np.random.Generator) -> FloatArray:
    """The first means, (chains, k, d): far points are likelier to be the next one."""
    chains, n, _ = data.x.shape
    chain = np.arange(chains)
    chosen = [data.x[chain, rng.integers(n, size=chains)]]
    nearest = np.full((chains, n), np.inf)
    for _ in range(k - 1):
        nearest = np.minimum(nearest, ((data.x - chosen[-1][:, None]) ** 2).sum(axis=2))
        ends = np.cumsum(nearest, axis=1)
        aim = rng.random((chains, 1)) * ends[:, -1:]
        row: NDArray[np.int64] = np.minimum((ends <= aim).sum(axis=1), n - 1)
        chosen.append(data.x[chain, row])
    return np.stack(chosen, axis=1)


def _fitted(data: Points, start: FloatArray) -> State:
    chains, k, d = start.shape
    gaps = ((data.x[:, :, None] - start[:, None]) ** 2).sum(axis=3)
    share = np.eye(k)[gaps.argmin(axis=2)]
    for at in range(ROUNDS):
        state = _maximised(data, share)
        if at < ROUNDS - 1:
            joint = _joint(data.x, state)
            share = np.exp(joint - np.logaddexp.reduce(joint, axis=2)[:, :, None])
    return state


def _maximised(data: Points, share: FloatArray) -> State:
    share = share * data.weights[:, None]
    mass = share.sum(axis=1) + 10 * np.finfo(float).eps
    means = np.einsum("cnk,cnd->ckd", share, data.x) / mass[:, :, None]
    centred = data.x[:, :, None] - means[:, None]
    spread = np.einsum("cnk,cnkd,cnke->ckde", share, centred, centred) / mass[:, :, None, None]
    spread += RIDGE * np.eye(2)
    return State(mass / mass.sum(axis=1, keepdims=True), means, spread)


def _joint(x: FloatArray, state: State) -> FloatArray:
    """Log of weight times density, (chains, n, k)."""
    a, b = state.covariances[:, None, :, 0, 0], state.covariances[:, None, :, 0, 1]
    c = state.covariances[:, None, :, 1, 1]
    area = a * c - b * b
    centred = x[:, :, None] - state.means[:, None]
    u, v = centred[..., 0], centred[..., 1]
    distance = (c * u * u - 2 * b * u * v + a * v * v) / area
    scale = np.log(state.weights)[:, None] - np.log(area) / 2 - math.log(2 * math.pi)
    return np.asarray(scale - distance / 2)
