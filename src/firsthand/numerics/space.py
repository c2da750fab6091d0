"""Points of both sides and their neighbours, found once for every metric that asks about them.

For each random split of the reference: which points of one part lie within reach of another? All
questions are answered from four sets of neighbour lists and one bit a split (`reach`), and kept
until another pair of sets is asked about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BUCKETS, Draws, FeatureView, Splits
from firsthand.errors import InputError
from firsthand.numerics import reach
from firsthand.numerics.halves import Found, Halves, match, nothing, ratio_draws, thin, too_few
from firsthand.numerics.neighbours import Points
from firsthand.numerics.once import Once
from firsthand.numerics.prdc import prdc
from firsthand.numerics.reach import Bits, Lists
from firsthand.types import ALL, FloatArray, Shared, Undetermined

K = 5  # as Naeem et al.
AT_MOST = 5000  # points a side; more are thinned by digest
MEMBERS = 12  # of each list belong to the smallest part on average
MIN_GROUPS = 20
MIN_POINTS = 10
COPY = 0.05  # of human points are as near to the reference as this: nearer is a copy


class Space(NamedTuple):
    """Neighbour lists of the thinned points of both sides."""

    ours: Lists  # the reference in the reference
    across: Lists  # the reference in the candidate
    back: Lists  # the candidate in the reference
    theirs: Lists  # the candidate in the candidate
    bucket: NDArray[np.int64]  # (n,) of the reference
    other: NDArray[np.int64]  # (m,) of the candidate
    parts: Halves
    shared: Shared


def draws(name: str, reference: FeatureView, candidate: FeatureView, splits: Splits) -> Draws:
    """What the candidate shows, as a share of what a second human sample of its size shows.

    Args:
        name: "precision", "recall", "density", "coverage" or "near_copies".
        reference: n points; more than 5000 are thinned by digest.
        candidate: m points, thinned likewise.
        splits: rows as in every other metric.

    Raises:
        InputError: the sides have different numbers of dimensions.
    """
    groups = min(reference.groups, candidate.groups)
    problem = _problem(name, reference, candidate, groups)
    if problem is not None:
        return nothing(splits, groups, problem)
    space, found = _shares(reference, candidate, splits)
    size = np.bincount(space.bucket, minlength=BUCKETS)
    fewest = float(min((space.parts.one @ size).min(), (space.parts.other @ size).min()))
    problem = too_few(name, groups, fewest, (MIN_GROUPS, MIN_POINTS))
    if problem is None and not found[name].human.mean() > 0:
        params = {"found": len(space.bucket), "needed": MIN_POINTS}
        problem = Undetermined(metric=name, reason="human-halves-differ", params=params)
    if problem is not None:
        return nothing(splits, groups, problem)
    published = _copies(space) if name == "near_copies" else _scores(reference, candidate)[name]
    absolute = np.array([published])
    return ratio_draws((ALL,), found[name], space.parts, space.shared, groups, absolute=absolute)


def _problem(
    name: str, reference: FeatureView, candidate: FeatureView, groups: int
) -> Undetermined | None:
    if groups < MIN_GROUPS:
        return too_few(name, groups, MIN_POINTS, (MIN_GROUPS, MIN_POINTS))
    ours, theirs = reference.features, candidate.features
    if ours.shape[1] != theirs.shape[1]:
        raise InputError(
            f"the candidate's points have {theirs.shape[1]} features",
            expected=f"{ours.shape[1]}, as the reference's",
            todo="Make both with the same embedder.",
        )
    broken = sum(int((~np.isfinite(side).all(axis=1)).sum()) for side in (ours, theirs))
    if broken:
        return Undetermined(metric=name, reason="features-not-finite", params={"found": broken})
    if (ours == ours[0]).all():
        params = {"found": len(ours)}
        return Undetermined(metric=name, reason="features-constant", params=params)
    return None


def _published(reference: FeatureView, candidate: FeatureView) -> Mapping[str, float]:
    return prdc(reference.features, candidate.features, k=K).scores._asdict()


def _find(
    reference: FeatureView, candidate: FeatureView, splits: Splits
) -> tuple[Space, Mapping[str, Found]]:
    """All shares of all parts, from one set of lists."""
    space = _space(reference, candidate, splits)
    member = reach.pack(space.parts.first)
    balls = reach.closed(space.ours, member, K)
    precise = (
        _inside(space, balls, member, theirs=False),
        _inside(space, balls, member, theirs=True),
    )
    reached = _reached(space, balls)
    found = {
        "precision": _of_part(space, [each[0] for each in precise]),
        "density": _of_part(space, [each[1] / K for each in precise]),
        "coverage": Found(**{name: each[0] for name, each in reached.items()}),
        "recall": Found(**{name: each[1] for name, each in reached.items()}),
        "near_copies": _near(space, member),
    }
    return space, found


_shares: Once[tuple[Space, Mapping[str, Found]]] = Once(_find)
_scores: Once[Mapping[str, float]] = Once(_published)


def _space(reference: FeatureView, candidate: FeatureView, splits: Splits) -> Space:
    ours, theirs = _points(reference, candidate)
    sizes = [np.bincount(side.bucket, minlength=BUCKETS).astype(float) for side in (ours, theirs)]
    parts = match(splits, *sizes)
    # Radii are set by as many points as are searched.
    first = thin(parts.first, sizes[0], parts.human @ sizes[0], splits.seed + 3)
    most = max(len(ours.bucket), len(theirs.bucket))
    listed = int(np.ceil(MEMBERS * most / max(float((parts.one @ sizes[0]).mean()), 1.0)))
    pairs = ((ours, ours), (ours, theirs), (theirs, ours), (theirs, theirs))
    ours_in_ours, ours_in_theirs, theirs_in_ours, theirs_in_theirs = (
        reach.lists_of(*pair, listed) for pair in pairs
    )
    both = int(np.isin(theirs.identity, ours.identity).sum())
    return Space(
        ours=ours_in_ours,
        across=ours_in_theirs,
        back=theirs_in_ours,
        theirs=theirs_in_theirs,
        bucket=ours.bucket,
        other=theirs.bucket,
        parts=parts._replace(first=first),
        shared=Shared(len(ours.bucket), len(theirs.bucket), both),
    )


def _points(reference: FeatureView, candidate: FeatureView) -> tuple[Points, Points]:
    n, m = len(reference.bucket), len(candidate.bucket)
    limit = min(AT_MOST, 2 * n, 2 * m)
    media = np.concatenate([reference.media, candidate.media])
    identity = np.unique(media, return_inverse=True)[1]
    return _thinned(reference, identity[:n], limit), _thinned(candidate, identity[n:], limit)


def _thinned(view: FeatureView, identity: NDArray[np.int64], limit: int) -> Points:
    """At most `limit` points, in the order of their digests: as good as random, and stable."""
    # The bucket is the first byte of a digest, so the order must come from its other end.
    tails = np.array([bytes(each)[::-1] for each in view.media], dtype=view.media.dtype)
    kept = np.argsort(tails, kind="stable")[:limit]
    return Points(view.features[kept], view.bucket[kept], identity[kept])


def _inside(
    space: Space, balls: Bits, member: Bits, *, theirs: bool
) -> tuple[FloatArray, FloatArray]:
    """Points of a side in some ball of A, and balls of A around them, by bucket. (splits, 64)."""
    lists, bucket = (space.back, space.other) if theirs else (space.ours, space.bucket)
    splits = len(space.parts.first)
    digits = reach.inside(lists, member, space.ours, balls)
    some = np.bitwise_or.reduce(digits)
    balls_around = sum(
        2**at * reach.by_bucket(digit, bucket, splits) for at, digit in enumerate(digits)
    )
    return reach.by_bucket(some, bucket, splits).astype(float), np.asarray(balls_around, float)


def _of_part(space: Space, hits: list[FloatArray]) -> Found:
    """Means over the points of each part, from sums by bucket of either side."""
    sizes = [np.bincount(side, minlength=BUCKETS) for side in (space.bucket, space.other)]
    out = {}
    for name in Found._fields:
        side = int(name == "candidate")
        part = getattr(space.parts, name)
        out[name] = ((hits[side] * part).sum(axis=1) / (part @ sizes[side]))[:, None]
    return Found(**out)


def _reached(space: Space, balls: Bits) -> Mapping[str, tuple[FloatArray, FloatArray]]:
    """Share of A that holds a point of a part in its balls, and that lies in one's. (splits, 1)."""
    own, first = np.arange(len(space.bucket)), space.parts.first
    size = first @ np.bincount(space.bucket, minlength=BUCKETS)
    out = {}
    for across, searched, names in (
        (space.ours, space.ours, ("human", "one", "other")),
        (space.across, space.theirs, ("candidate",)),
    ):
        mine = reach.Side(balls, reach.closer(across, space.ours, own))
        place = reach.closer(across, searched, across.rows)
        for name in names:
            part = reach.pack(getattr(space.parts, name))
            other = reach.Side(reach.closed(searched, part, K), place)
            covered, recalled = (
                (reach.by_bucket(bits, space.bucket, len(first)) * first).sum(axis=1) / size
                for bits in reach.both_ways(across, part, mine, other)
            )
            out[name] = (covered[:, None], recalled[:, None])
    return out


def _near(space: Space, member: Bits) -> Found:
    """Share of each part's points that lie nearer to A than 95 % of human ones do. (splits, 1)."""
    parts = space.parts
    ours, theirs = (
        reach.radius(lists, reach.closed(lists, member, 1), len(parts.first))
        for lists in (space.ours, space.back)
    )
    out = np.empty((len(Found._fields), len(parts.first)))
    for split in range(len(parts.first)):
        human = ours[parts.human[split, space.bucket], split]
        edge = _edge(human)
        for at, name in enumerate(Found._fields):
            distance, bucket = (
                (theirs, space.other) if name == "candidate" else (ours, space.bucket)
            )
            chosen = distance[getattr(parts, name)[split, bucket], split]
            out[at, split] = (chosen <= edge).mean()
    return Found(*out[:, :, None])


def _edge(distance: FloatArray) -> float:
    """What the nearest twentieth lies within."""
    place = int(np.ceil(COPY * len(distance))) - 1
    return float(np.partition(distance, place)[place])


def _copies(space: Space) -> float:
    """Share of the candidate's points nearer to the reference than 95 % of its own to the rest."""
    return float((space.back.distance[0] <= _edge(space.ours.distance[0])).mean())
