"""Which words and phrases of the reference does the candidate still use?

Types of the reference (distinct words, and runs of two, three and four) that occur in part A and
again in the candidate, as a share of those that occur again in another part of the reference of
the same number of tokens. What is lost first under recursion is rare types: each is a small part
of the text, together they are most of the vocabulary.

Source: Suresh et al. 2024 (arXiv:2412.17646), surviving symbols; rarefaction after Hurlbert 1971.
"""

from __future__ import annotations

from firsthand.contracts import Draws, Metric, Splits, TokensView
from firsthand.numerics.runs import Asked, compare_runs
from firsthand.numerics.spectrum import Counts, by_count, seen_after_thinning
from firsthand.types import FloatArray

NAME = "type_survival"
MIN_GROUPS = 20
MIN_TYPES = 10


def compare(reference: TokensView, candidate: TokensView, splits: Splits) -> Draws:
    """Surviving types for each length of run, against what another human part keeps."""
    asked = Asked(NAME, _surviving, MIN_GROUPS, MIN_TYPES, of_reference=True)
    return compare_runs(asked, reference, candidate, splits)


def _surviving(first: Counts, other: Counts, kept: FloatArray) -> FloatArray:
    """Types of A that occur again, (chunk,)."""
    return seen_after_thinning(by_count(other, among=first > 0), kept)


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
