"""How much does the kind of one more object tell, as in human data?

Shannon's entropy of the classes of objects (for text: of the types of words), in nats. The value is
the candidate's over that of as many objects of the reference: below 1 its kinds are easier to
guess. `absolute` is the candidate's own, over all its objects.

It averages over all kinds, and a rare one weighs little, so it lags behind what is lost: when half
of the words of WikiText-2 were gone under recursion, its entropy had fallen by a fortieth.

Plain counts, as in `absolute`, underestimate entropy where many kinds are rare. For the value
logarithms are replaced by harmonic numbers, which takes most of that away; sizes are equal, so the
rest cancels.

Source: Shannon 1948; estimator of Chao, Wang & Jost 2013 (doi:10.1111/2041-210X.12108), the part
of it that needs no extrapolation.
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import CategoriesView, Draws, Metric, Splits
from firsthand.numerics import diversity
from firsthand.numerics.diversity import Diversity
from firsthand.types import ALL, FloatArray

NAME = "entropy"


def compare(reference: CategoriesView, candidate: CategoriesView, splits: Splits) -> Draws:
    """Entropy among equally many objects of the candidate and of a human half."""
    return diversity.draws(NAME, (ALL,), _entropy, _whole, (reference, candidate), splits)


def _whole(counts: FloatArray) -> FloatArray:
    return np.array([diversity.shannon(counts)])


def _entropy(found: Diversity) -> FloatArray:
    return found.entropy[:, None]


component = Metric(
    name=NAME,
    question="How much does the kind of one more object tell, as in human data?",
    unit="share of a human half's entropy",
    range=(0.0, float("inf")),
    worse="down",
    source="Shannon 1948; Chao, Wang & Jost 2013 (doi:10.1111/2041-210X.12108)",
    view="categories",
    tasks=frozenset({"detect", "segment", "oriented", "classify", "text"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="nats, of the candidate's kinds",
    min_groups=diversity.LEAST[0],
    min_objects=diversity.LEAST[1],
    sees=frozenset({"variance-shrink", "tail-cut"}),
    blind_to=frozenset({"over-dispersion"}),
    compare=compare,
)
