"""What the lab asks of a model family and of a policy, so that both can be combined freely.

A model is anything that can be fitted and drawn from: the two methods of `Model`. A family that can
also do so for many independent chains at once says how in `chains`, and is then a thousand times as
fast. A policy says what the next training set is made of, in numbers: a `Recipe`. Whoever makes the
set (the lab in memory, the lab on disk, `mix`) follows the recipe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from firsthand.errors import InputError
from firsthand.types import FloatArray

D = TypeVar("D", bound="Data")
Ids = NDArray[np.int64]

FOLLOWED = 12  # classes that are all followed one by one; of more ...
SOME = 8  # ... so many, their ranks evenly spaced in the logarithm


def require(fits: bool, option: str, value: object, expected: str) -> None:
    """Refuse an option.

    Raises:
        InputError: it does not fit.
    """
    if not fits:
        raise InputError(f"{option} is {value!r}", expected=expected)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a training set is made of, counted in samples.

    >>> Recipe(human=100, made=300)
    Recipe(human=100, made=300)
    >>> Recipe(made=300).total, Recipe(made=300).picks(first=100)
    (300, False)
    """

    human: int = 0  # of the first human data; fewer than there are: drawn anew each time
    fresh: int = 0  # human samples that were never used before
    made: int = 0  # drawn from the newest model
    earlier: bool = False  # everything from all generations before stays in
    at_most: int | None = None  # train on so many, drawn without replacement from all of the above
    human_weight: float = 1.0  # of a human sample, where a generated one counts 1
    keep: float = 1.0  # a verifier keeps this share of the generated samples ...
    keep_doubtful: float = 1.0  # ... and this of those that it doubts, until `made` are kept

    def __repr__(self) -> str:
        """Only what is not as usual."""
        told = ((each.name, getattr(self, each.name), each.default) for each in fields(self))
        return f"Recipe({', '.join(f'{name}={is_}' for name, is_, usual in told if is_ != usual)})"

    @property
    def total(self) -> int:
        """Samples that come together for one generation, without earlier ones."""
        return self.human + self.fresh + self.made

    @property
    def verified(self) -> bool:
        """Whether a verifier looks at what is generated."""
        return self.keep < 1.0 or self.keep_doubtful < 1.0

    def picks(self, first: int) -> bool:
        """Whether samples are chosen one by one, out of `first` human ones or of what was made."""
        return self.at_most is not None or self.verified or 0 < self.human < first


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How a model is drawn from, where that is not as it was learnt. 1 is without bias.

    A family allows those that have a meaning for it, and the lab refuses the others by name.
    """

    temperature: float = 1.0  # probabilities (or densities) to the power 1 / temperature
    top_p: float = 1.0  # only the likeliest outcomes that make up this share
    spread: float = 1.0  # factor on the variance of what is drawn

    @property
    def biased(self) -> tuple[str, ...]:
        """Which of them are set."""
        return tuple(name for name, value in vars(self).items() if value != 1.0)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a family has to know to run chains."""

    chains: int
    recipe: Recipe
    sampling: Sampling = Sampling()
    picks: bool = False  # single samples have to exist: their sums are not enough
    compiled: bool = False  # by numba; the same distribution with other random numbers
    human: Any = None  # the human population, where it is not the one that the family brings


class Classes(NamedTuple):
    """The classes of a human population whose survival is recorded one by one."""

    names: tuple[str, ...]
    shares: FloatArray  # (k,) of the population

    @classmethod
    def of(cls, shares: FloatArray, names: Sequence[str] = ()) -> tuple[Classes, Ids]:
        """All classes, or some from the most frequent to the rarest, and where they are.

        >>> found, rows = Classes.of(np.array([0.2, 0.5, 0.3]), ["a", "b", "c"])
        >>> found.names, rows.tolist()
        (('b', 'c', 'a'), [1, 2, 0])
        """
        order = np.argsort(-shares, kind="stable")
        ranks = np.arange(len(order))
        if len(order) > FOLLOWED:
            ranks = np.unique(np.geomspace(1, len(order), SOME).round().astype(int)) - 1
        rows = order[ranks]
        told = [names[row] for row in rows] if names else [f"rank {rank + 1}" for rank in ranks]
        return cls(tuple(told), shares[rows]), rows


