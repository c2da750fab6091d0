"""How many different words and phrases are there in as much text?

Distinct runs of one to four words in the candidate, as a share of those in a human part with the
same number of words. Distinct-n itself falls with the amount of text, so it says nothing between
texts of two lengths; here both have one length, by leaving out whole documents and by rarefaction.
The absolute value is distinct-n as it was defined, over all of the candidate.

Source: Li et al. 2016 (arXiv:1510.03055); rarefaction after Hurlbert 1971.
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import Draws, Metric, Splits, TokensView
from firsthand.numerics.ngrams import count_hashed, of_view
from firsthand.numerics.runs import LENGTHS, Asked, compare_runs
from firsthand.numerics.spectrum import Counts, by_count, seen_after_thinning
from firsthand.types import FloatArray

NAME = "distinct_n"
MIN_GROUPS = 20
MIN_TYPES = 10


def compare(reference: TokensView, candidate: TokensView, splits: Splits) -> Draws:
    """Distinct runs of each length, against a human part with as many words."""
    asked = Asked(NAME, _distinct, MIN_GROUPS, MIN_TYPES, absolute=_by_definition)
    return compare_runs(asked, reference, candidate, splits)


def _distinct(_first: Counts, other: Counts, kept: FloatArray) -> FloatArray:
    """Types that are seen, (chunk,)."""
    return seen_after_thinning(by_count(other), kept)


def _by_definition(candidate: TokensView) -> FloatArray:
    """Distinct runs over all runs, of each length."""
    found = count_hashed(of_view(candidate), LENGTHS)
    return np.array([found[n].distinct / max(found[n].total, 1) for n in LENGTHS])


component = Metric(
    name=NAME,
    question="How many different words and phrases are there in as much text?",
    unit="share of the distinct runs of a second human sample",
    range=(0.0, float("inf")),
    worse="down",
    source="Li et al. 2016 (arXiv:1510.03055); rarefaction after Hurlbert 1971",
    view="tokens",
    tasks=frozenset({"text"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="distinct runs over all runs of the candidate",
    min_groups=MIN_GROUPS,
    min_objects=MIN_TYPES,
    sees=frozenset({"variance-shrink", "tail-cut", "near-duplicates"}),
    blind_to=frozenset({"over-dispersion"}),
    compare=compare,
)
