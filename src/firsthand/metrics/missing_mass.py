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
from firsthand.numerics.halves import Found, match, nothing, ratio_draws
from firsthand.numerics.spectrum import (
    Counts,
    by_count,
    chunks,
    once_after_thinning,
    shared_tokens,
    spectrum,
)
from firsthand.types import ALL, BoolArray, FloatArray, Undetermined

NAME = "missing_mass"
MIN_GROUPS = 20
MIN_SINGLETONS = 10


def compare(reference: TokensView, candidate: TokensView, splits: Splits) -> Draws:
    """Types seen once among equally many tokens of the candidate and of a human half."""
    groups = min(reference.groups, candidate.groups)
    counts = spectrum(reference, candidate, 1)
    parts = match(splits, counts.reference_size, counts.candidate_size)
    sizes = parts.human @ counts.reference_size, parts.candidate @ counts.candidate_size
    target = np.minimum(*sizes)
    share = [np.divide(target, size, out=np.zeros_like(size), where=size > 0) for size in sizes]
    # Both are over the same number of tokens, which the ratio cancels.
    human = _singletons(parts.human, counts.reference, share[0])
    found = Found(human, _singletons(parts.candidate, counts.candidate, share[1]))
    problem = _problem(groups, float(human.mean()))
    if problem is not None:
        return nothing(problem, splits, groups)
    return ratio_draws((ALL,), found, splits.half, shared_tokens(reference, candidate), groups)


def _problem(groups: int, singletons: float) -> Undetermined | None:
    if groups < MIN_GROUPS:
        params: dict[str, str | int | float] = {"found": groups, "needed": MIN_GROUPS}
        return Undetermined(metric=NAME, reason="too-few-groups", params=params)
    if singletons < MIN_SINGLETONS:
        params = {"found": round(singletons, 1), "needed": MIN_SINGLETONS}
        return Undetermined(metric=NAME, reason="too-few-objects", params=params)
    return None


def _singletons(part: BoolArray, table: Counts, kept: FloatArray) -> FloatArray:
    """Types seen once in each split, (splits, 1)."""
    out = np.empty((len(part), 1))
    for chunk in chunks(part, table, part, table):
        types = by_count(chunk.other)
        out[chunk.rows, 0] = once_after_thinning(types, kept[chunk.rows])
    return out


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
    profile=None,
    frame=None,
    value=None,
    size_free=False,
    finding="missing-mass-lost",
    min_groups=MIN_GROUPS,
    min_objects=MIN_SINGLETONS,
    sees=frozenset({"variance-shrink", "tail-cut", "near-duplicates"}),
    compare=compare,
)
