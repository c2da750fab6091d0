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
    Spectrum,
    by_count,
    chunks,
    seen_after_thinning,
    shared_tokens,
    spectrum,
)
from firsthand.types import BoolArray, FloatArray, Slice, Undetermined

NAME = "type_survival"
LENGTHS = (1, 2, 3, 4)
MIN_GROUPS = 20
MIN_TYPES = 10


def compare(reference: TokensView, candidate: TokensView, splits: Splits) -> Draws:
    """Surviving types for each length of run, against what another human part keeps."""
    groups = min(reference.groups, candidate.groups)
    if groups < MIN_GROUPS:
        params = {"found": groups, "needed": MIN_GROUPS}
        note = Undetermined(metric=NAME, reason="too-few-groups", params=params)
        return nothing(note, splits, groups)
    found = [_surviving(spectrum(reference, candidate, n), splits) for n in LENGTHS]
    slices: list[Slice] = [(("n", str(n)),) for n in LENGTHS]
    expected = np.array([each.human.mean() for each in found])
    kept = expected >= MIN_TYPES
    gone = tuple(
        Undetermined(
            metric=NAME,
            reason="too-few-objects",
            slice=slices[at],
            params={"found": round(float(expected[at]), 1), "needed": MIN_TYPES},
        )
        for at in np.flatnonzero(~kept)
    )
    rest = Found(*(np.stack([each[side] for each in found], axis=1)[:, kept] for side in range(2)))
    names = tuple(slices[at] for at in np.flatnonzero(kept))
    return ratio_draws(names, rest, splits.half, shared_tokens(reference, candidate), groups, gone)


def _surviving(counts: Spectrum, splits: Splits) -> Found:
    """Types of A that occur again, at equal numbers of tokens. Both (splits,)."""
    parts = match(splits, counts.reference_size, counts.candidate_size)
    sizes = parts.human @ counts.reference_size, parts.candidate @ counts.candidate_size
    target = np.minimum(*sizes)
    share = [np.divide(target, size, out=np.zeros_like(size), where=size > 0) for size in sizes]
    return Found(
        _again(parts.first, counts.reference, parts.human, counts.reference, share[0]),
        _again(parts.first, counts.reference, parts.candidate, counts.candidate, share[1]),
    )


def _again(
    first: BoolArray, reference: Counts, other: BoolArray, table: Counts, kept: FloatArray
) -> FloatArray:
    out = np.empty(len(first))
    for chunk in chunks(first, reference, other, table):
        types = by_count(chunk.other, among=chunk.first > 0)
        out[chunk.rows] = seen_after_thinning(types, kept[chunk.rows])
    return out


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
    profile=None,
    frame=None,
    value=None,
    size_free=False,
    finding="types-lost",
    min_groups=MIN_GROUPS,
    min_objects=MIN_TYPES,
    sees=frozenset({"variance-shrink", "tail-cut", "near-duplicates"}),
    compare=compare,
    options={"n": LENGTHS},
)
