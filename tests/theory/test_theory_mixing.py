"""Rows 12, 12b and 13: new human values beside synthetic ones; row 18: kernel densities."""

from __future__ import annotations

import numpy as np
import pytest
from agreement import agrees

from firsthand.errors import InputError
from firsthand.theory import decoding, kernel_density, mixing

SLOW = pytest.mark.slow
CHAINS = 20_000


def group(rng, mean, variance, size):
    """Mean and sum of squares about 0 of normal values. Exact laws."""
    if not size:
        return mean, np.zeros_like(mean)
    centre = mean + np.sqrt(variance / size) * rng.standard_normal(mean.shape)
    within = variance * rng.chisquare(size - 1, mean.shape)
    return centre, within + size * centre**2


def fresh_loop(rng, chains, fresh, synthetic, factor, generations):
    mean, variance, total = np.zeros(chains), np.ones(chains), fresh + synthetic
    for _ in range(generations):
        human, human_squares = group(rng, np.zeros(chains), np.ones(chains), fresh)
        model, model_squares = group(rng, mean, factor * variance, synthetic)
        mean = (fresh * human + synthetic * model) / total
        variance = (human_squares + model_squares) / total - mean**2
    return mean, variance


@pytest.mark.parametrize(
    ("synthetic", "gain", "generations"),
    [(0, 1.0, 1), (100, 1.505, 15), (900, 1.909, 60), pytest.param(9900, 2.0, 500, marks=SLOW)],
)
def test_row_12_fresh_loop(rng, synthetic, gain, generations):
    mean, variance = fresh_loop(rng, CHAINS, 100, synthetic, 1.0, generations)
    law = mixing.fresh_loop(100, synthetic)
    agrees(f"12 m2, n_s={synthetic}", mean**2, law.mean_square)
    agrees(f"12 V, n_s={synthetic}", variance, law.variance)
    found = float(mixing.effective_fresh(100, synthetic)) / 100
    assert found == pytest.approx(gain, abs=0.0006)
    assert 1 <= found <= 2
    print(f"12 n_e / n_r: expected {gain} found {0.01 / (mean**2).mean():.4f}")


@pytest.mark.parametrize(
    ("synthetic", "variance", "square"),
    [(100, 0.9036, 0.00604), (300, 0.7659, 0.00438), (900, 0.5249, 0.00276)],
)
def test_row_12b_biased_sampling(rng, synthetic, variance, square):
    found = fresh_loop(rng, CHAINS, 100, synthetic, 0.9, 60)
    law = mixing.fresh_loop(100, synthetic, 0.9)
    agrees(f"12b V, n_s={synthetic}", found[1], law.variance)
    agrees(f"12b m2, n_s={synthetic}", found[0] ** 2, law.mean_square)
    assert float(law.variance) == pytest.approx(variance, abs=5e-5)
    assert float(law.mean_square) == pytest.approx(square, abs=5e-6)


def test_row_12b_admissible_synthetic_values():
    """At 84, 144 and 284 the distance is just larger than without any."""
    assert [mixing.admissible_synthetic(n, 0.9) for n in (10, 100, 1000)] == [83, 143, 283]
    assert mixing.admissible_synthetic(100, 1.0) == np.inf
    assert mixing.admissible_synthetic(100, 0.5) < mixing.admissible_synthetic(100, 0.99)


def test_row_12_bias_alone(rng):
    variance = np.ones(CHAINS)
    for _ in range(10):
        variance = 0.8 * variance * rng.chisquare(99, CHAINS) / 99
    agrees("12 bias", variance, decoding.sharpened_variance(0.8, 10))


@pytest.mark.parametrize("weight", [0.5, 0.618, 0.8, 1.0])
@pytest.mark.parametrize("synthetic", [100, 400])
def test_row_13_weights(rng, weight, synthetic):
    mean = np.zeros(CHAINS)
    for _ in range(12):
        human = rng.standard_normal(CHAINS) / 10
        model = mean + rng.standard_normal(CHAINS) / np.sqrt(synthetic)
        mean = weight * human + (1 - weight) * model
    law = 100 * mixing.weighted_error(weight, 100, synthetic)
    agrees(f"13 n MSE, w={weight}, n_s={synthetic}", 100 * mean**2, law, allowance=1e-4)
    if synthetic == 100:
        published = {0.5: 0.6667, 0.618: 0.6180, 0.8: 0.7083, 1.0: 1.0}
        assert float(law) == pytest.approx(published[weight], abs=1e-4)


@pytest.mark.parametrize("synthetic", [10, 100, 5000])
def test_row_13_the_best_weight_is_best(synthetic):
    best = mixing.best_weight(100, synthetic)
    around = mixing.weighted_error(best + np.array([-0.01, 0, 0.01]), 100, synthetic)
    assert np.argmin(around) == 1
    assert float(around[1]) == pytest.approx(float(best) / 100, rel=1e-12)
    assert float(mixing.best_weight(7, 7)) == pytest.approx((np.sqrt(5) - 1) / 2)


def test_row_18_kernel_density_replaced(rng):
    values = rng.standard_normal((1500, 100))
    start = values.var(axis=1)
    agrees("18 start", start, kernel_density.replace_variance(0.5, 100, 0))
    for _ in range(50):
        chosen = rng.integers(0, 100, values.shape)
        drawn = np.take_along_axis(values, chosen, axis=1)
        values = drawn + 0.5 * rng.standard_normal(values.shape)
    law = kernel_density.replace_variance(0.5, 100, 50)
    agrees("18 replace", values.var(axis=1), law)
    assert float(law) == pytest.approx(10.375, abs=5e-4)


def test_row_18_kernel_density_accumulated(rng):
    chains, samples, generations = 600, 50, 50
    pool = np.empty((chains, samples * (generations + 1)))
    pool[:, :samples] = rng.standard_normal((chains, samples))
    for t in range(1, generations + 1):
        size = t * samples
        drawn = np.take_along_axis(pool, rng.integers(0, size, (chains, samples)), axis=1)
        noise = 0.5 * rng.standard_normal((chains, samples))
        pool[:, size : size + samples] = drawn + noise
    law = kernel_density.accumulate_second_moment(0.5, generations)
    agrees("18 accumulate", (pool**2).mean(axis=1), law)
    assert float(law) == pytest.approx(1.880, abs=5e-4)
    ten_more = kernel_density.accumulate_second_moment(0.5, [9, 99, 999])
    assert np.diff(ten_more) == pytest.approx(0.25 * np.log(10), abs=0.02)  # logarithmic growth


@pytest.mark.parametrize(
    "call",
    [
        lambda: mixing.fresh_loop(0, 10),
        lambda: mixing.fresh_loop(10, 10, 1.1),
        lambda: mixing.weighted_error(0.0, 10, 10),
        lambda: mixing.best_weight(10, 0),
        lambda: mixing.admissible_synthetic(1, 0.9),
        lambda: kernel_density.replace_variance(-0.1, 10, 1),
        lambda: kernel_density.accumulate_second_moment(0.1, -1),
        lambda: decoding.sharpened_variance(-0.1, 3),
    ],
)
def test_outside_the_domain(call):
    with pytest.raises(InputError, match=r"Expected"):
        call()
