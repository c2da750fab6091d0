"""How many kinds are there in effect: all, the typical ones, the dominant ones?

Hill's numbers turn three measures of diversity into one unit, a number of equally common kinds:
order 0 counts every kind that is seen, order 1 is the exponential of the entropy, order 2 the
inverse of the probability that two objects are of one kind. Under recursion order 0 falls first,
because rare kinds go first; order 2 is the last to fall. The values are the candidate's over those
of as many objects of the reference. `absolute` is Hill's number itself, over all of the candidate;
that of order 0 grows with its size.

Source: Hill 1973 (doi:10.2307/1934352); equal sizes by rarefaction, Hurlbert 1971 and Chao & Jost
2015 (doi:10.1111/2041-210X.12349).
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import CategoriesView, Draws, Metric, Splits
from firsthand.numerics import diversity
from firsthand.numerics.diversity import Diversity
from firsthand.types import FloatArray, Slice

NAME = "hill_numbers"
SLICES: tuple[Slice, ...] = tuple((("order", str(order)),) for order in (0, 1, 2))


def compare(reference: CategoriesView, candidate: CategoriesView, splits: Splits) -> Draws:
    """Kinds in effect among equally many objects of the candidate and of a human half."""
    return diversity.draws(NAME, SLICES, _kinds, _whole, (reference, candidate), splits)


def _whole(counts: FloatArray) -> FloatArray:
    share = counts / counts.sum()
    return np.array([len(counts), np.exp(diversity.shannon(counts)), 1 / (share**2).sum()])


def _kinds(found: Diversity) -> FloatArray:
    met = 1.0 - found.differ  # 0 where no kind is seen twice: there is no telling how many
    alike = np.divide(1.0, met, out=np.full_like(met, np.inf), where=met > 0)
    return np.stack([found.seen, np.exp(found.entropy), alike], axis=1)


component = Metric(
    name=NAME,
    question="How many kinds are there in effect: all, the typical ones, the dominant ones?",
    unit="share of a human half's number of kinds",
    range=(0.0, float("inf")),
    worse="down",
    source="Hill 1973 (doi:10.2307/1934352); Chao & Jost 2015 (doi:10.1111/2041-210X.12349)",
    view="categories",
    tasks=frozenset({"detect", "segment", "oriented", "classify", "text"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="kinds in effect, of the candidate",
    min_groups=diversity.LEAST[0],
    min_objects=diversity.LEAST[1],
    sees=frozenset({"variance-shrink", "tail-cut"}),
    blind_to=frozenset({"over-dispersion"}),
    compare=compare,
)
