"""Linear regression that labels the inputs of the next one: error adds up, or does not.

Inputs are standard normal. Data matter only through X'X and X'y, which are drawn by their
distribution (Wishart, by Bartlett's decomposition), so that no sample has to exist. With fewer
samples than features the fit is the one of least norm, and each generation forgets what its inputs
do not span.

Sources: Gerstgrasser et al. 2024, arXiv:2404.01413; Dohmatob et al. 2024, arXiv:2402.07712.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from firsthand.numerics.batches import Points, bartlett, solved, verified
from firsthand.recursion import Setting, require
from firsthand.types import BoolArray, FloatArray

SURE = 2.0  # a verifier doubts labels that lie further off than so many noise deviations


@dataclass(frozen=True, kw_only=True)
class LinearRegression:
    """Ordinary least squares, of least norm where that is not unique; with `ridge`, penalised.

    `design` says whether each generation labels new inputs or the same ones again.
    """

    name: str = "linear_regression"
    question: str = "How does the error of a model grow that learns from its own labels?"
    features: int = 10
    noise: float = 1.0  # standard deviation of labels
    signal: float = 1.0  # norm of the true coefficients
    ridge: float = 0.0  # penalty on squared coefficients, a sample
    design: Literal["same", "new"] = "same"

    units = {"error": "squared coefficients", "norm": "squared coefficients"}
    sampling = frozenset({"spread"})
    takes = ""

    def __post_init__(self) -> None:
        require(self.features >= 1, "features", self.features, "1 or more")
        require(self.noise >= 0, "noise", self.noise, "0 or more")
        require(self.ridge >= 0, "ridge", self.ridge, "0 or more")
        require(self.design in ("same", "new"), "design", self.design, "same or new")

    def chains(self, setting: Setting) -> RegressionChains:
        """Its chains in one setting."""
        return RegressionChains(self, setting)

    def width(self, rows: int) -> int:
        """How many numbers one chain keeps in memory, about."""
        return 4 * self.features * max(self.features, rows)


class State(NamedTuple):
    """The fitted coefficients."""

    coefficients: FloatArray  # (chains, d)


@dataclass(frozen=True)
class Moments:
    """All that labelled inputs say about the coefficients."""

    count: int
    weight: float
    gram: FloatArray  # (chains, d, d) X'X
    moment: FloatArray  # (chains, d) X'y

    def join(self, other: Moments, weight: float = 1.0) -> Moments:
        """Both together; each sample of the other counts `weight` times."""
        return Moments(
            self.count + other.count,
            self.weight + weight * other.weight,
            self.gram + weight * other.gram,
            self.moment + weight * other.moment,
        )


class RegressionChains:
    """Many regressions at once."""

    def __init__(self, family: LinearRegression, setting: Setting) -> None:
        self.family, self.setting, self.d = family, setting, family.features
        self.true = np.zeros((setting.chains, self.d))
        self.true[:, 0] = family.signal  # inputs look alike from every side
        self.truth = {"error": 0.0, "norm": family.signal**2}
        self.inputs: dict[int, FloatArray] = {}  # of the same design, by number of samples

    def human(self, n: int, rng: np.random.Generator) -> Moments | Points:
        """Inputs with labels of the true coefficients."""
        return self._labelled(self.true, n, self.family.noise, rng)

    def fit(self, data: Moments | Points, rng: np.random.Generator) -> State:  # noqa: ARG002
        """Least squares."""
        sums = data if isinstance(data, Moments) else _moments(data)
        gram = sums.gram
        if self.family.ridge:
            gram = gram + self.family.ridge * sums.weight * np.eye(self.d)
        elif sums.count < self.d:
            inverse = np.linalg.pinv(gram, rcond=1e-10, hermitian=True)
            return State((inverse @ sums.moment[:, :, None])[:, :, 0])
        return State(solved(gram, sums.moment))

    def sample(self, state: State, n: int, rng: np.random.Generator) -> Moments | Points:
        """Inputs, labelled by the model with as much noise as people have."""
        noise = self.family.noise * self.setting.sampling.spread**0.5
        if not self.setting.recipe.verified:
            return self._labelled(state.coefficients, n, noise, rng)
        recipe = self.setting.recipe
        return verified(
            lambda size: self._points(state.coefficients, size, noise, rng),
            self._wrong,
            n,
            recipe,
            rng,
        )

    def measure(self, state: State, rng: np.random.Generator) -> dict[str, FloatArray]:  # noqa: ARG002
        """Of each chain: excess squared error on new inputs, and how large its coefficients are."""
        return {
            "error": ((state.coefficients - self.true) ** 2).sum(axis=1),
            "norm": (state.coefficients**2).sum(axis=1),
        }

    def _wrong(self, points: Points) -> BoolArray:
        """What a verifier doubts: labels far from the truth."""
        assert points.y is not None
        off = points.y - np.einsum("cnd,cd->cn", points.x, self.true)
        return np.asarray(np.abs(off) > SURE * max(self.family.noise, 1e-12))

    def _labelled(
        self, coefficients: FloatArray, n: int, noise: float, rng: np.random.Generator
    ) -> Moments | Points:
        if self.setting.picks:
            return self._points(coefficients, n, noise, rng)
        root = self._inputs(n, rng)
        gram = root @ root.transpose(0, 2, 1)
        errors = root @ rng.standard_normal((len(root), root.shape[2], 1))
        moment = gram @ coefficients[:, :, None] + noise * errors
        return Moments(n, float(n), gram, moment[:, :, 0])

    def _inputs(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Factors R such that R R' = X'X: as good as X."""
        if self.family.design == "same" and n in self.inputs:
            return self.inputs[n]
        chains = self.setting.chains
        if n >= self.d:
            root = bartlett(chains, self.d, n, rng)
        else:
            root = rng.standard_normal((chains, self.d, n))
        if self.family.design == "same":
            self.inputs[n] = root
        return root

    def _points(
        self, coefficients: FloatArray, n: int, noise: float, rng: np.random.Generator
    ) -> Points:
        chains = self.setting.chains
        if self.family.design == "same" and n in self.inputs:
            x = self.inputs[n]
        else:
            x = self.inputs[n] = rng.standard_normal((chains, n, self.d))
        y = np.einsum("cnd,cd->cn", x, coefficients) + noise * rng.standard_normal((chains, n))
        return Points(x, y)


def _moments(points: Points) -> Moments:
    assert points.y is not None
    weighted = points.x if points.weight is None else points.x * points.weight[:, None]
    turned = weighted.transpose(0, 2, 1)
    moment = (turned @ points.y[:, :, None])[:, :, 0]
    return Moments(points.x.shape[1], float(points.weights.sum()), turned @ points.x, moment)


component = LinearRegression()
