"""Do the reference's rare words still make up as much of the text?

Rare are the least frequent types that together hold a tenth of the tokens of part A of the
reference. The value is their share of the candidate's tokens over their share of another human
part. Choosing them on one part and measuring them on another matters: words that look rare in the
text they were chosen on are less rare there than anywhere else, by chance alone.

Source: tail mass as in Dohmatob et al. 2024 (arXiv:2402.07043); the reference's own rare set as in
the missing-mass analysis of Suresh et al. 2024 (arXiv:2412.17646).
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import Draws, Metric, Splits, TokensView
from firsthand.numerics.halves import match, nothing, ratio_draws, too_few
from firsthand.numerics.spectrum import Counts, scores, shared_tokens, spectrum
from firsthand.types import ALL, FloatArray

NAME = "rare_token_mass"
RARE = 0.1
MIN_GROUPS = 20
MIN_TOKENS = 10


def compare(reference: TokensView, candidate: TokensView, splits: Splits) -> Draws:
    """Share of tokens that part A's rare types hold in the candidate and in a human half."""
    groups = min(reference.groups, candidate.groups)
    counts = spectrum(reference, candidate, 1, of_reference=True)
    parts = match(splits, counts.reference_size, counts.candidate_size)
    found = scores(counts, parts, _rare_tokens)
    problem = too_few(NAME, groups, float(found.human.mean()), (MIN_GROUPS, MIN_TOKENS))
    if problem is not None:
        return nothing(splits, groups, problem)
    return ratio_draws((ALL,), found, parts, shared_tokens(reference, candidate), groups)


def _rare_tokens(first: Counts, other: Counts, kept: FloatArray) -> FloatArray:
    """Tokens of the other part that are of A's rare types, at equal sizes. (chunk,)."""
    limit = _rare_up_to(first, RARE * first.sum(axis=1))
    rare = (first > 0) & (first <= limit[:, None])
    return np.asarray(kept * np.einsum("ij,ij->i", rare, other))


def _rare_up_to(counts: Counts, wanted: FloatArray) -> FloatArray:
    """The count up to which types together hold at least the wanted number of tokens, (chunk,)."""
    most = int(counts.max(initial=0)) + 1
    rows = np.arange(len(counts))[:, None] * most
    types = np.bincount((rows + counts.astype(np.int64)).ravel(), minlength=len(counts) * most)
    mass = np.cumsum(types.reshape(len(counts), most) * np.arange(most), axis=1)
    return np.asarray((mass >= wanted[:, None]).argmax(axis=1), dtype=np.float64)


component = Metric(
    name=NAME,
    question="Do the reference's rare words still make up as much of the text?",
    unit="share of what they hold in a second human sample",
    range=(0.0, float("inf")),
    worse="down",
    source="Dohmatob et al. 2024 (arXiv:2402.07043); Suresh et al. 2024 (arXiv:2412.17646)",
    view="tokens",
    tasks=frozenset({"text"}),
    neutral=1.0,
    size_free=False,
    finding="rare-tokens-lost",
    min_groups=MIN_GROUPS,
    min_objects=MIN_TOKENS,
    sees=frozenset({"variance-shrink", "tail-cut"}),
    blind_to=frozenset({"over-dispersion"}),
    compare=compare,
)
