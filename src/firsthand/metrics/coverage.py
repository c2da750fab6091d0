"""What share of the reference's neighbourhoods holds a point of the candidate?

A point of the reference is covered if some point of the candidate lies within its own k-th
neighbour distance, k = 5. That number, on all rows, is `absolute`. The value is the same at equal
sizes over what a second human sample shows. The balls are the reference's own, so stray points of
the candidate do no harm; but a set that shrank to its middle is near to much in many dimensions,
and the average over all points hides the rare ones: `tail_coverage` asks for both.

Source: Naeem et al. 2020 (arXiv:2002.09797).
"""

from __future__ import annotations

from firsthand.contracts import Draws, FeatureView, Metric, Splits
from firsthand.numerics import space

NAME = "coverage"


def compare(reference: FeatureView, candidate: FeatureView, splits: Splits) -> Draws:
    """The candidate's share over that of a second human sample, at equal size."""
    return space.draws(NAME, reference, candidate, splits)


component = Metric(
    name=NAME,
    question="What share of the reference's neighbourhoods holds a point of the candidate?",
    unit="share of a human half's coverage",
    range=(0.0, float("inf")),
    worse="down",
    source="Naeem et al. 2020 (arXiv:2002.09797)",
    view="features",
    tasks=frozenset({"detect", "segment", "oriented", "classify"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="share of the reference's points",
    min_groups=space.MIN_GROUPS,
    min_objects=space.MIN_POINTS,
    sees=frozenset({"variance-shrink", "over-dispersion"}),
    compare=compare,
)
