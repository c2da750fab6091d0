"""How many points, all unlike each other, would be as diverse as the candidate?

The Vendi score of order 1 with cosines as likeness. The published number is `absolute`, of all
points of the candidate; it grows with their number, and depends on the embedder.

The value is the score of the candidate over that of as many points of the reference: below 1 it is
less diverse. Cosines depend on where the origin happens to be: far away, everything looks alike; in
the middle, points that all moved towards it look as diverse as before. So for the value features
are scaled so that each direction counts (`pointset.whitened`) and looked at from one typical
distance off their middle: what moves to the middle then looks more alike.

On halves of human pictures it alarms in about 0.09 of pairs at 0.05 (docs/calibration.md): read a
value just outside the band with that in mind.

Source: Friedman & Dieng 2023 (TMLR, arXiv:2210.02410).
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import Draws, FeatureView, Metric, Splits
from firsthand.numerics import pointset, vendi
from firsthand.numerics.halves import Found, Halves
from firsthand.numerics.pointset import PointSet, Question
from firsthand.types import FloatArray

NAME = "vendi"


def compare(reference: FeatureView, candidate: FeatureView, splits: Splits) -> Draws:
    """The score of the candidate over that of a second human sample, at equal size."""
    return pointset.ask(Question(NAME, _found, _whole, alone=True), reference, candidate, splits)


def _whole(_reference: FeatureView, candidate: FeatureView) -> float:
    return vendi.score(candidate.features)


def _found(ours: PointSet, theirs: PointSet, parts: Halves, seed: int) -> Found:
    ours, theirs = pointset.whitened(ours, theirs, seed)
    parts = pointset.spectral_rows(ours, parts)
    human, candidate = (_products(side) for side in (ours, theirs))
    asked = (
        (human, parts.human),
        (candidate, parts.candidate),
        (human, parts.one),
        (human, parts.other),
    )
    return Found(*(vendi.scores(of, part)[:, None] for of, part in asked))


def _products(points: PointSet) -> FloatArray:
    # Whitened: the root of the mean squared distance from the middle is that of the dimensions.
    n, d = points.features.shape
    off = np.full((n, 1), d**0.5, np.float32)
    return vendi.products(np.hstack([points.features, off]), points.start)


component = Metric(
    name=NAME,
    question="How many points, all unlike each other, would be as diverse as the candidate?",
    unit="share of a human half's score",
    range=(0.0, float("inf")),
    worse="down",
    source="Friedman & Dieng 2023 (arXiv:2210.02410)",
    view="features",
    tasks=frozenset({"detect", "segment", "oriented", "classify"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="points all unlike each other",
    min_groups=pointset.MIN_GROUPS,
    min_objects=pointset.MIN_POINTS,
    sees=frozenset({"variance-shrink", "tail-cut"}),
    blind_to=frozenset({"over-dispersion"}),
    compare=compare,
)
