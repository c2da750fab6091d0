"""What share of the words is said only once?

In text by people about half of the vocabulary stands there a single time, however much is read:
language always has rare words left. Text that repeats itself, or whose rare words were cut, has
fewer. The share falls slowly with the amount of text, so both sides are matched in words.

Source: Baayen 2001 (Word Frequency Distributions, Kluwer), section 1.3; rarefaction after
Hurlbert 1971.
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import Draws, Metric, Splits, TokensView
from firsthand.numerics.halves import match, nothing, ratio_draws, too_few
from firsthand.numerics.ngrams import count_hashed, of_view
from firsthand.numerics.spectrum import (
    Counts,
    by_count,
    once_after_thinning,
    scores,
    seen_after_thinning,
    shared_tokens,
    spectrum,
)
from firsthand.types import ALL, FloatArray

NAME = "hapax_share"
MIN_GROUPS = 20
MIN_TYPES = 10


def compare(reference: TokensView, candidate: TokensView, splits: Splits) -> Draws:
    """Words said once over all different words, against a human part with as many words."""
    groups = min(reference.groups, candidate.groups)
    counts = spectrum(reference, candidate, 1)
    parts = match(splits, counts.reference_size, counts.candidate_size)
    once = scores(counts, parts, _once)
    least = float(min(once.human.mean(), (counts.candidate.sum(axis=0) > 0).sum()))
    problem = too_few(NAME, groups, least, (MIN_GROUPS, MIN_TYPES))
    if problem is not None:
        return nothing(splits, groups, problem)
    found = scores(counts, parts, _share)
    said = count_hashed(of_view(candidate), [1])[1]
    absolute = np.array([said.types[said.times == 1].sum() / said.distinct])
    shared = shared_tokens(reference, candidate)
    return ratio_draws((ALL,), found, parts, shared, groups, absolute=absolute)


def _once(_first: Counts, other: Counts, kept: FloatArray) -> FloatArray:
    """Words said exactly once, (chunk,)."""
    return once_after_thinning(by_count(other), kept)


def _share(_first: Counts, other: Counts, kept: FloatArray) -> FloatArray:
    """Of the words that are said, those said once. (chunk,)."""
    types = by_count(other)
    return once_after_thinning(types, kept) / np.maximum(seen_after_thinning(types, kept), 1e-9)


component = Metric(
    name=NAME,
    question="What share of the different words is said only once?",
    unit="share of what a second human sample shows",
    range=(0.0, float("inf")),
    worse="down",
    source="Baayen 2001 (Word Frequency Distributions, Kluwer), section 1.3",
    view="tokens",
    tasks=frozenset({"text"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="share of the candidate's different words",
    min_groups=MIN_GROUPS,
    min_objects=MIN_TYPES,
    sees=frozenset({"tail-cut", "near-duplicates"}),
    compare=compare,
)
