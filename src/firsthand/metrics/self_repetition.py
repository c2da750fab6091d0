"""How much of a document do other documents say in the same words?

Runs of four words that stand in two documents or more, as a share of all runs, against a human part
with as many runs. Models repeat their own phrases from one text to the next long before a single
text repeats itself. A run counts once a document. The absolute value is the self-repetition score:
the mean over documents of the log of the sum over its runs of 1 plus the number of other documents
that hold the run.

Source: Salkar et al. 2022 (doi:10.18653/v1/2022.aacl-short.42); Shaib et al. 2024
(arXiv:2403.00553).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BUCKETS, Draws, Metric, Splits, TokensView
from firsthand.numerics.halves import match, nothing, ratio_draws, too_few
from firsthand.numerics.spectrum import Counts, by_count, scores, shared_tokens, spectrum
from firsthand.numerics.tokens import n_grams
from firsthand.types import ALL, FloatArray

NAME = "self_repetition"
LENGTH = 4
MIN_GROUPS = 20
MIN_RUNS = 10


def compare(reference: TokensView, candidate: TokensView, splits: Splits) -> Draws:
    """Runs that other documents hold too, against those of a human part with as many runs."""
    groups = min(reference.groups, candidate.groups)
    ours, theirs = runs(reference), runs(candidate)
    sizes = _by_bucket(ours), _by_bucket(theirs)
    counts = spectrum(_repeated(ours), _repeated(theirs), 1)
    counts = counts._replace(reference_size=sizes[0], candidate_size=sizes[1])
    parts = match(splits, *sizes)
    found = scores(counts, parts, _said_elsewhere)
    least = float(found.human.mean()) if sizes[1].sum() else 0.0
    problem = too_few(NAME, groups, least, (MIN_GROUPS, MIN_RUNS))
    if problem is not None:
        return nothing(splits, groups, problem)
    shared = shared_tokens(reference, candidate)
    absolute = np.array([score(theirs)])
    return ratio_draws((ALL,), found, parts, shared, groups, absolute=absolute)


def runs(view: TokensView) -> TokensView:
    """The different runs of four words of each document, as its tokens, by rising hash."""
    documents = len(view.bucket)
    grams, document = n_grams(view._replace(bucket=np.arange(documents)), LENGTH)
    order = np.lexsort((grams, document))
    grams, document = grams[order], document[order]
    first = np.ones(len(grams), bool)
    first[1:] = (grams[1:] != grams[:-1]) | (document[1:] != document[:-1])
    held = np.bincount(document[first], minlength=documents)
    return view._replace(tokens=grams[first], start=np.concatenate([[0], np.cumsum(held)]))


def _holders(view: TokensView) -> NDArray[np.int64]:
    """How many documents hold each run, (runs,)."""
    _, place, times = np.unique(view.tokens, return_inverse=True, return_counts=True)
    return np.asarray(times[place])


def _repeated(view: TokensView) -> TokensView:
    """Only runs that two documents or more hold."""
    kept = _holders(view) > 1
    before = np.concatenate([[0], np.cumsum(kept)])
    return view._replace(tokens=view.tokens[kept], start=before[view.start])


def _by_bucket(view: TokensView) -> FloatArray:
    lengths = np.diff(view.start).astype(np.float64)
    return np.bincount(view.bucket, weights=lengths, minlength=BUCKETS).astype(np.float64)


def _said_elsewhere(_first: Counts, other: Counts, kept: FloatArray) -> FloatArray:
    """Runs that two documents of the part or more hold, in each of them, (chunk,)."""
    said = np.where(other > 1, other, 0).sum(axis=1, dtype=np.float64)
    # Where a run is thinned away, its only other holder says it alone.
    return np.asarray(kept * (said - 2 * (1 - kept) * by_count(other)[:, 2]))


def score(view: TokensView) -> float:
    """The self-repetition score of documents, of which `runs` gave the runs."""
    sums = np.add.reduceat(
        np.append(_holders(view), 0), np.minimum(view.start[:-1], len(view.tokens))
    )
    return float(np.log(sums[np.diff(view.start) > 0]).mean())


component = Metric(
    name=NAME,
    question="How much of a document do other documents say in the same words?",
    unit="times what a second human sample repeats",
    range=(0.0, float("inf")),
    worse="up",
    source="Salkar et al. 2022 (doi:10.18653/v1/2022.aacl-short.42); Shaib et al. 2024 "
    "(arXiv:2403.00553)",
    view="tokens",
    tasks=frozenset({"text"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="self-repetition score of the candidate",
    min_groups=MIN_GROUPS,
    min_objects=MIN_RUNS,
    sees=frozenset({"variance-shrink", "near-duplicates"}),
    blind_to=frozenset({"over-dispersion"}),
    compare=compare,
)
