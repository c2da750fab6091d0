"""How far apart are the mean and spread of the candidate from those of the reference?

The Fréchet distance between the normal distributions that fit each side. The published number is
`absolute`: all points, all dimensions. It is biased upwards by 1/n and depends on the embedder, so
nothing follows from it alone; the value is what the candidate shows over what a second human sample
of the same size shows, and 1 is no difference.

For the value features are scaled so that each direction counts (`pointset.whitened`), and the part
of the distance that is due to samples being finite is evened out (`pointset.without_own_size`).

Source: Heusel et al. 2017 (arXiv:1706.08500); Dowson & Landau 1982 (J. Multivariate Anal. 12:450);
bias by sample size after Chong & Forsyth 2020 (arXiv:1911.07023).
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import Draws, FeatureView, Metric, Splits
from firsthand.numerics import frechet, pointset
from firsthand.numerics.halves import Found, Halves
from firsthand.numerics.moments import Spread, moments, of_parts
from firsthand.numerics.pointset import PointSet, Question
from firsthand.types import FloatArray

NAME = "frechet"


def compare(reference: FeatureView, candidate: FeatureView, splits: Splits) -> Draws:
    """The distance of the candidate over that of a second human sample, at equal size."""
    return pointset.ask(Question(NAME, _found, _whole), reference, candidate, splits)


def _whole(reference: FeatureView, candidate: FeatureView) -> float:
    return frechet.distance(reference.features, candidate.features)


def _found(ours: PointSet, theirs: PointSet, parts: Halves, seed: int) -> Found:
    ours, theirs = pointset.whitened(ours, theirs, seed)
    parts = pointset.spectral_rows(ours, parts)
    halves = pointset.candidate_halves(parts, theirs, seed)
    human, candidate = (moments(side.features, side.start) for side in (ours, theirs))
    spreads = zip(
        *(of_parts(human, part) for part in (parts.first, parts.human, parts.one, parts.other)),
        *(of_parts(candidate, part) for part in (parts.candidate, *halves)),
        strict=True,
    )
    scores = np.concatenate([_scores(*chunk) for chunk in spreads], axis=1)
    found = Found(*scores[:4, :, None])
    return pointset.without_own_size(found, *scores[4:])


def _scores(
    first: Spread, human: Spread, one: Spread, other: Spread, candidate: Spread, *halves: Spread
) -> FloatArray:
    """Of the human part, the candidate, each human quarter; between the halves of both. (6, k)."""
    far = frechet.distances(first, human, candidate, one, other)
    return np.stack([*far, *frechet.distances(one, other), *frechet.distances(*halves)])


component = Metric(
    name=NAME,
    question="How far apart are mean and spread of the candidate and the reference?",
    unit="share of a human half's distance",
    range=(0.0, float("inf")),
    worse="up",
    source="Heusel et al. 2017 (arXiv:1706.08500)",
    view="features",
    tasks=frozenset({"detect", "segment", "oriented", "classify"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="squared units of the features",
    min_groups=pointset.MIN_GROUPS,
    min_objects=pointset.MIN_POINTS,
    sees=frozenset({"variance-shrink", "mode-loss", "tail-cut", "class-drop", "over-dispersion"}),
    compare=compare,
)
