"""Section 8: fresh human samples, kept ones, accumulation; and the planner's inverses."""

from __future__ import annotations

import numpy as np
import pytest
from agreement import agrees

from firsthand.errors import InputError
from firsthand.theory import inflow, retention

SLOW = pytest.mark.slow
ZIPF = 1 / np.arange(1.0, 1001)
ZIPF /= ZIPF.sum()
HUMAN = float((ZIPF**2).sum())
SAMPLES = 2000
BUDGETS = [(0.01, 300), (0.05, 120), (0.2, 60)]  # shares, and generations after which it settles
ALL = [pytest.param(0.005, 700, marks=SLOW), *BUDGETS]


@pytest.mark.parametrize(("fresh", "settle"), ALL)
def test_homozygosity_with_fresh_samples(rng, fresh, settle):
    found = np.tile(ZIPF, (60, 1))
    early = None
    for t in range(settle):
        mixed = fresh * ZIPF + (1 - fresh) * found
        found = rng.multinomial(SAMPLES, mixed) / SAMPLES
        early = (found**2).sum(axis=1) if t == 9 else early
    law = inflow.homozygosity_after(HUMAN, HUMAN, SAMPLES, fresh, [10, settle])
    agrees(f"8 J_10, m={fresh}", early, law[0])
    agrees(f"8 J, m={fresh}", (found**2).sum(axis=1), law[1])
    assert law[1] == pytest.approx(inflow.settled_homozygosity(HUMAN, SAMPLES, fresh), rel=0.002)


def settled(rng, chains, share, samples, fresh, kept=0):
    """One class's share after many generations: (chains,). Others need not be followed."""
    found = np.broadcast_to(share, chains).astype(float)
    samples = np.asarray(samples)
    generations = int(np.max(4 / np.minimum(fresh + kept / samples, 1)) + 20)
    for _ in range(generations):
        drawn = rng.binomial(samples - kept, fresh * share + (1 - fresh) * found)
        found = (kept * share + drawn) / samples
    return found


# The Beta law of the share itself is printed beside it, for docs/theory.md.
@pytest.mark.parametrize("fresh", [pytest.param(0.005, marks=SLOW), 0.01, 0.05, 0.2])
@pytest.mark.parametrize("rank", [10, 100])
def test_class_below_half(rng, fresh, rank):
    share = ZIPF[rank - 1]
    found = settled(rng, 6000, share, SAMPLES, fresh)
    law = inflow.loss_probability(share, SAMPLES, fresh)
    beta = inflow.share_cdf(share / 2, share, inflow.concentration(SAMPLES, fresh))
    print(f"8 beta law alone, m={fresh}, rank {rank}: {float(beta):.4f}")
    agrees(f"8 below half, m={fresh}, rank {rank}", found < share / 2, law, allowance=0.02)
    spread = share * (1 - share) / (inflow.concentration(SAMPLES, fresh) + 1)
    agrees(f"8 variance, m={fresh}, rank {rank}", (found - share) ** 2, spread, 0.02 * spread)


def test_planner_keeps_its_promise(rng):
    """200 random classes, sizes and budgets: 95 % intervals hold 95 % of the settled outcomes."""
    cases, outcomes = 200, 50
    share = 10 ** rng.uniform(-3, -0.4, cases)
    samples = np.round(10 ** rng.uniform(2, 4, cases))
    fresh = 10 ** rng.uniform(-2, -0.1, cases)
    low, high = (inflow.share_quantile(share, samples, fresh, q) for q in (0.025, 0.975))
    size = samples.astype(int)
    found = settled(rng, (outcomes, cases), share, size, fresh)
    inside = ((found >= low) & (found <= high)).mean(axis=1)
    se = inside.std(ddof=1) / np.sqrt(outcomes)
    print(f"planner: {inside.mean():.4f} of {cases * outcomes} inside a 95 % interval, SE {se:.4f}")
    assert inside.mean() + 1.96 * se >= 0.95


@pytest.mark.slow
def test_planner_asks_for_enough(rng):
    """200 random classes, sizes and targets: settled sets hold the target as often as promised."""
    cases, outcomes = 200, 20
    share, samples = 10 ** rng.uniform(-2, -0.4, cases), np.round(10 ** rng.uniform(3, 3.5, cases))
    keep, promised = rng.uniform(0.2, 0.7, cases), rng.uniform(0.8, 0.97, cases)
    need = inflow.fresh_for_class(share, samples, keep, promised)
    assert np.all(np.isfinite(need))
    assert np.all(need > 0)
    found = settled(rng, (outcomes, cases), share, samples.astype(int), need / samples)
    reached = (found >= keep * share - 1e-12).mean(axis=0) - promised
    se = reached.std(ddof=1) / np.sqrt(cases)
    print(f"planner: promised {promised.mean():.4f}, reached {reached.mean():+.4f} SE {se:.4f}")
    assert reached.mean() + 1.96 * se >= 0
    assert reached.mean() < 0.02  # and not far too much


