"""A network on real handwriting: recall dies under replace, and precision tells nobody."""

import numpy as np
import pytest

from firsthand import lab
from firsthand.errors import InputError
from firsthand.lab.alone import Alone
from firsthand.lab.human import People
from firsthand.lab.loop import follow
from firsthand.models.flow import FlowMatching
from firsthand.recursion import Setting

SEEDS = 5


def test_a_wrong_option_is_named():
    with pytest.raises(InputError, match="steps is 0. Expected 1 or more"):
        FlowMatching(steps=0)


def test_a_flow_learns_where_classes_lie():
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    labels = np.repeat([3, 8], 200)
    points = np.where(labels[:, None] == 3, 0.25, 0.75) + 0.05 * rng.standard_normal((400, 2))
    model = FlowMatching(hidden=32, blocks=1, steps=300)
    drawn, classes = model.sample(model.fit(points, labels, rng), 300, rng)
    assert set(classes) == {3, 8}
    for one, middle in ((3, 0.25), (8, 0.75)):
        np.testing.assert_allclose(drawn[classes == one].mean(axis=0), middle, atol=0.05)


@pytest.fixture(scope="module")
def recursions():
    """Records of both policies on handwritten digits, five seeds each."""
    pytest.importorskip("torch")
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    train, rest = order[:900], order[900:]
    x, y = digits.data / 16, digits.target
    people = People(x[train], y[train], x[rest])
    found = {}
    for policy, first in (("replace", 800), ("anchor", 160), ("accumulate", 800)):
        values = {"model": "flow", "policy": policy, "generations": 5, "samples": 800}
        experiment = lab.parse({**values, "first": first, "chains": SEEDS, "every": 1})
        setting = Setting(chains=SEEDS, recipe=experiment.recipe, human=people)
        chains = Alone(FlowMatching(steps=250, hidden=128), setting)
        found[policy] = follow(chains, experiment, np.random.default_rng(7))
    return found


@pytest.mark.slow
def test_recall_collapses_under_replace_and_precision_does_not_fall(recursions):
    replaced = recursions["replace"]
    assert (replaced["recall"][-1] < 0.1 * replaced["recall"][0]).all()
    assert replaced["precision"][-1].mean() > 0.95 * replaced["precision"][0].mean()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "number"),
    [
        ("anchor", "recall"),
        ("anchor", "coverage"),
        ("anchor", "variance"),
        ("accumulate", "recall"),
        ("accumulate", "coverage"),
        ("accumulate", "tail_recall"),  # a fifth of human data does not keep it: 1 % is left
    ],
)
def test_human_data_keep_what_replace_loses(recursions, policy, number):
    """A fifth of human data, or all of them: the paired difference has an interval above 0."""
    gain = recursions[policy][number][-1] - recursions["replace"][number][-1]
    t = 2.776  # of Student's distribution with 4 degrees of freedom, 95 %
    assert gain.mean() - t * gain.std(ddof=1) / SEEDS**0.5 > 0
