"""Forecasts from generations that were seen."""

from __future__ import annotations

import numpy as np
import pytest

from firsthand.errors import InputError
from firsthand.outlook.observed import History, observed


def drifted(shares, n, generations, seed, bias=lambda p: p):
    rng = np.random.default_rng(seed)
    rows = [rng.multinomial(n, shares)]
    for _ in range(generations):
        weight = bias(rows[-1] / n)
        rows.append(rng.multinomial(n, weight / weight.sum()))
    return np.array(rows, dtype=float)


def history(counts, **more):
    names = tuple(f"c{at}" for at in range(np.shape(counts)[1]))
    return History(names=names, counts=np.asarray(counts, dtype=float), **more)


def test_chance_is_called_chance_and_its_size_is_found():
    counts = drifted(np.full(40, 1 / 40), 2000, 4, seed=3)
    found = observed(history(counts))
    assert found.speed is not None
    assert found.speed.cause == "noise"
    assert found.speed.size.low < 2000 < found.speed.size.high


def test_a_low_temperature_is_called_biased():
    counts = drifted(np.arange(1.0, 31) / 465, 5000, 3, seed=4, bias=lambda p: p**1.25)
    found = observed(history(counts))
    assert found.speed is not None
    assert found.speed.cause == "biased"
    assert found.speed.exponent.low < 1.25 < found.speed.exponent.high


def test_a_class_that_is_filtered_in_each_step_is_called_so_and_goes_first():
    keep = np.ones(12)
    keep[5] = 0.5
    counts = drifted(np.full(12, 1 / 12), 4000, 3, seed=5, bias=lambda p: p * keep)
    found = observed(history(counts), horizon=20)
    assert found.speed is not None
    assert found.speed.cause in {"selective", "fewer-draws"}
    assert found.classes[0].name == "c5"
    assert np.isfinite(found.classes[0].gone.value)
    assert not np.isfinite(found.classes[1].gone.value)


def test_images_as_draws_are_no_more_than_there_are():
    shares = np.array([0.6, 0.3, 0.1])
    alone = observed(history(drifted(shares, 3000, 3, seed=6)))
    clustered = observed(history(drifted(shares, 3000, 3, seed=6), design_effect=4.0))
    assert alone.speed is not None
    assert clustered.speed is not None
    assert clustered.speed.nominal == pytest.approx(alone.speed.nominal / 4)
    assert "clustered" in clustered.assumptions
    assert "independent" in alone.assumptions


def test_sets_that_hold_all_before_lose_nothing():
    pools = np.cumsum(drifted(np.array([0.9, 0.08, 0.02]), 500, 3, seed=7), axis=0)
    found = observed(history(pools))
    assert "nothing-left-out" in found.assumptions
    assert all(not np.isfinite(one.gone.low) for one in found.classes)


def test_what_was_seen_already_is_told_as_seen():
    counts = [[900, 80, 20], [920, 75, 5], [925, 75, 0], [930, 70, 0]]
    found = {one.name: one for one in observed(history(counts)).classes}
    assert found["c2"].half == (1, 1, 1)
    assert found["c2"].gone == (2, 2, 2)
    missed = {one.name: one for one in observed(history(counts, measured=True)).classes}
    assert missed["c2"].gone != (2, 2, 2)  # a sample without it does not say that it is gone


def test_no_change_gives_no_date_but_a_bound():
    rng = np.random.default_rng(8)
    counts = rng.multinomial(400, [0.7, 0.2, 0.1], size=4)
    found = observed(history(counts, measured=True))
    assert not found.classes
    assert [one.reason for one in found.undetermined] == ["no-loss-seen"]
    assert found.at_least > 0
    assert found.undetermined[0].params["lasts"] >= 3


@pytest.mark.parametrize("measured", [False, True])
def test_copies_of_one_set_have_no_bound_either(measured):
    found = observed(history([[900, 90, 10]] * 4, measured=measured))
    assert not found.classes
    assert [one.reason for one in found.undetermined] == ["no-change"]
    assert "∞" not in str(found.undetermined)


@pytest.mark.parametrize("generations", [1, 2])
def test_fewer_than_three_generations_cannot_say(generations):
    found = observed(history([[90, 10]] * generations))
    assert [one.reason for one in found.undetermined] == ["too-few-generations"]
    assert found.undetermined[0].params["needed"] == 3


def test_a_class_that_is_new_is_named_and_the_others_are_forecast():
    counts = [[900, 100, 0], [910, 90, 0], [905, 75, 20], [920, 70, 10]]
    found = observed(history(counts))
    assert [one.name for one in found.classes] == ["c1", "c0"]
    [why] = found.undetermined
    assert (why.reason, why.slice) == ("not-in-generation-0", (("class", "c2"),))


def test_one_class_alone_cannot_say():
    found = observed(history([[10, 0], [10, 0], [10, 0]]))
    assert [one.reason for one in found.undetermined] == ["single-class"]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ([[1, 2], [0, 0], [1, 2]], "generation 1 holds no object"),
        ([[1, 2], [1, np.nan], [1, 2]], "a count is nan"),
        ([[1, 2], [1, -2], [1, 2]], "a count is -2"),
        ([[1, 2], [1, 0.5], [1, 2]], "a count is 0.5"),
    ],
)
def test_bad_counts_are_refused(counts, said):
    with pytest.raises(InputError, match=said):
        observed(history(counts))


def test_the_same_seed_says_the_same():
    counts = drifted(np.array([0.8, 0.15, 0.05]), 600, 3, seed=9)
    assert observed(history(counts), seed=1) == observed(history(counts), seed=1)
    assert observed(history(counts), seed=1) != observed(history(counts), seed=2)


def test_hundreds_of_words_are_forecast_quickly():
    zipf = 1 / np.arange(1.0, 3001)
    counts = drifted(zipf / zipf.sum(), 5000, 3, seed=10)
    found = observed(history(counts), horizon=5)
    assert len(found.classes) == (counts[0] > 0).sum()
    assert found.left[0].low < found.left[0].high
