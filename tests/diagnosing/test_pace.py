"""Histories of which it is known how fast they lose: fair drawing, fewer draws, and none at all."""

from hashlib import sha256

import numpy as np
import pytest

import rings
from firsthand import trajectory
from firsthand.diagnose import diagnose
from firsthand.diagnosing.founders import founders
from firsthand.diagnosing.given import points
from firsthand.diagnosing.pace import pace_of
from firsthand.measure import measure
from firsthand.messages import LANGUAGES
from firsthand.report.pacing import said_of
from firsthand.sources import side_of
from firsthand.theory.categories import lineage_survival
from firsthand.trajectory import Row, Step
from firsthand.types import Boxes, Dataset, Sample

HAIR = 1e-6  # so that no two points are one medium


def digest(name, at):
    return sha256(f"{name}/{at}".encode()).digest()


def redrawn(points, n, rng, sources=None):
    """n draws from a set, or from some of it."""
    few = points if sources is None else points[rng.integers(0, len(points), sources)]
    return few[rng.integers(0, len(few), n)] + HAIR * rng.normal(size=(n, few.shape[1]))


def looked_at(reference, sets, metric, n):
    rows = []
    for generation, one in sets.items():
        found = measure(reference, one, metrics=[metric], splits=199)
        step = Step("r", 0, "replace", generation)
        rows += trajectory.rows(step, [*found.measurements, *found.undetermined], n=n)
    return rows


