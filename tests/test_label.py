"""From a detector's predictions to a training set that says where its labels come from."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

import firsthand
from detectors import NAMES
from firsthand.cli import main
from firsthand.detections import files
from firsthand.errors import InputError
from firsthand.label import label
from firsthand.ledger import Ledger
from firsthand.messages import text
from firsthand.read import read
from labelled_pool import detections, lines, places


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    return places(tmp_path_factory.mktemp("labels"))


def run(capsys, *words):
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    return end.value.code, *capsys.readouterr()


def test_labels_have_five_columns_and_say_who_made_them(there, tmp_path):
    out = tmp_path / "next"
    found = label(there.predictions, there.pool, reference=there.reference, out=out, media="human")
    data = read(out)
    train = [one for one in data.samples if one.split == "train"]
    assert not data.skips
    assert len(train) == found.images == 50
    assert sum(len(one.boxes.classes) for one in train) == found.labels
    for one in train:
        assert one.provenance.label_origin == "model"
        assert one.provenance.media_origin == "human"
        assert one.provenance.label_generator == "detector@1"
        assert one.provenance.generation is None
        assert one.provenance.generation_at_least == 1
    text = "".join(path.read_text() for path in out.rglob("labels/**/*.txt"))
    assert re.fullmatch(r"([0-2]( [0-9.e-]+){4}\n)+", text)
    val = [one for one in data.samples if one.split == "val"]
    assert len(val) == found.val == 40
    assert {one.provenance.label_origin for one in val} == {"human"}


def test_an_image_without_an_object_is_empty_on_purpose(there, tmp_path):
    out = tmp_path / "next"
    sure = {"confidence": 0.9}
    found = label(
        there.predictions,
        there.pool,
        reference=there.reference,
        out=out,
        method="fixed",
        options=sure,
    )
    empty = [path for path in out.rglob("labels/train/*.txt") if not path.read_text()]
    assert len(empty) == found.empty > 5
    held = [one for one in read(out).samples if one.split == "train"]
    assert sum(len(one.boxes.classes) == 0 for one in held if one.label is not None) == found.empty


def test_the_generation_is_one_above_what_the_detector_learned_from(there, tmp_path):
    out = tmp_path / "next"
    options = {"reference": there.reference, "out": out, "generator": "mine@2", "trained_on": 1}
    assert label(there.predictions, there.pool, **options).generation == 2
    train = [one.provenance for one in read(out).samples if one.split == "train"]
    assert {one.generation for one in train} == {2}
    assert {one.label_generator for one in train} == {"mine@2"}


def test_counts_follow_the_reference_and_quality_is_told(there, tmp_path):
    found = label(there.predictions, there.pool, reference=there.reference, out=tmp_path / "n")
    for name in NAMES:
        assert sum(found.classes[name].values()) == pytest.approx(found.wanted[name], abs=4)
    assert found.anchor_images == 40
    whole = {each.metric: each for each in found.quality if not each.slice}
    assert whole["label_recall"].low < whole["label_recall"].value <= whole["label_recall"].high
    assert {each.slice for each in found.mix} == {(("class", name),) for name in NAMES}
    assert [each.score for each in found.checks if each.why != "mix"] == sorted(
        (each.score for each in found.checks if each.why != "mix"), reverse=True
    )


def test_a_pool_with_a_fifth_of_the_rare_class_is_named(tmp_path):
    there = places(tmp_path, rates=(1.5, 1.2, 0.08), human=150, val=120, pool=300, seed=2)
    found = label(there.predictions, there.pool, reference=there.reference, out=tmp_path / "n")
    assert "star" in {each.name for each in found.doubts}
    assert {each.name for each in found.checks[:10]} == {"star"}
    assert {each.why for each in found.checks[:10]} == {"mix"}


def test_the_side_files_say_what_became_of_every_prediction(there, tmp_path):
    out = tmp_path / "next"
    found = label(there.predictions, there.pool, reference=there.reference, out=out)
    head, *records = lines(out / "firsthand-predictions.jsonl")
    assert head["classes"] == list(NAMES)
    assert sum(len(one["kept"]) for one in records) == found.labels
    assert sum(len(one["unsure"]) for one in records) == found.unsure
    again = list(files.read(out / "firsthand-predictions.jsonl").items)
    assert len(again) == 50
    assert len(lines(out / "firsthand-check.jsonl")) == len(found.checks) == 100
    assert json.loads((out / "firsthand-label.json").read_text())["schema"] == "firsthand.label/1"


def test_weights_of_soft_labels_stand_beside_them(there, tmp_path):
    out = tmp_path / "next"
    label(there.predictions, there.pool, reference=there.reference, out=out, method="soft")
    weights = [
        one["weights"] for one in lines(out / "firsthand-predictions.jsonl")[1:] if one["objects"]
    ]
    assert all(0 < each < 1 for one in weights for each in one)


def test_a_detector_that_can_be_asked_is_asked_about_both(there, tmp_path):
    asked = {each.key.removesuffix(".png"): each for each in detections(there.truth)}

    class Perfect:
        classes = NAMES[::-1]  # numbered otherwise
        skips = ()

        def __call__(self, images):
            for one in images:
                found = asked.get(one.key.removesuffix(".png")) or asked["p0"]
                yield replace(found, key=one.key, classes=2 - found.classes)

    found = label(
        Perfect(), there.pool, reference=there.reference, out=tmp_path / "n", method="fixed"
    )
    per_class = np.bincount(there.truth.label, minlength=3)
    assert [sum(found.classes[name].values()) for name in NAMES] == per_class.tolist()
    assert found.anchor_images == 40


def test_files_of_ultralytics_are_read(there, tmp_path):
    folder = tmp_path / "labels"
    folder.mkdir()
    for item in files.read(there.predictions).items:
        rows = zip(item.classes, item.xywh, item.confidence, strict=True)
        text = "".join(f"{k} {' '.join(f'{v:.6f}' for v in box)} {c:.6f}\n" for k, box, c in rows)
        if text:
            (folder / f"{item.key.removesuffix('.png')}.txt").write_text(text)
    out = tmp_path / "n"
    found = label(folder, there.pool, reference=there.reference, out=out)
    other = label(there.predictions, there.pool, reference=there.reference, out=tmp_path / "m")
    assert found.classes == other.classes
    assert found.images == 50


def test_bad_rows_are_named_and_left_out(there, tmp_path):
    head, first, *rest = there.predictions.read_text().splitlines()
    record = json.loads(first)
    record["objects"] = [
        [0, float("nan"), 0.5, 0.1, 0.1, 0.9],
        [7, 0.5, 0.5, 0.1, 0.1, 0.9],
        [0, 0.5, 0.5, -0.1, 0.1, 0.9],
        [0, 0.5, 0.5, 0, 0.1, 0.9],
        [0, 0.5, 0.5, 0.1, 0.1, 1.5],
        [0.5, 0.5, 0.5, 0.1, 0.1, 0.5],
    ]
    bad = [json.dumps({"image": "p1.png", "objects": [[1, 2]]}), "{", json.dumps({"image": 3})]
    path = tmp_path / "bad.jsonl"
    path.write_text("\n".join([head, json.dumps(record), *bad, rest[2], rest[2], *rest[3:]]))
    found = label(path, there.pool, reference=there.reference, out=tmp_path / "n")
    codes = [skip.code for skip in found.skips]
    assert set(codes) == {
        "label-nan",
        "label-class",
        "label-range",
        "label-zero-area",
        "prediction-confidence",
        "prediction-record",
        "duplicate-key",
        "prediction-missing",
    }
    assert codes.count("prediction-record") == 3
    assert codes.count("prediction-missing") == 2  # p1 and p2 have no usable record
    assert found.images == 48
    assert next(skip.line for skip in found.skips if skip.code == "label-nan") == 2


def test_nothing_found_is_an_error_and_leaves_nothing_behind(there, tmp_path):
    path = tmp_path / "none.jsonl"
    keys = (f"p{at}.png" for at in range(50))
    path.write_text("".join(json.dumps({"image": key, "objects": []}) + "\n" for key in keys))
    with pytest.raises(InputError, match="not one would get a label"):
        label(path, there.pool, reference=there.reference, out=tmp_path / "n")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["none.jsonl"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"method": "count_matched", "options": {"flor": 0.1}}, "no option"),
        ({"options": {"floor": "low"}}, "another kind"),
        ({"options": {"cap": 3}}, "another kind|cap"),
        ({"options": {"cap": {"comet": 1.0}}}, "comet"),
        ({"prior": {"comet": 1.0}}, "no class 'comet'"),
        ({"generator": "nameless"}, "NAME@VERSION"),
        ({"method": "sampled", "anchor": None, "val": False}, "anchor"),
    ],
)
def test_what_cannot_be_meant_is_refused(there, tmp_path, change, said):
    source = there.predictions
    if not change.pop("val", True):
        source = tmp_path / "pool-only.jsonl"
        kept = [line for line in there.predictions.read_text().splitlines() if '"v' not in line]
        source.write_text("\n".join(kept))
    with pytest.raises(InputError, match=said):
        label(source, there.pool, reference=there.reference, out=tmp_path / "n", **change)
    assert not (tmp_path / "n").exists()


def test_a_reference_by_a_model_is_refused(there, tmp_path):
    out = tmp_path / "next"
    label(there.predictions, there.pool, reference=there.reference, out=out)
    with pytest.raises(InputError, match="neither made nor verified"):
        label(there.predictions, there.pool, reference=out, out=tmp_path / "again")


def test_what_people_labelled_already_is_left_out(there, tmp_path):
    pool = tmp_path / "pool"
    shutil.copytree(there.pool, pool)
    for path in sorted((there.reference.parent / "images" / "val").iterdir())[:5]:
        shutil.copy(path, pool / path.name)
    found = label(there.predictions, pool, reference=there.reference, out=tmp_path / "n")
    assert found.images == 50
    assert [each.code for each in found.skips] == ["labelled-already"] * 5
    val = there.reference.parent / "images" / "val"
    with pytest.raises(InputError, match="already"):
        label(there.predictions, val, reference=there.reference, out=tmp_path / "m")


def test_predictions_of_other_classes_are_refused(there, tmp_path):
    path = tmp_path / "other.jsonl"
    files.write(path, detections(there.truth), ("comet", "box", "star"))
    with pytest.raises(InputError, match="comet"):
        label(path, there.pool, reference=there.reference, out=tmp_path / "n")


def test_the_ledger_gets_a_version_of_the_next_generation(there, tmp_path):
    ledger = Ledger.init(tmp_path)
    ledger.add(read(there.reference, declared=firsthand.HUMAN), source="human")
    ledger.commit("human")
    ledger.register_model("detector@1", trained_on="v1")
    found = label(
        there.predictions,
        there.pool,
        reference=there.reference,
        out=tmp_path / "next",
        media="human",
        ledger=ledger,
    )
    assert found.version == "v2"
    version = ledger.version("v2")
    assert version.composition.by_generation == {"0": 100, "1": 50}
    assert version.composition.total == 150


def test_the_command_says_the_same(there, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["label", there.predictions, there.pool, "--reference", there.reference]
    code, said, _ = run(capsys, *words, "--out", "a", "--json")
    document = json.loads(said)
    assert code == 0
    assert document["schema"] == "firsthand.label/1"
    assert document["images"] == 50
    code, said, _ = run(capsys, *words, "--out", "b")
    assert code == 0
    assert said.startswith(f"{document['labels']} objects labelled on 50 images (count_matched)")
    assert "firsthand audit b --reference" in said
    assert "{" not in said
    code, said, _ = run(capsys, *words, "--out", "c", "--lang", "zh")
    assert "标注" in said
    code, _, error = run(capsys, *words, "--out", "a")
    assert code == 2
    assert "exists already" in error
    for bad in (["--set", "floor"], ["--prior", "star=many"], ["--set", "floor=2"]):
        assert run(capsys, *words, "--out", "d", *bad)[0] == 2
    assert run(capsys, "label", "gone.jsonl", there.pool, *words[3:], "--out", "d")[0] == 2


def test_without_a_val_nothing_can_be_said_of_quality(there, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bare = there.reference.with_name("bare.yaml")
    bare.write_text(there.reference.read_text().replace("val: images/val\n", ""))
    words = ["label", there.predictions, there.pool, "--reference", bare]
    code, said, _ = run(capsys, *words, "--out", "a")
    assert code == 0
    assert "cannot be said" in said
    assert "firsthand anchor" in said
    assert "val" not in (tmp_path / "a" / "data.yaml").read_text()
    bare.unlink()


def test_what_a_damaged_round_looks_like_to_an_audit(there, tmp_path):
    """Labels alone, without any truth: counts per class and size move at the first generation."""
    many = places(tmp_path, human=300, val=60, pool=300, seed=5)
    cut = label(
        many.predictions, many.pool, reference=many.reference, out=tmp_path / "cut", method="fixed"
    )
    kept = label(many.predictions, many.pool, reference=many.reference, out=tmp_path / "kept")
    assert cut.labels < kept.labels
    verdicts = {}
    for name in ("cut", "kept"):
        result = firsthand.audit(tmp_path / name, many.reference, metrics=LABEL_ONLY)
        verdicts[name] = {each.slice for each in result.findings if each.measurement}
    assert (("class", "star"),) in verdicts["cut"]
    assert any(("size", "small") in part and len(part) == 2 for part in verdicts["cut"])
    assert len(verdicts["kept"]) < len(verdicts["cut"])


LABEL_ONLY = ["class_survival", "size_survival", "objects_per_image", "empty_images"]


def test_weights_that_are_not_there_are_called_so(tmp_path, capsys):
    weights, out = tmp_path / "best.pt", tmp_path / "next"
    code, _, err = run(capsys, "label", weights, tmp_path, "--reference", "x", "--out", out)
    assert (code, "there is no such file" in err) == (2, True)


def outlined_places(folder):
    """The same pool under a reference with outlines: five corners around each box."""
    there = places(folder)
    for path in (folder / "human" / "labels").rglob("*.txt"):
        rows = [line.split() for line in path.read_text().splitlines()]
        path.write_text("".join(f"{k} {numbers(around(map(float, xywh)))}\n" for k, *xywh in rows))
    return there


def around(xywh):
    """A pentagon that touches all four sides of a box."""
    x, y, w, h = xywh
    ends = np.array([[-0.5, 0], [0, -0.5], [0.5, 0], [0.5, 0.5], [-0.5, 0.5]])
    return np.clip([x, y] + ends * [w, h], 0, 1)


def numbers(values):
    return " ".join(f"{value:.6f}" for value in np.ravel(values))


def test_outlines_become_labels_where_the_reference_has_outlines(tmp_path):
    there = outlined_places(tmp_path)
    labels = tmp_path / "predicted"
    labels.mkdir()
    for item in files.read(there.predictions).items:
        rows = zip(item.classes, item.xywh, item.confidence, strict=True)
        text = "".join(f"{k} {numbers(around(box))} {c:.6f}\n" for k, box, c in rows)
        (labels / f"{item.key.removesuffix('.png')}.txt").write_text(text)
    out = tmp_path / "next"
    found = label(labels, there.pool, reference=there.reference, out=out)
    data = read(out)
    assert (data.task, data.skips, found.boxes_only) == ("segment", (), False)
    train = [one for one in data.samples if one.split == "train"]
    lines = [line for one in train for line in one.boxes.outlines]
    assert len(lines) == sum(len(one.boxes.classes) for one in train) == found.labels > 50
    assert {len(line) for line in lines} == {5}
    boxes = label(there.predictions, there.pool, reference=there.reference, out=tmp_path / "boxes")
    assert boxes.classes == found.classes  # outlines decide nothing
    assert boxes.boxes_only
    written = "".join(path.read_text() for path in (tmp_path / "boxes").rglob("labels/train/*.txt"))
    assert {len(line.split()) for line in written.splitlines()} == {5}


def test_boxes_for_a_reference_of_outlines_are_said_to_be_boxes(tmp_path, capsys, monkeypatch):
    there = outlined_places(tmp_path)
    monkeypatch.chdir(tmp_path)
    words = ["label", there.predictions, there.pool, "--reference", there.reference]
    for lang, said in (("en", "one of masks does not"), ("zh", "不能训练分割模型")):
        code, out, _ = run(capsys, *words, "--out", lang, "--lang", lang)
        assert (code, said in out) == (0, True)
    _, out, _ = run(capsys, *words, "--out", "j", "--json")
    assert json.loads(out)["boxes_only"] is True


def test_an_outline_around_nothing_is_its_box(there, tmp_path):
    folder = tmp_path / "labels"
    folder.mkdir()
    (folder / "a.txt").write_text("0 0.1 0.1 0.5 0.5 0.3 0.3 0.9\n1 0.5 0.5 0.2 0.2 0.8\n")
    (read_back,) = files.read(folder, NAMES).items
    assert [len(line) for line in read_back.outlines] == [4, 4]
    assert np.allclose(read_back.outlines[1].min(axis=0), [0.4, 0.4])
    (folder / "a.txt").write_text("0 0.1 0.1 nan 0.5 0.3 0.3 0.9\n0 0.1 0.1 0.3 0.3 0.9 0.9 1.4\n")
    *skips, kept = files.read(folder, NAMES).items
    assert [skip.code for skip in skips] == ["label-nan", "prediction-confidence"]
    assert len(kept.confidence) == len(kept.outlines) == 0


class Knows:
    """A detector of some classes, that finds what is there."""

    skips = ()

    def __init__(self, there, classes):
        self.classes = classes
        self.asked = {each.key: each for each in detections(there.truth)}

    def __call__(self, images):
        for one in images:
            found = self.asked.get(one.key, self.asked["p0.png"])
            named = found.rows(np.isin(np.array(NAMES)[found.classes], self.classes))
            numbers = [self.classes.index(NAMES[at]) for at in named.classes]
            yield replace(named, key=one.key, classes=np.array(numbers, np.int32))


def test_a_class_that_the_detector_does_not_know_is_named(there, tmp_path):
    known = Knows(there, NAMES[:2])
    found = label(known, there.pool, reference=there.reference, out=tmp_path / "n")
    assert ("star", "unknown-class") in {(each.name, each.why) for each in found.doubts}
    assert [each.why for each in found.doubts if each.name == "star"] == ["unknown-class"]
    assert sum(found.classes["star"].values()) == 0
    assert "star" in text("labels.unknown-class", name="star")
    stranger = Knows(there, ("comet", "rocket"))
    with pytest.raises(InputError, match="knows comet, rocket, and no class of the reference"):
        label(stranger, there.pool, reference=there.reference, out=tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_pool_that_is_not_there_is_called_so(there, tmp_path):
    with pytest.raises(InputError, match="no such folder or list"):
        label(there.predictions, tmp_path / "gone", reference=there.reference, out=tmp_path / "n")


def test_a_folder_that_is_there_is_refused_before_a_detector_is_asked(there, tmp_path):
    def asked(_images):
        raise AssertionError("it was asked")

    with pytest.raises(InputError, match="exists already"):
        label(asked, there.pool, reference=there.reference, out=tmp_path)
