"""Samples on disk as data that a recipe can join, pick from and weigh: see `recursion.Data`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, get_args

import numpy as np

from firsthand.errors import InputError
from firsthand.types import FloatArray, Sample

Role = Literal["human", "fresh", "earlier", "generated"]
ROLES: tuple[Role, ...] = get_args(Role)
MOST_REPEATS = 100
TRIES = 200
"""Random draws of which the evenest is taken, where class shares are to be kept: rejective sampling
(Fuller 2009), which leaves samples as likely as they were, nearly."""


class Item(NamedTuple):
    """One sample of one source, and what it counts where a generated one counts 1."""

    sample: Sample  # its classes are numbered as in the first human data, its path is absolute
    role: Role
    weight: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Items in a fixed order, so that random numbers mean the same wherever the files lie."""

    items: tuple[Item, ...]
    odds: FloatArray | None = None
    """(n,) how much likelier than others each is picked first; all alike unless told."""
    excess: FloatArray | None = None
    """(n, classes) objects beyond what the wanted class shares give, in standard deviations."""

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def join(self, other: Drawn, weight: float = 1.0) -> Drawn:
        """Both together; each of the other counts `weight` times as much as it did."""
        weighed = (one._replace(weight=one.weight * weight) for one in other)
        return Drawn((*self.items, *weighed))

    def pick(self, n: int, rng: np.random.Generator) -> Drawn:
        """So many, drawn one after the other without replacement, by their odds.

        Where class shares are wanted, the draw that comes nearest to them, by chi-squared.
        """
        if self.excess is not None:
            draws = [rng.choice(len(self.items), size=n, replace=False) for _ in range(TRIES)]
            far = [float((self.excess[one].sum(axis=0) ** 2).sum()) for one in draws]
            chosen = np.sort(draws[int(np.argmin(far))])
            return Drawn(tuple(self.items[index] for index in chosen.tolist()))
        shares = None if self.odds is None else self.odds / self.odds.sum()
        at = np.sort(rng.choice(len(self.items), size=n, replace=False, p=shares))
        return Drawn(tuple(self.items[index] for index in at.tolist()))


def drawn(samples: Iterable[Sample], role: Role) -> Drawn:
    """Samples of one source; neither their order nor their names decide what is picked."""
    held = sorted(samples, key=lambda one: (one.media, one.label or b"", one.key))
    return Drawn(tuple(Item(one, role) for one in held))


class Line(NamedTuple):
    """An item that goes into the set, and how often."""

    item: Item
    times: int


def repeated(items: Drawn, rng: np.random.Generator) -> tuple[Line, ...]:
    """Weights as whole numbers of repeats.

    The lightest items stand there once. An item of w times their weight stands there floor(w) or
    ceil(w) times, drawn at random so that all items of one weight together have it to half a
    sample.

    Raises:
        InputError: an item would be repeated more than a hundred times.

    >>> rng = np.random.default_rng(0)
    >>> three = Drawn(tuple(Item(Sample(key, bytes(32)), "human", 1.5) for key in "abc"))
    >>> one = Drawn((Item(Sample("d", bytes(32)), "generated"),))
    >>> sorted(line.times for line in repeated(one.join(three), rng))
    [1, 1, 1, 2]
    """
    weights = np.array([one.weight for one in items])
    times = np.ones(len(weights), dtype=np.int64)
    for weight in np.unique(weights):
        among = np.flatnonzero(weights == weight)
        ratio = weight / weights.min()
        _refuse_many(ratio)
        times[among] = int(ratio)
        more = round(ratio * len(among)) - int(ratio) * len(among)
        times[rng.choice(among, size=more, replace=False)] += 1
    return tuple(Line(one, n) for one, n in zip(items, times.tolist(), strict=True))


def _refuse_many(ratio: float) -> None:
    if ratio > MOST_REPEATS:
        raise InputError(
            f"a sample would stand in the set {ratio:,.1f} times",
            expected=f"at most {MOST_REPEATS} times",
            todo="Choose a weight nearer to that of the other samples, or more of the rare ones.",
        )


def in_order(items: Drawn) -> Drawn:
    """Human items first, then the others, each as they stand."""
    return replace(items, items=tuple(sorted(items, key=lambda one: ROLES.index(one.role))))
