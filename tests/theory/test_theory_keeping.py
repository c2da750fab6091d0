"""One law for all ways of mixing, against plain simulation of one class."""

from __future__ import annotations

import numpy as np
import pytest
from agreement import agrees

from firsthand.errors import InputError
from firsthand.theory import inflow, retention
from firsthand.theory.keeping import (
    Mix,
    accumulated_kept_probability,
    kept_probability,
    variance,
)


def shares(rng, chains, share, mix, generations):
    """One class's share in the last training set. (chains,)."""
    found = np.full(chains, share)
    for _ in range(generations):
        made = rng.binomial(mix.made, np.clip(found, 0, 1)) / mix.made
        human = share
        if mix.human and not mix.fixed:
            human = rng.binomial(mix.human, share, chains) / mix.human
        found = mix.part * human + (1 - mix.part) * made
    return found


MIXES = {
    "fresh": Mix(100, 1900, 0.05, False),
    "few fresh": Mix(5, 1995, 0.0025, False),
    "fixed": Mix(100, 1900, 0.05, True),
    "weighted": Mix(50, 950, 0.2, False),
    "replace": Mix(0, 1000, 0.0, False),
    "half": Mix(500, 500, 0.5, False),
}


@pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES)
@pytest.mark.parametrize("generations", [1, 3, 12])
@pytest.mark.parametrize("share", [0.003, 0.02, 0.3])
def test_kept_probability(rng, mix, generations, share):
    found = shares(rng, 6000, share, mix, generations)
    agrees("variance", (found - share) ** 2, share * (1 - share) * variance(mix, generations))
    # One human sample of weight 4 is more than such a class has, and rare: the law smooths that.
    lumpy = mix.part > mix.human / (mix.human + mix.made) and mix.human * share < 1
    for keep in (0.25, 0.5, 0.75, 0.9):
        law = kept_probability(share, keep, mix, generations)
        agrees(f"keep {keep}", found >= keep * share - 1e-12, law, 0.1 if lumpy else 0.02)


@pytest.mark.parametrize("name", ["few fresh", "replace", "fresh"])
def test_whether_a_class_occurs_at_all(rng, name):
    found = shares(rng, 8000, 0.003, MIXES[name], 10)
    agrees(f"occurs, {name}", found > 0, kept_probability(0.003, 0.0, MIXES[name], 10), 0.02)


def test_the_first_generation_is_exact(rng):
    mix = Mix(30, 70, 0.5, False)
    found = shares(rng, 100_000, 0.1, mix, 1)
    for keep in (0.3, 0.6, 0.9, 1.2):
        law = kept_probability(0.1, keep, mix, 1)
        agrees(f"first {keep}", found >= keep * 0.1 - 1e-12, law, 1e-3)


@pytest.mark.parametrize("fresh", [20, 100, 400])
@pytest.mark.parametrize("share", [0.01, 0.1])
def test_settled_laws_are_those_of_inflow_and_retention(fresh, share):
    part = fresh / 2000
    new = 1 - kept_probability(share, 0.5, Mix(fresh, 2000 - fresh, part, False))
    assert new == pytest.approx(float(inflow.loss_probability(share, 2000, part)), abs=0.01)
    kept = 1 - kept_probability(share, 0.5, Mix(fresh, 2000 - fresh, part, True))
    assert kept == pytest.approx(
        float(retention.kept_loss_probability(share, 2000, fresh)), abs=1e-6
    )


def test_nothing_human_settles_at_one_class():
    assert variance(Mix(0, 100, 0.0, False), None) == pytest.approx(1)
    assert kept_probability(0.2, 0.9, Mix(0, 100, 0.0, False)) == 0.2


def test_nothing_generated_is_a_human_sample():
    alone = Mix(200, 0, 1.0, False)
    assert kept_probability(0.1, 1.0, alone) == pytest.approx(0.53446, abs=1e-5)
    assert kept_probability(0.1, 1.0, Mix(200, 0, 1.0, True)) == 1
    assert kept_probability(0.5, 2.1, alone) == 0


def test_large_counts_go_over_smoothly():
    """Summed below 4096 samples of a class, a continuous law above."""
    near = [
        kept_probability(0.4, 0.95, Mix(n // 20, n - n // 20, 0.05, False), 5)
        for n in (10_000, 10_700, 10_900, 12_000)
    ]
    assert np.all(np.diff(near) > 0)
    assert near[3] - near[0] < 0.06


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_a_pool_that_only_grows(rng, keep):
    counts = np.full(6000, 10.0)
    for t in range(8):
        counts += rng.binomial(500, counts / (1000 + 500 * t))
    found = counts / 5000
    law = accumulated_kept_probability(0.01, keep, (1000, 500), 8)
    agrees(f"pool {keep}", found >= keep * 0.01 - 1e-12, law, 0.02)


@pytest.mark.parametrize(
    "call",
    [
        lambda: kept_probability(0.0, 0.5, MIXES["fresh"]),
        lambda: kept_probability(0.1, -0.5, MIXES["fresh"]),
        lambda: kept_probability(0.1, 0.5, MIXES["fresh"], 0),
        lambda: variance(Mix(0, 100, 0.1, False), 3),
        lambda: variance(Mix(100, 0, 0.9, True), 3),
        lambda: accumulated_kept_probability(0.1, 0.5, (0, 100), 3),
    ],
)
def test_outside_the_domain(call):
    with pytest.raises(InputError, match="Expected"):
        call()
