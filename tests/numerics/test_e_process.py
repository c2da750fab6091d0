"""The e-process: an exact check of one likelihood ratio, and error control by simulation."""

import itertools

import numpy as np
import pytest

from firsthand.errors import InputError
from firsthand.numerics.e_process import AMOUNTS, Looks, adjusted, e_process
from firsthand.numerics.special import normal_cdf


def test_one_look_against_integration():
    y, own, shared, freedom = 2.5, 1.0, 0.5, 20.0
    k = np.exp(np.linspace(-1.2, 1.2, 1201))
    weight = k ** (-freedom) * np.exp(-freedom / (2 * k**2))  # density of log k, up to a factor
    variance = own + shared

    def likelihood(shift):
        return np.exp(-((y - shift) ** 2) / (2 * k**2 * variance)) / k

    null = (weight * likelihood(0.0)).sum()
    change = 0.0
    for amount in AMOUNTS:
        scale = amount * np.sqrt(variance)
        steps = np.linspace(0, 8 * scale, 801)[:, None]
        prior = 2 * np.exp(-((steps / scale) ** 2) / 2) / np.sqrt(2 * np.pi) / scale
        mixed = (prior * likelihood(k * steps)).sum(axis=0) * (steps[1] - steps[0])
        mixed = mixed - (prior * likelihood(k * steps))[0] * (steps[1] - steps[0]) / 2
        change += (weight * mixed).sum() / len(AMOUNTS)
    # At the first look a step and a slope are the same; half of the weight is on later changes.
    expected = change / null / 2 + 1 / 2
    found = e_process(Looks(np.array([y]), np.array([own]), shared, freedom))
    assert found.e_value[0] == pytest.approx(expected, rel=0.01)


def test_its_mean_is_at_most_one_where_nothing_changes():
    """It is one; but what makes up for the many small values is too rare to be sampled."""
    rng = np.random.default_rng(0)
    freedom, shared = 30, 1.0
    last = []
    for _ in range(1500):
        scale = rng.chisquare(freedom) / freedom  # the variance as it was estimated; it is 1
        values = rng.normal() * np.sqrt(shared) + rng.normal(size=4)
        last.append(e_process(Looks(values, np.full(4, scale), shared * scale, freedom)).e_value)
    mean, error = np.mean(last, axis=0), np.std(last, axis=0) / np.sqrt(len(last))
    assert (mean < 1 + 4 * error).all()
    assert mean[0] > 0.85


def test_the_reference_alone_is_no_evidence():
    """A constant shift as large as the reference's own error can be never becomes an alarm."""
    lucky = Looks(np.full(200, 2.0), np.full(200, 1.0), 1.0, 63.0)
    assert e_process(lucky).e_value.max() < 20
    blind = Looks(np.full(200, 2.0), np.full(200, 1.0), 0.0, 63.0)
    assert e_process(blind).e_value.max() > 1e6


def test_it_finds_where_a_change_began():
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(60):
        values = rng.normal(size=20) + np.where(np.arange(20) >= 8, 2.5, 0.0) + rng.normal()
        began = np.cumsum(e_process(Looks(values, np.ones(20), 1.0, 63.0)).began[-1])
        low, high = np.searchsorted(began, [0.05, 0.95])
        inside += low <= 8 <= high
    assert inside >= 48  # 90 % of 60, less four standard errors


@pytest.mark.parametrize(
    "looks",
    [
        Looks(np.zeros(0), np.ones(0), 1.0, 63.0),
        Looks(np.array([np.nan]), np.ones(1), 1.0, 63.0),
        Looks(np.zeros(1), np.zeros(1), 1.0, 63.0),
        Looks(np.zeros(1), np.ones(1), -1.0, 63.0),
    ],
)
def test_looks_that_make_no_sense(looks):
    with pytest.raises(InputError, match="looks"):
        e_process(looks)


def test_adjusted_is_closed_testing():
    rng = np.random.default_rng(5)
    for _ in range(20):
        e_values = rng.lognormal(sigma=2, size=5)
        expected = [
            min(
                np.mean(e_values[list(others)])
                for size in range(1, 6)
                for others in itertools.combinations(range(5), size)
                if at in others
            )
            for at in range(5)
        ]
        assert adjusted(e_values) == pytest.approx(expected)


def test_far_below_and_above_the_table():
    from firsthand.numerics.e_process import _log_half_normal

    at = np.array([-39.0, -7.99, -8.01, 0.0, 7.0, 9.0])
    with np.errstate(divide="ignore"):
        exact = at**2 / 2 + np.log(normal_cdf(at))
    assert _log_half_normal(at)[1:] == pytest.approx(exact[1:], abs=1e-4)
    assert -5 < _log_half_normal(at)[0] < -4