@pytest.mark.parametrize(("keep", "probability"), [(0.5, 0.95), (0.7, 0.9), (0.3, 0.99)])
def test_fresh_for_class_is_enough_and_not_too_much(rng, keep, probability):
    share = np.array([0.02, 0.1, 0.4])
    need = inflow.fresh_for_class(share, 1000, keep, probability)
    assert np.all(np.isfinite(need))
    for one, fresh in zip(share, need, strict=True):
        found = settled(rng, 4000, one, 1000, fresh / 1000)
        label = f"keep {keep} of {one} with {fresh:g} fresh"
        agrees(label, found >= keep * one - 1e-12, max(probability, _at(one, fresh, keep)), 0.02)
        if fresh > 1:
            assert inflow.loss_probability(one, 1000, (fresh - 1) / 1000, keep) > 1 - probability


def _at(share, fresh, keep):
    return 1 - float(inflow.loss_probability(share, 1000, fresh / 1000, keep))


def test_what_no_budget_can_keep():
    """Three expected samples of a class: a human set itself often holds less than 90 % of them."""
    assert inflow.fresh_for_class(0.003, 1000, 0.9, 0.95) == np.inf
    assert inflow.fresh_for_diversity(50, 0.99) == np.inf
    assert inflow.fresh_for_class(0.003, 1000, 0.0, 0.95) <= 1


@pytest.mark.parametrize("samples", [200, 2000, 10**6])
@pytest.mark.parametrize("keep", [0.5, 0.9, 0.99])
def test_fresh_for_diversity_is_the_smallest(samples, keep):
    need = float(inflow.fresh_for_diversity(samples, keep))
    for fresh, enough in ((need, True), (need - 1, False)):
        left = 1 - inflow.settled_homozygosity(0.0, samples, fresh / samples)
        assert bool(left >= keep - 1e-12) is enough


@pytest.mark.parametrize("kept", [20, 100, 400])
def test_kept_human_samples(rng, kept):
    share, samples = 0.05, 1000
    found = settled(rng, 6000, share, samples, 0.0, kept)
    size = retention.kept_concentration(samples, kept)
    spread = share * (1 - share) / (size + 1)
    agrees(f"kept {kept}: variance", (found - share) ** 2, spread, allowance=0.02 * spread)
    law = retention.kept_loss_probability(share, samples, kept, 0.7)
    agrees(f"kept {kept}: below 0.7", found < 0.7 * share - 1e-12, law, allowance=0.02)
    assert retention.kept_concentration(samples, samples) == np.inf


@pytest.mark.parametrize("chains", [60, pytest.param(300, marks=SLOW)])
def test_accumulation_is_a_polya_urn(rng, chains):
    samples = SAMPLES
    counts = np.tile(ZIPF, (chains, 1))
    counts = rng.multinomial(samples, counts).astype(float)
    for t in range(1, 102):
        counts += rng.multinomial(samples, counts / (samples * t))
    shares = counts / counts.sum(axis=1, keepdims=True)
    law = retention.accumulated_heterozygosity(1 - HUMAN, samples, 101)
    agrees("8 accumulate, J", (shares**2).sum(axis=1), 1 - law)
    assert 1 - float(law) == pytest.approx(0.03013, abs=2e-5)
    top = ZIPF[0]
    spread = top * (1 - top) / (retention.accumulated_concentration(samples) + 1)
    agrees("8 accumulate, variance", (shares[:, 0] - top) ** 2, spread, allowance=0.02 * spread)


def test_no_fresh_samples_is_plain_drift():
    law = 1 - inflow.homozygosity_after(HUMAN, HUMAN, 1000, 0.0, 30)
    assert float(law) == pytest.approx((1 - HUMAN) * 0.999**30, rel=1e-12)
    assert float(inflow.settled_homozygosity(HUMAN, 1000, 0.0)) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: inflow.concentration(1, 0.5),
        lambda: inflow.concentration(100, 1.1),
        lambda: inflow.loss_probability(0.0, 100, 0.1),
        lambda: inflow.loss_probability(0.1, 100, 0.0),
        lambda: inflow.fresh_for_diversity(100, 1.0),
        lambda: inflow.fresh_for_class(0.1, 100, 0.5, 1.0),
        lambda: inflow.share_cdf(0.1, 0.2, 0.0),
        lambda: retention.kept_concentration(100, 101),
        lambda: retention.accumulated_concentration(1),
    ],
)
def test_outside_the_domain(call):
    with pytest.raises(InputError, match=r"Expected"):
        call()
