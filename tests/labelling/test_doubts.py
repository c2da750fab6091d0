"""A pool with another mix than the reference: it is noticed, bounded, and its class is named."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import CELLS, NAMES, RATES, scenes
from firsthand.detections import match
from firsthand.detections.checking import check_list, label_quality
from firsthand.detections.choosing import anchor_of, expected
from firsthand.detections.mix import mix
from firsthand.detections.probability import confidence, learn
from firsthand.labelling.count_matched import CountMatched
from firsthand.types import Measurement, Undetermined

STAR = NAMES.index("star")
FIFTH = (*RATES[:STAR], RATES[STAR] / 5)


def setting(seed, rates=RATES, anchors=100, skill=2.0):
    rng = np.random.default_rng(seed)
    reference = expected(scenes(rng, 300)[0], CELLS)
    anchor = anchor_of(*scenes(rng, anchors, prefix="a", skill=skill))
    return reference, anchor, *scenes(rng, 400, rates, prefix="p", skill=skill)


def chosen_of(seed, rates, **options):
    reference, anchor, truth, pool = setting(seed, rates)
    chosen = CountMatched(**options).choose(pool, reference, np.random.default_rng(0), anchor)
    return reference, anchor, truth, chosen


def test_a_fifth_of_the_rare_class_is_noticed_and_an_equal_mix_is_not():
    noticed = {FIFTH: 0, RATES: 0}
    for rates in noticed:
        for seed in range(12):
            reference, anchor, _, pool = setting(700 + seed, rates)
            differs = mix(pool, reference, anchor).differs
            noticed[rates] += bool(differs[STAR] if rates is FIFTH else differs.any())
    assert noticed[FIFTH] >= 10
    assert noticed[RATES] <= 2  # 5 % of 12, family-wise, is less than 1


def test_the_ratio_is_that_of_what_is_there():
    found = [mix(setting(seed, FIFTH)[3], *setting(seed, FIFTH)[:2]) for seed in range(8)]
    values = [each.answers[STAR].value for each in found]
    assert np.mean(values) == pytest.approx(0.2, abs=0.12)
    for each in found:
        assert isinstance(each.answers[0], Measurement)
        assert each.answers[0].null_low < 1 < each.answers[0].null_high


def test_fewer_labels_are_made_up_where_the_anchor_says_so():
    made_up = {True: 0.0, False: 0.0}
    for seed in range(8):
        for bounded in made_up:
            _, _, truth, chosen = chosen_of(seed, FIFTH, bounded=bounded)
            labels = chosen.labels
            right = match(truth, labels).human >= 0
            made_up[bounded] += float((~right[labels.label == STAR]).sum())
    assert made_up[True] < 0.7 * made_up[False]


def test_an_equal_mix_is_hardly_bounded():
    equal = 0
    for seed in range(8):
        labels = [chosen_of(seed, RATES, bounded=each)[3].kept for each in (True, False)]
        equal += bool((labels[0] == labels[1]).all())
    assert equal >= 7


def test_the_check_list_begins_with_the_class_in_doubt():
    reference, anchor, _, chosen = chosen_of(3, FIFTH)
    differs = np.array([False, False, True])
    checks = check_list(chosen, reference, learn(anchor, CELLS), differs, most=500)
    stars = [each for each in checks if each.name == "star"]
    assert checks[: len(stars)] == tuple(stars)
    assert {each.why for each in stars} == {"mix"}
    assert {each.why for each in checks[len(stars) :]} <= {"doubtful-label", "perhaps-missed"}
    assert len(check_list(chosen, reference, confidence, differs, most=7)) == 7


def test_rare_classes_are_looked_at_sooner():
    reference, anchor, _, chosen = chosen_of(4, RATES)
    likely = learn(anchor, CELLS)
    checks = check_list(chosen, reference, likely, np.zeros(3, bool), most=40)
    share = np.mean([each.name == "star" for each in checks])
    assert share > 2 * (chosen.pool.label == STAR).mean()
    assert list(checks) == sorted(checks, key=lambda each: -each.score)


def test_quality_on_the_anchor_is_quality_on_the_pool():
    held = asked = 0
    for seed in range(8):
        _, anchor, truth, chosen = chosen_of(seed, RATES)
        labels = chosen.labels
        matching = match(truth, labels)
        there = {
            "label_recall": (matching.found >= 0).mean(),
            "label_precision": (matching.human >= 0).mean(),
        }
        for each in label_quality(chosen, anchor, CELLS):
            if not each.slice:
                asked += 1
                held += each.low - 0.03 <= there[each.metric] <= each.high + 0.03
    assert held >= 0.85 * asked


def test_what_the_anchor_does_not_hold_cannot_be_said():
    reference, anchor, _, pool = setting(9, anchors=24)
    answer = mix(pool, reference, anchor).answers[STAR]
    assert isinstance(answer, Undetermined)
    assert answer.reason == "too-few-objects"
    found = mix(pool, reference, anchor)
    assert not found.differs[STAR]
