"""How much that is new would one more word bring, as text by people goes on to bring?

The Good-Turing estimate of the missing mass: the share of tokens whose type occurs only once is
the probability that the next token is of a type not seen before. Text by people always has more to
bring; a model's output runs dry. The value is the candidate's missing mass over that of as many
tokens of the reference: below 1 the candidate's vocabulary closes earlier.

Source: Good 1953 (Biometrika 40:237); singletons under rarefaction after Hurlbert 1971.
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import Draws, Metric, Splits, TokensView
from firsthand.numerics.halves import Found, Halves, match, nothing, ratio_draws, too_few
from firsthand.numerics.spectrum import (
    Counts,
    Spectrum,
    by_count,
    once_after_thinning,
    scores,
    shared_tokens,
    spectrum,
)
from firsthand.types import ALL, FloatArray

NAME = "missing_mass"
MIN_GROUPS = 20
MIN_SINGLETONS = 10


def compare(reference: TokensView, candidate: TokensView, splits: Splits) -> Draws:
    """Types seen once among equally many tokens of the candidate and of a human half."""
    groups = min(reference.groups, candidate.groups)
    counts = spectrum(reference, candidate, 1)
    parts = match(splits, counts.reference_size, counts.candidate_size)
    found = scores(counts, parts, _singletons)
    problem = too_few(NAME, groups, float(found.human.mean()), (MIN_GROUPS, MIN_SINGLETONS))
    if problem is not None:
        return nothing(splits, groups, problem)
    shared = shared_tokens(reference, candidate)
    rates = _rates(found, parts, counts)
    return ratio_draws((ALL,), rates, parts, shared, groups, alone=counts.reference_size)


def _rates(found: Found, parts: Halves, counts: Spectrum) -> Found:
    """Types seen once for each of the tokens of a part, after both of a pair were made equal."""
    ours, theirs = counts.reference_size, counts.candidate_size
    whole = np.minimum(parts.human @ ours, parts.candidate @ theirs)[:, None]
    half = np.minimum(parts.one @ ours, parts.other @ ours)[:, None]
    return Found(
        human=found.human / whole,
        candidate=found.candidate / whole,
        one=found.one / half,
        other=found.other / half,
    )


def _singletons(_first: Counts, other: Counts, kept: FloatArray) -> FloatArray:
    """Types seen exactly once, (chunk,)."""
    return once_after_thinning(by_count(other), kept)


component = Metric(
    name=NAME,
    question="How much that is new would one more word bring?",
    unit="share of a human half's missing mass",
    range=(0.0, float("inf")),
    worse="down",
    source="Good 1953 (Biometrika 40:237); rarefaction after Hurlbert 1971",
    view="tokens",
    tasks=frozenset({"text"}),
    neutral=1.0,
    size_free=False,
    finding="missing-mass-lost",
    min_groups=MIN_GROUPS,
    min_objects=MIN_SINGLETONS,
    sees=frozenset({"variance-shrink", "tail-cut", "near-duplicates"}),
    compare=compare,
)
