"""Trainings that are really done, on scenes that a tiny detector learns in seconds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import firsthand
from firsthand.integrations.ultralytics import predictor
from yolo_scenes import CLASSES, QUICK, folders, model_file, scenes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def base(ultralytics, tmp_path_factory):
    """Human scenes, a ledger, and the guarded model of generation 0 that was trained on them."""
    folder = tmp_path_factory.mktemp("base")
    data = scenes(folder / "human")
    firsthand.Ledger.init(folder)
    model = ultralytics.YOLO(str(model_file(folder)))
    guarded = firsthand.guard(model, data, origin="human", ledger=folder, anchor_every=5)
    model.train(data=str(data), project=str(folder), name="gen0", **QUICK)
    return folder, data, guarded


def verdict_of(run):
    return json.loads((run / "firsthand" / "verdict.json").read_text())


def child(ultralytics, base, data, name, **asked):
    """A model tuned from generation 0; returns its guard before training, and how to train."""
    folder = base[0]
    model = ultralytics.YOLO(str(folder / "gen0" / "weights" / "best.pt"))
    guarded = firsthand.guard(model, base[1], ledger=folder, **asked)
    told = QUICK | {"epochs": asked.pop("epochs", 6)}
    return guarded, lambda: model.train(data=str(data), project=str(folder), name=name, **told)


def misplaced(folder):
    """Labels as many and as large as people's, in the wrong places: no count shows it."""
    data = scenes(folder, seed=1)
    rng = np.random.default_rng(0)
    for file in sorted((folder / "labels" / "train").glob("*.txt")):
        rows = np.loadtxt(file, ndmin=2)
        rows[:, 1:3] = rng.uniform(rows[:, 3:] / 2, 1 - rows[:, 3:] / 2)
        file.write_text("".join(f"{int(r[0])} {r[1]:f} {r[2]:f} {r[3]:f} {r[4]:f}\n" for r in rows))
    return data


def test_generation_zero_passes_and_is_what_later_ones_are_held_against(base):
    folder, _, guarded = base
    told = verdict_of(folder / "gen0")
    assert guarded.verdict == told["verdict"] == "pass"
    assert (told["model"]["generation"], told["lineage"]) == (0, [])
    assert [each["epoch"] for each in told["epochs"]] == [5, 10, 15]
    whole = next(each for each in told["recall"] if not each["slice"])
    assert 0.6 < whole["low"] <= whole["value"] <= whole["high"] <= 1
    assert {each["slice"].get("class") for each in told["recall"]} == {None, *CLASSES}
    assert told["anchor"]["images"] == 40
    assert told["ledger"]["generation"] == 1  # of what the model makes
    page = (folder / "gen0" / "firsthand" / "report.html").read_text()
    assert page.count("<svg") > 4
    assert "class red" in page


def test_the_ledger_knows_model_data_parent_and_generation(base):
    folder = base[0]
    ledger = firsthand.Ledger.open(folder)
    (model,) = ledger.models()
    told = verdict_of(folder / "gen0")
    assert model.name == told["model"]["name"]
    version = ledger.version(model.trained_on)
    assert version.composition.total == 64  # val was not trained on
    assert version.composition.by_generation == {"0": 64}
    assert ledger.verify().clean


def test_a_loss_that_no_label_count_shows_blocks_at_the_end(base, ultralytics, tmp_path, capsys):
    data = misplaced(tmp_path / "next")
    guarded, train = child(ultralytics, base, data, "ruined", origin="human", anchor_every=2)
    with pytest.raises(firsthand.Blocked, match="lost what an earlier one found"):
        train()
    told = verdict_of(base[0] / "ruined")
    assert guarded.verdict == told["verdict"] == "block"
    assert told["model"]["generation"] == 0  # people are said to have labelled it
    assert [each["generation"] for each in told["lineage"]] == [0]
    assert {each["metric"] for each in told["lost"]} == {"recall_ratio"}
    assert all(each["value"] < 0.9 and each["paired"] for each in told["lost"])
    said = capsys.readouterr().err
    assert "▼" in said
    assert "of the recall of generation 0 is left" in said
    assert f"keep the earlier model: {base[0] / 'gen0' / 'weights' / 'best.pt'}" in said
    ledger = firsthand.Ledger.open(base[0])
    assert told["model"]["name"] in {each.name for each in ledger.models()}


def test_it_stops_only_when_told(base, ultralytics, tmp_path):
    data = misplaced(tmp_path / "next")
    asked = {"origin": "human", "anchor_every": 1, "stop_on_loss": True}
    guarded, train = child(ultralytics, base, data, "stopped", **asked)
    with pytest.raises(firsthand.Blocked):
        train()
    told = verdict_of(base[0] / "stopped")
    assert told["state"] == "stopped"
    assert guarded.run.stopped < 6


