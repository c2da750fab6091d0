"""How surprised is a model by documents that it did not learn from?"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import Draws, Splits, TokensView
from firsthand.numerics.halves import Found, ratio_draws
from firsthand.numerics.language import Model, log_chances
from firsthand.numerics.quotients import Sums, by_bucket, quotients
from firsthand.numerics.tokens import document_of
from firsthand.types import Shared, Slice

SLICES: tuple[Slice, ...] = ((("text", "too-predictable"),), (("text", "too-surprising"),))


def vocabulary_of(*views: TokensView) -> int:
    """How many different words there are in all of them, and one more for what none says."""
    return len(np.unique(np.concatenate([view.tokens for view in views]))) + 1


def read(model: Model, view: TokensView) -> Sums:
    """Surprise of a model at documents, in nats, over their words, by bucket."""
    bucket = view.bucket[document_of(view)]
    return by_bucket(bucket, -log_chances(model, view), np.ones(len(bucket)))


def both_ways(
    reference: Sums, candidate: Sums, splits: Splits, shared: Shared, groups: int
) -> Draws:
    """Is the candidate more predictable than a second human sample, is it more surprising?

    Perplexity of human text over that of the candidate, and the other way up: of each, above 1 is
    worse. The absolute value of both is the perplexity of all that was read of the candidate.
    """
    found, parts = quotients(reference, candidate, splits)
    each = Found(*(np.exp(np.hstack([-side, side])) for side in found))
    absolute = np.full(2, np.exp(candidate.whole))
    return ratio_draws(SLICES, each, parts, shared, groups, absolute=absolute)
