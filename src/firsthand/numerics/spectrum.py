"""How often does each run of tokens occur, by bucket, on both sides of a comparison?

Where there are more types than fit, those with the smallest hashes are kept on both sides: a
random sample of types, the same one for both, that does not depend on how frequent they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BUCKETS, TokensView
from firsthand.numerics.halves import Found, Halves
from firsthand.numerics.tokens import Tokens, n_grams
from firsthand.types import BoolArray, FloatArray, Shared

TYPES = 8192
"""Types kept: 64 buckets of them are 2 MB a side."""

CHUNK = 64  # splits counted at a time
ONES = 5  # types seen this often or more are all there even after a few tokens are left out

Counts = NDArray[np.float32]


class Spectrum(NamedTuple):
    """Occurrences of the same types on both sides."""

    reference: Counts  # (64, types)
    candidate: Counts  # (64, types)
    reference_size: FloatArray  # (64,) all runs, also of types that were not kept
    candidate_size: FloatArray  # (64,)
    rate: float  # share of all types that was kept


Score = Callable[[Counts, Counts, FloatArray], FloatArray]
"""One number a split from the occurrences of each type in A and in another part, both (chunk,
types), and the (chunk,) probability with which a token of the other part stays: sizes are equal
then."""


def scores(counts: Spectrum, parts: Halves, score: Score) -> Found:
    """What part A finds in each other part, at equal numbers of runs. (splits, 1) each."""
    kept = _kept(counts, parts)
    out = Found(*np.empty((len(Found._fields), len(parts.first), 1)))
    for start in range(0, len(parts.first), CHUNK):
        rows = slice(start, start + CHUNK)
        first = parts.first[rows].astype(np.float32) @ counts.reference
        for name, found in out._asdict().items():
            table = counts.candidate if name == "candidate" else counts.reference
            other = getattr(parts, name)[rows].astype(np.float32) @ table
            found[rows, 0] = score(first, other, kept[name][rows])
    return out


def _kept(counts: Spectrum, parts: Halves) -> dict[str, FloatArray]:
    """The share of each part's runs that makes it as small as the one it is set against."""
    out = {}
    for pair in (("human", "candidate"), ("one", "other")):
        sizes = [
            getattr(parts, name)
            @ (counts.candidate_size if name == "candidate" else counts.reference_size)
            for name in pair
        ]
        target = np.minimum(*sizes)
        for name, size in zip(pair, sizes, strict=True):
            out[name] = np.divide(target, size, out=np.zeros_like(size), where=size > 0)
    return out


def spectrum(
    reference: TokensView,
    candidate: TokensView,
    n: int,
    types: int = TYPES,
    *,
    of_reference: bool = False,
) -> Spectrum:
    """Count runs of n tokens in the reference and in the candidate.

    Args:
        reference: documents.
        candidate: documents.
        n: length of the runs, 1 for single tokens.
        types: how many distinct runs to keep at most.
        of_reference: leave out what the reference never says, for questions about its own types.
    """
    sides = [n_grams(view, n) for view in (reference, candidate)]
    asked = sides[:1] if of_reference else sides
    kept, rate = _smallest(np.concatenate([grams for grams, _ in asked]), types)
    tables = [_table(grams, bucket, kept) for grams, bucket in sides]
    sizes = [np.bincount(bucket, minlength=BUCKETS).astype(np.float64) for _, bucket in sides]
    return Spectrum(tables[0], tables[1], sizes[0], sizes[1], rate)


def _smallest(grams: Tokens, types: int) -> tuple[Tokens, float]:
    """The smallest distinct hashes, and the share of all that they are."""
    rate = min(1.0, 64 * types / max(len(grams), 1))
    while True:
        found = np.unique(grams if rate >= 1 else grams[grams < np.uint64(rate * 2.0**64)])
        if len(found) > types:
            return found[:types], float(found[types]) / 2.0**64
        if rate >= 1 or len(found) > types // 2:
            return found, rate
        rate = min(1.0, 4 * rate)


def _table(grams: Tokens, bucket: NDArray[np.int64], kept: Tokens) -> Counts:
    place = np.searchsorted(kept, grams)
    known = kept[np.minimum(place, len(kept) - 1)] == grams if len(kept) else place < 0
    cells = bucket[known] * len(kept) + place[known]
    counts = np.bincount(cells, minlength=BUCKETS * len(kept))
    return counts.reshape(BUCKETS, len(kept)).astype(np.float32)


def by_count(counts: Counts, among: BoolArray | None = None) -> FloatArray:
    """How many types occur 0, 1, 2, 3, 4, 5 or more times? (chunk, 6)."""
    capped = np.minimum(counts, ONES).astype(np.uint8)
    if among is not None:
        capped[~among] = ONES + 1
    hits = [np.count_nonzero(capped == times, axis=1) for times in range(ONES + 1)]
    return np.stack(hits, axis=1).astype(np.float64)


def seen_after_thinning(types: FloatArray, kept: FloatArray) -> FloatArray:
    """How many types are still seen when each token stays with a probability (rarefaction)?

    Args:
        types: (splits, 6) types by count, as `by_count` gives them.
        kept: (splits,) probability that a token stays; near 1.

    >>> seen_after_thinning(np.array([[7.0, 4, 2, 0, 0, 0]]), np.array([0.5])).tolist()
    [3.5]
    """
    gone = (1.0 - kept)[:, None] ** np.arange(ONES + 1)
    return np.asarray((types * (1.0 - gone)).sum(axis=1))


def once_after_thinning(types: FloatArray, kept: FloatArray) -> FloatArray:
    """How many types are seen exactly once when each token stays with a probability?

    >>> once_after_thinning(np.array([[7.0, 4, 2, 0, 0, 0]]), np.array([0.5])).tolist()
    [3.0]
    """
    times = np.arange(ONES + 1)
    gone = (1.0 - kept)[:, None] ** np.maximum(times - 1, 0)
    return np.asarray((types * times * kept[:, None] * gone).sum(axis=1))


def shared_tokens(reference: TokensView, candidate: TokensView) -> Shared:
    """Tokens on each side, and those of the candidate's documents that the reference has too."""
    ours, theirs = fingerprints(reference), fingerprints(candidate)
    lengths = np.diff(candidate.start)
    both = int(lengths[np.isin(theirs, ours)].sum())
    return Shared(len(reference.tokens), len(candidate.tokens), both)


def fingerprints(view: TokensView) -> Tokens:
    """A hash of each document's tokens in their order, (documents,)."""
    place = np.arange(len(view.tokens)) - np.repeat(view.start[:-1], np.diff(view.start))
    mixed = view.tokens * (2 * place.astype(np.uint64) + np.uint64(1))
    total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed)])
    return np.asarray(total[view.start[1:]] - total[view.start[:-1]])