def test_a_model_label_set_without_losses_passes(base, ultralytics, tmp_path):
    """The same scenes, said to be labelled by a model that found everything."""
    data = scenes(tmp_path / "next", seed=2)
    declared = firsthand.declare("model-labelled", "gen0@1", generation=1)
    rules = "rules:\n  - {origin: human}\n  - match: 'images/train/*'\n"
    rules += "    origin: model-labelled\n    generator: gen0@1\n    generation: 1\n"
    (tmp_path / "next" / "provenance.yaml").write_text(rules)
    limits = tmp_path / "firsthand.yaml"
    limits.write_text("limits:\n  human_share: null\n  tails_measured: null\n")
    guarded, train = child(
        ultralytics, base, data, "second", limits=limits, allow_undetermined=True
    )
    train()
    told = verdict_of(base[0] / "second")
    assert guarded.verdict == "pass"
    assert not told["data"]["all_human"]
    assert told["model"]["generation"] == declared.generation == 1
    left = next(each for each in told["left"]["generation-0"] if not each["slice"])
    assert left["high"] > 0.9
    assert not told["lost"]


def test_a_set_that_lost_a_class_is_refused_before_training(base, ultralytics, tmp_path):
    data = scenes(tmp_path / "next", seed=3)
    for file in (tmp_path / "next" / "labels" / "train").glob("*.txt"):
        kept = [row for row in file.read_text().splitlines() if row.startswith("0")]
        file.write_text("\n".join(kept))
    guarded, train = child(ultralytics, base, data, "refused", origin="human")
    with pytest.raises(firsthand.Blocked, match="firsthand audit .* --origin human") as refused:
        train()
    found = refused.value.audit.findings
    assert "class-lost" in {one.code for one in found if ("class", "blue") in one.slice}
    assert guarded.run is None
    assert verdict_of(base[0] / "refused")["verdict"] == "block"
    assert (base[0] / "refused" / "firsthand" / "audit.html").is_file()


def test_looking_changes_nothing_in_the_training(ultralytics, tmp_path):
    import torch

    data = scenes(tmp_path / "human", 24, 24)
    found = []
    for name in ("bare", "guarded"):
        model = ultralytics.YOLO(str(model_file(tmp_path)))
        if name == "guarded":
            firsthand.guard(model, data, origin="human", anchor_every=1, ledger=False)
        told = QUICK | {"epochs": 3, "val": True, "mosaic": 1.0}
        model.train(data=str(data), project=str(tmp_path), name=name, **told)
        found.append(model.model.state_dict())
    assert found[0].keys() == found[1].keys()
    assert all(torch.equal(found[0][key], found[1][key]) for key in found[0])


def swapped(folder, head):
    """A set whose red things are called blue and the other way round, three times of four."""
    if head == "Classify":
        data = folders(folder, 16, seed=1)
        for at in (at for at in range(16) if at % 4):
            ours, theirs = (data / "train" / name / f"{at:03d}.png" for name in CLASSES)
            ours.rename(folder / "aside.png")
            theirs.rename(ours)
            (folder / "aside.png").rename(theirs)
        return data
    data = scenes(folder, seed=1, polygons=True)
    for file in sorted((folder / "labels" / "train").glob("*.txt"))[16:]:
        rows = file.read_text().splitlines()
        file.write_text("".join(f"{1 - int(row[0])}{row[1:]}\n" for row in rows))
    return data


