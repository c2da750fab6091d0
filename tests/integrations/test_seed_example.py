"""The seed example, word for word except the one line, on the eight pictures of coco8."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from yolo_scenes import model_file

TESTS = Path(__file__).parent.parent
EXAMPLE = """
from ultralytics import YOLO

model = YOLO("yolo26n.pt")
{guard}
model.train(data="coco8.yaml", epochs=5, imgsz=640)
model.val()
"""
BEGIN = "import torchvision_shim as shim; shim.ultralytics({folder!r}); import firsthand\n"
CLI = "from firsthand.cli import main; main({words!r})"


@pytest.fixture
def run(ultralytics, coco8):
    """Runs code as a user does, beside a local checkpoint under the example's name."""
    model = ultralytics.YOLO(str(model_file(coco8.parent, 80)))
    model.save("yolo26n.pt")
    told = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    environment = {**told, "PYTHONPATH": str(TESTS), "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1"}

    def python(code):
        code = BEGIN.format(folder=str(coco8.parent / "settings")) + code
        return subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )

    return python


def records():
    """What guarded runs wrote, the newest last."""
    found = Path("settings", "runs_dir").glob("detect/*/firsthand/verdict.json")
    return sorted(found, key=os.path.getmtime)


@pytest.mark.slow
def test_declared_it_trains_and_lists_what_eight_images_cannot_tell(run):
    line = 'firsthand.guard(model, reference="coco8.yaml", origin="human")'
    done = run(EXAMPLE.format(guard=line))
    assert done.returncode == 0, done.stderr
    (file,) = records()
    verdict = json.loads(file.read_text())
    assert (verdict["state"], verdict["verdict"]) == ("done", "pass")
    assert verdict["data"]["verdict"] == "cannot-say"
    reasons = {each["reason"] for each in verdict["data"]["undetermined"]}
    assert reasons == {"nothing-measured", "too-few-groups"}
    assert "people made or verified every one of 4 training samples" in done.stderr
    assert "needs at least 20 groups on each side; there are 4" in done.stderr
    assert "epoch 5: anchor recall cannot be told" in done.stderr
    names = {"verdict.json", "report.html", "recall.svg", "audit.html", "predictions.npz"}
    assert names <= {each.name for each in file.parent.iterdir()}


@pytest.mark.slow
def test_undeclared_it_raises_with_what_to_declare(run):
    line = 'firsthand.guard(model, reference="coco8.yaml")'
    done = run(EXAMPLE.format(guard=line))
    assert done.returncode == 1  # of Python, for an exception
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("firsthand.errors.CannotSay: ")
    assert "the origin of 4 of 4 samples is not declared" in last
    assert 'Say who made the samples: origin="human"' in last
    (file,) = records()
    assert json.loads(file.read_text())["verdict"] == "cannot-say"
    assert not list(file.parent.parent.glob("results.csv"))


@pytest.mark.slow
def test_the_same_on_the_command_line(run):
    words = ["train", "yolo26n.pt", "--data", "coco8.yaml", "--epochs", "5", "--imgsz", "640"]
    declared = run(CLI.format(words=[*words, "--origin", "human", "--json"]))
    assert declared.returncode == 0, declared.stderr
    verdict = json.loads(declared.stdout)
    assert (verdict["schema"], verdict["verdict"]) == ("firsthand.train/1", "pass")
    assert Path(verdict["model"]["weights"]).is_file()
    assert "no reference was named: the training set is held against its own val" in declared.stderr
    undeclared = run(CLI.format(words=words))
    assert undeclared.returncode == 3, undeclared.stderr
    assert undeclared.stdout.startswith("◆ CANNOT SAY")
    assert "--origin" in undeclared.stdout.splitlines()[-1]
    wrong = run(CLI.format(words=[*words, "--epoch", "5"]))
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "Ultralytics refuses a setting" in wrong.stderr
