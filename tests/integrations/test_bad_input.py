"""What cannot be trained on is said plainly before anything is loaded, and nothing of it runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import firsthand
import made
from firsthand.anchor import anchor
from firsthand.errors import InputError
from firsthand.integrations.ultralytics import data, gate, lineage
from firsthand.integrations.ultralytics.gate import Question
from firsthand.provenance import from_fields
from firsthand.types import HUMAN
from labelled_pool import places
from yolo_scenes import scenes


@pytest.fixture(autouse=True)
def settings(monkeypatch, tmp_path):
    """Ultralytics' public settings, without the package: only where its data sets lie is asked."""
    package = tmp_path / "ultralytics"
    (package / "cfg" / "datasets").mkdir(parents=True)
    told = SimpleNamespace(
        __file__=str(package / "__init__.py"), settings={"datasets_dir": str(tmp_path / "datasets")}
    )
    monkeypatch.setattr(data, "framework", lambda: told)
    monkeypatch.chdir(tmp_path)
    return told


def examined(path, **asked):
    return gate.examine(str(path), "detect", Question(**{"origin": "human", **asked}))


def test_a_script_under_download_is_refused_and_never_run(tmp_path):
    file = scenes(tmp_path / "set", 2, 2)
    canary = tmp_path / "canary"
    script = f"download: |\n  open({str(canary)!r}, 'w').write('run')\n"
    file.write_text(file.read_text() + script)
    with pytest.raises(InputError, match="script under download, which Ultralytics would run"):
        examined(file)
    assert not canary.exists()


def test_a_script_is_refused_where_images_are_missing_too(tmp_path):
    file = scenes(tmp_path / "set", 2, 2)
    told = file.read_text().replace("images/val", "images/nowhere")
    file.write_text(told + "download: bash get.sh\n")
    with pytest.raises(InputError, match="script under download"):
        examined(file)


def test_an_address_under_download_is_not_followed(tmp_path):
    file = scenes(tmp_path / "set", 2, 2)
    file.write_text(file.read_text() + "download: https://example.org/set.zip\n")
    assert len(examined(file).candidate.samples) == 4


@pytest.mark.parametrize("key", ["val", "train"])
def test_a_missing_split_is_named_with_its_file(key, tmp_path):
    file = scenes(tmp_path / "set", 2, 2)
    file.write_text("\n".join(x for x in file.read_text().splitlines() if not x.startswith(key)))
    with pytest.raises(InputError, match=f"data.yaml:1: it names no {key}"):
        examined(file)


def test_a_val_that_is_not_there_is_named(tmp_path):
    file = scenes(tmp_path / "set", 2, 2)
    file.write_text(file.read_text().replace("images/val", "images/nowhere"))
    with pytest.raises(InputError, match="images/nowhere"):
        examined(file)


@pytest.mark.parametrize("path", [True, False])
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("images/val", "images/nowhere", "images/nowhere"), ("names:", "nomes:", "no YOLO dataset")],
)
def test_what_is_wrong_is_said_of_the_file_that_was_named(path, old, new, said, tmp_path):
    file = scenes(tmp_path / "set", 2, 2)
    lines = [x for x in file.read_text().splitlines() if path or not x.startswith("path")]
    file.write_text("\n".join(lines).replace(old, new))
    with pytest.raises(InputError, match=said) as refused:
        examined(file)
    assert refused.value.where.startswith(str(file))
    assert str(refused.value).startswith(str(file))


def test_a_folder_that_is_there_is_not_said_to_be_missing(tmp_path):
    file = scenes(tmp_path / "set", 2, 2)
    (tmp_path / "pictures").mkdir()
    with pytest.raises(InputError, match=r"pictures: .* Expected a data.yaml, or a folder with"):
        data.find(tmp_path / "pictures", "detect")
    with pytest.raises(InputError, match=r"data.yaml: .* Expected a folder with train/CLASS"):
        data.find(file, "classify")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("0 0.5 0.5 0.2 0.2 0.87", "label row with a confidence, as a detector writes it"),
        ("7 0.5 0.5 0.2 0.2", "label of a class that is not in the class list"),
        ("0 0.5 0.5 1.9 0.2", "coordinate below 0 or beyond the image"),
        ("0 0.5 0.5", "wrong number of values"),
    ],
)
def test_labels_that_ultralytics_would_drop_with_their_image(row, said, tmp_path):
    file = scenes(tmp_path / "set", 3, 2)
    label = tmp_path / "set" / "labels" / "train" / "001.txt"
    label.write_text(label.read_text() + row + "\n")
    with pytest.raises(InputError, match=said) as refused:
        examined(file)
    assert "001.txt:3" in str(refused.value)
    assert "leave out of training" in str(refused.value)


def test_images_without_labels_are_no_human_set(tmp_path):
    file = scenes(tmp_path / "set", 30, 30)
    for label in (tmp_path / "set" / "labels" / "train").glob("*.txt"):
        label.unlink()
    other = scenes(tmp_path / "human", 30, 30, seed=1)
    asked = Question(reference=other, origin="human")
    with pytest.raises(firsthand.CannotSay, match="label"):
        gate.refuse(gate.examine(str(file), "detect", asked), asked)