@pytest.mark.parametrize(("head", "epochs", "objects"), [("Segment", 20, 80), ("Classify", 15, 32)])
def test_segmentation_and_classification_are_guarded_too(
    head, epochs, objects, ultralytics, tmp_path, capsys
):
    """Recall by class (and size of the mask's box); a model that mixes classes up is blocked."""
    seg = head == "Segment"
    data = scenes(tmp_path / "human", polygons=True) if seg else folders(tmp_path / "human", 16)
    model = ultralytics.YOLO(str(model_file(tmp_path, head=head)))
    guarded = firsthand.guard(model, data, origin="human", ledger=False)
    told = QUICK | {"epochs": epochs}
    model.train(data=str(data), project=str(tmp_path), name="run", **told)
    told = verdict_of(tmp_path / "run")
    assert guarded.verdict == told["verdict"] == "pass"
    recall = {tuple(each["slice"].items()): each for each in told["recall"]}
    assert recall[()]["value"] > 0.4
    assert recall[()]["n_reference"] == objects
    sizes = (None, "small", "medium", "large") if seg else (None,)
    assert {each["slice"].get("size") for each in told["recall"]} == set(sizes)
    assert {each["slice"].get("class") for each in told["recall"]} == {None, *CLASSES}
    child = ultralytics.YOLO(str(tmp_path / "run" / "weights" / "best.pt"))
    firsthand.guard(child, data, origin="human", ledger=False, allow_undetermined=True)
    worse = swapped(tmp_path / "next", head)
    with pytest.raises(firsthand.Blocked, match="lost what an earlier one found"):
        child.train(
            data=str(worse), project=str(tmp_path), name="ruin", **QUICK | {"epochs": epochs // 2}
        )
    lost = verdict_of(tmp_path / "ruin")["lost"]
    assert any("class" in each["slice"] for each in lost)
    assert "of the recall of generation 0 is left" in capsys.readouterr().err


def test_a_model_that_is_trained_twice_descends_from_itself(ultralytics, tmp_path):
    """In one script, and into the folder of the first run."""
    data = scenes(tmp_path / "human", 24, 24)
    ledger = firsthand.Ledger.init(tmp_path)
    model = ultralytics.YOLO(str(model_file(tmp_path)))
    firsthand.guard(model, data, origin="human", ledger=tmp_path)
    told = QUICK | {"epochs": 1, "project": str(tmp_path), "exist_ok": True}
    names = []
    for name in ("first", "second"):
        model.train(data=str(data), name=name, **told)
        names.append(verdict_of(tmp_path / name)["model"]["name"])
    assert [each["name"] for each in verdict_of(tmp_path / "second")["lineage"]] == names[:1]
    again = ultralytics.YOLO(str(tmp_path / "second" / "weights" / "best.pt"))
    firsthand.guard(again, data, origin="human", ledger=tmp_path)
    again.train(data=str(data), name="second", **told)
    third = verdict_of(tmp_path / "second")
    assert [each["name"] for each in third["lineage"]] == names[::-1]
    assert third["model"]["generation"] == 0
    parents = {each.name: each.parent for each in ledger.models()}
    assert parents == {names[0]: None, names[1]: names[0], third["model"]["name"]: names[1]}


def test_a_predictor_answers_image_by_image_and_names_what_it_cannot_read(base, tmp_path):
    images = sorted((base[0] / "human" / "images" / "val").glob("*.png"))[:5]
    broken, absent = tmp_path / "broken.png", tmp_path / "absent.png"
    broken.write_bytes(b"\x89PNG no more")
    asked = predictor(base[0] / "gen0" / "weights" / "best.pt", batch=2, conf=0.25)
    found = list(asked([*images[:3], broken, absent, *images[3:]]))
    assert [each.key for each in found] == [str(each) for each in images]
    assert [(each.code, Path(each.path)) for each in asked.skips] == [
        ("undecodable-image", broken),
        ("missing-file", absent),
    ]
    assert asked.classes == CLASSES
    assert all((each.confidence >= 0.25).all() and (each.xywh <= 1).all() for each in found)
    assert sum(len(each.classes) for each in found) >= 5


def test_a_run_that_was_killed_says_so_and_resumes(ultralytics, tmp_path):
    data = scenes(tmp_path / "human", 24, 24)
    ledger = firsthand.Ledger.init(tmp_path)
    model = ultralytics.YOLO(str(model_file(tmp_path)))
    firsthand.guard(model, data, origin="human", ledger=tmp_path)

    def killed(trainer):
        if trainer.epoch == 2:
            raise KeyboardInterrupt

    model.add_callback("on_train_epoch_start", killed)
    with pytest.raises(KeyboardInterrupt):
        model.train(data=str(data), project=str(tmp_path), name="run", **QUICK | {"epochs": 4})
    told = verdict_of(tmp_path / "run")
    assert (told["state"], told["verdict"]) == ("begun", "cannot-say")
    assert ledger.models() == ()
    again = ultralytics.YOLO(str(tmp_path / "run" / "weights" / "last.pt"))
    guarded = firsthand.guard(again, data, origin="human", ledger=tmp_path)
    again.train(resume=True)
    told = verdict_of(tmp_path / "run")
    assert guarded.verdict == told["verdict"] == "pass"
    assert told["state"] == "done"
    assert told["model"]["generation"] == 0
    assert [each["epoch"] for each in told["epochs"]][-1] == 4
    assert [each.name for each in ledger.models()] == [told["model"]["name"]]


def test_a_parent_that_nobody_guarded_is_asked_itself_and_its_past_is_unknown(
    base, ultralytics, tmp_path
):
    folder, data, _ = base
    ultralytics.YOLO(str(folder / "gen0" / "weights" / "best.pt")).save(tmp_path / "found.pt")
    model = ultralytics.YOLO(str(tmp_path / "found.pt"))
    guarded = firsthand.guard(model, data, origin="human", ledger=folder)
    told = QUICK | {"epochs": 2, "lr0": 1e-5, "warmup_epochs": 0}
    model.train(data=str(data), project=str(tmp_path), name="run", **told)
    told = verdict_of(tmp_path / "run")
    assert guarded.verdict == "pass"
    assert told["model"]["generation"] is None
    assert [each["generation"] for each in told["lineage"]] == [None]
    whole = next(each for each in told["left"]["parent"] if not each["slice"])
    assert 0.9 < whole["value"] < 1.1
    assert told["ledger"]["generation"] is None
    assert told["ledger"]["parent"].startswith("found@")
