"""What share of the candidate's points do people's points lie around?

A point of the candidate is precise if it lies within the k-th neighbour distance of some point of
the reference, k = 5. That number, on all rows, is `absolute`. The value is the same at equal sizes
over what a second human sample shows: below 1 the candidate has points where people have none.

A set that shrank to its middle is as precise as can be: precision says nothing of what was lost,
and is declared so. Whether a point lies in a ball is looked up among its nearest neighbours, a
dozen or more of any part (docs/prdc.md).

Source: Kynkäänniemi et al. 2019 (arXiv:1904.06991).
"""

from __future__ import annotations

from firsthand.contracts import Draws, FeatureView, Metric, Splits
from firsthand.numerics import space

NAME = "precision"


def compare(reference: FeatureView, candidate: FeatureView, splits: Splits) -> Draws:
    """The candidate's share over that of a second human sample, at equal size."""
    return space.draws(NAME, reference, candidate, splits)


component = Metric(
    name=NAME,
    question="What share of the candidate lies among people's points?",
    unit="share of a human half's precision",
    range=(0.0, float("inf")),
    worse="down",
    source="Kynkäänniemi et al. 2019 (arXiv:1904.06991)",
    view="features",
    tasks=frozenset({"detect", "segment", "oriented", "classify"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="share of the candidate's points",
    min_groups=space.MIN_GROUPS,
    min_objects=space.MIN_POINTS,
    sees=frozenset({"over-dispersion"}),
    blind_to=frozenset(
        {"variance-shrink", "tail-cut", "mode-loss", "class-drop", "near-duplicates"}
    ),
    compare=compare,
)
