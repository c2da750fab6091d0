"""Kernel sums by blocks and symmetric halves against plain matrices of all pairs."""

from __future__ import annotations

import numpy as np
import pytest

from firsthand.contracts import BUCKETS
from firsthand.numerics import kernels
from firsthand.numerics.kernels import expected, mmd, sums, unbiased
from firsthand.numerics.pointset import PointSet


def point_set(rng: np.random.Generator, n: int, d: int, offset: float = 0.0) -> PointSet:
    bucket = np.sort(rng.integers(0, BUCKETS, n))
    start = np.searchsorted(bucket, np.arange(BUCKETS + 1))
    points = (rng.normal(size=(n, d)) + offset).astype(np.float32)
    return PointSet(points, start, np.array([rng.bytes(32) for _ in range(n)], "S32"))


def plain(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    one, other = one.astype(np.float64), other.astype(np.float64)
    return (one @ other.T / one.shape[1] + 1) ** 3


def plain_mmd(one: np.ndarray, other: np.ndarray) -> float:
    n, m = len(one), len(other)
    within = [plain(each, each) for each in (one, other)]
    apart = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in within]
    return float(sum(apart) - 2 * plain(one, other).sum() / (n * m))


@pytest.mark.parametrize(("n", "m", "d"), [(300, 500, 7), (40, 700, 3), (260, 260, 64)])
def test_all_pairs_by_blocks(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, n: int, m: int, d: int
) -> None:
    monkeypatch.setattr(kernels, "ROWS", 3)
    monkeypatch.setattr(kernels, "COLUMNS", 100)
    ours, theirs = point_set(rng, n, d), point_set(rng, m, d, 0.3)
    found = sums(ours, theirs)
    assert mmd(found).value == pytest.approx(plain_mmd(ours.features, theirs.features), rel=1e-4)
    np.testing.assert_allclose(
        found.ours.sum(), plain(ours.features, ours.features).sum(), rtol=1e-5
    )
    cell = plain(
        ours.features[ours.start[5] : ours.start[6]], theirs.features[: theirs.start[1]]
    ).sum()
    assert found.across[5, 0] == pytest.approx(cell, rel=1e-5, abs=1e-5)


def test_with_a_compiler_and_without_one(rng: np.random.Generator) -> None:
    compiled = pytest.importorskip("firsthand.numerics.compiled.kernels")
    product, owner = rng.normal(size=(40, 90)).astype(np.float32), np.sort(rng.integers(0, 5, 40))
    one, other = np.zeros((2, 5, 90), np.float32)
    kernels.add_cubes(product, owner, one)
    compiled.add_cubes(product, owner, other)
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_parts_are_what_their_points_say(rng: np.random.Generator) -> None:
    ours, theirs = point_set(rng, 400, 5), point_set(rng, 300, 5, 0.2)
    found = sums(ours, theirs)
    first = rng.permuted(np.tile(np.arange(BUCKETS) < 32, (4, 1)), axis=1)
    inside, outside = (
        side.features[kept[0][np.repeat(np.arange(BUCKETS), np.diff(side.start))]]
        for side, kept in ((ours, first), (theirs, ~first))
    )
    got = unbiased(found, first, ~first, theirs=True)[0]
    assert got == pytest.approx(plain_mmd(inside, outside), rel=1e-4, abs=1e-6)


def test_two_parts_of_one_world_are_apart_by_their_size(rng: np.random.Generator) -> None:
    """The plain statistic is the unbiased one and what is expected from size alone."""
    ours = point_set(rng, 400, 5)
    found = sums(ours, ours)
    owner = np.repeat(np.arange(BUCKETS), np.diff(ours.start))
    first = (np.arange(BUCKETS) < 32)[None]
    one, other = ours.features[first[0][owner]], ours.features[~first[0][owner]]
    biased = plain(one, one).mean() + plain(other, other).mean() - 2 * plain(one, other).mean()
    got = unbiased(found, first, ~first, theirs=False)[0] + expected(found, first, ~first)
    assert got == pytest.approx(biased, rel=1e-4)


def test_standard_error_is_how_far_new_samples_move_it() -> None:
    values, errors = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        estimate = mmd(sums(point_set(rng, 300, 4), point_set(rng, 300, 4, 0.3)))
        values.append(estimate.value)
        errors.append(estimate.error)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.35)


def test_a_set_against_itself_is_the_same_to_the_last_bit(rng: np.random.Generator) -> None:
    ours = point_set(rng, 200, 6)
    found = sums(ours, ours)
    np.testing.assert_array_equal(found.ours, found.across)


def test_values_beyond_float32_are_not_finite_and_raise_nothing(rng: np.random.Generator) -> None:
    ours = point_set(rng, 100, 3)
    far = ours._replace(features=ours.features * np.float32(1e18))
    assert not np.isfinite(mmd(sums(far, ours)).value)
