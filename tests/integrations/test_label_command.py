"""`firsthand label WEIGHTS`: a model that was trained for it labels images new to it."""

from __future__ import annotations

import shutil

import pytest

import yolo_scenes
from firsthand.cli import main
from firsthand.read import read


@pytest.mark.slow
@pytest.mark.parametrize("head", ["Detect", "Segment"])
def test_weights_label_a_folder(head, place, ultralytics, capfd):
    """Masks become outlines where the reference has outlines, and Ultralytics trains on them."""
    human = yolo_scenes.scenes(place / "human", polygons=head == "Segment")
    train(ultralytics, place, head, human, epochs=40)
    shutil.copy(next(place.rglob("last.pt")), place / "w.pt")
    (place / "pool").mkdir()
    yolo_scenes.scenes(place / "other", seed=7)
    for split in ("train", "val"):
        for path in (place / "other" / "images" / split).iterdir():
            shutil.copy(path, place / "pool" / f"{split}_{path.name}")
    words = ["label", "w.pt", "pool", "--reference", str(human), "--out", "next", "--imgsz", "64"]
    capfd.readouterr()
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 0
    assert "labels that are right" in capfd.readouterr().out
    data = read(place / "next")
    made = [one for one in data.samples if one.split == "train"]
    objects = sum(len(one.boxes.classes) for one in made)
    assert (data.skips, len(made), objects > 50) == ((), 104, True)
    assert sum(len(one.boxes.outlines) for one in made) == (objects if head == "Segment" else 0)
    assert {one.provenance.label_generator.partition("@")[0] for one in made} == {"w"}
    trained_on = train(ultralytics, place, head, place / "next" / "data.yaml", epochs=1)
    held = [label for each in trained_on.labels for label in each["cls"]]
    lines = [line for each in trained_on.labels for line in each["segments"]]
    assert (len(held), len(lines)) == (objects, objects if head == "Segment" else 0)


def train(ultralytics, place, head, data, epochs):
    """Train on it, and return what Ultralytics made of it."""
    settings = {"imgsz": 64, "batch": 8, "nbs": 8, "workers": 0, "optimizer": "AdamW"}
    quiet = {"plots": False, "amp": False, "val": False, "mosaic": 0, "project": str(place)}
    model = ultralytics.YOLO(str(yolo_scenes.model_file(place, head=head)))
    more = {"lr0": 0.01, "warmup_bias_lr": 0.0, "epochs": epochs}
    model.train(data=str(data), **more, **settings, **quiet)
    return model.trainer.train_loader.dataset
