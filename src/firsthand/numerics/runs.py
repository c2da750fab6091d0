"""One question about runs of one to four words, each length a slice."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from firsthand.contracts import Draws, Splits, TokensView
from firsthand.numerics.halves import Found, match, nothing, ratio_draws
from firsthand.numerics.spectrum import Score, scores, shared_tokens, spectrum
from firsthand.types import BoolArray, FloatArray, Slice, Undetermined

LENGTHS = (1, 2, 3, 4)
SLICES: tuple[Slice, ...] = tuple((("n", str(n)),) for n in LENGTHS)


class Asked(NamedTuple):
    """What is asked of every length."""

    metric: str
    score: Score
    min_groups: int
    min_types: float  # in a human part on average: fewer leave a length undetermined
    of_reference: bool = False  # only what the reference says
    absolute: Callable[[TokensView], FloatArray] | None = None  # (lengths,) of the candidate


def compare_runs(
    asked: Asked, reference: TokensView, candidate: TokensView, splits: Splits
) -> Draws:
    """The score of each length of run, against that of another human part as long."""
    groups = min(reference.groups, candidate.groups)
    if groups < asked.min_groups:
        params = {"found": groups, "needed": asked.min_groups}
        note = Undetermined(metric=asked.metric, reason="too-few-groups", params=params)
        return nothing(splits, groups, note)
    tables = [spectrum(reference, candidate, n, of_reference=asked.of_reference) for n in LENGTHS]
    # Sizes are matched in tokens; longer runs are fewer by the same few a document on both sides.
    parts = match(splits, tables[0].reference_size, tables[0].candidate_size)
    each = [scores(table, parts, asked.score) for table in tables]
    found = Found(*(np.hstack(columns) for columns in zip(*each, strict=True)))
    kept, gone = _enough(asked, found.human.mean(axis=0))
    if not kept.any():
        return nothing(splits, groups, *gone)
    names = tuple(SLICES[at] for at in np.flatnonzero(kept))
    rest = Found(*(side[:, kept] for side in found))
    absolute = None if asked.absolute is None else asked.absolute(candidate)[kept]
    shared = shared_tokens(reference, candidate)
    return ratio_draws(names, rest, parts, shared, groups, gone, absolute=absolute)


def _enough(asked: Asked, expected: FloatArray) -> tuple[BoolArray, tuple[Undetermined, ...]]:
    """Lengths of which there is enough in a human part, and a note on the others."""
    kept = expected >= asked.min_types
    gone = tuple(
        Undetermined(
            metric=asked.metric,
            reason="too-few-objects",
            slice=SLICES[at],
            params={"found": round(float(expected[at]), 1), "needed": asked.min_types},
        )
        for at in np.flatnonzero(~kept)
    )
    return kept, gone
