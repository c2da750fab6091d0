"""A discriminant in closed form, judged by points that it has not seen."""

from __future__ import annotations

import numpy as np
import pytest

from firsthand.contracts import BUCKETS
from firsthand.numerics.discriminant import FOLDS, accuracy, described, held_out, precision
from firsthand.numerics.pointset import PointSet

EVERY = np.ones((1, BUCKETS), bool)


def side(rng: np.random.Generator, n: int, d: int, shift: float = 0.0, scale: float = 1.0):
    bucket = np.sort(rng.integers(0, BUCKETS, n))
    start = np.searchsorted(bucket, np.arange(BUCKETS + 1))
    points = (shift + scale * rng.normal(size=(n, d))).astype(np.float32)
    return described(PointSet(points, start, np.zeros(n, "S32")))


@pytest.mark.parametrize(("shift", "scale"), [(0.5, 1.0), (0.0, 2.0)])
def test_shifts_and_spreads_are_told_apart(
    rng: np.random.Generator, shift: float, scale: float
) -> None:
    ours, theirs = side(rng, 800, 4), side(rng, 1200, 4, shift, scale)
    weight = precision(ours, theirs)
    found, whole = held_out(ours, theirs, EVERY, EVERY, weight)[0], accuracy(ours, theirs, weight)
    assert whole > 0.65
    assert found == pytest.approx(whole, abs=0.1)  # squares are not normal


def test_two_samples_of_one_world_are_a_guess() -> None:
    """Also with more dimensions than points, where a classifier fits anything that it sees."""
    shares = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        ours, theirs = side(rng, 80, 200), side(rng, 80, 200)
        shares.append(accuracy(ours, theirs, precision(ours, theirs)))
    assert np.mean(shares) == pytest.approx(0.5, abs=0.03)


def test_the_closed_form_uses_only_other_folds(rng: np.random.Generator) -> None:
    ours, theirs = side(rng, 400, 3), side(rng, 400, 3, 0.3)
    weight = precision(ours, theirs)
    right, asked = 0.0, 0.0
    for fold in range(FOLDS):
        mine, other = (np.flatnonzero(s.bucket % FOLDS == fold) for s in (ours, theirs))
        taught = [np.delete(s.rows, at, axis=0) for s, at in ((ours, mine), (theirs, other))]
        gap = taught[0].mean(axis=0, dtype=float) - taught[1].mean(axis=0, dtype=float)
        apart = ours.rows[mine].mean(axis=0) - theirs.rows[other].mean(axis=0)
        z = (gap * apart) @ weight / (2 * np.sqrt(gap**2 @ weight))
        # The share below z of a standard normal, by many draws: a check of the formula only.
        share = (np.random.default_rng(0).normal(size=200_000) < z).mean()
        count = len(mine) * len(other) / (len(mine) + len(other))
        right, asked = right + share * count, asked + count
    got = held_out(ours, theirs, EVERY, EVERY, weight)[0]
    assert got == pytest.approx(right / asked, abs=0.004)


def test_constant_features_and_empty_parts_say_nothing(rng: np.random.Generator) -> None:
    ours, theirs = side(rng, 100, 2, 3.0, 0.0), side(rng, 100, 2, 3.0, 0.0)
    weight = precision(ours, theirs)
    assert not weight.any()
    assert held_out(ours, theirs, EVERY, EVERY, weight)[0] == 0.5
    assert accuracy(ours, theirs, weight) == 0.5
    assert held_out(ours, theirs, EVERY, ~EVERY, np.ones(4))[0] == 0.5
