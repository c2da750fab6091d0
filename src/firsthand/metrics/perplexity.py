"""How surprising is the text to a model of how people write?

An n-gram model learns from a quarter of the reference and reads the documents of the other buckets
of both sides, so that no document is read by a model that saw it or its group. Two questions, since
two things go wrong. Models write what is likely: their text is too predictable. Hot sampling, or
another subject or language, is too surprising. Each is a ratio of perplexities, the larger the
worse. `absolute` is the perplexity of the three quarters of the candidate that are read.

Reading in turn what the others learnt from would use all documents, but two of one subject would
then make each other less surprising, which no resampling of what was read shows.

Source: perplexity of generations under the first model, Shumailov et al. 2024
(doi:10.1038/s41586-024-07566-y); model: Chen & Goodman 1999 (Computer Speech & Language 13:359).
"""

from __future__ import annotations

from firsthand.contracts import Draws, Metric, Splits, TokensView
from firsthand.numerics.halves import nothing, too_few
from firsthand.numerics.language import documents, numbered, train
from firsthand.numerics.spectrum import shared_tokens
from firsthand.numerics.surprise import both_ways, read, vocabulary_of

NAME = "perplexity"
LEARNT = 4  # one in so many buckets
MIN_GROUPS = 20
MIN_TOKENS = 1000


def compare(reference: TokensView, candidate: TokensView, splits: Splits) -> Draws:
    """Perplexity of the candidate against that of human text that was not learnt from either."""
    groups = min(reference.groups, candidate.groups)
    least = min(len(reference.tokens), len(candidate.tokens))
    problem = too_few(NAME, groups, least, (MIN_GROUPS, MIN_TOKENS))
    if problem is not None:
        return nothing(splits, groups, problem)
    views = numbered(reference, candidate)
    learnt = documents(views[0], reference.bucket % LEARNT == 0)
    model = train(learnt, vocabulary_of(*views))
    ours, theirs = (read(model, documents(view, view.bucket % LEARNT > 0)) for view in views)
    return both_ways(ours, theirs, splits, shared_tokens(reference, candidate), groups)


component = Metric(
    name=NAME,
    question="How surprising is the text to a model of how people write?",
    unit="times as predictable, or as surprising, as a second human sample",
    range=(0.0, float("inf")),
    worse="up",
    source="Shumailov et al. 2024 (doi:10.1038/s41586-024-07566-y); Chen & Goodman 1999 (Computer "
    "Speech & Language 13:359)",
    view="tokens",
    tasks=frozenset({"text"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="perplexity of the candidate under a model of a quarter of the reference",
    min_groups=MIN_GROUPS,
    min_objects=MIN_TOKENS,
    sees=frozenset({"variance-shrink", "tail-cut", "over-dispersion"}),
    compare=compare,
)
