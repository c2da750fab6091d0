"""Texts as numbered words, and how often each followed its context in one of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import TextsView
from firsthand.models.ngram import NGram, Pieces, TextChains
from firsthand.numerics.tokens import CJK
from firsthand.recursion import Recipe, Sampling, Setting
from firsthand.sides import Side
from firsthand.types import FloatArray

Ids = NDArray[np.int64]

MOST = 200_000  # words of a text that are looked at
SHORTEST, LONGEST = 8, 64  # words of a piece
ELSEWHERE = 0.01  # share of words that come without regard to their context
LEADS = 2  # words before the first that is looked at: the longest context
_UNIT = re.compile(rf"[{CJK}]|[^\s{CJK}]+")


class Numbered(NamedTuple):
    """Documents as numbers of one vocabulary."""

    words: Ids  # (n,)
    document: Ids  # (n,)

    @property
    def documents(self) -> int:
        """How many there are that hold a word."""
        return len(np.unique(self.document))

    def pieces(self) -> Ids:
        """Runs of equal length, (pieces, length); what is left of documents is put together."""
        sizes = np.bincount(self.document)
        length = int(np.clip(np.median(sizes[sizes > 0]), SHORTEST, LONGEST))
        place = np.arange(len(self.words)) - (np.cumsum(sizes) - sizes)[self.document]
        whole = place < (sizes // length * length)[self.document]
        row = np.concatenate([self.words[whole], self.words[~whole]])
        return row[: len(row) // length * length].reshape(-1, length)


class Draws(NamedTuple):
    """Words with the context that they came after."""

    document: Ids
    block: Ids  # of `Successors`; -1 for a word that never followed that context
    before: Ids  # words of the block that had come by then, where this is a new one; else -1
    elsewhere: FloatArray  # how likely the word is without its context
    documents: int


def numbered(sides: Sequence[Side], seed: int) -> tuple[list[Numbered], int, bool]:
    """Texts of some sides, the size of their vocabulary, and whether a text was too long for all.

    Of each side documents in random order, up to `MOST` words.
    """
    place: dict[str, int] = {}
    found, capped = [], False
    for at, side in enumerate(sides):
        view = side.view("texts")
        assert isinstance(view, TextsView)
        rng = np.random.Generator(np.random.Philox(key=seed, counter=17 + at))
        rows: list[list[int]] = []
        there = 0
        for row in rng.permutation(len(view.texts)):
            if there >= MOST:
                capped = True
                break
            rows.append([place.setdefault(each, len(place)) for each in _words(view.texts[row])])
            there += len(rows[-1])
        document = np.repeat(np.arange(len(rows)), [len(each) for each in rows])
        words = np.array([word for each in rows for word in each], np.int64)
        found.append(Numbered(words[:MOST], document[:MOST]))
    return found, len(place), capped


def _words(text: str) -> list[str]:
    """As white space parts them; where a script has none, each character."""
    return _UNIT.findall(text)


class Successors:
    """Of each context of a text, the words that followed, by how often they did.

    Words that followed equally often are a block: which of them a nucleus cuts is not known before
    they come. Of n words of which k are kept, and j have come, a new one is kept with probability
    (k - j) / (n - j).
    """

    def __init__(self, text: Numbered, order: int, words: int) -> None:
        self.order, self.pieces = order, text.pieces()
        chains = self.chains(Sampling())
        state = chains.fit(Pieces(self.pieces[None]), np.random.default_rng(0))
        self._known, self._contexts = chains.k, state.contexts
        counts = np.diff(state.ends, prepend=0.0).round()
        row = np.repeat(np.arange(len(state.contexts)), np.diff(state.begins))
        new = np.append(True, (np.diff(row) != 0) | (np.diff(counts) != 0))
        block = np.cumsum(new) - 1
        self._count, self._row, self._many = counts[new], row[new], np.bincount(block)
        self._begins = np.flatnonzero(np.append(True, np.diff(self._row) != 0))
        pairs = row * words + state.follower
        order_ = np.argsort(pairs, kind="stable")
        self._pairs, self._block, self._words = pairs[order_], block[order_], words
        overall = np.bincount(self.pieces.ravel(), minlength=words) + 0.5
        self._overall = overall / overall.sum()

    def chains(self, sampling: Sampling) -> TextChains:
        """The n-gram model of the text, drawn from in this way."""
        recipe, length = Recipe(made=self.pieces.size), self.pieces.shape[1]
        setting = Setting(chains=1, recipe=recipe, sampling=sampling, human=self.pieces.ravel())
        return NGram(order=self.order, length=length).chains(setting)

    def draws(self, text: Numbered) -> Draws:
        """Words of a text after their context, those at the beginning of a document left out."""
        at = np.arange(LEADS, len(text.words))
        at = at[text.document[at] == text.document[at - LEADS]]
        code, heard = np.zeros(len(at), np.int64), np.ones(len(at), bool)
        for back in range(self.order - 1, 0, -1):
            code = code * self._known + text.words[at - back]
            heard &= text.words[at - back] < self._known
        row = np.minimum(np.searchsorted(self._contexts, code), len(self._contexts) - 1)
        known = (self._contexts[row] == code) & heard
        pair = row * self._words + text.words[at]
        place = np.minimum(np.searchsorted(self._pairs, pair), len(self._pairs) - 1)
        there = known & (self._pairs[place] == pair)
        block = np.where(there, self._block[place], -1)
        before = _new_words(np.where(there, place, -1), block)
        many = int(text.document.max()) + 1
        return Draws(text.document[at], block, before, self._overall[text.words[at]], many)

    def log_likelihood(self, draws: Draws, exponent: float, top_p: float) -> FloatArray:
        """Of each document, if each context is taken to the power and then cut. (documents,)."""
        mass = self._count**exponent
        sums = np.cumsum(mass * self._many)
        total = np.add.reduceat(mass * self._many, self._begins)[self._row]
        before = sums - mass * self._many
        before = before - before[self._begins][self._row]
        kept = np.clip(np.ceil((top_p * total - before) / mass - 1e-9), 0, self._many)
        left = np.add.reduceat(kept * mass, self._begins)[self._row]
        inside = np.where(draws.block >= 0, (mass / left * (kept > 0))[draws.block], 0.0)
        cut = (self._many - kept)[draws.block] / (self._many[draws.block] - draws.before)
        inside *= np.where(draws.before >= 0, np.maximum(1 - cut, 0.0), 1.0)
        logs = np.log((1 - ELSEWHERE) * inside + ELSEWHERE * draws.elsewhere)
        return np.bincount(draws.document, logs, draws.documents).astype(float)


def _new_words(pair: Ids, block: Ids) -> Ids:
    """How many words of its block had come before each word that is new; -1 for others."""
    found = np.full(len(pair), -1)
    firsts = np.unique(pair, return_index=True)[1]
    firsts = np.sort(firsts[pair[firsts] >= 0])
    firsts = firsts[np.argsort(block[firsts], kind="stable")]
    _, begins, sizes = np.unique(block[firsts], return_index=True, return_counts=True)
    found[firsts] = np.arange(len(firsts)) - np.repeat(begins, sizes)
    return found
