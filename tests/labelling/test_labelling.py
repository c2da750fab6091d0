"""Every way of labelling on a simulated detector: what each promises, and what none may do."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import CELLS, NAMES, RATES, scenes
from firsthand import registry
from firsthand.detections import clashing, overlapping
from firsthand.detections.choosing import anchor_of, expected
from firsthand.detections.matching import match
from firsthand.errors import InputError
from firsthand.labelling.count_matched import CountMatched
from firsthand.labelling.fixed import Fixed
from firsthand.labelling.sampled import Sampled
from firsthand.labelling.soft import Soft

STAR = NAMES.index("star")


@pytest.fixture(scope="module")
def setting():
    """A reference of 300 images, and predictions on 400 others, of which the truth is known."""
    rng = np.random.default_rng(3)
    human, _ = scenes(rng, 300)
    truth, pool = scenes(rng, 400, prefix="p")
    return expected(human, CELLS), truth, pool


def anchored(seed, images=200):
    return anchor_of(*scenes(np.random.default_rng(seed), images, prefix="a"))


def counts(objects):
    return CELLS.counts(objects).reshape(len(NAMES), -1)


@pytest.mark.parametrize("name", registry.names("labelling"))
def test_labels_are_predictions_above_the_floor_without_repeats(name, setting, rng):
    reference, _, pool = setting
    method = registry.load("labelling", name)
    chosen = method.choose(pool, reference, rng, anchored(5))
    assert chosen.pool.images == pool.images
    assert chosen.kept.any()
    assert not (chosen.kept & chosen.unsure).any()
    assert chosen.labels.confidence.min() >= method.floor
    assert len(clashing(chosen.labels, 0.55).iou) == 0
    assert ((chosen.weight > 0) == chosen.kept).all()
    assert name == "soft" or set(np.unique(chosen.weight)) <= {0.0, 1.0}
    held = np.isin(np.arange(pool.images), chosen.labels.image)
    assert (chosen.empty == np.flatnonzero(~held)).all()


def test_fixed_loses_what_is_rare_and_small_and_counts_do_not(setting, rng):
    reference, truth, pool = setting
    there = counts(truth)
    fixed = counts(Fixed(confidence=0.5).choose(pool, reference, rng).labels) / there
    matched = counts(CountMatched().choose(pool, reference, rng).labels) / there
    assert fixed[STAR, 0] < 0.3
    assert fixed[:, 0].mean() < 0.5
    assert (np.abs(matched[:STAR] - 1) < 0.35).all()
    assert 0.5 < matched[STAR].mean() < 1.5


def test_counts_are_those_of_the_reference_times_images(setting, rng):
    reference, _, pool = setting
    chosen = CountMatched().choose(pool, reference, rng)
    wanted = np.rint(reference.rate * pool.images)
    assert (np.abs(CELLS.counts(chosen.labels) - wanted) <= 1).all()


def test_a_cap_bounds_what_is_made_up(setting, rng):
    reference, _, pool = setting
    chosen = CountMatched(cap={"star": 0.05}).choose(pool, reference, rng)
    assert counts(chosen.labels)[STAR].sum() <= 0.05 * pool.images + 1


def test_a_prior_takes_the_place_of_the_reference(setting, rng):
    _, _, pool = setting
    human, _ = scenes(np.random.default_rng(4), 300)
    half = expected(human, CELLS, {"star": 0.1})
    assert half.by_class[STAR] == pytest.approx(0.1)
    chosen = CountMatched().choose(pool, half, rng)
    assert counts(chosen.labels)[STAR].sum() == pytest.approx(0.1 * pool.images, abs=2)


def test_a_few_objects_do_not_fix_three_cells():
    human, _ = scenes(np.random.default_rng(5), 20)
    rate = expected(human, CELLS).rate.reshape(len(NAMES), -1)
    assert rate.sum() * human.images == pytest.approx(len(human))
    assert (rate > 0).all()


def test_unsure_is_what_no_label_covers(setting, rng):
    reference, _, pool = setting
    chosen = Fixed(confidence=0.5).choose(pool, reference, rng)
    rest = chosen.pool.rows(chosen.unsure)
    assert len(rest)
    assert rest.confidence.max() < 0.5
    assert len(overlapping(rest, chosen.labels, 0.5, by_class=False).iou) == 0


def test_labels_of_counts_are_mostly_right(setting, rng):
    """A count is not enough: most of what is labelled has to be there."""
    reference, truth, pool = setting
    labels = CountMatched().choose(pool, reference, rng).labels
    assert (match(truth, labels).human >= 0).mean() > 0.7


def test_a_draw_gives_as_many_as_are_there(setting):
    """Below half the objects of a class are found by a fixed confidence; a draw loses few."""
    reference, truth, pool = setting
    anchor = anchored(6, 400)
    drawn = [
        counts(Sampled().choose(pool, reference, np.random.default_rng(at), anchor).labels)
        for at in range(20)
    ]
    share = np.mean(drawn, axis=0).sum(axis=1) / counts(truth).sum(axis=1)
    assert (np.abs(share[:STAR] - 1) < 0.15).all()
    assert 0.6 < share[STAR] < 1.4


def test_probabilities_are_right_as_often_as_they_say(setting, rng):
    reference, truth, pool = setting
    chosen = Soft().choose(pool, reference, rng, anchored(7, 400))
    right = match(truth, chosen.pool).human >= 0
    for low, high in ((0.0, 0.2), (0.2, 0.8), (0.8, 1.0)):
        inside = (chosen.weight > low) & (chosen.weight <= high)
        assert right[inside].mean() == pytest.approx(chosen.weight[inside].mean(), abs=0.06)


def test_without_an_anchor_nothing_is_drawn_and_confidences_are_weights(setting, rng):
    reference, _, pool = setting
    with pytest.raises(InputError, match="anchor"):
        Sampled().choose(pool, reference, rng)
    soft = Soft().choose(pool, reference, rng)
    assert (soft.weight == soft.pool.confidence).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [({"floor": 1.0}, "floor"), ({"floor": -0.1}, "floor"), ({"cap": {"star": -1}}, "cap")],
)
def test_options_that_mean_nothing_are_refused(options, said):
    with pytest.raises(InputError, match=said):
        CountMatched(**options)


def test_a_fixed_confidence_below_the_floor_is_refused():
    with pytest.raises(InputError, match="confidence"):
        Fixed(confidence=0.01)


def test_rates_of_the_simulation_are_what_the_reference_says(setting):
    reference, _, _ = setting
    assert reference.by_class == pytest.approx(np.array(RATES), rel=0.35)
