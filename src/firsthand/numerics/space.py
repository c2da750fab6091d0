"""Points of both sides and their neighbours, found once for every metric that asks about them.

For each random split of the reference: which points of one part lie within reach of another? All
questions are answered from four sets of neighbour lists and one bit a split (`reach`), and kept
until another pair of sets is asked about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BUCKETS, Draws, FeatureView, Splits
from firsthand.errors import InputError
from firsthand.numerics import reach
from firsthand.numerics.buckets import by_digest
from firsthand.numerics.halves import Found, Halves, match, nothing, ratio_draws, thin, too_few
from firsthand.numerics.neighbours import Points
from firsthand.numerics.once import Once
from firsthand.numerics.prdc import prdc
from firsthand.numerics.reach import Bits, Lists
from firsthand.types import ALL, FloatArray, Shared, Undetermined

K = 5  # as Naeem et al.; docs/tail-coverage.md compares 3, 5 and 10
AT_MOST = 5000  # points a side; more are thinned by digest
MEMBERS = 12  # of each list belong to the smallest part on average: the k-th is nearly always there
THREADS = 2  # NumPy works beside itself here; more would need more memory
MIN_GROUPS = 20
MIN_POINTS = 10
CANDIDATE = Found._fields.index("candidate")
COPY = 0.05  # of human points are as near to the reference as this: nearer is a copy


Floats = NDArray[np.float32]


class Space(NamedTuple):
    """Neighbour lists of the thinned points of both sides, and the parts of every split."""

    points: tuple[Points, Points]
    ours: Lists  # the reference in the reference
    across: Lists  # the reference in the candidate
    theirs: Lists  # the candidate in the candidate
    parts: Halves
    shared: Shared

    @property
    def bucket(self) -> NDArray[np.int64]:
        """Of each point of the reference, (n,)."""
        return self.points[0].bucket

    @property
    def other(self) -> NDArray[np.int64]:
        """Of each point of the candidate, (m,)."""
        return self.points[1].bucket


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
    problem = problem_of(name, reference, candidate, groups)
    if problem is not None:
        return nothing(splits, groups, problem)
    space, back, found = _shares(reference, candidate, splits)
    size = np.bincount(space.bucket, minlength=BUCKETS)
    fewest = float(min((space.parts.one @ size).min(), (space.parts.other @ size).min()))
    problem = too_few(name, groups, fewest, (MIN_GROUPS, MIN_POINTS))
    if problem is None and not found[name].human.mean() > 0:
        params = {"found": len(space.bucket), "needed": MIN_POINTS}
        problem = Undetermined(metric=name, reason="human-halves-differ", params=params)
    if problem is not None:
        return nothing(splits, groups, problem)
    published = (
        _copies(space, back) if name == "near_copies" else _scores(reference, candidate)[name]
    )
    absolute = np.array([published])
    return ratio_draws((ALL,), found[name], space.parts, space.shared, groups, absolute=absolute)


def problem_of(
    name: str, reference: FeatureView, candidate: FeatureView, groups: int
) -> Undetermined | None:
    """Why nothing can be said of these points, if so.

    Raises:
        InputError: the sides have different numbers of dimensions.
    """
    if groups < MIN_GROUPS:
        return too_few(name, groups, MIN_POINTS, (MIN_GROUPS, MIN_POINTS))
    ours, theirs = reference.features, candidate.features
    if ours.shape[1] != theirs.shape[1]:
        raise InputError(
            f"the candidate's points have {theirs.shape[1]} features",
            expected=f"{ours.shape[1]}, as the reference's",
            todo="Make both with the same embedder.",
        )
    broken = sum(
        int((~np.isfinite(part)).any(axis=1).sum()) for side in (ours, theirs) for part in _by(side)
    )
    if broken:
        return Undetermined(metric=name, reason="features-not-finite", params={"found": broken})
    if all((part == ours[0]).all() for part in _by(ours)):
        params = {"found": len(ours)}
        return Undetermined(metric=name, reason="features-constant", params=params)
    return None


def _by(points: Floats) -> Iterator[Floats]:
    """A few thousand points at a time."""
    return (points[start : start + AT_MOST] for start in range(0, len(points), AT_MOST))


def _published(reference: FeatureView, candidate: FeatureView) -> Mapping[str, float]:
    return prdc(reference.features, candidate.features, k=K).scores._asdict()


def _find(
    reference: FeatureView, candidate: FeatureView, splits: Splits
) -> tuple[Space, Lists, Mapping[str, Found]]:
    """All shares of all parts, from one set of lists."""
    space = neighbourhoods(reference, candidate, splits)
    back = reach.lists_of(*space.points[::-1], len(space.ours.distance))
    member = reach.pack(space.parts.first)
    balls = reach.closed(space.ours, member, K)
    precise = (
        _inside(space, space.ours, space.bucket, balls),
        _inside(space, back, space.other, balls),
    )
    reached = _reached(space, balls)
    found = {
        "precision": _of_part(space, [each[0] for each in precise]),
        "density": _of_part(space, [each[1] / K for each in precise]),
        "coverage": Found(**{name: each[0] for name, each in reached.items()}),
        "recall": Found(**{name: each[1] for name, each in reached.items()}),
        "near_copies": _near(space, back, member),
    }
    return space, back, found


_shares: Once[tuple[Space, Lists, Mapping[str, Found]]] = Once(_find)
_scores: Once[Mapping[str, float]] = Once(_published)


def _space(reference: FeatureView, candidate: FeatureView, splits: Splits) -> Space:
    ours, theirs = _points(reference, candidate)
    sizes = [np.bincount(side.bucket, minlength=BUCKETS).astype(float) for side in (ours, theirs)]
    parts = match(splits, *sizes)
    # Radii are set by as many points as are searched.
    first = thin(parts.first, sizes[0], parts.human @ sizes[0], splits.seed + 3)
    most = max(len(ours.bucket), len(theirs.bucket))
    listed = int(np.ceil(MEMBERS * most / max(float((parts.one @ sizes[0]).mean()), 1.0)))
    queries, among = (ours, ours, theirs), (ours, theirs, theirs)
    with ThreadPoolExecutor(THREADS) as pool:
        own, across, other = pool.map(reach.lists_of, queries, among, [listed] * 3)
    both = int(np.isin(theirs.identity, ours.identity).sum())
    shared = Shared(len(ours.bucket), len(theirs.bucket), both)
    return Space((ours, theirs), own, across, other, parts._replace(first=first), shared)


neighbourhoods: Once[Space] = Once(_space)
"""The space of two views and their splits, kept until it is asked for another."""


def _points(reference: FeatureView, candidate: FeatureView) -> tuple[Points, Points]:
    n, m = len(reference.bucket), len(candidate.bucket)
    limit = min(AT_MOST, 2 * n, 2 * m)
    media = np.concatenate([reference.media, candidate.media])
    identity = np.unique(media, return_inverse=True)[1]
    return _thinned(reference, identity[:n], limit), _thinned(candidate, identity[n:], limit)


def _thinned(view: FeatureView, identity: NDArray[np.int64], limit: int) -> Points:
    """At most `limit` points, in the order of their digests: as good as random, and stable."""
    kept = by_digest(view.media)[:limit]
    return Points(view.features[kept], view.bucket[kept], identity[kept])


def _inside(
    space: Space, lists: Lists, bucket: NDArray[np.int64], balls: Bits
) -> tuple[FloatArray, FloatArray]:
    """Points of a side in some ball of A, and balls of A around them, by bucket. (splits, 64)."""
    splits = len(space.parts.first)
    digits = reach.inside(lists, reach.pack(space.parts.first), space.ours, balls)
    some = np.bitwise_or.reduce(digits)
    around = sum(2**at * reach.by_bucket(each, bucket, splits) for at, each in enumerate(digits))
    return reach.by_bucket(some, bucket, splits).astype(float), np.asarray(around, float)


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


def _near(space: Space, back: Lists, member: Bits) -> Found:
    """Share of each part's points that lie nearer to A than 95 % of human ones do. (splits, 1)."""
    parts = space.parts
    strange = 1 - space.shared.both / space.shared.candidate
    ours, theirs = (
        reach.radius(lists, reach.closed(lists, member, 1), len(parts.first))
        for lists in (space.ours, back)
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
        # The k-th nearest of n, which the edge is, has k / (n + 1) of all others before it; of
        # those that are among the n it has k / n.
        out[CANDIDATE, split] *= 1 + strange / len(human)
    return Found(*out[:, :, None])


def _edge(distance: FloatArray) -> float:
    """What the nearest twentieth lies within."""
    place = int(np.ceil(COPY * len(distance))) - 1
    return float(np.partition(distance, place)[place])


def _copies(space: Space, back: Lists) -> float:
    """Share of the candidate's points nearer to the reference than 95 % of its own to the rest."""
    return float((back.distance[0] <= _edge(space.ours.distance[0])).mean())
