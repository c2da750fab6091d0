"""The adapter of Ultralytics: what it asks for and what it hands on; and once the real package."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

import yolo_scenes
from firsthand import closed_loop, lab, registry
from firsthand.closed_loop.results import Results
from firsthand.errors import InputError, MissingExtra
from firsthand.models.yolo import Yolo

ROOT = Path(__file__).parent.parent.parent


class Column:
    """As a tensor hands over its numbers."""

    def __init__(self, values):
        self.values = np.array(values, np.float32)

    def cpu(self):
        return self

    def numpy(self):
        return self.values


class Fake:
    """What the adapter may know of the package."""

    made: list[Any] = []

    def __init__(self, weights):
        self.weights, self.calls = weights, []
        self.task = "segment" if "-seg" in weights else "detect"
        Fake.made.append(self)

    def add_callback(self, event, call):
        self.calls.append((event, call))

    def train(self, **settings):
        self.calls.append(settings)
        print("a progress bar")
        weights = Path(settings["project"], settings["name"], "weights")
        weights.mkdir(parents=True)
        (weights / "last.pt").write_text("learnt")

    def predict(self, pictures, **settings):
        self.calls.append((pictures, settings))
        boxes = SimpleNamespace(
            cls=Column([1]), xywhn=Column([[0.5, 0.5, 0.25, 0.25]]), conf=Column([0.75])
        )
        return [SimpleNamespace(boxes=boxes) for _ in pictures]


@pytest.fixture
def package(monkeypatch):
    monkeypatch.setattr(Fake, "made", [])
    monkeypatch.setitem(sys.modules, "ultralytics", SimpleNamespace(YOLO=Fake))


def test_training_leaves_the_weights_and_prints_nothing(package, tmp_path, capsys):
    (tmp_path / "out.pt.work").mkdir()  # of a run that was killed
    Yolo(imgsz=96, batch=4).train(
        Path("base.pt"), Path("data.yaml"), tmp_path / "out.pt", epochs=3, rate=0.01, seed=7
    )
    assert (tmp_path / "out.pt").read_text() == "learnt"
    assert [path.name for path in tmp_path.iterdir()] == ["out.pt"]
    assert capsys.readouterr() == ("", "")
    [model] = Fake.made
    [asked] = model.calls
    assert model.weights == "base.pt"
    told = {name: asked[name] for name in ("data", "epochs", "imgsz", "batch", "nbs", "seed")}
    assert told == {
        "data": "data.yaml",
        "epochs": 3,
        "imgsz": 96,
        "batch": 4,
        "nbs": 4,
        "seed": 7,
    }
    assert (asked["lr0"], asked["val"], asked["plots"]) == (0.01, False, False)


def test_the_rate_rises_and_falls_by_steps_where_asked(package, tmp_path):
    """By epochs, a training of one epoch would end at its highest rate."""
    Yolo(ramp=0.2).train(
        Path("base.pt"), Path("data.yaml"), tmp_path / "out.pt", epochs=2, rate=0.01, seed=7
    )
    (event, before_step), asked = Fake.made[0].calls
    assert (event, asked["warmup_epochs"]) == ("on_train_batch_start", 0)
    groups = [{"initial_lr": 0.01, "lr": 1.0}, {"initial_lr": 0.02, "lr": 1.0}]
    trainer = SimpleNamespace(
        train_loader=range(5), epochs=2, optimizer=SimpleNamespace(param_groups=groups)
    )
    rates = []
    for _ in range(10):
        before_step(trainer)
        rates.append(groups[0]["lr"])
        assert groups[1]["lr"] == 2 * groups[0]["lr"]
    assert rates[:2] == pytest.approx([0.005, 0.01])
    assert np.diff(rates[1:]) == pytest.approx(np.full(8, -0.0095 / 8))
    assert rates[-1] == pytest.approx(0.0005)


@pytest.mark.parametrize("ramp", [1, -0.1, "fast", True, float("nan")])
def test_a_ramp_is_a_share_of_the_steps(ramp):
    with pytest.raises(InputError, match="ramp is"):
        Yolo(ramp=ramp)


def test_only_a_detector_goes_round(package, tmp_path):
    """Labels of the loop are boxes; a model of outlines would learn rectangles."""
    told = {"epochs": 3, "rate": 0.01, "seed": 7}
    with pytest.raises(InputError, match="model for segment.*firsthand label") as raised:
        Yolo().train(Path("yolo26n-seg.pt"), Path("data.yaml"), tmp_path / "out.pt", **told)
    assert raised.value.where == "yolo26n-seg.pt"
    assert not Fake.made[0].calls
    with pytest.raises(InputError, match="model for segment"):
        next(Yolo().predict(Path("yolo26n-seg.pt"), []))


def test_predictions_keep_names_and_order_and_are_given_blue_first(package):
    red = np.zeros((8, 8, 3), np.uint8) + np.array([9, 0, 0], np.uint8)
    named = [(f"{at}.png", red) for at in range(5)]
    found = list(Yolo(imgsz=96, batch=2).predict(Path("w.pt"), iter(named), 4 / 3))
    assert [one.key for one in found] == [name for name, _ in named]
    assert found[0].classes.tolist() == [1]
    assert found[0].xywh.tolist() == [[0.5, 0.5, 0.25, 0.25]]
    assert found[0].confidence.tolist() == [0.75]
    calls = Fake.made[0].calls
    assert [len(pictures) for pictures, _ in calls] == [2, 2, 1]
    assert calls[0][0][0][0, 0].tolist() == [0, 0, 9]
    assert {settings["imgsz"] for _, settings in calls} == {128}


def test_without_the_package_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    with pytest.raises(MissingExtra, match=r"pip install 'firsthand\[yolo\]'"):
        next(Yolo().predict(tmp_path, []))


def test_the_lab_says_what_a_detector_needs():
    with pytest.raises(InputError, match="spec with arms"):
        lab.parse({"model": "yolo", "policy": "replace", "generations": 1, "samples": 9})
    assert registry.load("models", "yolo") == Yolo()


LOOP = {
    "model": {"name": "yolo", "imgsz": 64, "batch": 8},
    "start": "detector.yaml",
    "human": "shapes/people",
    "humans": 24,
    "test": "shapes/test",
    "small": 0.125,
    "images": 24,
    "generations": 2,
    "first": {"epochs": 2, "rate": 0.005},
    "then": {"epochs": 1, "rate": 0.003},
    "arms": ["replace", "DCK"],
}
KILLED = """
import os, sys
sys.path.insert(0, {tests!r})
import torchvision_shim
torchvision_shim.ultralytics({config!r})
from firsthand import closed_loop
made = []
def progress(what):
    made.append(what)
    if len(made) == 3:
        os.kill(os.getpid(), 9)
