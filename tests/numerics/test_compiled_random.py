"""Random numbers of compiled loops have the laws that they are named after."""

import math

import numpy as np
import pytest

numba = pytest.importorskip("numba")
compiled = pytest.importorskip("firsthand.numerics.compiled.random")

N = 400_000


@numba.njit
def normals(seed, n):
    state, out = compiled.begin(seed), np.empty(n)
    for at in range(n):
        out[at], state = compiled.normal(state)
    return out


@numba.njit
def chi_squares(seed, n, freedom):
    state, out = compiled.begin(seed), np.empty(n)
    for at in range(n):
        out[at], state = compiled.chi_squared(freedom, state)
    return out


@numba.njit
def binomials(seed, n, trials, p):
    state, out = compiled.begin(seed), np.empty(n, np.int64)
    for at in range(n):
        out[at], state = compiled.binomial(trials, p, state)
    return out


def seed(number=0):
    return compiled.words(np.random.default_rng(number))


def distance(sample, cdf):
    """Largest gap between the sample's distribution and the law, times the root of the size."""
    ranked = np.sort(sample)
    law = cdf(ranked)
    steps = np.arange(len(ranked) + 1) / len(ranked)
    gap = max(np.abs(law - steps[:-1]).max(), np.abs(law - steps[1:]).max())
    return gap * math.sqrt(len(ranked))


WORST = 1.95  # of the distance above: beyond in one sample of a thousand (Kolmogorov)


def test_normal_numbers_are_normal_also_in_the_tails():
    found = normals(seed(), N)
    erf = np.vectorize(math.erf)
    assert distance(found, lambda x: (1 + erf(x / math.sqrt(2))) / 2) < WORST
    for edge in (3.0, compiled.EDGE, 4.0):
        expected = N * math.erfc(edge / math.sqrt(2))
        assert abs((np.abs(found) > edge).sum() - expected) < 4 * math.sqrt(expected)
    neighbours = np.corrcoef(found[:-1], found[1:])[0, 1]
    assert abs(neighbours) < 4 / math.sqrt(N)


def test_seeds_decide():
    np.testing.assert_array_equal(normals(seed(3), 100), normals(seed(3), 100))
    assert not np.array_equal(normals(seed(3), 100), normals(seed(4), 100))


def test_chi_squared_numbers_of_two_degrees_are_exponential():
    assert distance(chi_squares(seed(), N, 2.0), lambda x: 1 - np.exp(-x / 2)) < WORST


@pytest.mark.parametrize("freedom", [4.0, 9.0, 99.0])
def test_chi_squared_numbers_have_their_moments(freedom):
    found = chi_squares(seed(1), N, freedom)
    assert found.mean() == pytest.approx(freedom, abs=4 * math.sqrt(2 * freedom / N))
    assert found.var() == pytest.approx(2 * freedom, rel=0.03)
    skewness = ((found - freedom) ** 3).mean() / (2 * freedom) ** 1.5
    assert skewness == pytest.approx(math.sqrt(8 / freedom), abs=0.06)


@pytest.mark.parametrize(
    ("trials", "p"),
    [(1, 0.5), (5, 0.3), (100, 0.05), (50, 0.31), (1000, 0.4), (100_000, 0.0005), (30_000, 0.99)],
)
def test_binomial_numbers_have_their_law(trials, p):
    found = binomials(seed(2), N, trials, p)
    assert found.min() >= 0
    assert found.max() <= trials
    k = np.arange(trials + 1)
    logs = np.array([math.lgamma(at + 1) for at in range(trials + 1)])
    choose = logs[-1] - logs - logs[::-1]
    expected = N * np.exp(choose + k * math.log(p) + (trials - k) * math.log1p(-p))
    counts = np.bincount(found, minlength=trials + 1)
    common = expected > 20
    squared = ((counts - expected)[common] ** 2 / expected[common]).sum()
    freedom = common.sum() - 1
    assert squared < freedom + 4 * math.sqrt(2 * max(freedom, 1))
    rest = expected[~common].sum()
    assert abs(counts[~common].sum() - rest) < 4 * math.sqrt(rest + 1)


@pytest.mark.parametrize(("trials", "p"), [(0, 0.3), (7, 0.0), (7, 1.0), (1000, 1.0)])
def test_what_is_certain_is_certain(trials, p):
    assert set(binomials(seed(), 50, trials, p)) == {round(trials * p)}
