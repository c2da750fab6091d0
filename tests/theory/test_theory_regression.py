"""Rows 6 to 8: linear regression on its own labels."""

from __future__ import annotations

import numpy as np
import pytest
from agreement import agrees

from firsthand.errors import InputError
from firsthand.theory import regression


def designs(rng, chains, samples, features):
    """Inputs (chains, samples, features), and their pseudo-inverses."""
    inputs = rng.standard_normal((chains, samples, features))
    across = inputs.transpose(0, 2, 1)
    return inputs, np.linalg.solve(across @ inputs, across)


def own_labels(rng, inverse, generations, *, accumulate):
    """Coefficients of each fit, the truth being 0. (generations, chains, features)."""
    chains, features, samples = inverse.shape
    now, pool, found = np.zeros((chains, features)), np.zeros((chains, features)), []
    for t in range(1, generations + 1):
        noise = (inverse @ rng.standard_normal((chains, samples, 1)))[..., 0]
        # The same inputs each time: the fit to all labels is the mean of the fits to each set.
        pool = pool + now + noise
        now = pool / t if accumulate else now + noise
        found.append(now)
    return np.array(found)


@pytest.mark.parametrize("accumulate", [False, True])
def test_row_6_replace_and_accumulate(rng, accumulate):
    _, inverse = designs(rng, 1000, 111, 10)
    found = own_labels(rng, inverse, 10, accumulate=accumulate)[[4, 9]]
    law = regression.accumulate_error if accumulate else regression.replace_error
    expected = [0.1464, 0.1550] if accumulate else [0.5, 1.0]
    agrees(f"6 accumulate={accumulate}", (found**2).sum(axis=2).T, law(111, 10, [5, 10]))
    assert law(111, 10, [5, 10]) == pytest.approx(expected, abs=5e-5)
    assert np.all(regression.accumulate_error(111, 10, [1, 10, 1000]) < 0.1 * np.pi**2 / 6)


def subsampled(rng, chains, samples, features, generations):
    """Squared error of each fit to a random part of all labelled inputs. (chains, generations)."""
    inputs, _ = designs(rng, chains, samples, features)
    labels, row = np.empty((chains, 0)), np.arange(chains)[:, None]
    now, found = np.zeros((chains, features)), []
    for t in range(1, generations + 1):
        fresh = (inputs @ now[..., None])[..., 0] + rng.standard_normal((chains, samples))
        labels = np.hstack([labels, fresh])
        order = rng.random((chains, t * samples), dtype=np.float32)
        chosen = np.argpartition(order, samples - 1, axis=1)[:, :samples]
        part = inputs[row, chosen % samples]
        across = part.transpose(0, 2, 1)
        now = np.linalg.solve(across @ part, across @ labels[row, chosen][..., None])[..., 0]
        found.append((now**2).sum(axis=1))
    return np.array(found).T


def test_row_6_subsample(rng):
    found = subsampled(rng, 300, 111, 10, 10)[:, [0, 1, 9]]
    law = regression.subsample_error(111, 10, [1, 2, 10])
    agrees("6 subsample, 11 a feature", found, law, allowance=0.12 * law)
    found = subsampled(rng, 1000, 102, 1, 10)[:, [0, 1, 9]]
    law = regression.subsample_error(102, 1, [1, 2, 10])
    agrees("6 subsample, 100 a feature", found, law, allowance=0.02 * law)


def test_row_7_fewer_samples_than_features(rng):
    chains, features, samples = 200, 100, 60
    now = np.full((chains, features), 1 / np.sqrt(features))
    truth, found = now, []
    for _ in range(8):
        inputs = rng.standard_normal((chains, samples, features))
        across = inputs.transpose(0, 2, 1)
        now = (across @ np.linalg.solve(inputs @ across, inputs @ now[..., None]))[..., 0]
        found.append(((now - truth) ** 2).sum(axis=1))
    law = regression.overparameterised_loss(60, 100, np.arange(1, 9))
    agrees("7", np.array(found).T, law)
    assert law == pytest.approx([0.4, 0.64, 0.784, 0.870, 0.922, 0.953, 0.972, 0.983], abs=5e-4)


def wishart(rng, chains, freedom, features):
    """Sums of outer products of normal rows, by Bartlett's decomposition."""
    lower = np.tril(rng.standard_normal((chains, features, features)), -1)
    at = np.arange(features)
    lower[:, at, at] = np.sqrt(rng.chisquare(freedom - at, (chains, features)))
    return lower @ lower.transpose(0, 2, 1)


@pytest.mark.parametrize(("synthetic", "expected"), [(0.0, 0.0010), (0.01, 0.0011), (0.1, 0.0110)])
def test_row_8_floor_of_mixed_labels(rng, synthetic, expected):
    chains, samples, features = 60, 50_000, 50
    model = round(synthetic * samples)
    human = wishart(rng, chains, samples - model, features)
    made = wishart(rng, chains, model, features) if model else np.zeros_like(human)
    shift = np.zeros(features)
    shift[0] = 1
    noise = np.linalg.cholesky(human + made) @ rng.standard_normal((chains, features, 1))
    found = np.linalg.solve(human + made, made @ shift[:, None] + noise)[..., 0]
    law = regression.mixed_error(samples, features, synthetic, 1.0)
    agrees(f"8 share {synthetic}", (found**2).sum(axis=1), law, allowance=0.02 * law)
    assert float(law) == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize(
    "call",
    [
        lambda: regression.replace_error(11, 10, 1),
        lambda: regression.accumulate_error(100, 0, 1),
        lambda: regression.subsample_error(100, 10, 0),
        lambda: regression.overparameterised_loss(101, 100, 1),
        lambda: regression.mixed_error(1000, 10, 1.2, 1.0),
        lambda: regression.mixed_error(1000, 10, 0.2, -1.0),
    ],
)
def test_outside_the_domain(call):
    with pytest.raises(InputError, match=r"Expected"):
        call()
