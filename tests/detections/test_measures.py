"""Measures of a detector against hand-worked cases, repeated draws and another implementation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detectors import CELLS, scenes
from firsthand.detections import (
    Cells,
    Detections,
    average_precision,
    calibration,
    compare,
    gather,
    measure,
    score,
    weighted,
)
from firsthand.errors import InputError
from firsthand.types import ALL, Measurement, Undetermined

STAR = (("class", "star"),)
SMALL = (("size", "small"),)


def of(answers, part=ALL):
    return next(each for each in answers if each.slice == part)


def by_hand(images=25):
    """Each image: two small objects and a large one; found: one small, the large, a false one."""
    small, other = [0.2, 0.2, 0.05, 0.05], [0.8, 0.2, 0.05, 0.05]
    large, false = [0.5, 0.6, 0.4, 0.4], [0.2, 0.8, 0.05, 0.05]
    human, found = [], []
    for at in range(images):
        there, seen = np.array([small, other, large]), np.array([small, false, large])
        human.append(Detections(f"{at}", np.zeros(3, int), there, np.ones(3)))
        found.append(Detections(f"{at}", np.zeros(3, int), seen, np.array([0.9, 0.7, 0.3])))
    return score(gather(human), gather(found), Cells(("thing",), (0.01,), ("small", "large")))


def test_counts_worked_out_by_hand():
    scored = by_hand()
    assert of(measure(scored, "recall", 0.25)).value == pytest.approx(2 / 3)
    assert of(measure(scored, "recall", 0.5)).value == pytest.approx(1 / 3)
    assert of(measure(scored, "recall", 0.25), SMALL).value == pytest.approx(1 / 2)
    assert of(measure(scored, "precision", 0.25)).value == pytest.approx(2 / 3)
    assert of(measure(scored, "precision", 0.8)).value == 1.0
    assert of(measure(scored, "missed_boxes", 0.25)).value == pytest.approx(1.0)
    assert of(measure(scored, "false_boxes", 0.25), SMALL).value == pytest.approx(1.0)


def test_a_confidence_for_each_cell():
    found = measure(by_hand(), "recall", np.array([0.8, 0.2]))
    assert of(found).value == pytest.approx(2 / 3)
    assert of(measure(by_hand(), "precision", np.array([0.8, 0.2]))).value == 1.0


def test_average_precision_worked_out_by_hand():
    """Right, false, right: recall 1/3 at precision 1, then 2/3 at precision 2/3."""
    one = by_hand(images=25)
    assert of(average_precision(one)).value == pytest.approx(1 / 3 + 1 / 3 * 2 / 3)
    # Small only: one of two found, before the false one.
    assert of(average_precision(one), SMALL).value == pytest.approx(1 / 2)


def test_average_precision_of_everything_and_of_nothing():
    human, _ = scenes(np.random.default_rng(0), 30)
    assert of(average_precision(score(human, human, CELLS))).value == pytest.approx(1.0)
    nothing = human.rows(np.zeros(len(human), bool))
    found = score(human, nothing, CELLS)
    assert of(average_precision(found)).value == 0.0
    assert of(measure(found, "recall")).value == 0.0
    assert of(measure(found, "recall")).high == pytest.approx(3 / len(human))
    assert of(measure(found, "precision")).reason == "too-few-objects"


def test_average_precision_beside_ultralytics(rng):
    """It reads the curve at 101 points, and matches by overlap before confidence."""
    pytest.importorskip("ultralytics", exc_type=ImportError)
    from ultralytics.utils.metrics import ap_per_class

    human, found = scenes(rng, 300)
    scored = score(human, found, CELLS)
    theirs = ap_per_class(
        scored.right[:, None],
        scored.found.confidence,
        scored.found.label,
        scored.human.label,
        plot=False,
    )[5][:, 0]
    ours = [of(average_precision(scored), (("class", n),)).value for n in CELLS.classes]
    assert np.abs(np.array(ours) - theirs).max() < 0.015


def test_a_long_ranking_is_resampled_as_a_short_one(rng, monkeypatch):
    from firsthand.detections import precision_curve

    scored = score(*scenes(rng, 300), CELLS)
    rough = average_precision(scored)
    monkeypatch.setattr(precision_curve, "STEPS", 10**9)
    for ours, exact in zip(rough, average_precision(scored), strict=True):
        assert ours.value == exact.value
        assert (ours.low, ours.high) == pytest.approx((exact.low, exact.high), abs=0.005)


def test_intervals_hold_the_truth(rng):
    truth = of(measure(score(*scenes(rng, 20_000), CELLS), "recall")).value
    held = 0
    for _ in range(120):
        found = of(measure(score(*scenes(rng, 60), CELLS), "recall", replicates=300))
        held += found.low <= truth <= found.high
    assert 0.87 <= held / 120 <= 0.99  # 95 % less what 60 images cost


def test_weights_are_copies(rng):
    human, found = scenes(rng, 40)
    heavy = dict.fromkeys(human.keys[:20], 3.0)
    ours = measure(score(weighted(human, heavy), found, CELLS), "recall")
    first, rest = (
        measure(score(human.only(part), found, CELLS), "missed_boxes")
        for part in (np.arange(20), np.arange(20, 40))
    )
    missed = (3 * of(first).value * 20 + of(rest).value * 20) / 80
    both = measure(score(weighted(human, heavy), found, CELLS), "missed_boxes")
    assert of(both).value == pytest.approx(missed)
    assert of(ours).n_reference == len(human)


def test_too_little_is_said_to_be_too_little(rng):
    human, found = scenes(rng, 12)
    assert {each.reason for each in measure(score(human, found, CELLS), "recall")} == {
        "too-few-groups"
    }
    human, found = scenes(rng, 40)
    few = of(measure(score(human, found, CELLS), "recall"), (*STAR, *SMALL))
    assert few == Undetermined(
        metric="recall",
        reason="too-few-objects",
        slice=few.slice,
        params={"found": few.params["found"], "needed": 10},
    )


def test_images_of_one_group_are_one(rng):
    human, found = scenes(rng, 60)
    videos = replace(human, group=np.arange(60) // 30)
    assert of(measure(score(videos, found, CELLS), "recall")).reason == "too-few-groups"


def test_a_detector_has_lost_nothing_against_itself(rng):
    scored = score(*scenes(rng, 60), CELLS)
    for name in ("recall", "average_precision"):
        same = of(compare(scored, scored, name))
        assert same.value == 1.0
        assert same.low < 1.0 < same.high
    assert of(compare(scored, scored)).p_value == 1.0


def worse(found, rng, factor):
    return replace(found, confidence=found.confidence * rng.uniform(factor, 1, len(found)))


def test_a_loss_is_seen_with_its_size(rng):
    human, found = scenes(rng, 200)
    before = score(human, found, CELLS)
    after = score(human, worse(found, rng, 0.3), CELLS)
    lost = of(compare(before, after), SMALL)
    plain = [of(measure(each, "recall"), SMALL).value for each in (before, after)]
    assert lost.value == pytest.approx(plain[1] / plain[0])
    assert lost.high < 0.95
    assert lost.adjusted_p < 0.01
    assert lost.null_low <= 1 <= lost.null_high
    gone = of(compare(before, after, how="difference"), SMALL)
    assert gone.value == pytest.approx(plain[1] - plain[0])


def test_two_equal_detectors_are_called_unequal_at_the_nominal_rate(rng):
    """Any slice of twelve, family-wise: at most 5 %, and not never."""
    alarms = 0
    for _ in range(150):
        human, found = scenes(rng, 60)
        sides = [score(human, worse(found, rng, 0.3), CELLS) for _ in range(2)]
        answers = compare(*sides, replicates=300)
        alarms += any(isinstance(each, Measurement) and each.adjusted_p < 0.05 for each in answers)
    assert alarms / 150 <= 0.1


def test_runs_are_drawn_too(rng):
    """Runs that differ widen the interval; the mean is that of the runs."""
    human, found = scenes(rng, 100)
    before = [score(human, found, CELLS)] * 4
    after = [score(human, worse(found, rng, factor), CELLS) for factor in (1.0, 0.7, 0.3, 0.1)]
    several = of(compare(before, after), SMALL)
    single = [of(compare(a, b), SMALL) for a, b in zip(before, after, strict=True)]
    assert several.value == pytest.approx(np.mean([each.value for each in single]))
    assert several.p_value is None
    assert several.high - several.low > max(each.high - each.low for each in single)


def test_other_images_are_refused(rng):
    one, other = (score(*scenes(rng, 20, prefix=prefix), CELLS) for prefix in "ab")
    with pytest.raises(InputError, match="same images"):
        compare(one, other)
    with pytest.raises(InputError, match="runs"):
        compare([one, one], [one])
    with pytest.raises(InputError, match="no measure"):
        measure(one, "recal")
    human, _ = scenes(rng, 3)
    with pytest.raises(InputError, match="looked at"):
        score(human, scenes(rng, 3, prefix="z")[1], CELLS)


def calibrated(rng, shift):
    human, found = scenes(rng, 300)
    scored = score(human, found, CELLS)
    sure = scored.found.confidence
    right = (rng.random(len(sure)) < np.clip(sure - shift, 0, 1)).astype(int) - 1
    return replace(scored, matching=scored.matching._replace(human=right))


def test_exact_confidences_are_within_what_chance_shows(rng):
    inside = [calibration(calibrated(rng, 0.0), replicates=200).error for _ in range(40)]
    assert sum(each.null_low <= each.value <= each.null_high for each in inside) >= 34
    off = calibration(calibrated(rng, 0.15))
    assert off.error.p_value < 0.01
    assert off.error.value == pytest.approx(0.13, abs=0.03)
    assert len(off.bins) == 10
    for each in off.bins[5:]:
        assert each.right_low <= each.right <= each.right_high < each.confidence


def test_calibration_of_few_predictions_cannot_be_said(rng):
    scored = score(*scenes(rng, 25), CELLS)
    assert calibration(scored, label=2).error.reason == "too-few-objects"
