"""Pseudo-labels: a classifier labels new inputs, and the next one learns from its labels.

Two classes, a common and a rare one, each normal about its own centre; the classifier is linear
discriminant analysis, the plug-in form of logistic regression. The inputs are always fresh and
human; only labels recur. Hard labels (`argmax`) erode the rare class until it is gone; labels that
are `sampled` from the predicted probability, or kept as probabilities (`soft`), do not.

Sources: Taori and Hashimoto 2022, arXiv:2209.03942 (calibrated labels are stable); Efron 1975
(JASA 70:892) for the two forms of logistic discrimination.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from firsthand.numerics.batches import Points, solved, verified
from firsthand.recursion import Setting, require
from firsthand.types import BoolArray, FloatArray


class State(NamedTuple):
    """The fitted classifiers: the log odds of the rare class are linear in the input."""

    offset: FloatArray  # (chains,)
    slope: FloatArray  # (chains, d)
    share: FloatArray  # (chains,) of rare labels in the training set


@dataclass(frozen=True, kw_only=True)
class PseudoLabeller:
    """A linear classifier of two classes whose centres are `distance` standard deviations apart."""

    name: str = "pseudo_labeller"
    question: str = "Does a rare class survive when a model labels its own training data?"
    labels: Literal["argmax", "sampled", "soft"] = "argmax"
    rare: float = 0.1  # true share of the rare class
    distance: float = 2.0
    dimensions: int = 1

    exact = False
    units = {"recall": "share", "rare_share": "share", "accuracy": "share"}
    takes = ""

    def __post_init__(self) -> None:
        known = ("argmax", "sampled", "soft")
        require(self.labels in known, "labels", self.labels, "one of " + ", ".join(known))
        require(0 < self.rare < 1, "rare", self.rare, "a share between 0 and 1")
        require(self.dimensions >= 1, "dimensions", self.dimensions, "1 or more")

    @property
    def sampling(self) -> frozenset[str]:
        """Hard labels are the same at every temperature."""
        return frozenset() if self.labels == "argmax" else frozenset({"temperature"})

    def chains(self, setting: Setting) -> LabelChains:
        """Its chains in one setting."""
        return LabelChains(self, setting)

    def width(self, rows: int) -> int:
        """How many numbers one chain keeps in memory, about."""
        return rows * (self.dimensions + 3)


class LabelChains:
    """Many classifiers at once. The last column of x is the true class, which no fit looks at."""

    def __init__(self, family: PseudoLabeller, setting: Setting) -> None:
        self.family, self.setting = family, setting
        half = math.log(family.rare / (1 - family.rare)) / family.distance
        recall, common = _normal_cdf(family.distance / 2 + half * np.array([1.0, -1.0])).tolist()
        right = family.rare * recall + (1 - family.rare) * common
        self.truth = {"recall": recall, "rare_share": family.rare, "accuracy": right}

    def human(self, n: int, rng: np.random.Generator) -> Points:
        """Inputs with their true classes."""
        x = self._inputs(n, rng)
        return Points(x, x[:, :, -1].copy())

    def fit(self, data: Points, rng: np.random.Generator) -> State:  # noqa: ARG002
        """Linear discriminant analysis; labels may be probabilities."""
        assert data.y is not None
        x, rare = data.x[:, :, :-1], data.y * data.weights
        common = data.weights - rare
        share = rare.sum(axis=1) / data.weights.sum()
        means = [_mean(x, each) for each in (common, rare)]
        spread = _scatter(x, common, means[0]) + _scatter(x, rare, means[1])
        slope = solved(spread / data.weights.sum(), means[1] - means[0])
        middle = (means[0] + means[1]) / 2
        offset = np.log(share / (1 - share)) - np.einsum("cd,cd->c", slope, middle)
        gone = (share <= 0) | (share >= 1)  # one class is left: everything is that
        offset = np.where(gone, np.where(share >= 1, np.inf, -np.inf), offset)
        return State(offset, np.where(gone[:, None], 0.0, slope), share)

    def sample(self, state: State, n: int, rng: np.random.Generator) -> Points:
        """New inputs with the labels of the model."""
        if not self.setting.recipe.verified:
            return self._labelled(state, n, rng)
        recipe = self.setting.recipe
        return verified(lambda size: self._labelled(state, size, rng), _wrong, n, recipe, rng)

    def measure(self, state: State, rng: np.random.Generator) -> dict[str, FloatArray]:  # noqa: ARG002
        """Of each chain, exactly: how much of the rare class is found, and how much is right."""
        size = np.sqrt((state.slope**2).sum(axis=1))
        size = np.where(size > 0, size, 1.0)
        found = _normal_cdf((state.offset + self.family.distance * state.slope[:, 0]) / size)
        alarms = _normal_cdf(state.offset / size)
        right = self.family.rare * found + (1 - self.family.rare) * (1 - alarms)
        return {"recall": found, "rare_share": state.share, "accuracy": right}

    def _labelled(self, state: State, n: int, rng: np.random.Generator) -> Points:
        x = self._inputs(n, rng)
        odds = state.offset[:, None] + np.einsum("cnd,cd->cn", x[:, :, :-1], state.slope)
        if self.family.labels == "argmax":
            return Points(x, (odds > 0).astype(float))
        chance = 1 / (1 + np.exp(-odds / self.setting.sampling.temperature))
        if self.family.labels == "sampled":
            chance = (rng.random(chance.shape) < chance).astype(float)
        return Points(x, chance)

    def _inputs(self, n: int, rng: np.random.Generator) -> FloatArray:
        d = self.family.dimensions
        x = rng.standard_normal((self.setting.chains, n, d + 1))
        x[:, :, d] = rng.random(x.shape[:2]) < self.family.rare
        x[:, :, 0] += self.family.distance * x[:, :, d]
        return x


def _wrong(points: Points) -> BoolArray:
    """What a verifier doubts: wrong labels."""
    assert points.y is not None
    return np.asarray((points.y > 0.5) != (points.x[:, :, -1] > 0.5))


def _mean(x: FloatArray, weight: FloatArray) -> FloatArray:
    total = np.maximum(weight.sum(axis=1), np.finfo(float).tiny)
    return np.asarray(np.einsum("cn,cnd->cd", weight, x) / total[:, None])


def _scatter(x: FloatArray, weight: FloatArray, mean: FloatArray) -> FloatArray:
    centred = x - mean[:, None]
    return np.asarray((centred * weight[:, :, None]).transpose(0, 2, 1) @ centred)


_erf = np.vectorize(math.erf, otypes=[float])


def _normal_cdf(z: FloatArray) -> FloatArray:
    return np.asarray((1 + _erf(z / math.sqrt(2))) / 2)


component = PseudoLabeller()