closed_loop.run(closed_loop.load("loop.yaml"), "generations", progress)
"""


def test_a_real_model_of_outlines_is_refused_before_it_trains(ultralytics, tmp_path):
    """And a description of a detector that does not say so is one."""
    settings = {"epochs": 1, "rate": 0.01, "seed": 0}
    data = yolo_scenes.scenes(tmp_path / "human", 2, 1, polygons=True)
    start = yolo_scenes.model_file(tmp_path, head="Segment")
    with pytest.raises(InputError, match="a model for segment"):
        Yolo(imgsz=64).train(start, data, tmp_path / "out.pt", **settings)
    assert not (tmp_path / "out.pt").exists()
    Yolo(imgsz=64).train(yolo_scenes.model_file(tmp_path), data, tmp_path / "out.pt", **settings)
    assert ultralytics.YOLO(str(tmp_path / "out.pt")).task == "detect"


@pytest.mark.slow
def test_a_real_detector_goes_round_and_on_after_kill_9(ultralytics, tmp_path, monkeypatch):
    """Two generations of two arms and two controls on small scenes: it runs, and it resumes."""
    monkeypatch.chdir(tmp_path)
    example = ROOT / "examples"
    script = [sys.executable, example / "shapes.py", "--out", "shapes", "--people", "60"]
    subprocess.run([*script, "--test", "30", "--seed", "3"], check=True)
    shutil.copy(example / "shapes-detector.yaml", "detector.yaml")
    Path("loop.yaml").write_text(yaml.safe_dump(LOOP))
    killed = KILLED.format(tests=str(ROOT / "tests"), config=str(tmp_path / "config"))
    done = subprocess.run([sys.executable, "-c", killed], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr
    left = sorted(path.name for path in Path("generations").iterdir())
    assert len(left) == 3
    assert left[0].endswith(".part")
    loop = closed_loop.load("loop.yaml")
    kept = {step.generation.digest for step in closed_loop.finished(loop, "generations")}
    results = Results(loop, closed_loop.run(loop, "generations"))
    assert len(kept) == 2
    assert len({step.generation.digest for step in results.steps}) == 1 + 4 * 2
    assert not list(Path("generations").glob(".*"))
    rows = results.rows()
    assert {row.policy for row in rows} == {"replace", "DCK", "Z0", "Z0K"}
    labels = json.loads((results.steps[2].generation.folder / "about.json").read_text())
    assert labels["images"] == 24