def paced(seed, n=300, generations=6, sources=None, same=False):
    """What is said of a chain that does nothing but draw."""
    rng = np.random.default_rng(seed)
    human = rings.drawn(2 * n, rng)
    made = human if same else rings.drawn(n, rng)
    sets = {}
    for generation in range(1, generations + 1):
        made = redrawn(made, n, rng, sources)
        sets[generation] = points(made, f"{generation}")
    few = {each: sets[each] for each in (1, generations // 2, generations)}
    reference = points(human, "human")
    rows = looked_at(reference, few, "coverage", n)
    return pace_of(rows, reference, sets[generations], seed)


@pytest.mark.parametrize("generations", [1, 3, 10])
def test_the_number_of_founders_is_the_law_of_surviving_symbols(generations):
    """g counts the generation itself as the first."""
    expected = float(lineage_survival(generations + 1))
    rng = np.random.default_rng(0)
    for size, error in ((1000, 0.02), (10**6, 1e-3)):
        found = founders(size, size, generations, rng, chains=200)
        assert found.mean() / size == pytest.approx(expected, rel=error)
    assert founders(1000, 1000, 1, rng, start=10**6)[0] > 990  # of many people nearly each another


def test_founders_are_as_many_as_among_samples_that_are_traced():
    rng = np.random.default_rng(0)
    traced = []
    for _ in range(300):
        own = np.arange(60)
        for _ in range(4):
            own = own[rng.integers(0, 60, 60)]
        traced.append(len(np.unique(own)))
    found = founders(60, 60, 4, rng, chains=3000)
    assert np.mean(traced) == pytest.approx(found.mean(), rel=0.03)
    assert np.std(traced) == pytest.approx(found.std(), rel=0.15)


@pytest.mark.parametrize("same", [False, True])
def test_fair_drawing_is_as_fast_as_chance_wherever_it_began(same):
    found = paced(1, same=same)
    assert found.state == "as-chance"
    assert found.null_low < found.value < found.null_high
    assert found.speed_low < 1 < found.speed_high
    assert (found.draws, found.counted, found.generation) == (300, "samples", 6)


def test_fewer_sources_are_faster_and_by_how_much():
    """Of a third as many sources, then of them: four times the drift of one draw."""
    found = paced(1, sources=100)
    assert found.state == "faster"
    assert found.speed_low < 4 < found.speed_high


def test_a_history_that_loses_nothing_is_slower():
    rng = np.random.default_rng(0)
    reference = points(rings.drawn(600, rng), "human")
    sets = {at: points(rings.drawn(300, rng), f"{at}") for at in (2, 5, 12)}
    found = pace_of(looked_at(reference, sets, "coverage", 300), reference, sets[12], 0)
    assert found.state == "slower"
    assert found.speed_high < 1


@pytest.mark.slow
def test_fair_drawing_is_seldom_called_anything_else():
    """Twenty chains at a level of 5 %: more than 3 happen in 1.6 %."""
    states = [paced(seed).state for seed in range(100, 120)]
    assert states.count("as-chance") >= 17


def test_words_are_drawn_one_by_one():
    rng = np.random.default_rng(0)
    shares = np.arange(1.0, 2001) ** -1.1
    shares /= shares.sum()

    def corpus(words, name):
        samples = tuple(
            Sample(f"{name}{at}", digest(name, at), text=" ".join(few))
            for at, few in enumerate(np.split(words, 100))
        )
        return side_of(Dataset(name, "text", (), samples))

    def people():
        return np.char.add("w", rng.choice(2000, 6000, p=shares).astype(str))

    reference = corpus(people(), "h")
    for narrow, state in ((None, "as-chance"), (1500, "faster")):
        words, sets = people(), {}
        for at in range(1, 6):
            sources = words if narrow is None else rng.choice(words, narrow)
            words = rng.choice(sources, 6000)
            sets[at] = corpus(words, f"g{at}")
        few = {at: sets[at] for at in (1, 3, 5)}
        rows = looked_at(reference, few, "type_survival", 100)
        found = pace_of(rows, reference, sets[5], 0)
        assert (found.state, found.counted, found.draws) == (state, "words", 6000)


def test_classes_drift():
    rng = np.random.default_rng(0)

    def labelled(classes, name):
        samples = tuple(
            Sample(f"{name}{at}", digest(name, at), label=b"x",
                   boxes=Boxes(np.array([kind], np.int32), np.array([[0.5, 0.5, 0.2, 0.2]])))
            for at, kind in enumerate(classes)
        )  # fmt: skip
        return Dataset(name, "detect", ("a", "b", "c", "d"), samples, ())

    first = rng.choice(4, 600, p=[0.4, 0.3, 0.2, 0.1])
    reference = side_of(labelled(first, "h"))
    for sources, state in ((None, "as-chance"), (40, "faster")):
        classes, rows = first, []
        for at in range(1, 7):
            few = classes if sources is None else rng.choice(classes, sources)
            classes = rng.choice(few, 600)
            rows += looked_at(reference, {at: side_of(labelled(classes, f"g{at}"))},
                              "class_survival", 600)  # fmt: skip
        found = pace_of(rows, reference, reference, 0)
        assert (found.state, found.counted) == (state, "objects")
        assert found.expected is None


def row(generation, metric="coverage", value=0.9):
    return Row(
        "r", 0, "replace", generation, metric, (), value, None, None, 0.95, 1.05, "share", 300, 0
    )


def test_with_too_little_it_cannot_be_said():
    rng = np.random.default_rng(0)
    reference, few = (points(rng.normal(size=(n, 2)), "x") for n in (300, 20))
    two, three = ([row(at) for at in range(1, upto)] for upto in (3, 4))
    assert pace_of(None, reference, reference, 0) is None
    assert pace_of(two, reference, reference, 0).reason == "too-few-looks"
    bare = [each._replace(null_low=None) for each in three]
    assert pace_of(bare, reference, reference, 0).reason == "too-few-looks"
    assert pace_of(three, few, few, 0).reason == "too-few-samples"
    assert pace_of([row(at, "frechet") for at in range(1, 9)], reference, few, 0).speed is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_is_said_in_both_languages_and_nothing_stays_open(lang):
    rng = np.random.default_rng(0)
    reference = points(rings.drawn(300, rng), "x")
    found = [
        pace_of([row(at, value=value) for at in (1, 2, 9)], reference, reference, 0)
        for value in (0.2, 0.8, 1.0)
    ]
    found.append(pace_of([], reference, reference, 0))
    assert [each.state for each in found] == ["faster", "as-chance", "slower", "unknown"]
    said = [said_of(each, lang) for each in found]
    assert len(set(said)) == 4
    assert not any("{" in each for each in said)
    assert "coverage" in said[3]


def test_diagnose_says_it_with_a_history():
    rng = np.random.default_rng(0)
    human, train = (rings.drawn(200, rng) for _ in range(2))
    rows = [row(at, value=0.5) for at in (1, 2, 3)]
    found = diagnose(human, train, history=rows, origin="human", splits=199)
    assert found.pace.state == "faster"
    assert diagnose(human, train, origin="human", splits=199).pace is None
