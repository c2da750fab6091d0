"""How predictable is the text from itself?

An n-gram model learns from one half of the candidate and reads the other half, and the other way
round; the same with as much text of the reference. In recursion a text's perplexity under its own
model falls first and furthest: what it says next is what it said before. Copies in other groups
make it fall too.

Source: perplexity of a model on its own kind of output, Gambetta et al. 2024 (arXiv:2410.12341);
model: Chen & Goodman 1999 (Computer Speech & Language 13:359).
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import BUCKETS, Draws, Metric, Splits, TokensView
from firsthand.numerics.halves import nothing, ratio_draws, thin, too_few
from firsthand.numerics.quotients import quotients
from firsthand.numerics.spectrum import shared_tokens
from firsthand.numerics.surprise import cross_read, vocabulary_of
from firsthand.types import ALL, BoolArray

NAME = "own_perplexity"
MIN_GROUPS = 20
MIN_TOKENS = 1000


def compare(reference: TokensView, candidate: TokensView, splits: Splits) -> Draws:
    """The candidate's perplexity under its own model over the reference's under its own."""
    groups = min(reference.groups, candidate.groups)
    least = min(len(reference.tokens), len(candidate.tokens))
    problem = too_few(NAME, groups, least, (MIN_GROUPS, MIN_TOKENS))
    if problem is not None:
        return nothing(splits, groups, problem)
    vocabulary = vocabulary_of(reference, candidate)
    learnt = _as_much(reference, candidate, splits.seed)
    ours, theirs = (
        cross_read(view, [view], vocabulary, mask)[0]
        for view, mask in zip((reference, candidate), learnt, strict=True)
    )
    found, parts = quotients(ours, theirs, splits, np.exp)
    shared = shared_tokens(reference, candidate)
    absolute = np.array([np.exp(theirs.whole)])
    return ratio_draws((ALL,), found, parts, shared, groups, absolute=absolute)


def _as_much(reference: TokensView, candidate: TokensView, seed: int) -> list[BoolArray]:
    """Buckets of each side to learn from: as many words on both, in the even and the odd ones."""
    sizes = [_tokens(view) for view in (reference, candidate)]
    halves = np.arange(BUCKETS) % 2 == np.arange(2)[:, None]
    target = np.minimum(*(halves @ size for size in sizes))
    return [np.asarray(thin(halves, size, target, seed).any(axis=0)) for size in sizes]


def _tokens(view: TokensView) -> np.ndarray:
    return np.bincount(view.bucket, weights=np.diff(view.start), minlength=BUCKETS)


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
    absolute_unit="perplexity of the candidate under its own model",
    min_groups=MIN_GROUPS,
    min_objects=MIN_TOKENS,
    sees=frozenset({"variance-shrink", "tail-cut", "near-duplicates"}),
    blind_to=frozenset({"over-dispersion"}),
    compare=compare,
)
