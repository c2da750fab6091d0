"""Points of both sides in one order, and whether anything can be said of them at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BUCKETS, Draws, FeatureView, Splits
from firsthand.errors import InputError
from firsthand.numerics.buckets import by_digest
from firsthand.numerics.halves import (
    Found,
    Halves,
    match,
    nothing,
    ratio_draws,
    rows,
    thin,
    too_few,
)
from firsthand.types import ALL, BoolArray, FloatArray, Shared, Undetermined

MIN_GROUPS = 20
MIN_POINTS = 10
AT_MOST = 20_000
MOST_DIMENSIONS = 128
"""Splits look at no more: two thousand eigenvalue problems of this size take 2 to 3 s."""
SECONDS_A_DIMENSION = 1.6e-4


class PointSet(NamedTuple):
    """Points by bucket, and by digest within a bucket: the order of the files cannot matter."""

    features: NDArray[np.float32]  # (n, d)
    start: NDArray[np.int64]  # (65,) bucket b is features[start[b]:start[b + 1]]
    media: NDArray[np.bytes_]  # (n,)

    @property
    def sizes(self) -> FloatArray:
        """Points in each bucket, (64,)."""
        return np.diff(self.start).astype(np.float64)


class Question(NamedTuple):
    """What is asked of two sets of points."""

    name: str  # of the metric
    score: Callable[[PointSet, PointSet, Halves, int], Found]
    """Of every part in every split or the first of them, (rows, 1) each; takes a seed."""
    whole: Callable[[FeatureView, FeatureView], float]
    """The metric as it was published, on all points."""
    alone: bool = False  # the score of a part looks at nothing else


def ask(
    question: Question, reference: FeatureView, candidate: FeatureView, splits: Splits
) -> Draws:
    """The candidate's score as a share of a second human sample's, over all points at once.

    Splits look at no more than 20,000 points a side, thinned by digest.

    Undetermined where a side has fewer than 20 groups or a human quarter fewer than 10 points,
    where a feature is not a finite number, and where all points of the reference are one.

    Raises:
        InputError: the two sides have different numbers of dimensions.
    """
    groups = min(reference.groups, candidate.groups)
    problem = _problem(question.name, reference, candidate, groups)
    if problem is not None:
        return nothing(splits, groups, problem)
    ours, theirs = (point_set(side, AT_MOST) for side in (reference, candidate))
    parts = match(splits, ours.sizes, theirs.sizes)
    fewest = min(float((part @ side.sizes).min()) for part, side in _smallest(parts, ours, theirs))
    problem = too_few(question.name, groups, fewest, (MIN_GROUPS, MIN_POINTS))
    if problem is not None:
        return nothing(splits, groups, problem)
    both = int(np.isin(theirs.media, ours.media).sum())
    shared = Shared(len(ours.media), len(theirs.media), both)
    found = question.score(ours, theirs, parts, splits.seed)
    whole = np.array([question.whole(reference, candidate)])
    alone = ours.sizes if question.alone else None
    return ratio_draws((ALL,), found, parts, shared, groups, absolute=whole, alone=alone)


def _smallest(
    parts: Halves, ours: PointSet, theirs: PointSet
) -> tuple[tuple[NDArray[np.bool_], PointSet], ...]:
    return (parts.one, ours), (parts.other, ours), (parts.candidate, theirs)


def _problem(
    name: str, reference: FeatureView, candidate: FeatureView, groups: int
) -> Undetermined | None:
    if groups < MIN_GROUPS:
        return too_few(name, groups, MIN_POINTS, (MIN_GROUPS, MIN_POINTS))
    ours, theirs = reference.features, candidate.features
    if ours.shape[1] != theirs.shape[1]:
        raise InputError(
            f"the candidate's features have {theirs.shape[1]} dimensions",
            expected=f"{ours.shape[1]}, as the reference's",
            todo="Make both with the same embedder.",
        )
    broken = _broken(ours) + _broken(theirs)
    if broken:
        return Undetermined(metric=name, reason="features-not-finite", params={"found": broken})
    if (ours.min(axis=0) == ours.max(axis=0)).all():
        params = {"found": len(ours)}
        return Undetermined(metric=name, reason="features-constant", params=params)
    return None


def _broken(features: NDArray[np.float32]) -> int:
    """Points that are not finite; without a copy of the features where there are none."""
    if np.isfinite(features.min(axis=0)).all() and np.isfinite(features.max(axis=0)).all():
        return 0
    return int((~np.isfinite(features)).any(axis=1).sum())


def point_set(view: FeatureView, limit: int | None = None) -> PointSet:
    """The points of a view by bucket and digest; of more than `limit` those of the last digests.

    Digests are as good as random, and the same points are kept on every machine.
    """
    order = by_digest(view.media)[:limit]
    order = order[np.argsort(view.bucket[order], kind="stable")]
    start = np.searchsorted(view.bucket[order], np.arange(BUCKETS + 1))
    features = np.ascontiguousarray(view.features[order])
    return PointSet(features, start.astype(np.int64), view.media[order])


def projected(points: PointSet, seed: int, most: int | None = MOST_DIMENSIONS) -> PointSet:
    """The points in `most` random dimensions at right angles, or unchanged if they have no more.

    Directions are drawn without looking at either side: those that were fitted to the reference
    would show its own spread better than any second sample's.
    """
    d = points.features.shape[1]
    if most is None or d <= most:
        return points
    rng = np.random.Generator(np.random.Philox(key=seed, counter=5))
    axes = np.linalg.qr(rng.standard_normal((d, most)))[0]
    return points._replace(features=points.features @ axes.astype(np.float32))


def whitened(
    ours: PointSet, theirs: PointSet, seed: int, most: int | None = MOST_DIMENSIONS
) -> tuple[PointSet, PointSet]:
    """Both sides in at most so many dimensions, in each of which they spread by about 1 together.

    What is lost is often lost where little varies, and the widest directions would drown it. The
    scale is that of both sides taken together: neither is then nearer to it than a second sample.
    As much of the mean variance as its own estimate is unsure of, d / n, is added to each
    direction, so that those in which nothing varies do not count.
    """
    sides = projected(ours, seed, most), projected(theirs, seed, most)
    pool = np.concatenate([side.features for side in sides]).astype(np.float64)
    n, d = pool.shape
    middle = pool.mean(axis=0)
    pool -= middle
    values, axes = np.linalg.eigh(pool.T @ pool / n)
    scaled = axes / np.sqrt(np.maximum(values, 0.0) + values.mean() * d / n)
    one, other = (
        side._replace(features=((side.features - middle) @ scaled).astype(np.float32))
        for side in sides
    )
    return one, other


def candidate_halves(parts: Halves, theirs: PointSet, seed: int) -> tuple[BoolArray, BoolArray]:
    """The candidate's part in two, as `halves.match` halves the human one. (splits, 64) each."""
    half = parts.candidate @ theirs.sizes / 2
    first = thin(parts.candidate, theirs.sizes, half, seed + 1)
    return first, parts.candidate & ~first


def without_own_size(found: Found, human: FloatArray, candidate: FloatArray) -> Found:
    """Squared distances as they would be if the candidate's points spread like human ones.

    Two samples of one world are apart because they are finite, by as much as their points spread.
    A set that shrank has less of that, and would come out nearer to the reference than a human
    sample. So what is due to the size of a part is taken off and the human mean of it put back.

    Args:
        found: squared distances of each part from the first one.
        human: (splits,) squared distance between the halves of the human part.
        candidate: (splits,) between those of the candidate's.
    """
    # Each half is half as large, and there are two: four times what the part's own size adds.
    own = human.mean() / 4
    return found._replace(
        human=found.human + (own - human / 4)[:, None],
        candidate=found.candidate + (own - candidate / 4)[:, None],
    )


def spectral_rows(points: PointSet, parts: Halves) -> Halves:
    """The parts of as many splits as are worth an eigenvalue problem of this size each.

    All 1999 of up to 16 dimensions, 500 of 128: 1 to 3 s a metric.
    """
    known = rows(len(parts.first), points.features.shape[1] * SECONDS_A_DIMENSION)
    return Halves(*(part[:known] for part in parts))
