"""Gaussian: the smallest model that collapses, and the one of which everything is known.

Its training data matter only through their number, mean and scatter. These have an exact joint
distribution, one normal and one chi-squared number a generation (a Wishart matrix in more than one
dimension, by Bartlett's decomposition), so that no sample has to be drawn; `exact: false` draws
them all the same. The human population is the standard normal distribution.

The estimator decides what is seen: the variance of maximum likelihood (divided by n) decays in mean
by 1 - 1/n a generation; the unbiased one (n - 1) keeps its mean, and yet goes to 0 in almost every
chain. Both are so heavy-tailed that means over chains say little: look at medians or at
`log_variance`.

Sources: Shumailov et al. 2024 (Nature 631:755); Bartlett 1933 (Proc. R. Soc. Edinb. 53:260).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from firsthand.numerics.batches import Points, bartlett, cholesky, outermost, verified
from firsthand.recursion import Setting, require
from firsthand.types import FloatArray

UNITS = {
    "variance": "human variances",  # the mean over dimensions
    "log_variance": "nats",  # of the determinant, a dimension
    "mean_square": "human variances",  # squared distance of the mean from the human one
    "distance": "human variances",  # squared Wasserstein-2 distance from the human population
}


class State(NamedTuple):
    """The fitted models."""

    mean: FloatArray  # (chains, d)
    covariance: FloatArray  # (chains, d, d)


@dataclass(frozen=True)
class Sums:
    """All that training data say about a Gaussian."""

    weight: float  # of all samples
    count: int
    mean: FloatArray  # (chains, d)
    scatter: FloatArray  # (chains, d, d) about the mean

    def join(self, other: Sums, weight: float = 1.0) -> Sums:
        """Both together; each sample of the other counts `weight` times."""
        theirs = weight * other.weight
        total = self.weight + theirs
        apart = other.mean - self.mean
        between = apart[:, :, None] * apart[:, None, :] * (self.weight * theirs / total)
        return Sums(
            total,
            self.count + other.count,
            self.mean + apart * (theirs / total),
            self.scatter + weight * other.scatter + between,
        )


@dataclass(frozen=True, kw_only=True)
class Gaussian:
    """A Gaussian in `dimensions` dimensions, fitted by `estimator`.

    `mle` divides by n, `unbiased` by n - 1, and `mean` knows the covariance and estimates only the
    mean.
    """

    name: str = "gaussian"
    question: str = "What is lost by estimating a mean and a variance again and again?"
    dimensions: int = 1
    estimator: Literal["mle", "unbiased", "mean"] = "mle"
    exact: bool = True  # draw sums by their distribution, not sample by sample

    units = UNITS
    sampling = frozenset({"temperature", "spread"})
    takes = ""

    def __post_init__(self) -> None:
        require(self.dimensions >= 1, "dimensions", self.dimensions, "1 or more")
        known = ("mle", "unbiased", "mean")
        require(self.estimator in known, "estimator", self.estimator, "one of " + ", ".join(known))

    def chains(self, setting: Setting) -> GaussianChains:
        """Its chains in one setting."""
        return GaussianChains(self, setting)

    def width(self, rows: int) -> int:
        """How many numbers one chain keeps in memory, about."""
        return rows * self.dimensions


class GaussianChains:
    """Many Gaussians at once."""

    def __init__(self, family: Gaussian, setting: Setting) -> None:
        self.family, self.setting, self.d = family, setting, family.dimensions
        self.truth = {"variance": 1.0, "log_variance": 0.0, "mean_square": 0.0, "distance": 0.0}
        bias = setting.sampling
        self.spread = bias.temperature * bias.spread  # p^(1/T) of a Gaussian has T times its spread

    def human(self, n: int, rng: np.random.Generator) -> Sums | Points:
        """From the standard normal distribution."""
        chains, d = self.setting.chains, self.d
        truth = State(np.zeros((chains, d)), np.broadcast_to(np.eye(d), (chains, d, d)))
        return self._drawn(truth, n, rng)

    def fit(self, data: Sums | Points, rng: np.random.Generator) -> State:  # noqa: ARG002
        """Mean and covariance of each chain."""
        sums = data if isinstance(data, Sums) else summed(data)
        if self.family.estimator == "mean":
            return State(sums.mean, np.broadcast_to(np.eye(self.d), sums.scatter.shape))
        total = sums.weight
        if self.family.estimator == "unbiased":
            total *= 1 - 1 / sums.count
        return State(sums.mean, sums.scatter / total)

    def sample(self, state: State, n: int, rng: np.random.Generator) -> Sums | Points:
        """Samples, or the sums of such."""
        if self.spread != 1.0:
            state = State(state.mean, state.covariance * self.spread)
        if not self.setting.recipe.verified:
            return self._drawn(state, n, rng)
        return verified(
            lambda size: self._points(state, size, rng), outermost, n, self.setting.recipe, rng
        )

    def measure(self, state: State, rng: np.random.Generator) -> dict[str, FloatArray]:  # noqa: ARG002
        """Of each chain: how wide it is, and how far it has gone."""
        if self.d == 1:
            roots = state.covariance[:, :, 0]
        else:
            roots = np.maximum(np.linalg.eigvalsh(state.covariance), 0.0)
        away = (state.mean**2).sum(axis=1)
        return {
            "variance": roots.mean(axis=1),
            "log_variance": np.log(roots).mean(axis=1),
            "mean_square": away,
            "distance": away + ((np.sqrt(roots) - 1) ** 2).sum(axis=1),
        }

    def _drawn(self, state: State, n: int, rng: np.random.Generator) -> Sums | Points:
        if self.setting.picks:
            return self._points(state, n, rng)
        if self.setting.compiled and self.d == 1:
            from firsthand.numerics.compiled.chains import normal_sums

            mean, variance = state.mean[:, 0], state.covariance[:, 0, 0]
            mean, scatter = normal_sums(rng, mean, variance, n, exact=self.family.exact)
            return Sums(float(n), n, mean[:, None], scatter[:, None, None])
        if self.family.exact and n > self.d:
            return self._by_distribution(state, n, rng)
        return self._one_by_one(state, n, rng)

    def _by_distribution(self, state: State, n: int, rng: np.random.Generator) -> Sums:
        chains, d = state.mean.shape
        if d == 1:
            mean = rng.standard_normal((chains, 1))
            mean *= np.sqrt(state.covariance[:, 0] / n)
            mean += state.mean
            scatter = rng.chisquare(n - 1, (chains, 1, 1))
            scatter *= state.covariance
            return Sums(float(n), n, mean, scatter)
        factor = cholesky(state.covariance)
        noise = rng.standard_normal((chains, d, 1))
        mean = state.mean + (factor @ noise)[:, :, 0] / np.sqrt(n)
        root = factor @ bartlett(chains, d, n - 1, rng)
        return Sums(float(n), n, mean, root @ root.transpose(0, 2, 1))

    def _one_by_one(self, state: State, n: int, rng: np.random.Generator) -> Sums:
        """Draw all samples, a few chains at a time, and keep only their sums."""
        step = max(1, 2**18 // (n * self.d))
        parts = [
            summed(self._points(State(*(each[at : at + step] for each in state)), n, rng))
            for at in range(0, len(state.mean), step)
        ]
        mean = np.concatenate([part.mean for part in parts])
        return Sums(float(n), n, mean, np.concatenate([part.scatter for part in parts]))

    def _points(self, state: State, n: int, rng: np.random.Generator) -> Points:
        noise = rng.standard_normal((len(state.mean), n, self.d))
        if self.d == 1:
            return Points(state.mean[:, None] + noise * np.sqrt(state.covariance))
        return Points(state.mean[:, None] + noise @ cholesky(state.covariance).transpose(0, 2, 1))


def summed(points: Points) -> Sums:
    """The sums of samples."""
    weights = points.weights
    total = float(weights.sum())
    mean = np.einsum("n,cnd->cd", weights, points.x) / total
    centred = points.x - mean[:, None]
    weighted = centred if points.weight is None else centred * weights[:, None]
    return Sums(total, points.x.shape[1], mean, weighted.transpose(0, 2, 1) @ centred)


component = Gaussian()
