"""N-gram language model: the next word given the last ones, by counting.

Text is cut into pieces of `length` words. A model draws each piece word by word, from how often
each word followed the same context; where a context was only ever seen at an end, it begins anew.
The human population is a text (`data`), or else a random Markov chain over `symbols` whose words
follow Zipf's law.

Source: Suresh et al. 2024, arXiv:2412.17646 (bigrams lose words as unigrams do).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.errors import InputError
from firsthand.recursion import Classes, Setting, require
from firsthand.types import BoolArray, FloatArray

Ids = NDArray[np.int64]
SEED = 20261122  # of the Markov chain: one population for all runs


@dataclass(frozen=True, kw_only=True)
class NGram:
    """Words from the last `order` - 1 words; samples are words."""

    name: str = "ngram"
    question: str = "Which words and phrases are gone, by which generation?"
    order: int = 2
    length: int = 64
    symbols: int = 200

    exact = False
    units = {
        "types": "words",  # that occur in the training set
        "phrases": "runs of `order` words",
        "heterozygosity": "probability",
        "entropy": "bits",
        "missing_mass": "probability",  # that a human word is one that is gone
    }
    sampling = frozenset({"temperature", "top_p"})
    takes = "tokens"

    def __post_init__(self) -> None:
        require(self.order >= 1, "order", self.order, "1 or more")
        require(self.length > self.order, "length", self.length, f"more than {self.order}")
        require(self.symbols >= 2, "symbols", self.symbols, "2 or more")

    def chains(self, setting: Setting) -> TextChains:
        """Its chains in one setting."""
        return TextChains(self, setting)

    def width(self, rows: int) -> int:
        """How many numbers one chain keeps in memory, about."""
        return 8 * rows


class State(NamedTuple):
    """Successors of contexts, sorted by chain, context and falling count."""

    contexts: Ids  # (rows,) chain and context as one number
    begins: Ids  # (rows + 1,) where the successors of each begin
    follower: Ids  # (pairs,)
    ends: FloatArray  # (pairs,) running sum of weights over all pairs
    text: Pieces  # what it was fitted to


@dataclass(frozen=True)
class Pieces:
    """Text as word numbers; weights are equal in all chains."""

    words: Ids  # (chains, pieces, length)
    weight: FloatArray | None = None  # (pieces,)

    def join(self, other: Pieces, weight: float = 1.0) -> Pieces:
        """Both together; each piece of the other counts `weight` times."""
        words = np.concatenate([self.words, other.words], axis=1)
        if weight == 1.0 and self.weight is None and other.weight is None:
            return Pieces(words)
        return Pieces(words, np.concatenate([self.weights, weight * other.weights]))

    def pick(self, n: int, rng: np.random.Generator) -> Pieces:
        """Pieces with n words in all, drawn without replacement."""
        many = max(1, round(n / self.words.shape[2]))
        keys = rng.random(self.words.shape[:2])
        rows = keys.argpartition(many - 1, axis=1)[:, :many]
        return Pieces(np.take_along_axis(self.words, rows[:, :, None], axis=1))

    @property
    def weights(self) -> FloatArray:
        """How often each piece counts, (pieces,)."""
        return np.ones(self.words.shape[1]) if self.weight is None else self.weight


class TextChains:
    """Many language models at once."""

    def __init__(self, family: NGram, setting: Setting) -> None:
        if setting.recipe.verified:
            raise InputError("no verifier is known for the model ngram")
        self.family, self.setting = family, setting
        given = _markov(family) if setting.human is None else np.asarray(setting.human)
        self.pieces = given[: len(given) // family.length * family.length].reshape(
            -1, family.length
        )
        if not len(self.pieces):
            raise InputError(
                f"the human text has {len(given)} words", expected=f"{family.length} or more"
            )
        self.k = int(self.pieces.max()) + 1
        self.shares = np.bincount(self.pieces.ravel(), minlength=self.k) / self.pieces.size
        self.classes, self._followed = Classes.of(self.shares[self.shares > 0])
        self._followed = np.flatnonzero(self.shares)[self._followed]
        there = self.shares[self.shares > 0]
        self.truth = {
            "types": float(len(there)),
            "heterozygosity": float(1 - (there**2).sum()),
            "entropy": float(-(there * np.log2(there)).sum()),
            "missing_mass": 0.0,
        }

    def human(self, n: int, rng: np.random.Generator) -> Pieces:
        """Pieces of the human text with n words in all: all of it, or drawn without replacement."""
        many, there = self._pieces(n), len(self.pieces)
        if many > there:
            raise InputError(
                f"{n} human words are asked for, and the text has {self.pieces.size}",
                expected="at most as many",
                todo="Lower first, samples or the share of fresh data.",
            )
        rows = [rng.choice(there, many, replace=False) for _ in range(self.setting.chains)]
        return Pieces(self.pieces[np.array(rows)])

    def fit(self, data: Pieces, rng: np.random.Generator) -> State:  # noqa: ARG002
        """Count what follows what."""
        order, length = self.family.order, self.family.length
        contexts = self._contexts(data.words)
        followers = data.words[:, :, order - 1 :]
        weights = np.broadcast_to(data.weights[None, :, None], followers.shape)
        pair = (contexts * self.k + followers).ravel()
        codes, place = np.unique(pair, return_inverse=True)
        counts = np.bincount(place, weights=weights.ravel()).astype(float)
        assert contexts.shape[2] == length - order + 1
        return self._table(codes, counts, data)

    def sample(self, state: State, n: int, rng: np.random.Generator) -> Pieces:
        """Pieces with n words in all, drawn word by word."""
        order, length = self.family.order, self.family.length
        chains, many = self.setting.chains, self._pieces(n)
        words = np.empty((chains, many, length), np.int64)
        words[:, :, : order - 1] = self._starts(state, (chains, many), rng)
        for at in range(order - 1, length):
            recent = words[:, :, at - order + 1 : at]
            row, known = self._rows(state, recent)
            if not known.all():
                restart = self._starts(state, (chains, many), rng)
                row = np.where(known, row, self._rows(state, restart)[0])
            words[:, :, at] = _follower(state, row, rng)
        return Pieces(words)

    def measure(self, state: State, rng: np.random.Generator) -> dict[str, FloatArray]:  # noqa: ARG002
        """Of the training set of each chain: its words and phrases."""
        words, chains = state.text.words, self.setting.chains
        at = np.arange(chains)[:, None, None] * self.k + words
        weights = np.broadcast_to(state.text.weights[None, :, None], words.shape)
        counts = np.bincount(at.ravel(), weights.ravel(), chains * self.k).reshape(chains, self.k)
        p = counts / counts.sum(axis=1, keepdims=True)
        owner = np.repeat(state.contexts // self._span, np.diff(state.begins))
        return {
            "types": (p > 0).sum(axis=1).astype(float),
            "phrases": np.bincount(owner, minlength=chains).astype(float),
            "heterozygosity": 1 - (p**2).sum(axis=1),
            "entropy": -(p * np.log2(np.where(p > 0, p, 1.0))).sum(axis=1),
            "missing_mass": np.maximum(1 - (p > 0) @ self.shares, 0.0),
        }

    def alive(self, state: State) -> BoolArray:
        """Which of `classes` occur in the training set? (classes, chains)."""
        words = state.text.words
        return np.array([(words == word).any(axis=(1, 2)) for word in self._followed])

    @property
    def _span(self) -> int:
        """How many contexts there can be."""
        return int(self.k ** (self.family.order - 1))

    def _pieces(self, n: int) -> int:
        return max(1, round(n / self.family.length))

    def _contexts(self, words: Ids) -> Ids:
        """Chain and last words before each word as one number. (chains, pieces, places)."""
        order = self.family.order
        places = words.shape[2] - order + 1
        code = np.broadcast_to(np.arange(len(words))[:, None, None], (*words.shape[:2], places))
        for back in range(order - 1):
            code = code * self.k + words[:, :, back : back + places]
        return code

    def _rows(self, state: State, recent: Ids) -> tuple[Ids, NDArray[np.bool_]]:
        """Where successors of (chains, pieces, order - 1) words are, and whether there are any."""
        code = np.broadcast_to(np.arange(len(recent))[:, None], recent.shape[:2])
        for back in range(recent.shape[2]):
            code = code * self.k + recent[:, :, back]
        row = np.minimum(np.searchsorted(state.contexts, code), len(state.contexts) - 1)
        return row, state.contexts[row] == code

    def _starts(self, state: State, shape: tuple[int, int], rng: np.random.Generator) -> Ids:
        """First words of random pieces: they have successors."""
        ends = np.cumsum(state.text.weights)
        piece = np.searchsorted(ends, rng.random(shape) * ends[-1], side="right")
        first = state.text.words[:, :, : self.family.order - 1]
        return np.take_along_axis(first, piece[:, :, None], axis=1)

    def _table(self, codes: Ids, counts: FloatArray, data: Pieces) -> State:
        """Successors by falling count, with the weights that the decoder gives them."""
        bias = self.setting.sampling
        contexts, follower = codes // self.k, codes % self.k
        order = np.lexsort((-counts, contexts))
        contexts, follower = contexts[order], follower[order]
        unique, begins = np.unique(contexts, return_index=True)
        begins = np.append(begins, len(contexts))
        weights = counts[order] ** (1 / bias.temperature)
        if bias.top_p < 1.0:
            total = np.add.reduceat(weights, begins[:-1])
            sums = np.cumsum(weights)
            before = sums - weights
            size = np.diff(begins)
            inside = before - np.repeat(before[begins[:-1]], size)
            weights = np.where(inside < bias.top_p * np.repeat(total, size), weights, 0.0)
        return State(unique, begins, follower, np.cumsum(weights), data)


def _follower(state: State, row: Ids, rng: np.random.Generator) -> Ids:
    """One successor for each row of the table."""
    first, last = state.begins[row], state.begins[row + 1] - 1
    low = np.where(first > 0, state.ends[first - 1], 0.0)
    aim = low + rng.random(row.shape) * (state.ends[last] - low)
    found = np.searchsorted(state.ends, aim, side="right")
    return state.follower[np.clip(found, first, last)]


def _markov(family: NGram) -> Ids:
    """A text of which each word depends on the one before."""
    rng = np.random.Generator(np.random.Philox(key=SEED))
    k, pieces = family.symbols, 2048
    ranks = np.array([rng.permutation(k) for _ in range(k)])
    zipf = 1.0 / np.arange(1, k + 1)
    common = zipf / zipf.sum()
    ends = np.cumsum(zipf[ranks] * common, axis=1)
    words = np.empty((pieces, family.length), np.int64)
    words[:, 0] = rng.choice(k, pieces, p=common)
    for at in range(1, family.length):
        row = ends[words[:, at - 1]]
        aim = rng.random(pieces) * row[:, -1]
        words[:, at] = (row <= aim[:, None]).sum(axis=1)
    return words.ravel()


component = NGram()
