"""What must hold for any arguments inside the domain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.theory import (
    categories,
    decoding,
    extinction,
    gaussian,
    halving,
    inflow,
    mixing,
    retention,
    verifier,
)

SHARE = st.floats(1e-4, 0.99)
SIZE = st.integers(2, 20_000)
FEW = settings(max_examples=25)


@FEW
@given(SHARE, SIZE, st.integers(2, 60))
def test_extinction_only_grows_and_spares_the_frequent(share, samples, horizon):
    found = extinction.extinct_by([share / 2, share], samples, horizon)
    assert np.all((found >= 0) & (found <= 1 + 1e-12))
    assert np.all(np.diff(found, axis=1) >= -1e-9)
    assert np.all(found[0] >= found[1] - 1e-9)
    assert found[:, 0] == pytest.approx((1 - np.array([share / 2, share])) ** samples, abs=1e-9)


@FEW
@given(SHARE, SIZE, st.floats(0.05, 0.8))
def test_reduction_comes_before_extinction(share, samples, keep):
    down = halving.reduced_by(share, samples, 30, keep)[0]
    assert np.all(np.diff(down) >= -1e-9)
    assert np.all(down >= extinction.extinct_by(share, samples, 30)[0] - 0.02)
    assert np.all(down <= halving.reduced_by(share, samples, 30, min(keep + 0.1, 0.9))[0] + 0.02)


@FEW
@given(
    st.integers(2, 10_000), st.integers(1, 2000), st.floats(1e-3, 1 - 1e-3), st.sampled_from([0, 1])
)
def test_quantiles_invert_the_distribution(samples, generations, probability, ddof):
    edge = gaussian.replace_variance_quantile(probability, samples, generations, ddof)
    if edge > 1e-300:
        back = gaussian.replace_variance_cdf(edge, samples, generations, ddof)
        assert float(back) == pytest.approx(probability, abs=1e-5)


@FEW
@given(SHARE, st.integers(10, 20_000), st.floats(0.001, 0.9), st.floats(0.05, 0.95))
def test_more_fresh_samples_lose_less(share, samples, fresh, keep):
    less, more = inflow.loss_probability(share, samples, [fresh, min(1.5 * fresh, 1)], keep)
    # Whole counts: a target just below a class's only expected sample is lost more often at first.
    assert more <= less + 0.02
    assert 0 <= more <= 1
    low, high = inflow.share_quantile(share, samples, fresh, [0.1, 0.9])
    assert 0 <= low <= high <= 1


@FEW
@given(st.integers(2, 10**6), st.floats(0, 1))
def test_kept_and_fresh_hold_about_alike(samples, part):
    kept = round(part * samples)
    fixed = float(retention.kept_concentration(samples, kept))
    fresh = float(inflow.concentration(samples, kept / samples))
    assert fixed >= fresh - 1e-6 * samples  # fixed counts are noiseless around their own shares


@FEW
@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_human_values_are_worth_more_than_their_share(fresh, synthetic):
    best = float(mixing.best_weight(fresh, synthetic))
    assert fresh / (fresh + synthetic) <= best < 1
    assert mixing.weighted_error(best, fresh, synthetic) <= 1 / fresh + 1e-15
    worth = float(mixing.effective_fresh(fresh, synthetic))
    p = synthetic / (fresh + synthetic)
    assert worth == pytest.approx(fresh * (1 + p) + p, rel=1e-6)


@FEW
@given(st.lists(st.integers(1, 1000), min_size=2, max_size=30), st.integers(0, 50), st.data())
def test_shares_stay_shares(counts, generations, data):
    shares = np.array(counts) / sum(counts)
    rewards = data.draw(st.lists(st.floats(0.01, 1), min_size=len(shares), max_size=len(shares)))
    temperature, mass = data.draw(st.floats(0.2, 5)), data.draw(st.floats(0.1, 1))
    for found in (
        decoding.tempered_shares(shares, temperature, generations, 0.1),
        decoding.nucleus_shares(shares, mass, generations),
        verifier.filtered_shares(shares, rewards, generations),
        verifier.curated_shares(shares, rewards, generations, 0.2),
    ):
        assert found.sum() == pytest.approx(1)
        assert np.all(found >= 0)
    alive = categories.surviving_symbols(shares, 100, [1, 5, 50])
    assert np.all(np.diff(alive) < 0)
    assert alive[0] <= len(shares)
