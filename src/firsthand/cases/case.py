"""What a made failure is, what it is made from, and what a kind of data has to know for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from firsthand.errors import InputError
from firsthand.recursion import Sampling, require
from firsthand.types import HUMAN, Dataset, Provenance

Ids = NDArray[np.int64]
Kind = Literal["points", "documents", "labels"]
Shown = NDArray[np.float32] | Dataset
"""A set as `diagnose` takes it: (n, d) points, or samples with texts or boxes."""

FAIR = Sampling()


class Pool(Protocol):
    """Human data of one kind, with a mode (class, or cell of its space) for every part of it."""

    kind: Kind
    modes: int

    def __len__(self) -> int:
        """How many samples there are."""
        ...

    def fitting(self, rows: Ids, modes: Ids | None) -> Ids:
        """Those of some rows that can be shown with these modes alone."""
        ...

    def take(self, rows: Ids, modes: Ids | None) -> Any:
        """A set of human samples, of these modes alone."""
        ...

    def mixed(self, first: Any, second: Any, which: NDArray[np.bool_]) -> Any:
        """The first set, with samples of the second where `which` says so."""
        ...

    def copies(self, of: Any, rng: np.random.Generator) -> Any:
        """As many samples that are near copies of some of these."""
        ...

    def elsewhere(self, of: Any, like: Any, turn: int, rng: np.random.Generator) -> Any:
        """As many samples of another law; `like` is human data that gives the unit.

        With a generator in the same state, another turn gives other samples.
        """
        ...

    def output(
        self, trained: Any, fresh: Any, n: int, sampling: Sampling, rng: np.random.Generator
    ) -> Any:
        """What a model says that learnt the law well; `fresh` are human samples it never saw."""
        ...

    def learnt(self, trained: Any, n: int, sampling: Sampling, rng: np.random.Generator) -> Any:
        """What a model says that was fitted to this set and knows no more."""
        ...

    def wider(self, trained: Any, fresh: Any, factor: float, rng: np.random.Generator) -> Any:
        """Samples that are spread wider by a factor of their deviation."""
        ...

    def shown(self, of: Any, name: str, origin: Provenance) -> Shown:
        """A set as other parts of the package take it."""
        ...


class Case(NamedTuple):
    """Sets that show one failure. Each was made from other human samples than the rest."""

    cause: str  # the first hypothesis, where the diagnosis is right
    reference: Shown
    train: Shown
    samples: Shown
    heldout: Shown  # of the law of the training set
    unfiltered: Shown | None = None  # of the same model as `samples`, at temperature 1
    history: tuple[Shown, ...] = ()  # training sets, generation by generation
    origin: str = "human"  # of the training set


class TooFew(InputError):
    """The pool does not hold so many samples as were asked for."""


class Hand:
    """Human samples dealt from a pool, none twice."""

    def __init__(self, pool: Pool, rng: np.random.Generator) -> None:
        self.pool, self.rng = pool, rng
        self._left = rng.permutation(len(pool))

    def deal(self, n: int, modes: Ids | None = None) -> Any:
        """So many samples, of all modes or of these.

        Raises:
            TooFew: there are no more so many.
        """
        rows = self.pool.fitting(self._left, modes)
        if len(rows) < n:
            raise TooFew(
                f"{n} samples a set are asked for, and {len(rows)} of {len(self.pool)} are left",
                expected="data for four or five sets that share no sample",
                todo="Ask for smaller sets with -n, or give more data.",
            )
        self._left = self._left[~np.isin(self._left, rows[:n])]
        return self.pool.take(rows[:n], modes)

    def some_modes(self, lost: float) -> Ids:
        """The modes that stay where this share of them is lost: one at least goes, one stays."""
        gone = int(np.clip(round(lost * self.pool.modes), 1, self.pool.modes - 1))
        return np.sort(self.rng.permutation(self.pool.modes)[gone:])

    def show(self, cause: str, *, train_origin: Provenance = HUMAN, **sets: Any) -> Case:
        """The case as it is shown to a diagnosis."""
        history = tuple(
            self.pool.shown(each, f"generation-{at}", train_origin)
            for at, each in enumerate(sets.pop("history", ()), start=1)
        )
        origins = {"train": train_origin}
        shown = {
            name: self.pool.shown(each, name, origins.get(name, HUMAN))
            for name, each in sets.items()
        }
        origin = "human" if train_origin == HUMAN else "synthetic"
        return Case(cause, **shown, history=history, origin=origin)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One failure, as a recipe. `strengths` are weak, medium and strong, in the unit of `dial`."""

    name: str
    question: str
    cause: str  # what a diagnosis should name first
    dial: str
    strengths: tuple[float, ...]
    low: float
    high: float
    make: Callable[[Hand, int, float], Case]
    kinds: frozenset[Kind] = frozenset({"points", "documents", "labels"})

    def case(self, pool: Pool, n: int, strength: float, rng: np.random.Generator) -> Case:
        """Sets of n samples that show it. The same generator makes the same case.

        Raises:
            InputError: this kind of data cannot show it, the strength is out of its range, or the
                pool is too small.
        """
        if pool.kind not in self.kinds:
            raise InputError(
                f"{pool.kind} cannot show {self.name}", expected=" or ".join(sorted(self.kinds))
            )
        require(
            self.low <= strength <= self.high,
            "strength",
            strength,
            f"{self.dial}, {self.low:g} to {self.high:g}",
        )
        require(n >= 2, "n", n, "2 or more")
        return self.make(Hand(pool, rng), n, strength)
