"""A detector that is unsure of platelets: what a threshold keeps, and which would keep them all."""

import json

import numpy as np
import pytest

import made
from firsthand.cli import main
from firsthand.detections import files, labelled
from firsthand.detections.objects import Detections
from firsthand.diagnose import diagnose
from firsthand.errors import InputError
from firsthand.read import read
from firsthand.types import HUMAN

PLATELET, CELL = (("class", "platelet"),), (("class", "cell"),)
SURE = {0: 0.9, 1: 0.15}  # of cells and platelets


@pytest.fixture(scope="module")
def human(tmp_path_factory):
    return made.yolo(tmp_path_factory.mktemp("operating") / "human", 80, seed=0)


def found(data, false=0):
    """Every box that people drew, as sure as its class is; and false platelets, surer than none."""
    objects = labelled(read(data, declared=HUMAN))
    for at, key in enumerate(objects.keys):
        mine = objects.image == at
        label = objects.label[mine].astype(np.int32)
        xywh = objects.xywh[mine]
        sure = np.array([SURE[one] for one in label.tolist()])
        if at < false:
            label = np.append(label, np.int32(1))
            xywh = np.vstack([xywh, [0.04, 0.04, 0.06, 0.06]])
            sure = np.append(sure, 0.01)
        yield Detections(key, label, xywh, sure)


@pytest.fixture
def predictions(human, tmp_path):
    path = tmp_path / "predictions.jsonl"
    files.write(path, found(human, false=40), made.CLASSES)
    return path


def test_the_threshold_in_use_loses_what_the_detector_is_unsure_of(human, predictions):
    told = diagnose(human, human, predictions=predictions, splits=199)
    parts = {one.slice: one for one in told.operating}
    assert told.confidence == 0.25
    assert parts[PLATELET].kept == 0
    assert parts[CELL].kept == pytest.approx(1, abs=0.02)  # but for boxes that lie on each other
    assert parts[PLATELET].reached > 1
    cells = [one for one in told.operating if len(one.slice) == 2 and one.slice[0] == PLATELET[0]]
    assert {round(one.threshold, 3) for one in cells} <= {0.15, 0.01}
    assert max(one.threshold for one in cells) == pytest.approx(0.15)
    kept = diagnose(human, human, predictions=predictions, confidence=0.1, splits=199)
    assert {one.slice: one for one in kept.operating}[PLATELET].kept == pytest.approx(1, abs=0.05)


def test_the_command_says_so_in_both_languages_and_as_json(human, predictions, capsys):
    words = ["diagnose", "--reference", human, "--train", human, "--predictions", predictions]
    for lang, said in (("en", "platelet: 0%"), ("zh", "置信度 0.25")):
        with pytest.raises(SystemExit):
            main([*map(str, words), "--lang", lang])
        assert said in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([*map(str, words), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["confidence"] == 0.25
    assert {"slice", "n", "kept", "reached", "threshold"} == set(told["operating"][0])


def test_few_objects_cannot_say(tmp_path):
    few = made.yolo(tmp_path / "few", 4, seed=1)
    path = tmp_path / "predictions.jsonl"
    files.write(path, found(few), made.CLASSES)
    told = diagnose(few, few, predictions=path, splits=199)
    cells = [one for one in told.operating if len(one.slice) == 2]
    assert any(one.kept is None for one in cells)
    assert all(one.threshold is None for one in cells if one.kept is None)


def test_what_cannot_be_told_is_refused(human, predictions, tmp_path):
    with pytest.raises(InputError, match="from 0 to 1"):
        diagnose(human, human, predictions=predictions, confidence=25, splits=199)
    points = np.random.default_rng(0).normal(size=(60, 2))
    with pytest.raises(InputError, match="no boxes"):
        diagnose(points, points, predictions=predictions, splits=199)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("0 .5 .5 .1 .1 .9\n")
    with pytest.raises(InputError, match="nothing was found"):
        diagnose(human, human, predictions=tmp_path / "labels", splits=199)
    lines = predictions.read_text().splitlines()
    lines[1] = lines[1].replace("0.9", "NaN", 1)
    predictions.write_text("\n".join(lines))
    with pytest.raises(InputError, match="cannot be used"):
        diagnose(human, human, predictions=predictions, splits=199)
