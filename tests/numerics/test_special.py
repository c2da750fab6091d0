"""Special functions against SciPy's, where it is there, and against exact values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firsthand.numerics import special

GRID = np.concatenate([np.geomspace(1e-3, 1e6, 200), [0.5, 1.0, 2.0, 11.999, 12.0]])


def test_gamma_family_against_exact_values():
    assert special.log_gamma(11.0) == pytest.approx(math.log(math.factorial(10)), abs=1e-12)
    assert special.digamma(0.5) == pytest.approx(-np.euler_gamma - 2 * math.log(2), abs=1e-13)
    assert special.trigamma(0.5) == pytest.approx(math.pi**2 / 2, abs=1e-12)


def test_gamma_family_against_scipy():
    scipy = pytest.importorskip("scipy.special")
    np.testing.assert_allclose(special.log_gamma(GRID), scipy.gammaln(GRID), 1e-12, 1e-12)
    np.testing.assert_allclose(special.digamma(GRID), scipy.digamma(GRID), 1e-12, 1e-12)
    np.testing.assert_allclose(special.trigamma(GRID), scipy.polygamma(1, GRID), 1e-12, 1e-12)
    np.testing.assert_allclose(special.inverse_digamma(special.digamma(GRID)), GRID, 1e-8)


def test_normal():
    assert special.normal_cdf([-1.0, 0.0, 1.0]).sum() == pytest.approx(1.5, abs=1e-15)
    assert special.normal_cdf(1.959963984540054) == pytest.approx(0.975, abs=1e-14)
    assert special.normal_cdf(-10.0) == pytest.approx(7.61985302416e-24, rel=1e-9)


def test_normal_quantiles():
    probability = np.array([1e-12, 0.01, 0.5, 0.9, 1 - 1e-9])
    found = special.normal_cdf(special.normal_quantile(probability))
    np.testing.assert_allclose(found, probability, 1e-9)


def test_beta_and_gamma_against_scipy(rng):
    scipy = pytest.importorskip("scipy.special")
    a, b = 10 ** rng.uniform(-3, 6, size=(2, 3000))
    x = np.clip(a / (a + b) * (1 + rng.normal(size=3000) / np.sqrt(a + 1)), 0, 1)
    np.testing.assert_allclose(special.beta_cdf(x, a, b), scipy.betainc(a, b, x), atol=1e-9)
    y = np.abs(a * (1 + rng.normal(size=3000) * 2 / np.sqrt(a)))
    np.testing.assert_allclose(special.gamma_cdf(y, a), scipy.gammainc(a, y), atol=1e-9)


def test_ends_of_beta():
    assert special.beta_cdf([0.0, 1.0, -1.0, 2.0], 0.3, 4.0).tolist() == [0, 1, 0, 1]
    assert special.gamma_cdf([0.0], 2.0).tolist() == pytest.approx([0])


def test_beta_binomial_against_sums():
    """Two draws from a uniform share: 0, 1 and 2 hits are equally likely."""
    found = special.beta_binomial_cdf([-1, 0, 1, 2], 0.5, 2, 2.0)
    assert found.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    firm = special.beta_binomial_cdf([0, 3], 0.25, 10, np.inf)
    assert firm.tolist() == pytest.approx([0.75**10, 0.7758750916], abs=1e-8)


def test_beta_binomial_against_scipy(rng):
    scipy = pytest.importorskip("scipy.stats")
    draws = rng.integers(1, 4000, 200)
    mean, size = rng.uniform(0.001, 0.999, 200), 10 ** rng.uniform(-1, 6, 200)
    count = np.floor(draws * np.clip(mean * rng.uniform(0.2, 2, 200), 0, 1))
    expected = scipy.betabinom.cdf(count, draws, size * mean, size * (1 - mean))
    np.testing.assert_allclose(
        special.beta_binomial_cdf(count, mean, draws, size), expected, atol=1e-8
    )


def test_many_hits_follow_the_continuous_law():
    """Just beyond the counts that are summed one by one, both agree."""
    sums = special.beta_binomial_cdf(special.TERMS, 0.4, 10_000, 500.0)
    law = special.beta_binomial_cdf(special.TERMS + 1, 0.4, 10_000, 500.0)
    assert 0 < law - sums < 0.002
