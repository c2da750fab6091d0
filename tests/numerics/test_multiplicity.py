"""The family-wise rate must be what it says, for independent and for dependent slices."""

from __future__ import annotations

import numpy as np
import pytest

from firsthand.numerics.multiplicity import family_wise


@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_family_wise_rate_is_exact(rng: np.random.Generator, shared: float) -> None:
    """1000 families of 20 null slices: 5 % within 3 standard errors (2.1 points)."""

    def family(rows: int) -> np.ndarray:
        common = rng.normal(size=(rows, 1))
        return np.sqrt(shared) * common + np.sqrt(1 - shared) * rng.normal(size=(rows, 20))

    null = family(1999)
    alarms = np.mean([family_wise(row, null).family.min() <= 0.05 for row in family(1000)])
    assert alarms == pytest.approx(0.05, abs=0.021)


def test_it_beats_holm_where_slices_move_together(rng: np.random.Generator) -> None:
    common = rng.normal(size=(1999, 1))
    null = common + 0.05 * rng.normal(size=(1999, 20))
    badness = np.full(20, 2.4)
    chance = family_wise(badness, null)
    assert chance.family.min() < 0.05 < 20 * chance.alone.min()


def test_order_of_slices_is_irrelevant(rng: np.random.Generator) -> None:
    null, badness = rng.normal(size=(499, 6)), rng.normal(size=6) + 1
    turned = rng.permutation(6)
    one, other = family_wise(badness, null), family_wise(badness[turned], null[:, turned])
    assert np.array_equal(one.family[turned], other.family)


def test_nothing_to_lose_is_never_found() -> None:
    chance = family_wise(np.array([-1.0]), np.full((99, 1), -1.0))
    assert chance.alone.tolist() == [1.0]


def test_no_slices_no_p_values() -> None:
    assert family_wise(np.zeros(0), np.zeros((9, 0))).family.shape == (0,)


@pytest.mark.parametrize(("draws", "slices"), [(199, 40), (499, 150)])
def test_few_draws_of_many_slices_keep_the_rate(
    rng: np.random.Generator, draws: int, slices: int
) -> None:
    """Something beats all draws of its own slice in one of five families of 40 slices."""
    alarms = [
        family_wise(rng.normal(size=slices), rng.normal(size=(draws, slices))).family.min() <= 0.05
        for _ in range(300)
    ]
    assert np.mean(alarms) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_what_stands_out_far_is_found_among_many(rng: np.random.Generator) -> None:
    badness = np.where(np.arange(150) == 7, 8.0, rng.normal(size=150))
    chance = family_wise(badness, rng.normal(size=(499, 150)))
    assert chance.family[7] <= 0.01
    assert (np.delete(chance.family, 7) > 0.05).all()
