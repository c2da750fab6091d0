"""What the lab measures of points is what an audit measures, at one split."""

import numpy as np
import pytest

from firsthand.contracts import FeatureView, Splits
from firsthand.lab.human import People
from firsthand.lab.reached import NEIGHBOURS, UNITS, Reference
from firsthand.lab.spec import Experiment
from firsthand.lab.table import rows
from firsthand.metrics import tail_coverage
from firsthand.numerics.space import K, neighbourhoods
from firsthand.numerics.strata import STRATA

RARE = STRATA[0][0]


def people(rng, n, d=3):
    return People(rng.standard_normal((n, d)), np.zeros(n, int), rng.standard_normal((n, d)))


def test_tail_coverage_is_that_of_the_metric(rng):
    """One split, a bucket a point: A is what is to be reached, B the second human sample."""
    n = 32
    half = np.arange(64) < n
    ours, second, made = (rng.standard_normal((n, 2)).astype(np.float32) for _ in range(3))
    both = np.concatenate([ours, second])
    names = np.array([b"%02d" % at for at in range(2 * n)])
    human = FeatureView(both, np.arange(64), names, 64)
    model = FeatureView(made, np.arange(n, 64), np.array([b"m%02d" % at for at in range(n)]), n)
    split = Splits(half[None], half[None], ~half[None], ~half[None], np.ones((1, 64)), 0)
    found = tail_coverage._found(neighbourhoods(human, model, split))
    reference = Reference(People(second, np.zeros(n, int), ours))
    assert NEIGHBOURS == K
    assert reference.tail == pytest.approx(found.human[0, 0])
    reached = reference._found(made)
    assert reference._both_ways(reached) == pytest.approx(found.candidate[0, 0])


def test_another_human_sample_scores_about_1_and_shrunk_points_lose_the_tail(rng):
    reference = Reference(people(rng, 1000))
    assert set(reference.truth) == set(UNITS)
    assert reference.truth["tail_coverage"] == 1
    third = rng.standard_normal((1000, 3))
    same, shrunk = reference.scores(third), reference.scores(0.7 * third)
    assert same["tail_coverage"] == pytest.approx(1, abs=0.1)
    assert shrunk["tail_coverage"] < 0.5
    assert shrunk["tail_recall"] < 0.5 * same["tail_recall"]
    assert shrunk["precision"] > same["precision"]


def test_sides_of_different_size_are_compared_at_the_smaller(rng):
    given = people(rng, 400)
    reference = Reference(given._replace(features=given.features[:150]))
    assert reference.size == len(reference.points) == 150


def test_too_few_people_leave_the_tail_undetermined(rng):
    """Ninety points have nine in the rarest tenth."""
    reference = Reference(people(rng, 90))
    assert set(UNITS) - set(reference.truth) == {"tail_recall", "tail_coverage"}
    experiment = Experiment(model="gmm", policy="replace", generations=1, samples=5)
    found = {"died": np.array([-1]), "recall": np.array([[0.5]])}
    units = {name: UNITS[name] for name in ("recall", "tail_coverage")}
    made = [row for row in rows(experiment, found, units, {}) if row.metric == "tail_coverage"]
    assert [(row.value, row.reason) for row in made] == [(None, "too-few-objects")]
