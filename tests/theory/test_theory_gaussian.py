"""Rows 1 to 5: Gaussian chains, with sufficient statistics and with samples."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from agreement import agrees

from firsthand.errors import InputError
from firsthand.numerics.special import beta_cdf
from firsthand.theory import accumulation, gaussian

CHAINS = 20_000


def replace(rng, chains, samples, generations, ddof):
    """Mean and variance of each fit. (chains, generations) each; exact laws of both statistics."""
    mean, variance = np.zeros(chains), np.ones(chains)
    found = np.empty((2, chains, generations))
    for t in range(generations):
        mean = mean + np.sqrt(variance / samples) * rng.standard_normal(chains)
        variance = variance * rng.chisquare(samples - 1, chains) / (samples - ddof)
        found[:, :, t] = mean, variance
    return found


def accumulate(rng, chains, samples, generations, ddof=0):
    """The same when each fit is to all values so far."""
    total, squares = np.zeros(chains), np.zeros(chains)
    mean, variance = np.zeros(chains), np.ones(chains)
    found = np.empty((2, chains, generations))
    for t in range(generations):
        fresh = mean + np.sqrt(variance / samples) * rng.standard_normal(chains)
        within = variance * rng.chisquare(samples - 1, chains)
        total, squares = total + samples * fresh, squares + within + samples * fresh**2
        size = samples * (t + 1)
        mean = total / size
        variance = (squares - size * mean**2) / (size - ddof)
        found[:, :, t] = mean, variance
    return found


def test_row_1_replace_by_maximum_likelihood(rng):
    mean, variance = replace(rng, CHAINS, 100, 100, 0)
    law = gaussian.replace_log_variance(100, 100)
    logs = np.log(variance[:, -1])
    agrees("1 E log V", logs, law.mean)
    agrees("1 var log V", (logs - law.mean) ** 2, law.sd**2)
    agrees("1 median", variance[:, -1] < gaussian.replace_variance_quantile(0.5, 100, 100), 0.5)
    # Means of V are heavy-tailed; 20 generations are few enough for their standard error to hold.
    early = np.s_[:, 19]
    agrees("1 E V_20", variance[early], gaussian.replace_variance(100, 20))
    agrees("1 E m2_20", mean[early] ** 2, gaussian.replace_mean_square(100, 20))
    kept = gaussian.replace_variance(100, 100) + gaussian.replace_mean_square(100, 100)
    assert float(kept) == pytest.approx(1, abs=1e-12)
    assert float(law.mean) == pytest.approx(-2.0185, abs=1e-4)
    assert float(gaussian.replace_variance(100, 100)) == pytest.approx(0.3660, abs=1e-4)


def test_row_1_with_samples(rng):
    values = rng.standard_normal((2000, 100))
    for _ in range(19):
        drawn = rng.standard_normal(values.shape)
        values = values.mean(1, keepdims=True) + values.std(1, keepdims=True) * drawn
    agrees("1 samples", 2 * np.log(values.std(axis=1)), gaussian.replace_log_variance(100, 20).mean)


def test_row_2_replace_unbiased(rng):
    mean, variance = replace(rng, CHAINS, 100, 10, 1)
    mean, variance = mean[:, -1], variance[:, -1]
    agrees("2 E V", variance, gaussian.replace_variance(100, 10, ddof=1))
    agrees("2 E sd, M=100", np.sqrt(variance), gaussian.replace_sd(100, 10, ddof=1))
    agrees("2 Var X", variance + mean**2, 1 + gaussian.replace_mean_square(100, 10, ddof=1))
    distance = mean**2 + (1 - np.sqrt(variance)) ** 2
    agrees("2 W2", distance, gaussian.replace_wasserstein(100, 10, ddof=1))
    few = replace(rng, CHAINS, 10, 50, 1)[1][:, -1]
    agrees("2 E sd, M=10", np.sqrt(few), gaussian.replace_sd(10, 50, ddof=1))
    for samples, generations, expected in ((100, 10, 0.9751), (10, 50, 0.2501)):
        found = gaussian.replace_sd(samples, generations, ddof=1)
        assert float(found) == pytest.approx(expected, abs=1e-4)


def test_row_3_probability_of_spread(rng):
    at = np.array([20, 40, 60, 80, 100, 150, 200])
    published = [0.850, 0.505, 0.277, 0.150, 0.081, 0.0177, 0.0040]
    variance = replace(rng, CHAINS, 10, 200, 1)[1][:, at - 1]
    law = 1 - gaussian.replace_variance_cdf(0.01, 10, at, ddof=1)
    agrees("3 Pr(sd > 0.1)", variance > 0.01, law, allowance=0.001)
    assert law == pytest.approx(published, abs=0.002)
    assert np.all(law <= gaussian.replace_spread_bound(0.1, 10, at))


@pytest.mark.parametrize("samples", [3, pytest.param(10, marks=pytest.mark.slow), 100])
@pytest.mark.parametrize("generations", [1, pytest.param(5, marks=pytest.mark.slow), 50])
def test_distribution_of_the_variance(rng, samples, generations):
    logs = np.log(rng.chisquare(samples - 1, (CHAINS, generations)) / samples).sum(axis=1)
    for probability in (0.01, 0.25, 0.5, 0.75, 0.99):
        edge = gaussian.replace_variance_quantile(probability, samples, generations)
        label = f"quantile {probability}, M={samples}, t={generations}"
        agrees(label, logs < np.log(edge), probability, allowance=0.003 if samples > 3 else 0.007)


def test_distribution_is_smooth_at_its_mean():
    law = gaussian.replace_log_variance(10, 5)
    around = np.exp(law.mean + law.sd * np.linspace(-0.01, 0.01, 41))
    found = gaussian.replace_variance_cdf(around, 10, 5)
    assert np.ptp(np.diff(found)) < 2e-5
    assert np.all(np.diff(found) > 0)


@pytest.mark.parametrize(("samples", "limit"), [(10, 0.8434), (100, 0.98363), (3, 0.5351)])
@pytest.mark.parametrize("ddof", [0, 1])
def test_row_4_accumulate(rng, samples, limit, ddof):
    mean, variance = accumulate(rng, CHAINS // 2, samples, 100, ddof)
    expected = accumulation.accumulate_variance(samples, 100, ddof)
    agrees(f"4 E V, M={samples}, ddof {ddof}", variance[:, -1], expected)
    if ddof == 0:
        moved = accumulation.accumulate_mean_square(samples, 100)
        agrees(f"4 E m2, M={samples}", mean[:, -1] ** 2, moved)
        assert float(accumulation.accumulate_variance_limit(samples)) == pytest.approx(
            limit, abs=1e-4
        )
        assert float(expected) == pytest.approx(limit, rel=0.005)


def subsample(rng, chains, samples, generations):
    """The mean of known variance, fitted to a random part of the pool. (chains, generations)."""
    pool = np.empty((chains, samples * generations), dtype=np.float32)
    mean, found = np.zeros(chains), np.empty((chains, generations))
    for t in range(generations):
        size = samples * (t + 1)
        drawn = rng.standard_normal((chains, samples), dtype=np.float32)
        pool[:, size - samples : size] = mean[:, None] + drawn
        order = rng.random((chains, size), dtype=np.float32)
        chosen = np.argpartition(order, samples - 1, axis=1)[:, :samples]
        mean = np.take_along_axis(pool, chosen, axis=1).mean(axis=1, dtype=float)
        found[:, t] = mean
    return found


@pytest.mark.parametrize("generations", [10, pytest.param(60, marks=pytest.mark.slow)])
def test_row_5_subsample(rng, generations):
    found = 50 * subsample(rng, 1500, 50, generations) ** 2
    at = np.array([t for t in (1, 2, 5, 10, 20, 60) if t <= generations])
    expected = accumulation.subsample_mean_square(at)
    agrees("5 M E m2", found[:, at - 1], expected, allowance=0.05)  # order 1 / M
    assert float(accumulation.subsample_mean_square(10**6)) == pytest.approx(
        math.pi**2 / 2 - 2, 1e-5
    )


@pytest.mark.parametrize("samples", [10, 100])
@pytest.mark.parametrize("setting", ["Replace", "Accumulate"])
def test_published_chains_lie_where_medians_do(real_data, rng, setting, samples):
    """Kazdan et al. 2024: medians of 109 to 115 chains over 100 iterations."""
    path = real_data("gaussian_recursion_dev") / "gaussian_by_iteration.csv"
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["setting"] == setting]
    rows = [row for row in rows if int(row["samples_per_iteration"]) == samples]
    at = np.array([int(row["iteration"]) for row in rows])
    median = np.array([float(row["fit_variance_median"]) for row in rows])
    runs = np.array([int(row["runs"]) for row in rows])
    if setting == "Replace":
        below = gaussian.replace_variance_cdf(median, samples, at)
    else:
        variance = accumulate(rng, CHAINS, samples, 100)[1]
        below = (variance[:, at - 1] < median).mean(axis=0)
    # How a median of so many chains is spread, on the scale of the distribution function.
    half = (runs + 1) / 2
    inside = np.abs(beta_cdf(below, half, half) - 0.5) <= 0.495
    print(f"published {setting} {samples}: {inside.mean():.3f} of {len(rows)} inside")
    assert len(rows) == 100
    assert inside.mean() >= 0.97


@pytest.mark.parametrize(
    "call",
    [
        lambda: gaussian.replace_variance(1, 5),
        lambda: gaussian.replace_variance(10, -1),
        lambda: gaussian.replace_variance(10, 5, ddof=2),
        lambda: gaussian.replace_variance_cdf(0.0, 10, 5),
        lambda: gaussian.replace_variance_cdf(0.5, 10, 0),
        lambda: gaussian.replace_variance_quantile(1.0, 10, 5),
        lambda: accumulation.accumulate_variance(10, 0),
        lambda: accumulation.accumulate_variance(10, 5, ddof=2),
        lambda: accumulation.subsample_mean_square(0),
        lambda: gaussian.replace_spread_bound(-1, 10, 5),
    ],
)
def test_outside_the_domain(call):
    with pytest.raises(InputError, match=r"Expected"):
        call()


def test_half_life():
    t = gaussian.replace_half_life(100)
    assert float(t * gaussian.replace_log_variance(100, 1).mean) == pytest.approx(math.log(0.5))
