"""What keeps the classes: needs, budgets, their promise against simulation, and bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest

import firsthand
from firsthand.class_counts import parse_counts, typed
from firsthand.errors import InputError
from firsthand.planning.answer import effort
from firsthand.planning.checking import check, simulated
from firsthand.planning.choice import choose
from firsthand.planning.target import Target, exact_interval, people_of
from firsthand.planning.verifier import Verifier, quality
from firsthand.provenance import declare
from firsthand.read import read
from firsthand.theory import inflow, verifier
from firsthand.theory.extinction import extinct_by
from firsthand.types import HUMAN, Boxes, Dataset, Sample

CELLS = parse_counts("cell=900,moon=300,star=50,rare=4")
WAYS = ("fresh", "quota", "weighted", "anchor")


def test_needs_are_those_of_the_fresh_budget():
    """Settled and unweighted, the plan asks for what section 8 asks for."""
    found = firsthand.plan(CELLS, samples=5000, keep=0.5)
    for need, one in zip(found.needs, found.people.classes, strict=True):
        law = float(inflow.fresh_for_class(one.share, 5000, 0.5, 0.95))
        assert need.fresh == pytest.approx(law, rel=0.05, abs=1)
    assert found.diversity == 1
    assert [round(one.share, 4) for one in found.people.classes] == [0.7177, 0.2392, 0.0399, 0.0032]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("generations", [5, None])
def test_what_is_chosen_is_enough_and_one_less_is_not(way, generations):
    asked = {"samples": 3000, "keep": 0.8, "generations": generations}
    found = firsthand.plan(CELLS, policy=way, classes=["star"], **asked)
    assert not found.lost
    human = found.choice.human
    assert human > 1
    less = firsthand.plan(CELLS, policy=way, classes=["star"], budget=human - 1, **asked)
    assert [one.name for one in less.lost] == ["star"]
    assert less.outcomes[0].part < 0.8 <= found.outcomes[0].part + 1e-3


def test_what_no_fresh_samples_can_keep():
    found = firsthand.plan(CELLS, samples=2000, keep=0.9, generations=10)
    assert [one.name for one in found.lost][:2] == ["rare", "star"]
    need = next(one for one in found.needs if one.name == "star")
    assert math.isinf(need.fresh)
    assert need.best < 0.95
    people = found.people.classes[2]
    enough, fewer = (
        choose("fresh", int(n), int(n)).probability(people, 0.9, 10)
        for n in (need.samples, need.samples - 1)
    )
    assert fewer < 0.95 <= enough
    assert need.kept < 2000
    assert need.alone == 72
    assert need.alone_share == pytest.approx(1 - (1 - 72 / 2000) ** 10 * (1 - people.share))


def test_a_budget_buys_the_more_the_larger_it_is():
    found = firsthand.plan(CELLS, samples=4000, budget=200, generations=10)
    parts = np.array([step.parts for step in effort(found)])
    assert np.all(np.diff(parts, axis=0) >= -1e-3)
    assert found.choice.human == 200
    chosen = next(step for step in effort(found) if step.human == 200)
    assert chosen.parts == tuple(one.part for one in found.outcomes)


def test_kept_samples_count_more_where_they_are_too_few():
    few = parse_counts("cell=90,moon=30,star=5")
    found = firsthand.plan(few, samples=20_000, keep=0.8, policy="anchor", classes=["star"])
    assert found.choice.human == found.people.samples == 125
    assert found.choice.weight > 1.5
    assert found.outcomes[0].probability == pytest.approx(0.95, abs=0.01)
    assert effort(found)[-1].human == 125


def test_best_weights_spare_fresh_samples():
    found = firsthand.plan(CELLS, samples=4000, keep=0.8, generations=10)
    star = found.needs[2]
    assert 0 < star.weighted < star.fresh
    assert star.weight > 1


def test_without_any_human_samples_it_is_plain_drift():
    found = firsthand.plan(CELLS, samples=2000, keep=0.0, generations=10, policy="replace")
    for one, here in zip(found.outcomes, found.people.classes, strict=True):
        gone = float(extinct_by(here.share, 2000, 10)[0, -1])
        assert 1 - one.probability == pytest.approx(gone, abs=0.02)


@pytest.mark.parametrize("way", [*WAYS, "accumulate", "replace"])
def test_the_simulation_agrees(way):
    found = firsthand.plan(
        CELLS, samples=1500, keep=0.6, generations=8, policy=way, simulate=True, chains=1000
    )
    assert found.verdict == "pass"
    for one, sim in zip(found.outcomes, found.checked, strict=True):
        assert sim.low - 0.02 <= one.probability <= sim.high + 0.02
        assert sim.parts[1] == pytest.approx(one.median, abs=0.1 + 0.2 * (one.name == "rare"))
        assert (sim.hits, sim.chains) == (round(sim.reached * 1000), 1000)


def test_a_broken_promise_is_seen():
    """A plan for a set ten times as large promises too much."""
    people, target = people_of(CELLS), Target(samples=1000, keep=0.8, generations=5)
    choice = choose("fresh", 200, 1000)
    good = check(people, target, choice, chains=500)
    assert not any(one.contradicts for one in good)
    boasting = people.classes[0].__class__
    classes = tuple(
        boasting(**{n: getattr(one, n) for n in one.__slots__} | {"draws": 10.0})
        for one in people.classes
    )
    bold = people.__class__(
        **{n: getattr(people, n) for n in people.__slots__} | {"classes": classes}
    )
    assert any(one.contradicts for one in check(bold, target, choice, chains=500))


def test_too_few_chains_cannot_say():
    found = firsthand.plan(CELLS, samples=1000, keep=0.6, generations=3, simulate=True, chains=20)
    assert found.verdict == "cannot-say"


def test_the_same_seed_gives_the_same_check():
    people, target = people_of(CELLS), Target(samples=500, generations=3)
    once, again, other = (
        simulated(people, target, choose("fresh", 50, 500), chains=20, seed=seed)
        for seed in (1, 1, 2)
    )
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


@pytest.mark.parametrize(("cases", "seed"), [(25, 1), pytest.param(200, 2, marks=pytest.mark.slow)])
def test_the_plan_keeps_its_promise(cases, seed):
    """Random distributions and targets: 95 % intervals hold 95 % of the simulated outcomes."""
    rng = np.random.default_rng(seed)
    inside, chains = 0, 25
    for _ in range(cases):
        counts = np.maximum(np.round(rng.dirichlet(np.full(rng.integers(2, 8), 2.0)) * 3000), 1)
        found = firsthand.plan(
            typed([f"{at}" for at in range(len(counts))], counts.astype(int).tolist()),
            samples=int(10 ** rng.uniform(2.3, 3.5)),
            generations=int(rng.integers(1, 20)),
            keep=float(rng.uniform(0.3, 0.95)),
            probability=float(rng.uniform(0.8, 0.98)),
            policy=str(rng.choice(WAYS)),
        )
        at = int(rng.integers(len(counts)))
        one = found.outcomes[at]
        parts = simulated(
            found.people, found.target, found.choice, chains=chains, seed=int(rng.integers(2**31))
        )[:, at]
        inside += int(((parts >= one.low - 1e-3) & (parts <= one.high + 1e-3)).sum())
    assert exact_interval(inside, cases * chains, 0.95)[1] >= 0.95


def image(at, classes, provenance=HUMAN):
    boxes = Boxes(np.array(classes, np.int32), np.full((len(classes), 4), 0.5))
    return Sample(f"{at}", bytes(32), b"x", provenance=provenance, boxes=boxes)


def test_clustered_objects_are_fewer_draws():
    """Ten objects an image, all of one class: an image is one draw."""
    crowds = [image(at, [0 if at % 4 else 1] * 10) for at in range(400)]
    crowds += [image("made", [1] * 500, declare("model-labelled"))]
    found = firsthand.plan(
        Dataset("d", "detect", ("a", "b", "never"), tuple(crowds)), keep=0.7, generations=5
    )
    assert found.people.left_out == 1
    assert found.people.classes[1].draws == pytest.approx(1, abs=0.01)
    assert found.people.absent == ("never",)
    assert [one.slice for one in found.undetermined] == [(("class", "never"),)]
    assert found.verdict == "pass"
    alone = firsthand.plan(parse_counts("a=300,b=100"), samples=400, keep=0.7, generations=5)
    assert found.needs[1].fresh == pytest.approx(alone.needs[1].fresh, abs=3)


def test_blood_cells_as_whole_images(real_data):
    data = read(real_data("bccd"), declared=HUMAN)
    found = firsthand.plan(data, keep=0.8, generations=10, simulate=True, chains=800)
    assert found.verdict == "pass"
    platelets = found.checked[-1]
    assert platelets.name == "Platelets"
    assert abs(platelets.reached - 0.95) < 0.03
    assert found.choice.human == pytest.approx(40, abs=3)


def test_a_verifier_has_to_be_as_good_as_the_labels_are_bad():
    people = people_of(CELLS)
    target = Target(samples=1000, keep=0.9, generations=10)
    found = quality(people, target, Verifier(wrong=0.2, keep_right=0.9, keep_wrong=0.1))
    assert (1 - found.allowed) ** 10 == pytest.approx(0.9)
    passed = verifier.wrong_after(0.2, found.selectivity / 100, 1 / 100)
    assert float(passed) == pytest.approx(found.allowed)
    assert found.threshold == pytest.approx(0.9)
    assert found.reached == pytest.approx(0.2 * 0.1 / (0.2 * 0.1 + 0.8 * 0.9))
    ratio = found.pass_ratios["star"]
    shares = np.array([one.share for one in people.classes])
    rates = np.array([1.0, 1.0, ratio, 1.0])
    left = verifier.filtered_shares(shares, rates, 10)
    assert left[2] == pytest.approx(0.9 * shares[2], rel=1e-6)


def test_human_labels_make_a_verifier_matter_less():
    people, target = people_of(CELLS), Target(samples=1000, keep=0.9)
    assert quality(people, target, Verifier()).allowed == 0
    allowed = quality(people, target, Verifier(), human=0.2).allowed
    right = 0.2 / (1 - 0.8 * (1 - allowed))
    assert right == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keep": 1.01}, "keep is 1.01"),
        ({"keep": -0.1}, "keep is -0.1"),
        ({"keep": math.nan}, "keep is nan"),
        ({"probability": 1}, "probability is 1"),
        ({"probability": 0}, "probability is 0"),
        ({"budget": -1}, "budget is -1"),
        ({"budget": 1001}, "training sets of 1000"),
        ({"budget": 5, "policy": "replace"}, "for the policy replace"),
        ({"samples": 10**6, "budget": 10**5, "policy": "anchor"}, "human samples to keep, and"),
        ({"samples": 1}, "samples is 1"),
        ({"generations": 0}, "generations is 0"),
        ({"policy": "magic"}, "no policy 'magic'"),
        ({"classes": ["unicorn"]}, "no class 'unicorn'"),
    ],
)
def test_wrong_numbers(change, message):
    given = {"samples": 1000} | change
    with pytest.raises(InputError, match=message):
        firsthand.plan(CELLS, **given)


def test_a_check_does_not_run_for_ever():
    with pytest.raises(InputError, match="1,000,000,000 generations"):
        firsthand.plan(CELLS, samples=1000, generations=10**9, simulate=True)


@pytest.mark.parametrize(
    "given", [{"keep_right": 0.9}, {"wrong": 1.2}, {"wrong": 1.0}, {"keep_wrong": -1}]
)
def test_wrong_shares_of_a_verifier(given):
    with pytest.raises(InputError, match="Expected"):
        Verifier(**given)


@pytest.mark.parametrize("text", ["cell=100", "cell=0,star=0", "cell=5,star=0"])
def test_one_class_cannot_drift(text):
    with pytest.raises(InputError, match="at least two classes that occur"):
        firsthand.plan(parse_counts(text), samples=100)


def test_an_empty_set_is_an_error():
    with pytest.raises(InputError, match="0 classes with human labels"):
        firsthand.plan(Dataset("d", "detect", ("a", "b"), ()), samples=100)


def test_a_set_of_nothing_but_people_is_an_answer():
    found = firsthand.plan(CELLS, samples=1000, budget=1000, keep=1.0)
    assert found.lost
    assert found.choice.made == 0
    sure = firsthand.plan(CELLS, samples=1000, budget=1000, keep=1.0, policy="quota", simulate=True)
    assert not sure.lost
    assert sure.verdict == "pass"


def test_a_class_that_never_occurs_cannot_be_said():
    found = firsthand.plan(parse_counts("a=5,b=5,c=0"), samples=100, classes=["c"])
    assert found.verdict == "cannot-say"
    assert found.outcomes == ()