class Counted(NamedTuple):
    """Human classes with their names, as a family that takes counts learns from."""

    counts: FloatArray  # (k,) all above 0
    names: tuple[str, ...] = ()


class Data(Protocol):
    """Training data of many chains: samples, or sums that say as much about the model."""

    def join(self: D, other: D, weight: float = 1.0) -> D:
        """Both together; each sample of the other counts `weight` times."""
        ...

    def pick(self: D, n: int, rng: np.random.Generator) -> D:
        """So many samples of each chain, drawn without replacement."""
        ...


class Ingredients(NamedTuple, Generic[D]):
    """What there is to make one training set of."""

    made: D  # by the newest model, as many as the recipe says
    human: D  # the first human data
    humans: int  # how many samples these are
    fresh: D | None = None  # human samples that were never used before, as many as the recipe says
    earlier: D | None = None  # everything from all generations before, the first human data too


def composed(recipe: Recipe, parts: Ingredients[D], rng: np.random.Generator) -> tuple[D, D | None]:
    """Follow a recipe: the training set, and everything that the next one may draw from.

    In memory, where `D` is the data of many chains, and on disk, where it is samples.
    """
    data, pool = parts.made, parts.earlier
    if parts.fresh is not None:
        data = data.join(parts.fresh, recipe.human_weight)
    if recipe.human:
        part = recipe.human < parts.humans
        kept = parts.human.pick(recipe.human, rng) if part else parts.human
        data = data.join(kept, recipe.human_weight)
    if recipe.earlier and pool is not None:
        data = pool = pool.join(data)
    if recipe.at_most is not None:
        data = data.pick(recipe.at_most, rng)
    return data, pool


class Chains(Protocol):
    """A model family on many chains at once. The leading axis of every array is the chain.

    A chain that degenerates says so by numbers that are not finite. Chains that know classes have
    also `classes: Classes` and `alive(state)`, (classes, chains): which of them can still be drawn.
    """

    @property
    def truth(self) -> Mapping[str, float]:
        """The numbers of `measure` for the human population."""
        ...

    def human(self, n: int, rng: np.random.Generator) -> Any:
        """Human data: n samples for each chain."""
        ...

    def fit(self, data: Any, rng: np.random.Generator) -> Any:
        """Train the model of each chain on its data."""
        ...

    def sample(self, state: Any, n: int, rng: np.random.Generator) -> Any:
        """So many samples from the model of each chain, after bias and verifier."""
        ...

    def measure(self, state: Any, rng: np.random.Generator) -> Mapping[str, FloatArray]:
        """What is recorded of the models: (chains,) each."""
        ...


class Family(Protocol):
    """A model family that runs many chains at once. Its fields are its options."""

    name: str
    question: str
    units: Mapping[str, str]  # of the numbers that it records
    takes: str  # human data it can learn from, "counts" or "tokens"; "" if only its own population

    @property
    def sampling(self) -> frozenset[str]:
        """The biases that have a meaning for it."""
        ...

    def chains(self, setting: Setting) -> Chains | None:
        """Its chains in one setting; None where it can only learn one chain at a time."""
        ...

    def width(self, rows: int) -> int:
        """How many numbers a chain keeps in memory, about, where it may have so many samples."""
        ...


class Model(Protocol):
    """A model family that can be trained on what it produced: two methods, one chain."""

    name: str

    def fit(self, features: FloatArray, labels: NDArray[np.int64], rng: np.random.Generator) -> Any:
        """Learn from (n, d) points with (n,) classes; returns the fitted state."""
        ...

    def sample(
        self, state: Any, n: int, rng: np.random.Generator
    ) -> tuple[FloatArray, NDArray[np.int64]]:
        """Draw n points and their classes."""
        ...


class Policy(Protocol):
    """How the next training set is made from human data and a model's output."""

    name: str
    question: str

    def compose(self, human: int, budget: int) -> Recipe:
        """What makes the next training set, given so many human samples and a wanted size."""
        ...
