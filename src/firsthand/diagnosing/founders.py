"""How many human samples stand behind a generation, and what do so many of them keep?

If each generation is drawn fairly from the one before, every sample is a copy of a copy of a human
one: its founder. Fewer founders stand behind each further generation, and a generation shows what
its founders showed, no more. So what fair drawing keeps after t generations is what a human sample
of that many founders keeps, whatever the data (Suresh et al. 2024, arXiv:2412.17646, corollary 1,
is this for words; the count is the ancestral process of Wright and Fisher).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import FeatureView, TokensView
from firsthand.numerics.neighbours import Points, nearest
from firsthand.numerics.space import AT_MOST, K
from firsthand.numerics.tokens import document_of
from firsthand.types import FloatArray

Ranks = NDArray[np.int64]
Floats = NDArray[np.float32]

HALVES = 10  # of the reference
ORDERS = 10  # in which a half's samples are taken, for each
BALLS = 1000  # of the reference that are looked at


class Kept(NamedTuple):
    """What is kept of one human half, by how many other samples are taken.

    `fresh` are the places at which each kind of it is first met among `seen` samples of the other
    half (`seen` where it is not), `same` those among all `pool` samples of both halves, as where
    the chain began with the reference itself.
    """

    fresh: Ranks
    same: Ranks
    seen: int
    pool: int

    def share(self, founders: float) -> float:
        """Of what the other half keeps, how much do so many of its samples keep?"""
        return self._share(self.fresh, founders)

    def share_same(self, founders: float) -> float:
        """The same of so many samples of both halves."""
        return self._share(self.same, founders)

    def _share(self, met: Ranks, founders: float) -> float:
        return float((met < founders).sum() / max(int((self.fresh < self.seen).sum()), 1))


def founders(
    draws: int,
    seen: int,
    generations: int,
    rng: np.random.Generator,
    *,
    start: int | None = None,
    chains: int = 1,
) -> FloatArray:
    """Human samples behind `seen` samples of a generation, in so many chains. (chains,).

    Args:
        draws: samples of each generation.
        seen: samples of the last one that are looked at.
        generations: how often one was drawn from another; the first from human data.
        rng: of who descends from whom.
        start: size of the human data, where they are not of `draws` samples too.
        chains: how many.

    Samples that fall on as many parents leave some out: how many parents they have is drawn from
    a normal law with the mean and variance of occupancy (Feller 1968, volume 1, chapter 4).

    >>> founders(10_000, 10_000, 2, np.random.default_rng(0)).round(-3).tolist()
    [5000.0]
    """
    behind = np.full(chains, float(seen))
    for size in [draws] * (generations - 1) + [draws if start is None else start]:
        behind = _parents(behind, float(size), rng)
    return behind


def _parents(children: FloatArray, size: float, rng: np.random.Generator) -> FloatArray:
    empty, two = (np.exp(children * np.log1p(-each / size)) for each in (1.0, 2.0))
    variance = size * empty + size * (size - 1) * two - (size * empty) ** 2
    noise = np.sqrt(np.maximum(variance, 0.0)) * rng.standard_normal(len(children))
    found = np.round(size * (1 - empty) + noise)
    return np.asarray(np.clip(found, 1, np.minimum(children, size)))


def kept_of_points(view: FeatureView, seen: int, rng: np.random.Generator) -> Iterator[Kept]:
    """By coverage: the ball around a point of one half is met with the first sample within it."""
    rows = rng.permutation(len(view.features))[:AT_MOST]
    for _ in range(HALVES):
        points = view.features[rng.permutation(rows)]
        centres = _points(points[:seen])
        reach = nearest(centres, centres, K).distance[:BALLS, -1]
        near = _within(points[: min(seen, BALLS)], points, reach)
        for _ in range(ORDERS):
            fresh = _first(near[:, seen : 2 * seen], rng.permutation(seen), seen)
            same = _first(near, rng.permutation(len(points)), len(points))
            yield Kept(fresh, same, seen, len(points))


def kept_of_words(view: TokensView, seen: int, rng: np.random.Generator) -> Iterator[Kept]:
    """By surviving words: each is met where it first occurs. Words are taken one by one."""
    kinds = np.unique(view.tokens, return_inverse=True)[1]
    document = document_of(view)
    for _ in range(HALVES):
        side = rng.permutation(len(view.bucket))[document] % 2 == 0
        there, other = np.unique(kinds[side]), kinds[~side]
        size = min(seen, len(other))
        for _ in range(ORDERS):
            fresh = _earliest(rng.permutation(other)[:size], kinds, size)[there]
            same = _earliest(rng.permutation(kinds), kinds, len(kinds))[there]
            yield Kept(fresh, same, size, len(kinds))


def _points(rows: Floats) -> Points:
    own = np.arange(len(rows))
    return Points(rows, own, own)


def _within(centres: Floats, points: Floats, reach: Floats) -> NDArray[np.bool_]:
    middle = centres.mean(axis=0)
    one, other = centres - middle, points - middle
    squared = (one**2).sum(axis=1)[:, None] - 2 * one @ other.T + (other**2).sum(axis=1)
    return np.asarray(squared <= (reach**2 * (1 + 1e-5))[:, None])


def _first(near: NDArray[np.bool_], ranks: Ranks, nowhere: int) -> Ranks:
    return np.asarray(np.where(near, ranks, nowhere).min(axis=1))


def _earliest(order: Ranks, kinds: Ranks, nowhere: int) -> Ranks:
    """The place at which each kind first occurs, (kinds,)."""
    found = np.full(int(kinds.max()) + 1, nowhere)
    found[order[::-1]] = np.arange(len(order))[::-1]
    return found
