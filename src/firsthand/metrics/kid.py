"""How far apart are candidate and reference, in means of all products of up to three features?

The squared maximum mean discrepancy with the kernel of the Kernel Inception Distance. The published
number is `absolute`: unbiased, on all pairs of points instead of on subsets of a thousand, which
leaves no noise of its own.

The value is what the candidate shows over what a second human sample of the same size shows, and 1
is no difference. A human sample is apart from another because it is finite, by as much as its
points spread; a candidate is given the same distance for its size, not its own, or a set that
shrank would come out nearer than a human one. For the value features are scaled so that each
direction counts (`pointset.whitened`). Of more than 20,000 points a side the rest is left out, by
digest.

Source: Bińkowski et al. 2018 (arXiv:1801.01401); Gretton et al. 2012 (JMLR 13:723).
"""

from __future__ import annotations

from firsthand.contracts import Draws, FeatureView, Metric, Splits
from firsthand.numerics import kernels, pointset
from firsthand.numerics.halves import Found, Halves
from firsthand.numerics.pointset import PointSet, Question

NAME = "kid"


def compare(reference: FeatureView, candidate: FeatureView, splits: Splits) -> Draws:
    """The discrepancy of the candidate over that of a second human sample, at equal size."""
    return pointset.ask(Question(NAME, _found, _whole), reference, candidate, splits)


def _whole(reference: FeatureView, candidate: FeatureView) -> float:
    sides = (pointset.point_set(side, pointset.AT_MOST) for side in (reference, candidate))
    return kernels.mmd(kernels.sums(*sides)).value


def _found(ours: PointSet, theirs: PointSet, parts: Halves, seed: int) -> Found:
    sums = kernels.sums(*pointset.whitened(ours, theirs, seed))
    half, quarter = (kernels.expected(sums, parts.first, part) for part in (parts.human, parts.one))
    human, one, other = (
        kernels.unbiased(sums, parts.first, part, theirs=False)[:, None]
        for part in (parts.human, parts.one, parts.other)
    )
    candidate = kernels.unbiased(sums, parts.first, parts.candidate, theirs=True)[:, None]
    return Found(human + half, candidate + half, one + quarter, other + quarter)


component = Metric(
    name=NAME,
    question="How far apart are candidate and reference in products of up to three features?",
    unit="share of a human half's discrepancy",
    range=(0.0, float("inf")),
    worse="up",
    source="Bińkowski et al. 2018 (arXiv:1801.01401); Gretton et al. 2012 (JMLR 13:723)",
    view="features",
    tasks=frozenset({"detect", "segment", "oriented", "classify"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="squared discrepancy",
    min_groups=pointset.MIN_GROUPS,
    min_objects=pointset.MIN_POINTS,
    sees=frozenset({"variance-shrink", "mode-loss", "tail-cut", "class-drop", "over-dispersion"}),
    compare=compare,
)
