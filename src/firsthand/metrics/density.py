"""How crowded with people's points are the places where the candidate is?

In how many balls of the reference, out to its points' k-th neighbours, does a point of the
candidate lie, over k = 5? That number, on all rows, is `absolute`; it can exceed 1, and does where
a set shrank to its middle. The value is the same at equal sizes over what a second human sample
shows. Balls are looked up among a point's nearest neighbours, so that it is bounded above
(docs/prdc.md).

Source: Naeem et al. 2020 (arXiv:2002.09797).
"""

from __future__ import annotations

from firsthand.contracts import Draws, FeatureView, Metric, Splits
from firsthand.numerics import space

NAME = "density"


def compare(reference: FeatureView, candidate: FeatureView, splits: Splits) -> Draws:
    """The candidate's share over that of a second human sample, at equal size."""
    return space.draws(NAME, reference, candidate, splits)


component = Metric(
    name=NAME,
    question="How crowded with people's points are the places where the candidate is?",
    unit="share of a human half's density",
    range=(0.0, float("inf")),
    worse="down",
    source="Naeem et al. 2020 (arXiv:2002.09797)",
    view="features",
    tasks=frozenset({"detect", "segment", "oriented", "classify"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="balls over k",
    min_groups=space.MIN_GROUPS,
    min_objects=space.MIN_POINTS,
    sees=frozenset({"over-dispersion"}),
    blind_to=frozenset({"variance-shrink", "tail-cut", "mode-loss", "class-drop"}),
    compare=compare,
)
