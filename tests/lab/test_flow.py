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

SEEDS = 3


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
    """Records of two policies on handwritten digits, (generations, seeds) each, paired by seed."""
    pytest.importorskip("torch")
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    x, y = digits.data / 16, digits.target
    people = People(x[order[:898]], y[order[:898]], x[order[898:]])
    model = FlowMatching(steps=600, hidden=256, batch=128)
    found = {}
    for policy in ("replace", "mixed"):
        named = {"name": policy, "share": 0.2} if policy == "mixed" else policy
        experiment = lab.parse({"model": "flow", "policy": named, "generations": 5, "samples": 800})
        recipe = experiment.recipe
        setting = Setting(chains=1, recipe=recipe, picks=recipe.picks(800), human=people)
        seeds = [np.random.default_rng(seed) for seed in range(SEEDS)]
        chains = [follow(Alone(model, setting), experiment, rng) for rng in seeds]
        found[policy] = {name: np.hstack([one[name] for one in chains]) for name in chains[0]}
    return found


@pytest.mark.slow
def test_recall_collapses_under_replace_and_precision_does_not_fall(recursions):
    replaced = recursions["replace"]
    assert (replaced["recall"][-1] < 0.1 * replaced["recall"][0]).all()
    assert replaced["precision"][-1].mean() >= replaced["precision"][0].mean()


@pytest.mark.slow
@pytest.mark.parametrize("number", ["recall", "coverage", "variance"])
def test_a_fifth_of_human_data_keeps_what_replace_loses(recursions, number):
    """The same first model, then the paired difference: its interval lies above 0."""
    mixed, replaced = (recursions[policy][number] for policy in ("mixed", "replace"))
    np.testing.assert_array_equal(mixed[0], replaced[0])
    gain = mixed[-1] - replaced[-1]
    t = 4.303  # of Student's distribution with 2 degrees of freedom, 95 %
    assert gain.mean() - t * gain.std(ddof=1) / SEEDS**0.5 > 0


@pytest.mark.slow
def test_the_tail_goes_first_and_human_data_keep_some_of_it(recursions):
    """Three seeds are too few for one generation; `benchmarks/image_recursion.py` has five."""
    mixed, replaced = (recursions[policy]["tail_coverage"] for policy in ("mixed", "replace"))
    assert (replaced[0] > 0.1).all()
    assert (replaced[0] < recursions["replace"]["coverage"][0]).all()
    assert replaced[-1].mean() < 0.02
    assert mixed[1:].mean() > replaced[1:].mean()
