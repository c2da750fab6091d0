"""Training sets of single samples, generation after generation: the recipe is that of `mix`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from firsthand.errors import InputError
from firsthand.recursion import Ingredients, Recipe, composed
from firsthand.training_sets.drawn import Drawn, Item, Role, repeated
from firsthand.types import BoolArray, Dataset, FloatArray

Labels = NDArray[np.int64]

ROUNDS = 100
"""Times `made` that a verifier looks at before it is said that too little passes."""
DOUBTED = 0.9
"""A picture is doubted that lies further out than this share of the human ones of its class."""


class Points(Protocol):
    """Pictures as points with a class."""

    @property
    def features(self) -> FloatArray: ...

    @property
    def labels(self) -> Labels: ...


class Sets:
    """What there is at one generation, and what the next training set is made of."""

    def __init__(
        self, recipe: Recipe, human: Dataset, fresh: Dataset | None, generations: int
    ) -> None:
        self.recipe = recipe
        self.human = self.pool = _items(human, "human")
        self.fresh = _items(fresh, "fresh") if fresh is not None else Drawn(())
        _refuse_too_little(recipe, len(self.fresh), generations)

    def next(self, made: Dataset, rng: np.random.Generator) -> tuple[Item, ...]:
        """The next training set: human samples first, each as often as it counts."""
        recipe = self.recipe
        parts = Ingredients(
            made=_items(made, "generated"),
            human=self.human,
            humans=len(self.human),
            fresh=self._new(rng) if recipe.fresh else None,
            earlier=self.pool,
        )
        data, pool = composed(recipe, parts, rng)
        self.pool = self.pool if pool is None else pool
        people = sorted(data, key=lambda one: one.role == "generated")
        lines = repeated(replace(data, items=tuple(people)), rng)
        return tuple(line.item for line in lines for _ in range(line.times))

    def _new(self, rng: np.random.Generator) -> Drawn:
        """People's samples that no generation has seen."""
        chosen = self.fresh.pick(self.recipe.fresh, rng)
        seen = {id(one.sample) for one in chosen}
        self.fresh = Drawn(tuple(one for one in self.fresh if id(one.sample) not in seen))
        return chosen


def _items(dataset: Dataset, role: Role) -> Drawn:
    return Drawn(tuple(Item(one, role) for one in dataset.samples))


def _refuse_too_little(recipe: Recipe, there: int, generations: int) -> None:
    asked = recipe.fresh * generations
    if asked > there:
        raise InputError(
            f"{recipe.fresh} fresh human samples in each of {generations} generations, and there "
            f"are {there}",
            expected=f"at least {asked} human samples that are never used before",
            todo="Give more as `fresh`, or lower the share, the budget or the generations.",
        )


class Verifier:
    """Doubts pictures far from the human mean of their class, and rejects some of them."""

    def __init__(self, recipe: Recipe, human: Points) -> None:
        self.recipe = recipe
        self.means: dict[int, FloatArray] = {}
        self.edges: dict[int, float] = {}
        for label in np.unique(human.labels).tolist():
            rows = human.features[human.labels == label]
            self.means[label] = rows.mean(axis=0)
            away = np.linalg.norm(rows - self.means[label], axis=1)
            self.edges[label] = float(np.quantile(away, DOUBTED))

    def doubts(self, features: FloatArray, labels: Labels) -> BoolArray:
        """Which of them it doubts, (n,)."""
        pairs = zip(features, labels.tolist(), strict=True)
        return np.array(
            [np.linalg.norm(row - self.means[label]) > self.edges[label] for row, label in pairs]
        )

    def passes(self, features: FloatArray, labels: Labels, rng: np.random.Generator) -> BoolArray:
        """Which of them it lets through, (n,)."""
        odds = np.where(self.doubts(features, labels), self.recipe.keep_doubtful, self.recipe.keep)
        return np.asarray(rng.random(len(odds)) < odds)


def drawn_by(
    model: Any, state: Any, n: int, verifier: Verifier | None, rng: np.random.Generator
) -> tuple[FloatArray, Labels]:
    """So many samples of a model that the verifier lets through.

    Raises:
        InputError: hardly any passes.
    """
    if verifier is None:
        features, labels = model.sample(state, n, rng)
        return features, labels
    kept: list[tuple[FloatArray, Labels]] = []
    for _ in range(ROUNDS):
        features, labels = model.sample(state, n, rng)
        passed = verifier.passes(features, labels, rng)
        kept.append((features[passed], labels[passed]))
        if sum(len(labels) for _, labels in kept) >= n:
            both = [np.concatenate(column)[:n] for column in zip(*kept, strict=True)]
            return both[0], both[1]
    raise InputError(
        f"the verifier let {sum(len(labels) for _, labels in kept)} of {ROUNDS * n} samples pass",
        expected=f"at least {n}",
        todo="Raise keep or keep_doubtful.",
    )