@pytest.mark.parametrize("name", ["coco8.yaml", "https://example.org/a.zip", "ul://a/b", None])
def test_what_is_not_on_this_machine_is_not_fetched(name):
    with pytest.raises(InputError, match="on this machine"):
        data.find(name, "detect")


def test_a_name_is_found_where_ultralytics_finds_it(settings, tmp_path):
    described = Path(settings.__file__).parent / "cfg" / "datasets" / "squares.yaml"
    described.write_text(
        "path: squares\ntrain: images/train\nval: images/val\nnames: [red, blue]\n"
    )
    with pytest.raises(InputError, match="datasets_dir"):
        data.find("squares.yaml", "detect")
    scenes(tmp_path / "datasets" / "squares", 3, 2)
    for name in ("squares.yaml", "squares"):
        named = data.find(name, "detect")
        assert named.root == tmp_path / "datasets" / "squares"
        dataset = data.load(named, None)
        assert {each.split for each in dataset.samples} == {"train", "val"}
        assert data.same_place(named, str(named.root / "images" / "train"))
        assert not data.same_place(named, str(named.root / "images" / "val"))


def test_a_path_means_what_it_means_to_ultralytics(tmp_path):
    """From the working folder, not from beside the file: and the line of an error stays right."""
    scenes(tmp_path / "squares", 3, 2)
    aside = tmp_path / "aside"
    scenes(aside / "squares", 1, 1)
    file = aside / "data.yaml"
    file.write_text("path: squares\ntrain: images/train\nval: images/val\nnames: [red, blue]\n")
    named = data.find(file, "detect")
    assert named.root == tmp_path / "squares"
    assert len(data.load(named, None).samples) == 5
    file.write_text(file.read_text().replace("images/train", "images/away"))
    with pytest.raises(InputError, match=r":2: .*images/away"):
        data.load(data.find(file, "detect"), None)


def test_a_folder_for_classification_needs_both_splits(tmp_path):
    (tmp_path / "set" / "train" / "red").mkdir(parents=True)
    with pytest.raises(InputError, match="no train/ or no val/"):
        data.find(str(tmp_path / "set"), "classify")


def test_the_reference_is_its_own_val_unless_named(tmp_path):
    file = scenes(tmp_path / "set", 4, 3)
    given = examined(file)
    assert len(given.reference.samples) == len(given.anchor.samples) == 3
    assert given.all_human
    assert given.generation == 0


def test_without_a_val_of_people_the_anchor_is_what_is_not_trained_on(tmp_path):
    file = scenes(tmp_path / "set", 4, 3)
    human = made.yolo(tmp_path / "human", 6, 0)
    human.write_text(human.read_text().replace("[cell, platelet]", "[red, blue]"))
    assert len(examined(file, reference=human).anchor.samples) == 6


def test_the_last_anchor_is_the_sets_own_val_by_people(tmp_path):
    """A reference that is trained on as a whole leaves no other picture to look at."""
    file = scenes(tmp_path / "set", 4, 3)
    people = tmp_path / "people.yaml"
    people.write_text(file.read_text().replace("val: images/val\n", ""))
    given = examined(file, reference=people)
    assert {each.split for each in given.anchor.samples} == {"val"}
    assert len(given.anchor.samples) == 3
    undeclared = gate.examine(str(file), "detect", Question(reference=people))
    assert undeclared.anchor is None


def test_a_val_that_was_chosen_for_what_is_rare_is_no_reference(tmp_path):
    """Counts of `firsthand anchor`'s val are above everybody's; its training set lost nothing."""
    human = places(tmp_path / "human", human=160).reference
    anchor(human, out=tmp_path / "chosen", declared=HUMAN)
    named = data.find(tmp_path / "chosen", "detect")
    given = gate.examine(named.path, "detect", Question())
    sampled = given.candidate.samples
    assert given.audit.verdict == "pass"
    assert len(given.reference.samples) == len(sampled) == 200
    assert {each.split for each in given.anchor.samples} == {"val"}
    own = gate.examine(named.path, "detect", Question(reference=gate._held_out(given.candidate)))
    assert own.audit.verdict == "block"
    made = from_fields({"media_origin": "human", "label_origin": "model"})
    other = [replace(x, provenance=x.provenance if x.split == "val" else made) for x in sampled]
    with pytest.raises(InputError, match="chosen to hold much of what is rare"):
        gate._reference(replace(given.candidate, samples=tuple(other)), None, "detect")


def test_samples_of_unknown_origin_have_no_generation_and_are_refused(tmp_path):
    file = scenes(tmp_path / "set", 4, 3)
    asked = Question(reference=file)
    given = gate.examine(str(file), "detect", asked)
    assert given.generation is None
    assert not given.all_human
    with pytest.raises(firsthand.CannotSay, match='origin="human"'):
        gate.refuse(given, asked)
    gate.refuse(given, Question(reference=file, allow_undetermined=True))


def test_weights_without_train_args_have_an_unknown_past(tmp_path):
    weights = tmp_path / "weights.pt"
    weights.write_bytes(b"anything")
    found = lineage.lineage(weights, None)
    assert found.parent.generation is None
    assert found.parent.trained_on == ""
    assert found.generation(0) is None
    assert not found.scratch
    assert found.first is None
