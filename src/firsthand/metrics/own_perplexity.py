"""How predictable is the text from itself?

An n-gram model learns from one eighth of the candidate and reads the other seven, for each eighth
in turn; the same with the reference, every model from as many words. In recursion a text's
perplexity under its own model falls first and furthest: what it says next is what it said before.
Copies in other groups make it fall too.

Source: perplexity of a model on its own kind of output, Gambetta et al. 2024 (arXiv:2410.12341);
model: Chen & Goodman 1999 (Computer Speech & Language 13:359).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firsthand.contracts import BUCKETS, Draws, Metric, Splits, TokensView
from firsthand.numerics.halves import Found, Halves, match, nothing, ratio_draws, too_few
from firsthand.numerics.language import Ids, documents, numbered, train
from firsthand.numerics.quotients import Sums
from firsthand.numerics.spectrum import fingerprints, shared_tokens
from firsthand.numerics.surprise import read, vocabulary_of
from firsthand.numerics.tokens import Tokens
from firsthand.types import ALL, BoolArray, FloatArray

NAME = "own_perplexity"
BLOCKS = 8
MIN_GROUPS = 20
MIN_TOKENS = 100  # to learn from

BLOCK = np.arange(BUCKETS) % BLOCKS


class Own(NamedTuple):
    """What the models of a side's blocks make of the rest of it."""

    read: Sums  # mean surprise of the models of other blocks, and words, by bucket
    taught: FloatArray  # (BLOCKS,) how much more than the mean each model was surprised


def compare(reference: TokensView, candidate: TokensView, splits: Splits) -> Draws:
    """The candidate's perplexity under its own models over the reference's under its own."""
    groups = min(reference.groups, candidate.groups)
    sizes = [_sizes(view, BLOCK[view.bucket], BLOCKS) for view in (reference, candidate)]
    least = int(min(size.min() for size in sizes))
    problem = too_few(NAME, groups, least, (MIN_GROUPS, MIN_TOKENS))
    if problem is not None:
        return nothing(splits, groups, problem)
    vocabulary = vocabulary_of(reference, candidate)
    views = numbered(reference, candidate)
    order = fingerprints(reference), fingerprints(candidate)
    ours, theirs = (
        _own(view, by, least, vocabulary) for view, by in zip(views, order, strict=True)
    )
    parts = match(splits, ours.read.under, theirs.read.under)
    absolute = np.array([np.exp(theirs.read.whole)])
    shared = shared_tokens(reference, candidate)
    return ratio_draws(
        (ALL,), _found(ours, theirs, parts), parts, shared, groups, absolute=absolute
    )


def _sizes(view: TokensView, part: Ids, parts: int) -> FloatArray:
    """Words in each part of the documents."""
    lengths = np.diff(view.start).astype(np.float64)
    return np.bincount(part, weights=lengths, minlength=parts).astype(np.float64)


def _own(view: TokensView, by: Tokens, words: int, vocabulary: int) -> Own:
    """Learn from as many words of each block, and read all others."""
    over, surprise = np.zeros(BUCKETS), np.zeros(BLOCKS)
    for block in range(BLOCKS):
        mine = BLOCK[view.bucket] == block
        model = train(_first(documents(view, mine), by[mine], words), vocabulary)
        found = read(model, documents(view, ~mine))
        over += found.over / (BLOCKS - 1)
        surprise[block] = found.whole
    under = _sizes(view, view.bucket, BUCKETS)
    return Own(Sums(over, under), surprise - surprise.mean())


def _first(view: TokensView, by: Tokens, words: int) -> TokensView:
    """So many words of a view, by the hashes of its documents, the last one in part."""
    order = np.argsort(by, kind="stable")
    lengths = np.diff(view.start)[order]
    begins = np.cumsum(lengths) - lengths
    kept = np.clip(words - begins, 0, lengths)
    at = np.repeat(view.start[:-1][order] - (np.cumsum(kept) - kept), kept) + np.arange(kept.sum())
    start = np.concatenate([[0], np.cumsum(kept)])
    return view._replace(bucket=view.bucket[order], tokens=view.tokens[at], start=start)


def _found(ours: Own, theirs: Own, parts: Halves) -> Found:
    sides = {name: theirs if name == "candidate" else ours for name in Found._fields}
    return Found(*(_perplexity(side, getattr(parts, name)) for name, side in sides.items()))


def _perplexity(side: Own, part: BoolArray) -> FloatArray:
    """Own perplexity of parts, (splits, 1).

    A part would have learnt only from itself. Its models' surprise is that of its blocks, and what
    eight buckets taught together varies an eighth as much as what each would have taught, so that
    blocks stand for their buckets if they weigh as the square root of eight.
    """
    words = part * side.read.under
    blocks = np.stack([words[:, block == BLOCK].sum(axis=1) for block in range(BLOCKS)], axis=1)
    total = np.maximum(words.sum(axis=1), 1.0)
    share = blocks / total[:, None] - 1 / BLOCKS
    taught = np.sqrt(BUCKETS / BLOCKS) * share @ side.taught
    return np.asarray(np.exp(part @ side.read.over / total + taught))[:, None]


component = Metric(
    name=NAME,
    question="How predictable is the text from itself?",
    unit="times the own perplexity of a second human sample",
    range=(0.0, float("inf")),
    worse="down",
    source="Gambetta et al. 2024 (arXiv:2410.12341); Chen & Goodman 1999 (Computer Speech & "
    "Language 13:359)",
    view="tokens",
    tasks=frozenset({"text"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="perplexity of the candidate under models of eighths of it",
    min_groups=MIN_GROUPS,
    min_objects=MIN_TOKENS,
    sees=frozenset({"variance-shrink", "tail-cut", "near-duplicates"}),
    blind_to=frozenset({"over-dispersion"}),
    compare=compare,
)
