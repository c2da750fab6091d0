"""How likely are two objects to be of different kinds, as in human data?

The probability that two objects drawn at random differ in class (for text: two words in type),
1 - sum p^2, as population genetics measures what drift takes away: training on one's own output of
n samples a round multiplies it by 1 - 1/n. The value is the candidate's over that of as many
objects of the reference: below 1 fewer kinds hold more of the whole. `absolute` is the candidate's
own, unbiased, from 0 (one kind) to 1.

It is made by what is frequent and hardly sees rare kinds go: it confirms, and comes late. It rises
where kinds become more even, which is a change but no loss of diversity.

Source: Nei 1978 (Genetics 89:583), unbiased by n / (n - 1); drift after Wright 1931.
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import CategoriesView, Draws, Metric, Splits
from firsthand.numerics import diversity
from firsthand.numerics.diversity import Diversity
from firsthand.types import ALL, FloatArray

NAME = "heterozygosity"


def compare(reference: CategoriesView, candidate: CategoriesView, splits: Splits) -> Draws:
    """Heterozygosity among equally many objects of the candidate and of a human half."""
    return diversity.draws(NAME, (ALL,), _differ, _whole, (reference, candidate), splits)


def _whole(counts: FloatArray) -> FloatArray:
    n = counts.sum()
    return np.array([1 - (counts * (counts - 1)).sum() / (n * (n - 1))])


def _differ(found: Diversity) -> FloatArray:
    return found.differ[:, None]


component = Metric(
    name=NAME,
    question="How likely are two objects to be of different kinds, as in human data?",
    unit="share of a human half's heterozygosity",
    range=(0.0, float("inf")),
    worse="down",
    source="Nei 1978 (Genetics 89:583); Wright 1931 (Genetics 16:97)",
    view="categories",
    tasks=frozenset({"detect", "segment", "oriented", "classify", "text"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="probability that two objects of the candidate differ in kind",
    min_groups=diversity.LEAST[0],
    min_objects=diversity.LEAST[1],
    sees=frozenset({"variance-shrink"}),
    blind_to=frozenset({"over-dispersion"}),
    compare=compare,
)
