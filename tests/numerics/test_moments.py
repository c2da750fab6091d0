"""Moments by bucket add up over shards and say what one pass over the points says."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.contracts import BUCKETS
from firsthand.numerics.moments import eigenvalues, moments, of_parts, spread


def by_bucket(rng: np.random.Generator, n: int, d: int, offset: float = 0.0):
    bucket = np.sort(rng.integers(0, BUCKETS, n))
    start = np.searchsorted(bucket, np.arange(BUCKETS + 1))
    return (rng.normal(size=(n, d)) + offset).astype(np.float32), start, bucket


@settings(max_examples=30)
@given(seed=st.integers(0, 50), share=st.floats(0, 1), offset=st.sampled_from([0.0, 1e3]))
def test_merged_shards_say_what_one_pass_says(seed: int, share: float, offset: float) -> None:
    rng = np.random.default_rng(seed)
    points, start, bucket = by_bucket(rng, 200, 3, offset)
    mine = rng.random(200) < share
    shards = []
    for kept in (mine, ~mine):
        edges = np.searchsorted(bucket[kept], np.arange(BUCKETS + 1))
        shards.append(moments(points[kept], edges))
    merged, whole = shards[0].merge(shards[1]), moments(points, start)
    np.testing.assert_array_equal(merged.size, whole.size)
    filled = whole.size > 0
    np.testing.assert_allclose(merged.mean[filled], whole.mean[filled], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(merged.scatter, whole.scatter, rtol=1e-9, atol=1e-9)


def test_parts_have_the_moments_of_their_points(rng: np.random.Generator) -> None:
    points, start, bucket = by_bucket(rng, 500, 4, 100.0)
    parts = rng.random((70, BUCKETS)) < 0.5
    chunks = list(of_parts(moments(points, start), parts, rows=32))
    assert [len(chunk.mean) for chunk in chunks] == [32, 32, 6]
    means = np.concatenate([chunk.mean for chunk in chunks])
    covariances = np.concatenate([chunk.covariance for chunk in chunks])
    for at in (0, 40, 69):
        inside = points[parts[at][bucket]].astype(np.float64)
        np.testing.assert_allclose(means[at], inside.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(covariances[at], np.cov(inside.T), rtol=1e-9, atol=1e-10)


def test_blocks_and_precision_do_not_show(rng: np.random.Generator) -> None:
    points = (rng.normal(size=(5000, 6)) * [1, 2, 3, 4, 5, 6] + 50).astype(np.float32)
    plain = np.cov(points.astype(np.float64).T)
    np.testing.assert_allclose(spread(points).covariance, plain, rtol=1e-10, atol=1e-10)
    single = spread(points, single=True)
    scale = np.sqrt(np.outer(np.diag(plain), np.diag(plain)))
    assert np.abs((single.covariance - plain) / scale).max() < 1e-6


def test_eigenvalues_are_never_below_zero(rng: np.random.Generator) -> None:
    thin = rng.normal(size=(5, 40))
    values = eigenvalues(thin.T @ thin)
    assert (values >= 0).all()
    np.testing.assert_allclose(values.sum(), (thin**2).sum())
