"""Ultralytics NDJSON: nothing of a record is lost, least of all who made it."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from firsthand.errors import FormatError, InputError
from firsthand.readers.ndjson import component
from firsthand.types import HUMAN, UNKNOWN, Sample, Skip

DATASET = {"type": "dataset", "task": "detect", "class_names": {"0": "cat", "7": "dog"}}
BOX = [7, 0.5, 0.5, 0.5, 0.5]
SEGMENT = [7, 0.25, 0.25, 0.75, 0.25, 0.75, 0.75]


def write(folder, *images, **about):
    """A file with a picture for each image record; returns its path."""
    lines = [{**DATASET, **about}]
    for number, record in enumerate(images):
        lines.append({"type": "image", "file": f"{number}.png", "split": "train", **record})
        place = folder / str(about.get("path", "")) / "images/train" / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 20), (number, 0, 0)).save(place)
    file = folder / "data 集.ndjson"
    file.write_text("\n".join(json.dumps(line) for line in lines) + "\n", "utf-8")
    return file


def read(file):
    reading = component.read(Path(file))
    items = list(reading.items)
    samples = [item for item in items if isinstance(item, Sample)]
    return reading, samples, [item for item in items if isinstance(item, Skip)]


def boxes(*rows):
    return {"annotations": {"boxes": list(rows)}}


def test_boxes_by_class_number_and_split(tmp_path):
    file = write(tmp_path, boxes(BOX, [0, 0.2, 0.5, 0.1, 0.1]), path="set")
    assert component.can_read(file)
    reading, (sample,), skips = read(file)
    assert (reading.task, reading.classes, reading.total) == ("detect", ("cat", "dog"), 1)
    assert (sample.key, sample.split, skips) == ("images/train/0.png", "train", [])
    assert sample.boxes.classes.tolist() == [1, 0]
    np.testing.assert_allclose(sample.boxes.xywh, [BOX[1:], [0.2, 0.5, 0.1, 0.1]])


def test_its_label_is_the_one_of_a_yolo_copy(tmp_path):
    from firsthand.read import read as read_any

    file = write(tmp_path, boxes(BOX))
    (tmp_path / "labels/train").mkdir(parents=True)
    (tmp_path / "labels/train/0.txt").write_text("1 0.500000 0.500000 0.500000 0.500000\n")
    (tmp_path / "data.yaml").write_text("train: images/train\nnames: [cat, dog]\n")
    first, second = read_any(file), read_any(tmp_path / "data.yaml")
    assert first.samples[0].label == second.samples[0].label is not None
    assert first.digest == second.digest


def test_all_keys_are_read_and_an_object_counts_once(tmp_path):
    other = [0, 0.1, 0.1, 0.1, 0.1]
    notes = {"boxes": [BOX, other], "segments": [SEGMENT]}
    reading, (sample,), _ = read(write(tmp_path, {"annotations": notes}, task="segment"))
    assert reading.task == "segment"
    assert sorted(sample.boxes.classes.tolist()) == [0, 1]
    assert sorted(len(outline) for outline in sample.boxes.outlines) == [3, 4]


@pytest.mark.parametrize(
    ("task", "key", "row", "expected"),
    [
        ("obb", "obb", [0, 0.2, 0.2, 0.6, 0.2, 0.6, 0.6, 0.2, 0.6], "oriented"),
        ("pose", "pose", [0, 0.5, 0.5, 0.2, 0.2, 0.1, 0.1, 2], "detect"),
    ],
)
def test_other_tasks(tmp_path, task, key, row, expected):
    reading, (sample,), _ = read(write(tmp_path, {"annotations": {key: [row]}}, task=task))
    assert (reading.task, len(sample.boxes.classes)) == (expected, 1)


def test_classification(tmp_path):
    images = [{"annotations": {"classification": value}} for value in ([7], [9], [0, 7], [])]
    reading, samples, skips = read(write(tmp_path, *images, task="classify"))
    assert reading.task == "classify"
    assert [sample.category for sample in samples] == [1, None, None, None]
    assert [skip.code for skip in skips] == ["label-class", "label-columns"]


def test_nothing_said_and_nothing_there_are_two_things(tmp_path):
    file = write(tmp_path, {}, {"annotations": {}}, boxes([1, 0.5, 0.5, 0.1, 0.1]))
    _, (unsaid, empty, broken), skips = read(file)
    assert (unsaid.label, broken.label) == (None, None)
    assert (empty.label is not None, len(empty.boxes.classes)) == (True, 0)
    assert [(skip.code, skip.line) for skip in skips] == [("label-class", 4)]


def test_metadata_says_who_made_it(tmp_path):
    said = {"origin": "synthetic", "generator": "painter@2", "generation": 3, "group": "p7"}
    file = write(
        tmp_path,
        {"metadata": said},
        {"metadata": {"camera": "x"}},
        {"metadata": {"origin": "robot"}},
        {},
    )
    _, (made, silent, wrong, bare), skips = read(file)
    assert (made.provenance.media_generator, made.provenance.generation) == ("painter@2", 3)
    assert made.group == "p7"
    assert [one.provenance for one in (silent, wrong, bare)] == [UNKNOWN] * 3
    assert [(skip.code, skip.line, skip.keeps_sample) for skip in skips] == [
        ("provenance-invalid", 4, True)
    ]


def test_metadata_of_the_dataset_holds_where_an_image_says_nothing(tmp_path):
    made = {"metadata": {"origin": "synthetic"}}
    file = write(tmp_path, {}, made, metadata={"origin": "human"})
    _, (first, second), _ = read(file)
    assert first.provenance == HUMAN
    assert second.provenance.media_origin == "synthetic"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ([0, 0.5, 0.5, 0.1], "label-columns"),
        ("0 0.5 0.5 0.1 0.1", "label-columns"),
        (7, "label-columns"),
        ([3, 0.5, 0.5, 0.1, 0.1], "label-class"),
        (["0", 0.5, 0.5, 0.1, 0.1], "label-class"),
        ([0, 0.5, None, 0.1, 0.1], "label-nan"),
        ([0, 0.5, float("nan"), 0.1, 0.1], "label-nan"),
        ([0, 0.5, 10**400, 0.1, 0.1], "label-nan"),
        ([0, 1.5, 0.5, 0.1, 0.1], "label-range"),
        ([0, 0.5, 0.5, 0.0, 0.1], "label-zero-area"),
    ],
)
def test_a_bad_row_is_dropped_by_name(tmp_path, row, code):
    _, (sample,), skips = read(write(tmp_path, boxes(BOX, row)))
    assert [(skip.code, skip.line, skip.keeps_sample) for skip in skips] == [(code, 2, True)]
    assert len(sample.boxes.classes) == 1


def test_bad_records_are_dropped_by_name(tmp_path):
    file = write(tmp_path, boxes(BOX))
    bad = [
        '{"file":',
        "[1]",
        '{"file": 3}',
        '{"file": "gone.png", "url": "https://x"}',
        '"a\\ud800"',
    ]
    with file.open("ab") as out:
        out.write("\r\n".join([*bad, '{"file": "a\\u0000b"}']).encode() + b"\n\xff\xfe\n\n")
    _, samples, skips = read(file)
    assert len(samples) == 1
    codes = ["json-invalid", "record-invalid", "record-invalid", "missing-file", "record-invalid"]
    codes += ["missing-file", "json-invalid"]
    assert [(skip.code, skip.line) for skip in skips] == list(zip(codes, range(3, 10), strict=True))


@pytest.mark.parametrize(
    ("about", "error"),
    [
        ({"type": "image"}, FormatError),
        ({"task": "sing"}, InputError),
        ({"class_names": None}, InputError),
        ({"class_names": {"a": "cat"}}, InputError),
        ({"class_names": ["cat", "cat"]}, InputError),
        ({"class_names": {"0": ""}}, InputError),
    ],
)
def test_a_first_line_that_cannot_be_used(tmp_path, about, error):
    with pytest.raises(error, match=r"data 集\.ndjson:1: "):
        component.read(write(tmp_path, **about))


def test_what_is_no_such_file(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n')
    assert not component.can_read(tmp_path / "a.jsonl")
    assert not component.can_read(tmp_path)
    with pytest.raises(FormatError):
        component.read(tmp_path)
