"""Which words and phrases of the reference does the candidate still use?

Types of the reference (distinct words, and runs of two, three and four) that occur in part A and
again in the candidate, as a share of those that occur again in another part of the reference of
the same number of tokens. What is lost first under recursion is rare types: each is a small part
of the text, together they are most of the vocabulary.

Source: Suresh et al. 2024 (arXiv:2412.17646), surviving symbols; rarefaction after Hurlbert 1971.
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import Draws, Metric, Splits, TokensView
from firsthand.numerics.halves import Found, match, nothing, ratio_draws
from firsthand.numerics.spectrum import (
    Counts,
    by_count,
    scores,
    seen_after_thinning,
    shared_tokens,
    spectrum,
)
from firsthand.types import BoolArray, FloatArray, Slice, Undetermined

NAME = "type_survival"
LENGTHS = (1, 2, 3, 4)
SLICES: tuple[Slice, ...] = tuple((("n", str(n)),) for n in LENGTHS)
MIN_GROUPS = 20
MIN_TYPES = 10


def compare(reference: TokensView, candidate: TokensView, splits: Splits) -> Draws:
    """Surviving types for each length of run, against what another human part keeps."""
    groups = min(reference.groups, candidate.groups)
    if groups < MIN_GROUPS:
        params = {"found": groups, "needed": MIN_GROUPS}
        note = Undetermined(metric=NAME, reason="too-few-groups", params=params)
        return nothing(splits, groups, note)
    tables = [spectrum(reference, candidate, n, of_reference=True) for n in LENGTHS]
    # Sizes are matched in tokens; longer runs are fewer by the same few a document on both sides.
    parts = match(splits, tables[0].reference_size, tables[0].candidate_size)
    each = [scores(table, parts, _surviving) for table in tables]
    found = Found(*(np.hstack(columns) for columns in zip(*each, strict=True)))
    kept, gone = _enough(found.human.mean(axis=0))
    if not kept.any():
        return nothing(splits, groups, *gone)
    names = tuple(SLICES[at] for at in np.flatnonzero(kept))
    rest = Found(*(side[:, kept] for side in found))
    shared = shared_tokens(reference, candidate)
    return ratio_draws(names, rest, parts, shared, groups, gone)


def _surviving(first: Counts, other: Counts, kept: FloatArray) -> FloatArray:
    """Types of A that occur again, (chunk,)."""
    return seen_after_thinning(by_count(other, among=first > 0), kept)


def _enough(expected: FloatArray) -> tuple[BoolArray, tuple[Undetermined, ...]]:
    """Lengths for which some types at least survive in a human part, and a note on the others."""
    kept = expected >= MIN_TYPES
    gone = tuple(
        Undetermined(
            metric=NAME,
            reason="too-few-objects",
            slice=SLICES[at],
            params={"found": round(float(expected[at]), 1), "needed": MIN_TYPES},
        )
        for at in np.flatnonzero(~kept)
    )
    return kept, gone


component = Metric(
    name=NAME,
    question="Which words and phrases of the reference does the candidate still use?",
    unit="share of the types that a second human sample keeps",
    range=(0.0, float("inf")),
    worse="down",
    source="Suresh et al. 2024 (arXiv:2412.17646); rarefaction after Hurlbert 1971",
    view="tokens",
    tasks=frozenset({"text"}),
    neutral=1.0,
    size_free=False,
    finding="types-lost",
    min_groups=MIN_GROUPS,
    min_objects=MIN_TYPES,
    sees=frozenset({"variance-shrink", "tail-cut", "near-duplicates"}),
    compare=compare,
)
