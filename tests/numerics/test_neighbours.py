"""Blocked nearest neighbours against all distances at once."""

from __future__ import annotations

import numpy as np
import pytest

from firsthand.numerics import neighbours
from firsthand.numerics.neighbours import Points, nearest


def points(rng: np.random.Generator, n: int, d: int, buckets: int = 64) -> Points:
    features = rng.normal(size=(n, d)).astype(np.float32)
    return Points(features, rng.integers(0, buckets, n), rng.permutation(10 * n)[:n])


def all_distances(queries: Points, among: Points) -> np.ndarray:
    gap = queries.features[:, None].astype(float) - among.features[None]
    out = np.sqrt((gap**2).sum(axis=2))
    out[queries.bucket[:, None] == among.bucket] = np.inf
    out[queries.identity[:, None] == among.identity] = np.inf
    return out


@pytest.mark.parametrize(("n", "m", "d", "k"), [(70, 90, 3, 7), (40, 40, 60, 40), (9, 5, 2, 64)])
def test_agrees_with_all_distances(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, n: int, m: int, d: int, k: int
) -> None:
    monkeypatch.setattr(neighbours, "BLOCK", 16)
    queries, among = points(rng, n, d), points(rng, m, d)
    found = nearest(queries, among, k)
    expected = np.sort(all_distances(queries, among), axis=1)[:, : min(k, m)]
    np.testing.assert_allclose(np.nan_to_num(found.distance, nan=np.inf), expected, rtol=1e-5)


def test_far_from_the_origin_near_duplicates_keep_their_digits() -> None:
    features = np.array([[4096.0, 0], [4096.0, 1e-3], [4097.0, 0]], np.float32)
    own = np.arange(3)
    found = nearest(Points(features, own, own), Points(features, own, own), 1)
    np.testing.assert_allclose(found.distance[:2, 0], 1e-3, rtol=1e-3)


def test_same_bucket_and_same_media_are_no_neighbours() -> None:
    line = np.zeros((3, 1), np.float32)
    found = nearest(
        Points(line, np.array([0, 0, 1]), np.array([0, 1, 2])),
        Points(line, np.array([0, 2, 1]), np.array([9, 1, 8])),
        3,
    )
    assert np.isnan(found.distance).sum(axis=1).tolist() == [1, 2, 1]
