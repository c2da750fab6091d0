"""The power that is said against simulated detectors."""

from __future__ import annotations

import numpy as np
import pytest

from firsthand.errors import InputError
from firsthand.numerics.power import Design, loss_seen, objects_needed, power


def paired_rejections(rng, n, design, draws=4000):
    """McNemar's exact one-sided test on simulated pairs, by its definition."""
    lost = rng.binomial(n, design.recall * design.see + design.churn, draws)
    gained = rng.binomial(n - lost, design.churn / (1 - design.recall * design.see - design.churn))
    flips = rng.binomial((lost + gained)[:, None], 0.5, (draws, 400))
    p = (flips >= lost[:, None]).mean(axis=1)
    return (p <= design.level).mean()


@pytest.mark.parametrize(("n", "see"), [(40, 0.3), (100, 0.15), (300, 0.1), (900, 0.05)])
def test_paired_power_is_what_simulation_shows(rng, n, see):
    design = Design(see=see)
    assert power(n, design) == pytest.approx(paired_rejections(rng, n, design), abs=0.05)


@pytest.mark.parametrize(("n", "see"), [(80, 0.3), (300, 0.1)])
def test_unpaired_power_is_what_simulation_shows(rng, n, see):
    design = Design(see=see, paired=False)
    before = rng.binomial(n, design.recall, 20_000) / n
    after = rng.binomial(n, design.recall * (1 - see), 20_000) / n
    mean = (before + after) / 2
    z = (before - after) / np.sqrt(np.maximum(2 * mean * (1 - mean) / n, 1e-12))
    assert power(n, design) == pytest.approx((z > 1.6449).mean(), abs=0.04)


def test_pairs_need_fewer_objects():
    assert objects_needed(Design()) < objects_needed(Design(paired=False)) / 1.5


def test_what_is_needed_shows_what_was_asked_for():
    for see in (0.1, 0.3):
        n = objects_needed(Design(see=see))
        assert power(n, Design(see=see)) >= 0.8
        assert loss_seen(n, Design()) == pytest.approx(see, abs=0.011)


def test_what_is_lost_together_needs_more():
    double = Design(design_effect=2.0)
    assert objects_needed(double) == pytest.approx(2 * objects_needed(Design()), abs=2)


def test_exact_and_normal_meet(monkeypatch):
    from firsthand.numerics import power as module

    exact = power(500, Design(see=0.08))
    monkeypatch.setattr(module, "EXACT", 0)
    assert power(500, Design(see=0.08)) == pytest.approx(exact, abs=0.03)


def test_few_objects_show_nothing():
    assert np.isnan(loss_seen(3, Design()))
    assert power(0, Design()) == 0.0


@pytest.mark.parametrize("wrong", [{"see": 0.0}, {"power": 1.0}, {"level": 2}, {"churn": 0.5}])
def test_designs_that_mean_nothing_are_refused(wrong):
    with pytest.raises(InputError):
        Design(**wrong)
