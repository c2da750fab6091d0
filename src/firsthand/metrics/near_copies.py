"""What share of the candidate is a near copy of the reference?

A candidate that memorised lies nearer to what it was made from than people's own points lie to each
other. A near copy is a point nearer to part of the reference than 95 % of the human points that are
not in it. The value is the share of such points over that of people, 0.05: 20 if all are copies.
Copies to the last byte are overlap and are reported as that; here they do not count.

A set that shrank to where people's points are dense lies nearer to them too, without one copy:
read it together with `recall`. Copies within the candidate are not looked for.

Source: after Meehan et al. 2020 (arXiv:2004.05675), with the nearest twentieth of human distances.
"""

from __future__ import annotations

from firsthand.contracts import Draws, FeatureView, Metric, Splits
from firsthand.numerics import space

NAME = "near_copies"


def compare(reference: FeatureView, candidate: FeatureView, splits: Splits) -> Draws:
    """The candidate's share over that of a second human sample, at equal size."""
    return space.draws(NAME, reference, candidate, splits)


component = Metric(
    name=NAME,
    question="What share of the candidate is a near copy of the reference?",
    unit="share of human points as near",
    range=(0.0, float("inf")),
    worse="up",
    source="after Meehan et al. 2020 (arXiv:2004.05675), against the nearest human twentieth",
    view="features",
    tasks=frozenset({"detect", "segment", "oriented", "classify"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="share of the candidate's points",
    min_groups=space.MIN_GROUPS,
    min_objects=space.MIN_POINTS,
    sees=frozenset({"variance-shrink", "tail-cut"}),
    blind_to=frozenset({"over-dispersion", "near-duplicates", "mode-loss", "class-drop"}),
    compare=compare,
)
