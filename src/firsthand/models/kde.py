"""Kernel density estimate: draws are old points with noise. It does not narrow, it spreads.

With a fixed bandwidth h the variance grows by h^2 a generation and shrinks by 1/n of itself:
V' = (1 - 1/n) V + h^2. Keeping all data does not stop that, it only slows it to the logarithm of
the number of generations. The human population is the standard normal distribution.

Source: Kazdan et al. 2024, arXiv:2410.16713 (setting). The rule is Scott's: sd * n^(-1/(d + 4)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from firsthand.numerics.batches import Points, outermost, verified
from firsthand.recursion import Setting, require
from firsthand.types import FloatArray


class State(NamedTuple):
    """The points and the width of the noise."""

    points: Points
    bandwidth: FloatArray  # (chains, 1, 1)


@dataclass(frozen=True, kw_only=True)
class KernelDensity:
    """A Gaussian kernel on every point, of fixed `bandwidth` or by Scott's rule."""

    name: str = "kde"
    question: str = "What comes of adding noise to old samples again and again?"
    dimensions: int = 1
    rule: Literal["fixed", "scott"] = "fixed"
    bandwidth: float = 0.5

    exact = False
    units = {
        "variance": "human variances",  # of the density, the mean over dimensions
        "log_variance": "nats",
        "mean_square": "human variances",
        "bandwidth": "human standard deviations",
    }
    sampling = frozenset({"spread"})
    takes = ""

    def __post_init__(self) -> None:
        require(self.dimensions >= 1, "dimensions", self.dimensions, "1 or more")
        require(self.bandwidth > 0, "bandwidth", self.bandwidth, "a number above 0")
        require(self.rule in ("fixed", "scott"), "rule", self.rule, "fixed or scott")

    def chains(self, setting: Setting) -> KernelChains:
        """Its chains in one setting."""
        return KernelChains(self, setting)

    def width(self, rows: int) -> int:
        """How many numbers one chain keeps in memory, about."""
        return 2 * rows * self.dimensions


class KernelChains:
    """Many density estimates at once."""

    def __init__(self, family: KernelDensity, setting: Setting) -> None:
        self.family, self.setting, self.d = family, setting, family.dimensions
        self.truth = {"variance": 1.0, "log_variance": 0.0, "mean_square": 0.0}

    def human(self, n: int, rng: np.random.Generator) -> Points:
        """From the standard normal distribution."""
        return Points(rng.standard_normal((self.setting.chains, n, self.d)))

    def fit(self, data: Points, rng: np.random.Generator) -> State:  # noqa: ARG002
        """Keep the points, choose the bandwidth."""
        chains, n, d = data.x.shape
        if self.family.rule == "fixed":
            return State(data, np.full((chains, 1, 1), self.family.bandwidth))
        scale = np.sqrt(_variance(data)) * n ** (-1 / (d + 4))
        return State(data, scale[:, None, None])

    def sample(self, state: State, n: int, rng: np.random.Generator) -> Points:
        """A random point of the data and noise, for each of the n."""
        if not self.setting.recipe.verified:
            return self._drawn(state, n, rng)
        recipe = self.setting.recipe
        return verified(lambda size: self._drawn(state, size, rng), outermost, n, recipe, rng)

    def measure(self, state: State, rng: np.random.Generator) -> dict[str, FloatArray]:  # noqa: ARG002
        """Of each chain: how wide the density is, and how far it has gone."""
        weights = state.points.weights / state.points.weights.sum()
        width = state.bandwidth[:, 0, 0]
        variance = _variance(state.points) + width**2
        return {
            "variance": variance,
            "log_variance": np.log(variance),
            "mean_square": (np.einsum("n,cnd->cd", weights, state.points.x) ** 2).sum(axis=1),
            "bandwidth": width,
        }

    def _drawn(self, state: State, n: int, rng: np.random.Generator) -> Points:
        x, weight = state.points.x, state.points.weight
        shape = (len(x), n)
        if weight is None:
            rows = rng.integers(x.shape[1], size=shape)
        else:
            ends = np.cumsum(weight)
            rows = np.searchsorted(ends, rng.random(shape) * ends[-1], side="right")
        noise = rng.standard_normal((*shape, self.d))
        noise *= state.bandwidth * np.sqrt(self.setting.sampling.spread)
        return Points(np.take_along_axis(x, rows[:, :, None], axis=1) + noise)


def _variance(points: Points) -> FloatArray:
    """Of the points, the mean over dimensions. (chains,)."""
    weights = points.weights / points.weights.sum()
    mean = np.einsum("n,cnd->cd", weights, points.x)
    centred = points.x - mean[:, None]
    return np.asarray(np.einsum("n,cnd->c", weights, centred**2) / points.x.shape[2])


component = KernelDensity()
