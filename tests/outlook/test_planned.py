"""Forecasts from a plan."""

from __future__ import annotations

import numpy as np
import pytest

from firsthand.errors import InputError
from firsthand.outlook.planned import Plan, planned
from firsthand.recursion import Sampling
from firsthand.theory.extinction import extinction_generation
from firsthand.theory.halving import reduction_generation

COUNTS = np.array([930.0, 50.0, 20.0])
NAMES = ("common", "rare", "rarest")


def plan(**more):
    return Plan(names=NAMES, counts=COUNTS, **more)


def by_name(found):
    return {one.name: one for one in found.classes}


def test_replace_is_the_closed_form():
    found = planned(plan(), horizon=60)
    assert found.method == "wright-fisher"
    wanted = [0.5, 0.05, 0.95]
    gone = extinction_generation(0.02, 1000, wanted, horizon=60)[0]
    half = reduction_generation(0.02, 1000, wanted, horizon=60)[0]
    assert by_name(found)["rarest"].gone == tuple(gone)
    assert by_name(found)["rarest"].half == tuple(half)


def test_closed_form_and_simulation_agree():
    found = planned(plan(), horizon=40, check=True)
    assert len(found.check) == 2 * len(NAMES)
    for one in found.check:
        for closed, simulated in zip(one.closed, one.simulated, strict=True):
            both = np.isfinite([closed, simulated])
            assert both[0] == both[1] or max(min(closed, simulated), 30) >= 30
            assert not both.all() or abs(closed - simulated) <= max(2, 0.12 * closed)


@pytest.mark.parametrize(
    ("policy", "options", "never"),
    [("accumulate", {}, True), ("anchor", {}, True), ("fresh", {"share": 0.5}, False)],
)
def test_other_policies_are_simulated_and_lose_less(policy, options, never):
    found = planned(plan(policy=policy, options=options, objects=2000), horizon=30)
    replaced = planned(plan(objects=2000), horizon=30, quick=True)
    assert found.method == "simulated"
    rarest, before = by_name(found)["rarest"], by_name(replaced)["rarest"]
    assert rarest.bands[-1].low >= before.bands[-1].low
    assert rarest.bands[-1].high < before.bands[-1].high
    assert not never or rarest.bands[-1].there == 1.0


def test_a_low_temperature_and_a_filter_lose_faster():
    fair = by_name(planned(plan(), quick=True))["rarest"]
    cold = by_name(planned(plan(sampling=Sampling(temperature=0.8))))["rarest"]
    strict = by_name(planned(plan(policy="filtered", options={"keep_doubtful": 0.5})))["rarest"]
    assert cold.bands[-1].value < fair.bands[-1].value
    assert strict.gone.value < fair.gone.value


def test_clusters_are_fewer_draws():
    found = planned(plan(design_effect=5.0), horizon=30)
    assert found.draws == 200
    assert "clustered" in found.assumptions
    alone = planned(plan(), horizon=30)
    assert by_name(found)["rarest"].gone.value < by_name(alone)["rarest"].gone.value


def test_the_mean_share_stays_where_sampling_is_fair():
    for band in by_name(planned(plan()))["common"].bands:
        assert band.mean == pytest.approx(0.93, abs=0.005)


def test_a_class_without_objects_is_named():
    empty = Plan(names=("a", "b", "none"), counts=np.array([9.0, 1.0, 0.0]))
    [why] = planned(empty).undetermined
    assert (why.reason, why.slice) == ("no-objects", (("class", "none"),))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"objects": -5}, "objects is -5"),
        ({"policy": "fresh", "options": {"share": 2.0}}, "share"),
        ({"policy": "fresh", "options": {"part": 0.1}}, "no option 'part'"),
        ({"policy": "anchor", "objects": 10}, "human samples"),
        ({"sampling": Sampling(spread=0.5)}, "sampling"),
        ({"sampling": Sampling(top_p=1.5)}, "sampling"),
    ],
)
def test_bad_plans_are_refused(changes, said):
    with pytest.raises(InputError, match=said):
        planned(plan(**changes))


@pytest.mark.parametrize("counts", [[0, 0, 0], [1, -1, 2], [1, np.nan, 2], [1, 0.5, 2], [1, 2]])
def test_bad_counts_are_refused(counts):
    with pytest.raises(InputError):
        planned(Plan(names=NAMES, counts=np.array(counts, dtype=float)))
