"""Which dates, numbers and names of the reference does the candidate still state?

A fact that is said once in a thousand documents is a tail as much as a rare word is: a model
repeats what it saw often and drops or invents the rest. Different facts of part A that occur again
in the candidate are counted, as a share of those that occur again in another human part with as
many words; each counts once, so that the many that are seldom said decide. The absolute value is
the share of all the reference's different facts that the candidate states: where the candidate
retells the reference's own documents, that is the one to read.

Facts are found by patterns (`numerics/texts.py`), which are right about most and know no meaning:
a date under another event is the same date.

Source: facts seen seldom are lost first, Kandpal et al. 2023 (arXiv:2211.08411); recurrence as for
surviving symbols, Suresh et al. 2024 (arXiv:2412.17646).
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import BUCKETS, Draws, Metric, Splits, TextsView, TokensView
from firsthand.numerics.halves import Found, match, nothing, ratio_draws
from firsthand.numerics.spectrum import Counts, by_count, scores, seen_after_thinning, spectrum
from firsthand.numerics.texts import KINDS, facts_view, shared_words, words_of
from firsthand.types import FloatArray, Slice, Undetermined

NAME = "fact_retention"
SLICES: tuple[Slice, ...] = tuple((("kind", kind),) for kind in KINDS)
MIN_GROUPS = 20
MIN_FACTS = 10


def compare(reference: TextsView, candidate: TextsView, splits: Splits) -> Draws:
    """Facts of part A that are stated again, against another human part with as many words."""
    groups = min(reference.groups, candidate.groups)
    if groups < MIN_GROUPS:
        params = {"found": groups, "needed": MIN_GROUPS}
        note = Undetermined(metric=NAME, reason="too-few-groups", params=params)
        return nothing(splits, groups, note)
    ours, theirs = facts_view(reference), facts_view(candidate)
    sizes = _words(reference), _words(candidate)
    parts = match(splits, *sizes)
    each = []
    for kind in KINDS:
        counts = spectrum(ours[kind], theirs[kind], 1, of_reference=True)
        counts = counts._replace(reference_size=sizes[0], candidate_size=sizes[1])
        each.append(scores(counts, parts, _stated))
    found = Found(*(np.hstack(columns) for columns in zip(*each, strict=True)))
    absolute = np.array([_kept(ours[kind], theirs[kind]) for kind in KINDS])
    enough = found.human.mean(axis=0) >= MIN_FACTS
    gone = _too_few(found, enough)
    if not enough.any():
        return nothing(splits, groups, *gone)
    names = tuple(SLICES[at] for at in np.flatnonzero(enough))
    rest = Found(*(side[:, enough] for side in found))
    shared = shared_words(reference, candidate)
    return ratio_draws(names, rest, parts, shared, groups, gone, absolute=absolute[enough])


def _words(view: TextsView) -> FloatArray:
    summed = np.bincount(view.bucket, weights=words_of(view), minlength=BUCKETS)
    return summed.astype(np.float64)


def _stated(first: Counts, other: Counts, kept: FloatArray) -> FloatArray:
    """Facts of A that are stated again, (chunk,)."""
    return seen_after_thinning(by_count(other, among=first > 0), kept)


def _kept(reference: TokensView, candidate: TokensView) -> float:
    """The share of the reference's different facts that the candidate states; NaN of none."""
    asked = np.unique(reference.tokens)
    return float(np.isin(asked, candidate.tokens).mean()) if len(asked) else float("nan")


def _too_few(found: Found, enough: np.ndarray) -> tuple[Undetermined, ...]:
    expected = found.human.mean(axis=0)
    return tuple(
        Undetermined(
            metric=NAME,
            reason="too-few-objects",
            slice=SLICES[at],
            params={"found": round(float(expected[at]), 1), "needed": MIN_FACTS},
        )
        for at in np.flatnonzero(~enough)
    )


component = Metric(
    name=NAME,
    question="Which dates, numbers and names of the reference does the candidate still state?",
    unit="share of the facts that a second human sample states again",
    range=(0.0, float("inf")),
    worse="down",
    source="Kandpal et al. 2023 (arXiv:2211.08411); Suresh et al. 2024 (arXiv:2412.17646)",
    view="texts",
    tasks=frozenset({"text"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="share of the reference's different facts that the candidate states",
    min_groups=MIN_GROUPS,
    min_objects=MIN_FACTS,
    sees=frozenset({"variance-shrink", "tail-cut", "near-duplicates"}),
    compare=compare,
)
