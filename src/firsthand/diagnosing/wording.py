"""Texts: do two sets speak of the same, and does one use rarer words?

Documents of both sets are pooled and change places: exact tests (Fisher), if they are independent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import TokensView
from firsthand.diagnosing.exchange import BLOCK, BLOCKS, Chance, difference
from firsthand.numerics.language import documents
from firsthand.numerics.tokens import document_of
from firsthand.types import BoolArray, FloatArray

DOCUMENTS = 1000  # of each set; more are drawn from
WORDS = 4096  # that occur in most documents, in two at least
LEAST = 20  # documents of a set

Rows = NDArray[np.float32]


def rarity(first: TokensView, second: TokensView, seed: int) -> Chance:
    """How many times as rare are the words of the second set as those of the first?

    The perplexity of its words, each by itself, under the frequencies of both sets together: below
    1 where it keeps to frequent words, above 1 where it reaches for rare ones. The chance is that
    of a value as high.
    """
    place, count = np.unique(
        np.concatenate([first.tokens, second.tokens]), return_inverse=True, return_counts=True
    )[1:]
    document = np.concatenate([document_of(first), len(first.bucket) + document_of(second)])
    nats = -np.log(count / count.sum())[place]
    many = len(first.bucket) + len(second.bucket)
    long = np.bincount(document, minlength=many)
    mean = np.bincount(document, weights=nats, minlength=many)[long > 0] / long[long > 0]
    from_second = (np.arange(many) >= len(first.bucket))[long > 0]
    found = difference(mean, from_second, seed, means=True)
    value, low, high = (float(np.exp(each)) for each in found[:3])
    return Chance(value, low, high, found.p_value)


def in_common(first: TokensView, second: TokensView, seed: int) -> Chance | None:
    """At most what share of the documents of both sets speaks of the same?

    Each document is asked whether it is more like the other documents of the second set than like
    those of the first (mean squared cosine of tf-idf, itself left out). If two laws had the share s
    in common, no such score could rank a document of one above one of the other more often than
    1 - s^2 / 2; so what it reaches bounds s. None of too few documents.
    """
    rng = np.random.Generator(np.random.Philox(key=seed, counter=18))
    parts = [_some(view, rng) for view in (first, second)]
    if min(len(each.bucket) for each in parts) < LEAST:
        return None
    rows = _described(*parts)
    alike = (rows @ rows.T) ** 2
    np.fill_diagonal(alike, 0)
    from_second = np.arange(len(rows)) >= len(parts[0].bucket)
    tiles = (np.tile(from_second, (BLOCK, 1)) for _ in range(BLOCKS))
    permuted = [rng.permuted(tile, axis=1) for tile in tiles]
    found = np.concatenate([_ranked(alike, each) for each in (from_second[None], *permuted)])
    share = np.sqrt(np.minimum(2 * (1 - found), 1))
    low, high = np.quantile(share[1:], [0.025, 0.975])
    beyond = int((found[1:] >= found[0] - 1e-12).sum())
    return Chance(float(share[0]), float(low), float(high), (1 + beyond) / len(found))


def _some(view: TokensView, rng: np.random.Generator) -> TokensView:
    kept = np.zeros(len(view.bucket), bool)
    kept[rng.permutation(len(kept))[:DOCUMENTS]] = True
    return documents(view, kept)


def _described(first: TokensView, second: TokensView) -> Rows:
    """Which words each document holds, by how few documents hold them, of length 1."""
    word = np.unique(np.concatenate([first.tokens, second.tokens]), return_inverse=True)[1]
    document = np.concatenate([document_of(first), len(first.bucket) + document_of(second)])
    many, words = len(first.bucket) + len(second.bucket), int(word.max(initial=0)) + 1
    held = np.unique(document * words + word)
    document, word = held // words, held % words
    frequent = np.bincount(word, minlength=words)
    kept = np.argsort(-frequent, kind="stable")[:WORDS]
    kept = kept[frequent[kept] >= 2]
    column = np.full(words, -1)
    column[kept] = np.arange(len(kept))
    inside = column[word] >= 0
    rows = np.zeros((many, len(kept)), np.float32)
    rows[document[inside], column[word[inside]]] = np.log(many / frequent[word[inside]])
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


def _ranked(alike: Rows, second: BoolArray) -> FloatArray:
    """How often is a document of the second set ranked above one of the first? (permutations,)."""
    member = second.astype(np.float32)
    theirs, all_ = member @ alike, alike.sum(axis=0)
    n, whole = member.sum(axis=1, keepdims=True), len(alike)
    score = theirs / (n - member) - (all_ - theirs) / (whole - n - (1 - member))
    rank = score.argsort(axis=1, kind="stable").argsort(axis=1)
    many = second.sum(axis=1)
    above = (rank * second).sum(axis=1) - many * (many - 1) / 2
    return np.asarray(above / (many * (whole - many)))
