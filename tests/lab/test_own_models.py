"""Somebody else's model: two methods in a Python file, or a program that reads and writes files."""

import sys

import numpy as np
import pytest
from PIL import Image

from firsthand import lab
from firsthand.errors import InputError

SHRINKING = """
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shrinking:
    name: str = "shrinking"
    factor: float = 0.5
    wrong: str = ""

    def fit(self, features, labels, rng):
        return features.mean(axis=0), features, labels

    def sample(self, state, n, rng):
        middle, features, labels = state
        rows = rng.integers(len(features), size=n)
        drawn = middle + self.factor * (features[rows] - middle)
        if self.wrong == "nan":
            drawn[3, 2] = np.nan
        if self.wrong == "few":
            drawn = drawn[:-1]
        return drawn, labels[rows]


component = Shrinking()
"""

PROGRAM = """
import sys
from pathlib import Path

import numpy as np

if sys.argv[1] == "fit":
    train, model, seed = sys.argv[2:]
    found = np.load(train)
    np.save(Path(model) / "x.npy", found["features"])
    np.save(Path(model) / "y.npy", found["labels"])
else:
    model, n, seed, out = sys.argv[2:]
    x, y = np.load(Path(model) / "x.npy"), np.load(Path(model) / "y.npy")
    rows = np.random.default_rng(int(seed)).integers(len(x), size=int(n))
    if "--broken" in sys.argv[0]:
        sys.exit("out of paper")
    np.savez(out, features=x.mean(axis=0) + 0.5 * (x[rows] - x.mean(axis=0)), labels=y[rows])
"""


@pytest.fixture
def people(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(120):
        folder = tmp_path / "people" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(60, 190, (4, 4)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03d}.png")
    (tmp_path / "shrinking.py").write_text(SHRINKING)
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path


def spec(folder, model, **changes):
    values = {"model": model, "policy": "replace", "generations": 3, "samples": 40, "chains": 2}
    return lab.parse({**values, "data": "people", **changes}, folder=folder)


def test_two_methods_in_a_file_are_enough(people):
    run = lab.simulate(spec(people, "shrinking.py"), out=people / "runs")
    assert run.name.startswith("shrinking-replace-")
    variance = run.records["variance"]
    assert variance.shape == (3, 2)
    np.testing.assert_allclose(variance[1:] / variance[:-1], 0.25, rtol=0.4)
    assert (run.records["recall"][-1] < 0.1).all()
    assert {row.metric for row in run.rows} >= {"precision", "recall", "coverage", "tail_recall"}
    kept = lab.simulate(
        spec(people, "shrinking.py", policy="anchor", samples=80, first=40), out=people / "runs"
    )
    assert (kept.records["variance"][-1] > 5 * variance[-1]).all()
    assert (run.records["precision"][-1] > run.records["recall"][-1]).all()


def test_a_built_in_mixture_learns_pictures_too(people):
    model = {"name": "gmm", "components": 1, "levels": 17}
    run = lab.simulate(spec(people, model), out=people / "runs")
    assert {row.metric for row in run.rows} >= {"recall", "variance"}
    assert run.records["variance"].shape == (3, 2)
    assert (run.records["variance"] > 0.5).all()


def test_where_files_lie_decides_nothing(people):
    one = lab.simulate(spec(people, "shrinking.py"), out=people / "runs")
    for name in ("people", "shrinking.py"):
        (people / "moved").mkdir(exist_ok=True)
        (people / name).rename(people / "moved" / name)
    other = lab.simulate(spec(people / "moved", "shrinking.py"), out=people / "other")
    assert other.about["digest"] == one.about["digest"]
    assert other.name == one.name


def test_another_file_or_other_data_are_another_run(people):
    one = lab.simulate(spec(people, "shrinking.py"), out=people / "runs")
    assert lab.simulate(spec(people, "shrinking.py"), out=people / "runs").name == one.name
    (people / "shrinking.py").write_text(SHRINKING.replace("0.5", "0.6"))
    other = lab.simulate(spec(people, "shrinking.py"), out=people / "runs")
    assert other.name != one.name
    assert other.about["digest"] != one.about["digest"]


def test_a_pool_finds_the_file_too(people):
    here = lab.simulate(spec(people, "shrinking.py"), out=people / "here")
    pool = lab.simulate(
        spec(people, "shrinking.py"), out=people / "pool", engine="process_pool", workers=1
    )
    assert here.about["digest"] == pool.about["digest"]


def test_a_program_trains_and_samples_through_files(people):
    program = {"command": [sys.executable, str(people / "program.py")]}
    run = lab.simulate(spec(people, program, chains=1), out=people / "runs")
    variance = run.records["variance"][:, 0]
    np.testing.assert_allclose(variance[1:] / variance[:-1], 0.25, rtol=0.4)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"name": "shrinking.py", "wrong": "nan"}, "drew 1 numbers that are not finite"),
        ({"name": "shrinking.py", "wrong": "few"}, r"of shape \(59, 16\).*Expected \(60, 16\)"),
        ({"name": "shrinking.py", "speed": 3}, "has no option 'speed'. Expected one of factor"),
        ("melting.py", "melting.py: there is no such component"),
        ("people.py", "defines no `component`"),
        ({"command": ["no-such-program"]}, "no-such-program did not run"),
        ({"command": [sys.executable, "-c", "import sys; sys.exit('torn')"]}, "code 1: torn"),
        ({"command": [sys.executable, "-c", ""]}, "wrote no samples that can be read"),
        ({"command": "rm -rf"}, "command is 'rm -rf'. Expected a list of words"),
    ],
)
def test_what_is_wrong_with_a_model_is_said(people, model, said):
    (people / "people.py").write_text("")
    with pytest.raises(InputError, match=said):
        lab.simulate(spec(people, model, samples=40, first=40), out=people / "runs")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data": "nowhere"}, "nowhere"),
        ({"samples": 61}, "61 human samples are asked for, and there are 60"),
        ({"policy": "weighted"}, "takes samples without weights"),
        ({"policy": "filtered"}, "no verifier is known"),
        ({"sampling": {"temperature": 0.5}}, "temperature has no meaning"),
        ({"model": "gaussian"}, "has a human population of its own"),
        ({"model": "ngram"}, "the data are of the kind classify"),
    ],
)
def test_what_does_not_fit_the_model_is_said(people, changes, said):
    with pytest.raises(InputError, match=said):
        lab.simulate(spec(people, **{"model": "shrinking.py", **changes}), out=people / "runs")


def test_a_model_without_data_asks_for_them(people):
    values = {"policy": "replace", "generations": 1, "samples": 4}
    experiment = lab.parse({"model": "shrinking.py", **values}, folder=people)
    with pytest.raises(InputError, match="Name them with `data`"):
        lab.simulate(experiment, out=people / "runs")


def test_classes_are_counted_and_texts_are_read(people):
    counted = lab.simulate(spec(people, "categorical", samples=50), out=people / "runs")
    assert counted.rows[0].metric == "symbols"
    assert counted.rows[0].value == 2
    folder = people / "texts"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.txt").write_text("the cat saw the dog and the bird . " * 30)
    told = lab.simulate(spec(people, "ngram", data="texts", samples=320), out=people / "runs")
    assert told.rows[0].value == 6
    assert told.records["types"].max() <= 6
