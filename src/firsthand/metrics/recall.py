"""What share of the reference's points does the candidate lie around?

A point of the reference is recalled if it lies within the k-th neighbour distance of some point of
the candidate, k = 5. That number, on all rows, is `absolute`. The value is the same at equal sizes
over what a second human sample shows. One stray point of the candidate has a huge ball and can
recall much that is lost: `tail_coverage` asks for more.

On halves of human pictures it alarms in 0.01 to 0.08 of pairs at 0.05, by data set
(docs/calibration.md).

Source: Kynkäänniemi et al. 2019 (arXiv:1904.06991).
"""

from __future__ import annotations

from firsthand.contracts import Draws, FeatureView, Metric, Splits
from firsthand.numerics import space

NAME = "recall"


def compare(reference: FeatureView, candidate: FeatureView, splits: Splits) -> Draws:
    """The candidate's share over that of a second human sample, at equal size."""
    return space.draws(NAME, reference, candidate, splits)


component = Metric(
    name=NAME,
    question="What share of the reference does the candidate lie around?",
    unit="share of a human half's recall",
    range=(0.0, float("inf")),
    worse="down",
    source="Kynkäänniemi et al. 2019 (arXiv:1904.06991)",
    view="features",
    tasks=frozenset({"detect", "segment", "oriented", "classify"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="share of the reference's points",
    min_groups=space.MIN_GROUPS,
    min_objects=space.MIN_POINTS,
    sees=frozenset({"variance-shrink", "mode-loss", "class-drop", "tail-cut"}),
    blind_to=frozenset({"over-dispersion"}),
    compare=compare,
)
