"""Of the reference's rare corners, what share does the candidate still reach?

A point of the reference is reached if some point of the candidate lies within its own k-th
neighbour distance (coverage, Naeem et al. 2020) and if it lies within the k-th neighbour distance
of some point of the candidate (recall, Kynkäänniemi et al. 2019). Either alone can be fooled: a
candidate shrunk to its middle is near to everything in many dimensions, and one stray point with a
huge radius takes in half the space.

Points are kept apart by how dense the reference is around them, the rarest tenth first, because
what recursion loses first is where few points are; an average over all points would hide it.
Everything is done at equal sizes and divided by what a second human sample reaches.

Source: Naeem et al. 2020 (arXiv:2002.09797) and Kynkäänniemi et al. 2019 (arXiv:1904.06991); by
density stratum, size-matched and both ways at once: docs/tail-coverage.md.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from firsthand.contracts import Draws, FeatureView, Metric, Splits
from firsthand.numerics import reach
from firsthand.numerics.halves import Found, Halves, nothing, ratio_draws
from firsthand.numerics.reach import Bits
from firsthand.numerics.space import (
    MIN_GROUPS,
    MIN_POINTS,
    THREADS,
    K,
    Space,
    neighbourhoods,
    problem_of,
)
from firsthand.numerics.strata import STRATA, strata_of
from firsthand.types import FloatArray, Shared, Slice, Undetermined

NAME = "tail_coverage"


def compare(reference: FeatureView, candidate: FeatureView, splits: Splits) -> Draws:
    """What share of each density stratum is reached, against what a human half reaches?

    Args:
        reference: n points; more than 5000, or twice the candidate's, are thinned by digest.
        candidate: m points, thinned likewise.
        splits: rows as in every other metric.
    """
    groups = min(reference.groups, candidate.groups)
    problem = problem_of(NAME, reference, candidate, groups)
    if problem is not None:
        return nothing(splits, groups, problem)
    space = neighbourhoods(reference, candidate, splits)
    return _draws(_found(space), space.parts, space.shared, groups)


def _found(space: Space) -> Found:
    """What share of each stratum A reaches in every part, for all splits at once."""
    parts = space.parts
    first = reach.closed(space.ours, reach.pack(parts.first), K)
    radius = reach.radius(space.ours, first, len(parts.first))
    inside = parts.first[:, space.bucket]
    split, row = np.nonzero(inside)
    strata = [strata_of(radius[points, at]) for at, points in enumerate(inside)]
    place = len(STRATA) * split + np.concatenate(strata)
    all_ = np.bincount(place, minlength=len(STRATA) * len(inside))

    def share(name: str) -> FloatArray:
        part = reach.pack(getattr(parts, name))
        hits = reach.unpack(_reached(space, first, part, theirs=name == "candidate"), len(inside))
        hit = np.bincount(place[hits[row, split]], minlength=len(all_))
        out = np.divide(hit, all_, out=np.full(len(all_), np.nan), where=all_ > 0)
        return np.asarray(out.reshape(-1, len(STRATA)))

    with ThreadPoolExecutor(THREADS) as pool:
        return Found(*pool.map(share, Found._fields))


def _reached(space: Space, first: Bits, part: Bits, *, theirs: bool) -> Bits:
    across, searched = (space.across, space.theirs) if theirs else (space.ours, space.ours)
    own = np.arange(len(space.bucket))
    mine = reach.Side(first, reach.closer(across, space.ours, own))
    other = reach.Side(reach.closed(searched, part, K), reach.closer(across, searched, across.rows))
    return reach.reached(across, part, mine, other)


def _draws(found: Found, parts: Halves, shared: Shared, groups: int) -> Draws:
    """Leave out strata that too few points stand in, or that no human half reaches."""
    shares = np.diff([0.0, *(upper for _, upper in STRATA)])
    sizes = np.round(shares * shared.reference)
    unknown = (sizes < MIN_POINTS) | np.isnan(sum(found)).any(axis=0)
    kept = ~unknown & (np.nan_to_num(found.human).mean(axis=0) > 0)
    slices: list[Slice] = [(("stratum", name),) for name, _ in STRATA]
    gone = tuple(
        Undetermined(
            metric=NAME,
            reason="too-few-objects" if unknown[at] else "human-halves-differ",
            slice=slices[at],
            params={"found": int(sizes[at]), "needed": MIN_POINTS},
        )
        for at in np.flatnonzero(~kept)
    )
    names = tuple(slices[at] for at in np.flatnonzero(kept))
    rest = Found(*(side[:, kept] for side in found))
    return ratio_draws(names, rest, parts, shared, groups, gone)


component = Metric(
    name=NAME,
    question="What share of the reference's rare corners does the candidate still reach?",
    unit="share of what a second human sample reaches",
    range=(0.0, float("inf")),
    worse="down",
    source="Naeem et al. 2020 (arXiv:2002.09797) and Kynkäänniemi et al. 2019 "
    "(arXiv:1904.06991), by density stratum, size-matched",
    view="features",
    tasks=frozenset({"detect", "segment", "oriented", "classify"}),
    neutral=1.0,
    size_free=False,
    finding="tail-coverage-lost",
    min_groups=MIN_GROUPS,
    min_objects=MIN_POINTS,
    sees=frozenset({"variance-shrink", "mode-loss", "tail-cut"}),
    compare=compare,
)
