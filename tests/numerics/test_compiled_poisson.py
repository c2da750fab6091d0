"""Multinomial counts from Poisson ones have the law of multinomial counts."""

import math

import numpy as np
import pytest

pytest.importorskip("numba")

from firsthand.numerics.compiled import poisson
from firsthand.numerics.compiled.chains import multinomial

MANY = 40_000


def drawn(weights, n, seed=0):
    tiled = np.tile(np.asarray(weights, float), (MANY, 1))
    return multinomial(np.random.default_rng(seed), tiled, n)


def binomial(n, p):
    k = np.arange(n + 1)
    logs = [math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in k]
    return np.exp(logs + k * math.log(p) + (n - k) * math.log1p(-p))


@pytest.mark.parametrize(
    "weights",
    [
        [1],
        [1, 1],
        [3, 0, 1, 2, 0, 1],
        [40, 1, 1, 5, 13],
        [700, 256, 257, 1, 30, 0, 80],  # more than a table holds, and exactly as much
    ],
)
def test_counts_sum_to_the_draws_with_multinomial_mean_and_covariance(weights):
    n = sum(weights)
    assert poisson.pays(n, np.count_nonzero(weights))
    counts = drawn(weights, n)
    p = np.array(weights) / n
    assert (counts.sum(axis=1) == n).all()
    assert (counts[:, p == 0] == 0).all()
    error = np.sqrt(n * p * (1 - p) / MANY)
    np.testing.assert_allclose(counts.mean(axis=0), n * p, atol=4.5 * error.max() + 1e-12)
    expected = n * (np.diag(p) - np.outer(p, p))
    np.testing.assert_allclose(
        np.cov(counts.T, ddof=0).reshape(len(p), -1), expected, atol=0.03 * expected.max() + 1e-12
    )


@pytest.mark.parametrize(("weights", "at"), [([3, 1, 2, 1], 0), ([30, 9, 1], 1), ([300, 60], 0)])
def test_one_count_is_binomial(weights, at):
    """Pearson's chi-squared over counts that are expected ten times or more."""
    n = sum(weights)
    found = np.bincount(drawn(weights, n, seed=1)[:, at].astype(int), minlength=n + 1)
    expected = MANY * binomial(n, weights[at] / n)
    kept = expected >= 10
    rest = [found[~kept].sum()], [expected[~kept].sum() + 1e-9]
    cells = np.append(found[kept], rest[0]), np.append(expected[kept], rest[1])
    chi = ((cells[0] - cells[1]) ** 2 / np.maximum(cells[1], 1)).sum()
    freedom = kept.sum()
    assert chi < freedom + 4.5 * math.sqrt(2 * freedom)


def test_tables_hold_poisson_laws():
    least, keep, other = poisson.tables(10_000)
    scale = 1 - poisson.BELOW / 100
    for weight in (1, 7, 100, poisson.LARGEST):
        share = np.zeros(poisson.COLUMNS)
        np.add.at(share, np.arange(poisson.COLUMNS), keep[weight])
        np.add.at(share, other[weight], 1 - keep[weight])
        k = least[weight] + np.arange(poisson.COLUMNS)
        mean = weight * scale
        law = np.exp(k * math.log(mean) - mean - [math.lgamma(i + 1) for i in k])
        np.testing.assert_allclose(share / poisson.COLUMNS, law, atol=1e-12)
        assert law.sum() == pytest.approx(1, abs=1e-12)


def test_few_symbols_of_large_counts_are_drawn_another_way():
    assert not poisson.pays(1_000_000, 3)
    counts = drawn([600_000, 300_000, 100_000], 1_000_000)[:, 0]
    assert counts.mean() == pytest.approx(600_000, abs=4 * math.sqrt(240_000 / MANY))
    assert counts.std() == pytest.approx(math.sqrt(240_000), rel=0.02)
