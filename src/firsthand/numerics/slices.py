"""Sliced Wasserstein distances: mean distance along random lines, where transport is sorting.

Along a line the distance of two samples is the area between their distribution functions. Exactly
from all points, or for any parts of the buckets from counts between common edges, which add up.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BUCKETS
from firsthand.numerics.pointset import PointSet
from firsthand.types import BoolArray, FloatArray

Floats = NDArray[np.float32]

LINES = 128
EDGES = 48
ROWS = 64  # splits at a time: 64 x 6144 shares are 3 MB


class Counts(NamedTuple):
    """Points of each bucket below each edge of each line, and how far edges are apart."""

    ours: FloatArray  # (64, lines * edges)
    theirs: FloatArray  # (64, lines * edges)
    width: FloatArray  # (lines * edges,) weight of each edge in the mean area over all lines
    size: FloatArray  # (2, 64) points in each bucket


def directions(d: int, lines: int, seed: int) -> Floats:
    """Random directions of length 1, uniform on the sphere. (d, lines)."""
    rng = np.random.Generator(np.random.Philox(key=seed, counter=6))
    axes = rng.standard_normal((d, lines))
    return np.asarray(axes / np.linalg.norm(axes, axis=0), np.float32)


def distance(ours: Floats, theirs: Floats, lines: Floats) -> float:
    """The mean over lines of how far a point has to move to turn one set into the other.

    Args:
        ours: (n, d) points.
        theirs: (m, d) points; n and m may differ.
        lines: (d, k) directions.

    Returns:
        The sliced Wasserstein distance of order 1, at least 0, in units of the features.

    >>> line = np.zeros((4, 1), np.float32)
    >>> distance(line, line + np.float32(3), np.ones((1, 1), np.float32))
    3.0
    """
    total = 0.0
    places = (ours @ lines).T, (theirs @ lines).T
    for one, other in zip(*(np.sort(side, axis=1) for side in places), strict=True):
        steps = np.sort(np.concatenate([one, other]).astype(np.float64))
        below = np.searchsorted(one, steps[:-1], "right") / len(one)
        beside = np.searchsorted(other, steps[:-1], "right") / len(other)
        total += float(np.abs(below - beside) @ np.diff(steps))
    return total / len(lines.T)


def counts(ours: PointSet, theirs: PointSet, lines: Floats) -> Counts:
    """Points below common edges, by bucket.

    Edges are equal shares of both sides together along each line, from their least to their
    greatest point: as fine where a candidate lies as where the reference does.
    """
    edges = np.linspace(0, 1, EDGES)
    found = []
    for axis in lines.T:
        one, other = ours.features @ axis, theirs.features @ axis
        at = np.quantile(np.concatenate([one, other]), edges)
        weight = (np.diff(at, prepend=at[0]) + np.diff(at, append=at[-1])) / 2
        found.append((_below(one, ours, at), _below(other, theirs, at), weight))
    one, other, width = zip(*found, strict=True)
    size = np.stack([ours.sizes, theirs.sizes])
    return Counts(np.hstack(one), np.hstack(other), np.concatenate(width) / len(found), size)


def _below(places: Floats, points: PointSet, edges: FloatArray) -> FloatArray:
    """How many points of each bucket are at most at each edge? (64, edges)."""
    owner = np.repeat(np.arange(BUCKETS), np.diff(points.start))
    column = np.minimum(np.searchsorted(edges, places, "left"), len(edges) - 1)
    each = np.bincount(owner * len(edges) + column, minlength=BUCKETS * len(edges))
    return each.reshape(BUCKETS, -1).cumsum(axis=1).astype(np.float64)


def between(
    found: Counts, first: BoolArray, second: BoolArray, *, theirs: tuple[bool, bool]
) -> FloatArray:
    """The distance of two parts in each split, (splits,).

    Args:
        found: counts of both sides.
        first: (splits, 64) buckets of one part.
        second: (splits, 64) buckets of the other.
        theirs: whether each part is of the candidate.
    """
    sides = [
        (found.theirs, found.size[1]) if each else (found.ours, found.size[0]) for each in theirs
    ]
    out = np.empty(len(first))
    for at in range(0, len(first), ROWS):
        shares = [
            part[at : at + ROWS] @ below / (part[at : at + ROWS] @ size)[:, None]
            for part, (below, size) in zip((first, second), sides, strict=True)
        ]
        out[at : at + ROWS] = np.abs(shares[0] - shares[1]) @ found.width
    return out
