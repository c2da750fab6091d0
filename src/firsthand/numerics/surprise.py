"""How surprised is a model by documents that it did not learn from?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firsthand.contracts import BUCKETS, Draws, Splits, TokensView
from firsthand.numerics.halves import Found, ratio_draws
from firsthand.numerics.language import documents, log_chances, train
from firsthand.numerics.quotients import Sums, quotients
from firsthand.numerics.tokens import document_of
from firsthand.types import BoolArray, Shared, Slice

SLICES: tuple[Slice, ...] = ((("text", "too-predictable"),), (("text", "too-surprising"),))
EVERY = np.ones(BUCKETS, bool)


def vocabulary_of(*views: TokensView) -> int:
    """How many different words there are in all of them, and one more for what none says."""
    return len(np.unique(np.concatenate([view.tokens for view in views]))) + 1


def cross_read(
    learnt: TokensView,
    views: Sequence[TokensView],
    vocabulary: int,
    learn: BoolArray = EVERY,
) -> list[Sums]:
    """Surprise of each view, in nats, over its words, by bucket.

    A model learns from the even buckets of `learnt` and reads the odd ones of all views, and the
    other way round, so that no document is read by a model that learnt from its group.

    Args:
        learnt: documents to learn from.
        views: documents to read.
        vocabulary: how many different words may be said.
        learn: (64,) buckets to learn from at all.
    """
    found = [Sums(np.zeros(BUCKETS), np.zeros(BUCKETS)) for _ in views]
    for half in (0, 1):
        mine = learn[learnt.bucket] & (learnt.bucket % 2 == half)
        model = train(documents(learnt, mine), vocabulary)
        for view, sums in zip(views, found, strict=True):
            part = documents(view, view.bucket % 2 != half)
            bucket = part.bucket[document_of(part)]
            surprise = -log_chances(model, part)
            sums.over[:] += np.bincount(bucket, weights=surprise, minlength=BUCKETS)
            sums.under[:] += np.bincount(bucket, minlength=BUCKETS)
    return found


def both_ways(
    reference: Sums, candidate: Sums, splits: Splits, shared: Shared, groups: int
) -> Draws:
    """Is the candidate more predictable than a second human sample, is it more surprising?

    Perplexity of human text over that of the candidate, and the other way up: of each, above 1 is
    worse. The absolute value of both is the perplexity of all of the candidate.
    """
    found, parts = quotients(reference, candidate, splits)
    each = Found(*(np.exp(np.hstack([-side, side])) for side in found))
    absolute = np.full(2, np.exp(candidate.whole))
    return ratio_draws(SLICES, each, parts, shared, groups, absolute=absolute)
