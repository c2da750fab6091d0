"""How far would points have to move, along random lines, to turn the reference into the candidate?

The sliced Wasserstein distance of order 1: the mean over 128 random lines of the area between both
distribution functions. The published number is `absolute`: all points, all dimensions, always the
same lines. The value is its square over that of a second human sample of the same size, and 1 is no
difference. For the value features are scaled so that each direction counts (`pointset.whitened`),
functions are taken at 48 common edges a line, and the part of the distance that is due to samples
being finite is evened out (`pointset.without_own_size`).

Source: Bonneel et al. 2015 (J. Math. Imaging Vis. 51:22); Rabin et al. 2012 (SSVM).
"""

from __future__ import annotations

from firsthand.contracts import Draws, FeatureView, Metric, Splits
from firsthand.numerics import pointset, slices
from firsthand.numerics.halves import Found, Halves
from firsthand.numerics.pointset import PointSet, Question
from firsthand.types import BoolArray, FloatArray

NAME = "sliced_wasserstein"


def compare(reference: FeatureView, candidate: FeatureView, splits: Splits) -> Draws:
    """The distance of the candidate over that of a second human sample, at equal size."""
    return pointset.ask(Question(NAME, _found, _whole), reference, candidate, splits)


def _whole(reference: FeatureView, candidate: FeatureView) -> float:
    fixed = slices.directions(reference.features.shape[1], slices.LINES, 0)
    return slices.distance(reference.features, candidate.features, fixed)


def _found(ours: PointSet, theirs: PointSet, parts: Halves, seed: int) -> Found:
    ours, theirs = pointset.whitened(ours, theirs, seed)
    lines = slices.directions(ours.features.shape[1], slices.LINES, seed)
    counts = slices.counts(ours, theirs, lines)

    def squared(one: BoolArray, other: BoolArray, *, theirs: tuple[bool, bool]) -> FloatArray:
        return slices.between(counts, one, other, theirs=theirs) ** 2

    found = Found(
        *(
            squared(parts.first, part, theirs=(False, at == 1))[:, None]
            for at, part in enumerate((parts.human, parts.candidate, parts.one, parts.other))
        )
    )
    human = squared(parts.one, parts.other, theirs=(False, False))
    candidate = squared(*pointset.candidate_halves(parts, theirs, seed), theirs=(True, True))
    return pointset.without_own_size(found, human, candidate)


component = Metric(
    name=NAME,
    question="How far would points have to move along random lines to turn one set into the other?",
    unit="share of a human half's squared distance",
    range=(0.0, float("inf")),
    worse="up",
    source="Bonneel et al. 2015 (J. Math. Imaging Vis. 51:22)",
    view="features",
    tasks=frozenset({"detect", "segment", "oriented", "classify"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="units of the features",
    min_groups=pointset.MIN_GROUPS,
    min_objects=pointset.MIN_POINTS,
    sees=frozenset({"variance-shrink", "tail-cut", "over-dispersion"}),
    compare=compare,
)
