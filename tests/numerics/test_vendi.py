"""The Vendi score from either side, of one set and of many parts."""

from __future__ import annotations

import numpy as np
import pytest

from firsthand.contracts import BUCKETS
from firsthand.numerics import vendi


def by_definition(points: np.ndarray) -> float:
    points = points.astype(np.float64)
    rows = points / np.linalg.norm(points, axis=1)[:, None]
    values = np.linalg.eigvalsh(rows @ rows.T / len(rows))
    values = values[values > 1e-12]
    return float(np.exp(-(values * np.log(values)).sum()))


@pytest.mark.parametrize("n", [5, 19, 20, 21, 300])
def test_agrees_with_the_definition_on_both_sides(rng: np.random.Generator, n: int) -> None:
    points = (rng.normal(size=(n, 20)) + 0.5).astype(np.float32)
    assert vendi.score(points) == pytest.approx(by_definition(points), rel=1e-5)


def test_blocks_do_not_show(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    points = rng.normal(size=(300, 9)).astype(np.float32)
    whole = vendi.score(points)
    monkeypatch.setattr(vendi, "ROWS", 7)
    assert vendi.score(points) == pytest.approx(whole, rel=1e-6)


def test_copies_add_nothing_and_empty_points_are_left_out(rng: np.random.Generator) -> None:
    points = rng.normal(size=(30, 8)).astype(np.float32)
    assert vendi.score(np.tile(points, (3, 1))) == pytest.approx(vendi.score(points), rel=1e-5)
    padded = np.vstack([points, np.zeros((10, 8), np.float32)])
    assert vendi.score(padded) == pytest.approx(vendi.score(points), rel=1e-5)
    assert np.isnan(vendi.score(np.zeros((5, 8), np.float32)))


def test_parts_score_what_their_points_score_and_shards_add_up(rng: np.random.Generator) -> None:
    bucket = np.sort(rng.integers(0, BUCKETS, 400))
    points = (rng.normal(size=(400, 6)) + 1).astype(np.float32)
    edges = np.arange(BUCKETS + 1)
    whole = vendi.products(points, np.searchsorted(bucket, edges))
    mine = rng.random(400) < 0.3
    shards = [
        vendi.products(points[kept], np.searchsorted(bucket[kept], edges)) for kept in (mine, ~mine)
    ]
    np.testing.assert_allclose(shards[0] + shards[1], whole, rtol=1e-12, atol=1e-12)
    parts = rng.random((40, BUCKETS)) < 0.5
    found = vendi.scores(whole, parts)
    for at in (0, 39):
        assert found[at] == pytest.approx(vendi.score(points[parts[at][bucket]]), rel=1e-5)
