"""A model that knows one chain at a time, run on several: two methods are all that it needs.

What is recorded of it is measured on what it draws, against human points that it never saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firsthand.errors import InputError
from firsthand.lab.human import People
from firsthand.lab.reached import Reference
from firsthand.recursion import Model, Setting
from firsthand.types import FloatArray

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Samples:
    """Points with their classes, one set a chain."""

    sets: tuple[tuple[FloatArray, Labels], ...]

    def join(self, other: Samples, weight: float = 1.0) -> Samples:
        """Both together.

        Raises:
            InputError: weights, which a model of two methods cannot be told.
        """
        if weight != 1.0:
            raise InputError(
                f"human samples have the weight {weight:g}",
                expected="a weight of 1: this model takes samples without weights",
            )
        pairs = zip(self.sets, other.sets, strict=True)
        return Samples(
            tuple((np.concatenate([x, u]), np.concatenate([y, v])) for (x, y), (u, v) in pairs)
        )

    def pick(self, n: int, rng: np.random.Generator) -> Samples:
        """So many samples of each chain, drawn without replacement."""
        rows = [np.sort(rng.choice(len(x), n, replace=False)) for x, _ in self.sets]
        return Samples(tuple((x[r], y[r]) for (x, y), r in zip(self.sets, rows, strict=True)))


class Alone:
    """The chains of one model, one after the other."""

    def __init__(self, model: Model, setting: Setting) -> None:
        if not isinstance(setting.human, People):
            raise InputError(
                f"the model {model.name} has no human population of its own",
                expected="human data to learn from",
                todo="Name them with `data`.",
            )
        if setting.recipe.verified:
            raise InputError(f"no verifier is known for the model {model.name}")
        self.model, self.setting, self.people = model, setting, setting.human
        self.reference = Reference(self.people)
        self.truth = self.reference.truth

    def human(self, n: int, rng: np.random.Generator) -> Samples:
        """People's samples, drawn without replacement."""
        there = len(self.people.features)
        if n > there:
            raise InputError(
                f"{n} human samples are asked for, and there are {there} to train on",
                expected="at most as many as half of the data",
                todo="Lower first, samples or the share of fresh data.",
            )
        rows = [rng.choice(there, n, replace=False) for _ in range(self.setting.chains)]
        return Samples(tuple((self.people.features[r], self.people.labels[r]) for r in rows))

    def fit(self, data: Samples, rng: np.random.Generator) -> list[Any]:
        """One model a chain."""
        return [self.model.fit(x, y, rng) for x, y in data.sets]

    def sample(self, state: Sequence[Any], n: int, rng: np.random.Generator) -> Samples:
        """What each model draws, which must be n finite points."""
        return Samples(tuple(self._drawn(one, n, rng) for one in state))

    def measure(self, state: Sequence[Any], rng: np.random.Generator) -> dict[str, FloatArray]:
        """Of each chain: what its model reaches of people's points, and how true that is."""
        n = self.reference.size
        found = [self.reference.scores(self._drawn(one, n, rng)[0]) for one in state]
        return {name: np.array([one[name] for one in found]) for name in self.truth}

    def _drawn(self, state: Any, n: int, rng: np.random.Generator) -> tuple[FloatArray, Labels]:
        features, labels = self.model.sample(state, n, rng)
        features, labels = np.asarray(features, float), np.asarray(labels)
        wide = self.people.features.shape[1]
        if features.shape != (n, wide) or labels.shape != (n,):
            raise InputError(
                f"model {self.model.name} drew points of shape {features.shape} with labels of "
                f"shape {labels.shape}",
                expected=f"({n}, {wide}) and ({n},)",
                todo="Return as many points and labels as were asked for.",
            )
        if not np.isfinite(features).all():
            raise InputError(
                f"model {self.model.name} drew {int((~np.isfinite(features)).sum())} numbers that "
                "are not finite",
                expected="finite numbers",
                todo="See what it learnt from; a fit that fails should raise.",
            )
        return features, labels
