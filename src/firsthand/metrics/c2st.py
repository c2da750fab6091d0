"""How often does a classifier tell a point of the candidate from one of the reference?

A classifier two-sample test with a discriminant in closed form on features and their squares,
each fold of whole groups judged by what the other three teach. The published number is `absolute`:
the share of held-out points that it puts on the right side, 0.5 where nothing tells them apart, 1
where every point gives itself away.

The value is that share over what is found between two human samples of the same size, so 1 is no
difference and 2 about the most there is. Splits take the discriminant's scores as normal, so that
the share follows from sums alone, and look at 128 random directions of points that have more; it
can show a difference that a single border between the two sides does not yet turn into right
answers. A discriminant sees shifts of means and of spreads along directions, and nothing finer.

Source: Lopez-Paz & Oquab 2017 (ICLR, arXiv:1610.06545); diagonal rule after Bickel & Levina 2004.
"""

from __future__ import annotations

from firsthand.contracts import Draws, FeatureView, Metric, Splits
from firsthand.numerics import discriminant, pointset
from firsthand.numerics.halves import Found, Halves
from firsthand.numerics.pointset import PointSet, Question

NAME = "c2st"


def compare(reference: FeatureView, candidate: FeatureView, splits: Splits) -> Draws:
    """The held-out share of right answers over that between two human samples, at equal size."""
    return pointset.ask(Question(NAME, _found, _whole), reference, candidate, splits)


def _found(ours: PointSet, theirs: PointSet, parts: Halves, seed: int) -> Found:
    human, candidate = (
        discriminant.described(side) for side in pointset.whitened(ours, theirs, seed)
    )
    weight = discriminant.precision(human, candidate)
    return Found(
        *(
            discriminant.held_out(human, side, parts.first, part, weight)[:, None]
            for side, part in (
                (human, parts.human),
                (candidate, parts.candidate),
                (human, parts.one),
                (human, parts.other),
            )
        )
    )


def _whole(reference: FeatureView, candidate: FeatureView) -> float:
    ours, theirs = (pointset.point_set(side, pointset.AT_MOST) for side in (reference, candidate))
    one, other = (
        discriminant.described(side) for side in pointset.whitened(ours, theirs, 0, most=None)
    )
    return discriminant.accuracy(one, other, discriminant.precision(one, other))


component = Metric(
    name=NAME,
    question="How often does a classifier tell a point of the candidate from one of the reference?",
    unit="share of a human half's held-out accuracy",
    range=(0.0, 2.5),
    worse="up",
    source="Lopez-Paz & Oquab 2017 (arXiv:1610.06545)",
    view="features",
    tasks=frozenset({"detect", "segment", "oriented", "classify"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="share of held-out points told apart",
    min_groups=pointset.MIN_GROUPS,
    min_objects=pointset.MIN_POINTS,
    sees=frozenset({"variance-shrink", "tail-cut", "over-dispersion"}),
    compare=compare,
)
