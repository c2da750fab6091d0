"""Counts over generations: effective size and sharpening, how often their intervals are right."""

from __future__ import annotations

import numpy as np
import pytest

from firsthand.errors import InputError
from firsthand.theory.decoding import tempered_shares
from firsthand.theory.effective_size import effective_size
from firsthand.theory.sharpening import sharpening

SLOW = pytest.mark.slow
ZIPF = (1 / np.arange(1.0, 101)) / (1 / np.arange(1.0, 101)).sum()


def history(rng, size, shares, generations, measured=None, temperature=1.0):
    """Counts of each training set, or of `measured` samples of it. (generations, classes)."""
    rows = []
    for _ in range(generations):
        counts = rng.multinomial(size, tempered_shares(shares, temperature, 1))
        shares = counts / size
        rows.append(counts if measured is None else rng.multinomial(measured, shares))
    return np.array(rows)


CASES = [
    ("measured", 1000, ZIPF, 4, 1000),
    ("three classes", 1000, np.array([0.6, 0.3, 0.1]), 4, None),
    pytest.param("complete", 1000, ZIPF, 4, None, marks=SLOW),
    pytest.param("two generations", 500, np.full(50, 0.02), 2, 2000, marks=SLOW),
    pytest.param("mostly measurement", 20_000, ZIPF, 4, 1000, marks=SLOW),
]


@pytest.mark.parametrize(("name", "size", "shares", "generations", "measured"), CASES)
def test_interval_holds_the_truth(rng, name, size, shares, generations, measured):
    runs = 200
    found = [
        effective_size(
            history(rng, size, shares, generations, measured), measured=measured is not None
        )
        for _ in range(runs)
    ]
    inside = np.mean([one.low <= size <= one.high for one in found])
    values = np.sort([one.value for one in found])
    print(f"N_e {name}: {inside:.3f} of 90 % intervals; 90 % of values in", values[[10, 189]])
    assert all(one.low <= one.value <= one.high for one in found)
    assert inside >= 0.9 - 4 * np.sqrt(0.9 * 0.1 / runs)
    if name == "measured":
        assert values[10] > 600
        assert values[189] < 1700
    if name == "mostly measurement":  # it says so
        assert np.mean([np.isinf(one.high) for one in found]) > 0.5


def test_plain_ratio_of_heterozygosities_is_no_estimate(rng):
    """Why it is not offered: negative in many histories in which drift is plain to see."""
    ratios = []
    for _ in range(300):
        rows = history(rng, 1000, ZIPF, 4)
        left = 1 - ((rows / 1000.0) ** 2).sum(axis=1)
        ratios.append(1 / (1 - (left[-1] / left[0]) ** (1 / 3)))
    assert 0.3 < np.mean(np.array(ratios) < 0) < 0.5


def test_sharpening_looks_like_fewer_samples(rng):
    fair = effective_size(history(rng, 2000, ZIPF, 4), measured=False)
    sharp = effective_size(history(rng, 2000, ZIPF, 4, temperature=0.8), measured=False)
    assert fair.low < 2000 < fair.high
    assert sharp.high < 1000


def test_no_change_is_no_drift():
    still = effective_size([[500, 300, 200]] * 3)
    assert still.value == still.high == np.inf
    assert still.low > 1000
    assert effective_size([[500, 300, 200]] * 3, measured=False).value == np.inf


def test_rare_classes_are_put_together(rng):
    rows = np.hstack([history(rng, 1000, [0.5, 0.5], 3), rng.integers(0, 2, (3, 40))])
    found = effective_size(rows)
    assert 3 <= found.classes <= 5


@pytest.mark.parametrize(
    "counts", [[[5, 5]], [[500, 0], [500, 0]], [[0, 0], [5, 5]], [[1.5, 2], [3, 4]], [3, 4]]
)
def test_counts_that_cannot_say(counts):
    with pytest.raises(InputError, match=r"Expected"):
        effective_size(counts)


@pytest.mark.parametrize("temperature", [1.0, 0.9, 0.7, 1.2])
@pytest.mark.parametrize("measured", [None, 1000])
def test_sharpening_is_found(rng, temperature, measured):
    runs = 150
    found = [
        sharpening(
            history(rng, 2000, ZIPF, 4, measured, temperature), measured=measured is not None
        )
        for _ in range(runs)
    ]
    inside = np.mean([one.low <= 1 / temperature <= one.high for one in found])
    mean = np.mean([one.value for one in found])
    print(f"exponent {1 / temperature:.3f}: mean {mean:.3f}, {inside:.3f} of 90 % intervals")
    assert inside >= 0.9 - 4 * np.sqrt(0.9 * 0.1 / runs)
    assert mean == pytest.approx(1 / temperature, abs=0.03)
    if temperature < 1:
        assert np.mean([one.low > 1 for one in found]) > 0.9


def test_equal_shares_tell_nothing_of_sharpening(rng):
    found = sharpening(history(rng, 1000, np.full(50, 0.02), 4, 500))
    assert found.high - found.low > 0.3


@pytest.mark.parametrize(
    "counts", [[[5, 5], [5, 5]], [[5], [5], [5]], [[0, 0], [1, 1], [1, 1]], [1]]
)
def test_counts_that_cannot_say_about_sharpening(counts):
    with pytest.raises(InputError, match=r"Expected"):
        sharpening(counts)
