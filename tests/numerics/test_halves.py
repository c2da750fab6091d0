"""Halves of equal size, and a null that is right about a statistic whose variance is known."""

from __future__ import annotations

import numpy as np

from firsthand.contracts import BUCKETS
from firsthand.numerics.halves import Found, Halves, _spread, match, ratio_draws, rows, thin
from firsthand.numerics.resampling import make_splits
from firsthand.types import ALL, Shared


def test_parts_share_no_bucket_with_part_a_and_are_as_large(rng: np.random.Generator) -> None:
    splits = make_splits(0, Shared(640, 2000, 0), 99)
    reference = rng.integers(5, 15, 64).astype(float)
    candidate = 3 * rng.integers(5, 15, 64).astype(float)
    parts = match(splits, reference, candidate)
    for name in ("human", "candidate", "one", "other"):
        assert not (getattr(parts, name) & parts.first).any()
    sizes = parts.human @ reference, parts.candidate @ candidate
    assert np.abs(sizes[0] - sizes[1]).max() <= candidate.max()
    assert abs((sizes[0] - sizes[1]).mean()) < 3  # rounding to buckets favours neither side
    assert not (parts.one & parts.other).any()
    assert ((parts.one | parts.other) == parts.human).all()


def test_thinning_keeps_everything_when_that_is_wanted() -> None:
    pool = np.random.default_rng(0).random((20, 64)) < 0.5
    sizes = np.arange(64.0)
    assert (thin(pool, sizes, pool @ sizes, 1) == pool)[:, 1:].all()


def score(parts: Halves, side: np.ndarray, other: np.ndarray) -> Found:
    """Mean of the part over mean of A: a ratio whose error is known."""
    size = np.full(64, len(side) / 64)
    bucket = np.arange(len(side)) % 64

    def mean(part: np.ndarray, values: np.ndarray) -> np.ndarray:
        sums = np.bincount(bucket, weights=values, minlength=64)
        return (part @ sums / (part @ size))[:, None]

    first = mean(parts.first, side)
    return Found(
        mean(parts.human, side) / first,
        mean(parts.candidate, other) / first,
        mean(parts.one, side) / first,
        mean(parts.other, side) / first,
    )


def test_null_and_interval_have_the_spread_of_a_second_sample() -> None:
    values, nulls, boots = [], [], []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        side, other = rng.normal(10, 1, (2, 640))
        splits = make_splits(seed, Shared(640, 640, 0), 299)
        size = np.full(64, 10.0)
        parts = match(splits, size, size)
        draws = ratio_draws((ALL,), score(parts, side, other), parts, Shared(640, 640, 0), 640)
        values.append(draws.value[0])
        nulls.append(draws.null.std())
        boots.append(draws.bootstrap.std())
    expected = 0.1 * np.sqrt(2 / 640)
    assert abs(np.std(values) / expected - 1) < 0.2
    assert abs(np.mean(nulls) / expected - 1) < 0.1
    assert abs(np.mean(boots) / expected - 1) < 0.1


def test_a_set_against_itself_is_exactly_one() -> None:
    side = np.random.default_rng(3).normal(10, 1, 640)
    splits = make_splits(0, Shared(640, 640, 640), 99)
    parts = match(splits, np.full(64, 10.0), np.full(64, 10.0))
    draws = ratio_draws((ALL,), score(parts, side, side), parts, Shared(640, 640, 640), 640)
    assert draws.value[0] == 1
    assert (draws.null == 1).all()


def test_few_rows_carry_the_noise_of_all() -> None:
    """A costly metric computed on 256 splits shows as much noise as on all 1,999."""
    rng = np.random.default_rng(5)
    half = rng.permuted(np.tile(np.arange(BUCKETS), (1999, 1)), axis=1) < BUCKETS // 2
    signs = np.where(half, 1.0, -1.0)
    ratio = []
    for _ in range(20):
        scores = signs @ rng.normal(size=(BUCKETS, 1)) / 8 + rng.normal(size=(1999, 1))
        whole, few = (_spread(scores[:known], signs, 1.0).std() for known in (1999, 256))
        ratio.append(few / whole)
    # The 64 fitted numbers are noisy on 256 rows, which widens the null a little; never narrows.
    assert 0.98 < np.mean(ratio) < 1.12


def test_rows_of_a_cheap_metric_are_all() -> None:
    assert [rows(1999, cost) for cost in (1e-4, 0.02, 1.0)] == [1999, 500, 256]
