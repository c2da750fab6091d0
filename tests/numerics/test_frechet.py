"""The Fréchet distance against its definition, where there are few points and many."""

from __future__ import annotations

import numpy as np
import pytest

from firsthand.numerics.frechet import distance, distances
from firsthand.numerics.moments import Spread


def by_definition(one: np.ndarray, other: np.ndarray) -> float:
    """With the root of the product of covariances from its own eigenvalues."""
    one, other = one.astype(np.float64), other.astype(np.float64)
    first, second = np.cov(one.T), np.cov(other.T)
    gap = one.mean(axis=0) - other.mean(axis=0)
    roots = np.sqrt(np.linalg.eigvals(first @ second).astype(complex)).real.sum()
    return float(gap @ gap + np.trace(first) + np.trace(second) - 2 * roots)


def points(rng: np.random.Generator, n: int, scale: np.ndarray, offset: float = 0.0) -> np.ndarray:
    return (rng.normal(size=(n, len(scale))) * scale + offset).astype(np.float32)


@pytest.mark.parametrize("n", [8, 20, 30, 31, 45, 400])
@pytest.mark.parametrize("m", [12, 30, 400])
def test_agrees_with_the_definition(rng: np.random.Generator, n: int, m: int) -> None:
    one, other = points(rng, n, np.ones(30)), points(rng, m, np.full(30, 1.5), 0.5)
    assert distance(one, other) == pytest.approx(by_definition(one, other), rel=1e-5)


@pytest.mark.parametrize("power", [1, 2, 3])
def test_directions_of_very_different_spread(rng: np.random.Generator, power: int) -> None:
    scale = np.arange(1, 61) ** (-power / 2.0)
    one, other = points(rng, 800, scale, 30.0), points(rng, 800, 0.95 * scale, 30.0)
    assert distance(one, other) == pytest.approx(by_definition(one, other), rel=1e-5)


def test_normal_distributions_have_a_closed_form(rng: np.random.Generator) -> None:
    one = points(rng, 4000, np.ones(5))
    moved, wider = one + np.float32(3), one * np.float32(2)
    assert distance(one, moved) == pytest.approx(45, rel=1e-5)
    trace = np.cov(one.astype(np.float64).T).trace()
    shift = (one.mean(axis=0, dtype=np.float64) ** 2).sum()
    assert distance(one, wider) == pytest.approx(trace + shift, rel=1e-5)


@pytest.mark.parametrize("n", [10, 40, 500])
def test_a_set_against_itself_is_zero(rng: np.random.Generator, n: int) -> None:
    one = points(rng, n, np.ones(40))
    assert distance(one, one) < 1e-6 * 40


def test_flat_directions_are_no_trouble(rng: np.random.Generator) -> None:
    """Constant features and duplicates: no small number is needed on any diagonal."""
    one, other = points(rng, 300, np.ones(8)), points(rng, 300, np.ones(8))
    one[:, 2], other[:, 2] = 5.0, 7.0
    without = distance(np.delete(one, 2, axis=1), np.delete(other, 2, axis=1))
    assert distance(one, other) == pytest.approx(without + 4, rel=1e-6)
    one[:, 5] = one[:, 4]
    assert distance(one, other) == pytest.approx(by_definition(one, other), rel=1e-5)
    repeated = np.repeat(one[:4], 75, axis=0)
    assert np.isfinite(distance(repeated, other))


def test_many_at_once_agree_with_one_by_one(rng: np.random.Generator) -> None:
    sets = [points(rng, n, np.ones(6)) for n in (50, 5, 60, 4)]
    spreads = [Spread(each.mean(axis=0, dtype=float), np.cov(each.T)) for each in sets]

    def stacked(*which: int) -> Spread:
        return Spread(
            *(np.stack(each) for each in zip(*(spreads[at] for at in which), strict=True))
        )

    found, other = distances(stacked(0, 1), stacked(2, 3), stacked(3, 0))
    for value, (one, two) in zip([*found, *other], [(0, 2), (1, 3), (0, 3), (1, 0)], strict=True):
        assert value == pytest.approx(distance(sets[one], sets[two]), rel=1e-5)
