"""Transport along lines: exactly by sorting, for parts by counts between edges."""

from __future__ import annotations

import numpy as np
import pytest

from firsthand.contracts import BUCKETS
from firsthand.numerics.pointset import PointSet
from firsthand.numerics.slices import between, counts, directions, distance


def test_sets_of_one_size_move_point_by_point(rng: np.random.Generator) -> None:
    one, other = (rng.normal(size=(50, 3)).astype(np.float32) for _ in range(2))
    lines = directions(3, 20, 1)
    moved = np.abs(np.sort(one @ lines, axis=0) - np.sort(other @ lines, axis=0)).mean()
    assert distance(one, other, lines) == pytest.approx(moved, rel=1e-5)
    assert distance(one, np.tile(one, (3, 1)), lines) == pytest.approx(0, abs=1e-6)


def test_directions_are_of_length_one_and_seeded() -> None:
    lines = directions(7, 30, 4)
    np.testing.assert_allclose(np.linalg.norm(lines, axis=0), 1, rtol=1e-6)
    np.testing.assert_array_equal(lines, directions(7, 30, 4))
    assert not np.array_equal(lines, directions(7, 30, 5))


def test_counts_between_edges_come_near_to_sorting(rng: np.random.Generator) -> None:
    sides = []
    for scale in (1.0, 1.6):
        bucket = np.sort(rng.integers(0, BUCKETS, 600))
        start = np.searchsorted(bucket, np.arange(BUCKETS + 1))
        points = (scale * rng.normal(size=(600, 4))).astype(np.float32)
        sides.append(PointSet(points, start, np.zeros(600, "S32")))
    lines = directions(4, 30, 0)
    found = counts(*sides, lines)
    np.testing.assert_array_equal(found.ours[:, -1], sides[0].sizes)
    first = (np.arange(BUCKETS) % 2 == 0)[None]
    owner = [np.repeat(np.arange(BUCKETS), np.diff(side.start)) for side in sides]
    one, other = (
        side.features[part[0][rows]]
        for side, part, rows in zip(sides, (first, ~first), owner, strict=True)
    )
    got = between(found, first, ~first, theirs=(False, True))[0]
    # The outermost forty-seventh of the points at each end counts as if it lay evenly.
    assert got == pytest.approx(distance(one, other, lines), rel=0.1)
    same = between(found, first, first, theirs=(True, True))[0]
    assert same == 0
