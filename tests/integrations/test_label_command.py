"""`firsthand label WEIGHTS`: a detector that was trained for it labels images new to it."""

from __future__ import annotations

import shutil

import pytest

import yolo_scenes
from firsthand.cli import main
from firsthand.read import read


@pytest.mark.slow
def test_weights_label_a_folder(place, ultralytics, capfd):
    human = yolo_scenes.scenes(place / "human")
    settings = {"imgsz": 64, "batch": 8, "nbs": 8, "workers": 0, "epochs": 40, "optimizer": "AdamW"}
    quiet = {"plots": False, "amp": False, "val": False, "mosaic": 0, "project": str(place)}
    model = ultralytics.YOLO(str(yolo_scenes.model_file(place)))
    model.train(data=str(human), lr0=0.01, warmup_bias_lr=0.0, **settings, **quiet)
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
    train = [one for one in read(place / "next").samples if one.split == "train"]
    assert len(train) == 104
    assert sum(len(one.boxes.classes) for one in train) > 50
    assert {one.provenance.label_generator.partition("@")[0] for one in train} == {"w"}
