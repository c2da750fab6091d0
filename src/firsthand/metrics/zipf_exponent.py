"""How steeply do words get rarer?

Zipf's law: the r-th most frequent of V words is said in proportion to r^-a. The exponent is the one
under which the text is likeliest, over all words; a line through the logarithms weighs the many
rare words by their number and is biased. A steeper law means that few words say more.

Ranks come from the counts that they explain, which steepens the law a little, and more in a short
text (Piantadosi 2014): both sides are fitted on as many words, so that this cancels.

Source: Bauke 2007 (arXiv:0704.1867), maximum likelihood for truncated discrete power laws;
Piantadosi 2014 (doi:10.3758/s13423-014-0585-6).
"""

from __future__ import annotations

from functools import partial

import numpy as np

from firsthand.contracts import Draws, Metric, Splits, TokensView
from firsthand.numerics.halves import match, nothing, ratio_draws, too_few
from firsthand.numerics.ngrams import count_hashed, of_view
from firsthand.numerics.spectrum import Counts, scores, shared_tokens, spectrum
from firsthand.types import ALL, FloatArray

NAME = "zipf_exponent"
MIN_GROUPS = 20
MIN_TYPES = 50
GRID = np.linspace(0.0, 4.0, 161)  # exponents between which is interpolated


def compare(reference: TokensView, candidate: TokensView, splits: Splits) -> Draws:
    """The exponent of the candidate over that of a human part with as many words."""
    groups = min(reference.groups, candidate.groups)
    counts = spectrum(reference, candidate, 1)
    seen = [int((side.sum(axis=0) > 0).sum()) for side in (counts.reference, counts.candidate)]
    problem = too_few(NAME, groups, min(seen), (MIN_GROUPS, MIN_TYPES))
    if problem is not None:
        return nothing(splits, groups, problem)
    parts = match(splits, counts.reference_size, counts.candidate_size)
    found = scores(counts, parts, partial(_exponents, _expected(counts.reference.shape[1])))
    shared = shared_tokens(reference, candidate)
    absolute = np.array([exponent(candidate)])
    return ratio_draws((ALL,), found, parts, shared, groups, absolute=absolute)


def _expected(words: int) -> FloatArray:
    """The mean logarithm of the rank under each exponent among 1, 2, ... words, (grid, words)."""
    logs = np.log(np.arange(1, words + 1))
    chance = np.exp(-GRID[:, None] * logs)
    return np.asarray(np.cumsum(chance * logs, axis=1) / np.cumsum(chance, axis=1))


def _exponents(
    expected: FloatArray, _first: Counts, other: Counts, _kept: FloatArray
) -> FloatArray:
    """The likeliest exponent of each row, (chunk,): where the mean logarithm is the expected one.

    A half of a percent of the words more or less, which thinning would take away, changes nothing.
    """
    logs = np.log(np.arange(1, other.shape[1] + 1, dtype=np.float32))
    mean = (np.sort(other, axis=1)[:, ::-1] @ logs) / np.maximum(other.sum(axis=1), 1)
    words = np.maximum(np.count_nonzero(other, axis=1), 1)
    curves = expected[::-1, words - 1].T
    rows = zip(mean, curves, strict=True)
    return np.array([np.interp(one, curve, GRID[::-1]) for one, curve in rows])


def exponent(view: TokensView) -> float:
    """The likeliest exponent of all documents together."""
    said = count_hashed(of_view(view), [1])[1]
    counts = np.repeat(said.times, said.types)[::-1]
    logs = np.log(np.arange(1, len(counts) + 1))
    wanted, low, high = counts @ logs / counts.sum(), GRID[0], GRID[-1]
    for _ in range(40):  # the expected mean falls with the exponent: halve the interval
        middle = (low + high) / 2
        chance = np.exp(-middle * logs)
        steeper = chance @ logs / chance.sum() > wanted
        low, high = (middle, high) if steeper else (low, middle)
    return float((low + high) / 2)


component = Metric(
    name=NAME,
    question="How steeply do words get rarer?",
    unit="times the exponent of a second human sample",
    range=(0.0, float("inf")),
    worse="up",
    source="Bauke 2007 (arXiv:0704.1867); Piantadosi 2014 (doi:10.3758/s13423-014-0585-6)",
    view="tokens",
    tasks=frozenset({"text"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="exponent of Zipf's law of the candidate",
    min_groups=MIN_GROUPS,
    min_objects=MIN_TYPES,
    sees=frozenset({"variance-shrink", "tail-cut"}),
    blind_to=frozenset({"over-dispersion"}),
    compare=compare,
)
