"""Coloured squares on noise, and a detector so small that it learns them in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml
from PIL import Image

CLASSES = ("red", "blue")
PAINT = ((230, 40, 40), (40, 40, 230))
SIDE = 64
TINY = {
    "nc": 2,
    "end2end": True,
    "reg_max": 1,
    "backbone": [
        [-1, 1, "Conv", [8, 3, 2]],
        [-1, 1, "Conv", [16, 3, 2]],
        [-1, 1, "C3k2", [16, False, 0.5]],
        [-1, 1, "Conv", [32, 3, 2]],
        [-1, 1, "C3k2", [32, False, 0.5]],
    ],
    "head": [[[4], 1, "Detect", ["nc"]]],
}
QUICK = {
    "epochs": 15,
    "imgsz": SIDE,
    "batch": 8,
    "nbs": 8,
    "val": False,
    "plots": False,
    "mosaic": 0,
    "optimizer": "AdamW",
    "lr0": 0.01,
    "lrf": 0.1,
    "warmup_epochs": 1,
    "warmup_bias_lr": 0.0,
    "amp": False,
    "verbose": False,
}
"""Settings with which fifteen epochs are enough: six seconds of one core."""


def model_file(folder: Path, classes: int = 2, head: str = "Detect") -> Path:
    """The description of the detector, as YAML."""
    made = {**TINY, "nc": classes, "head": [[[4], 1, head, ["nc"]]]}
    if head == "Segment":
        made["head"] = [[[4], 1, head, ["nc", 8, 16]]]
    if head == "Classify":
        made |= {"head": [[-1, 1, head, ["nc"]]], "end2end": False}
    path = folder / f"tiny{'' if head == 'Detect' else '-' + head.lower()}.yaml"
    path.write_text(yaml.safe_dump(made))
    return path


def scenes(
    folder: Path, train: int = 64, val: int = 40, seed: int = 0, *, polygons: bool = False
) -> Path:
    """A set that people labelled, with a val split; returns its data.yaml."""
    rng = np.random.default_rng(seed)
    for split, images in (("train", train), ("val", val)):
        for part in ("images", "labels"):
            (folder / part / split).mkdir(parents=True)
        for at in range(images):
            _scene(folder, split, f"{at:03d}", rng, polygons)
    data = folder / "data.yaml"
    listed = ", ".join(CLASSES)
    data.write_text(f"path: {folder}\ntrain: images/train\nval: images/val\nnames: [{listed}]\n")
    return data


def _scene(folder: Path, split: str, name: str, rng: np.random.Generator, polygons: bool) -> None:
    pixels = rng.integers(90, 120, (SIDE, SIDE, 3), dtype=np.uint8)
    rows = []
    for _ in range(2):
        kind, wide = int(rng.random() < 0.5), int(rng.integers(12, 26))
        left, top = (int(at) for at in rng.integers(0, SIDE - wide, 2))
        pixels[top : top + wide, left : left + wide] = PAINT[kind]
        ends = np.array([[0, 0], [1, 0], [1, 0.5], [1, 1], [0, 1]]) * wide + [left, top]
        box = [left + wide / 2, top + wide / 2, wide, wide]
        shares = (ends.ravel() if polygons else np.array(box)) / SIDE
        rows.append(f"{kind} " + " ".join(f"{each:.5f}" for each in shares))
    Image.fromarray(pixels).save(folder / "images" / split / f"{name}.png")
    (folder / "labels" / split / f"{name}.txt").write_text("\n".join(rows) + "\n")


def folders(folder: Path, images: int = 12, seed: int = 0) -> Path:
    """The same colours as one folder of images a class, in train and val."""
    rng = np.random.default_rng(seed)
    for split in ("train", "val"):
        for kind, name in enumerate(CLASSES):
            (folder / split / name).mkdir(parents=True)
            for at in range(images):
                pixels = rng.integers(90, 120, (SIDE, SIDE, 3), dtype=np.uint8)
                left, top, wide = (int(each) for each in rng.integers((0, 0, 12), (36, 36, 28)))
                pixels[top : top + wide, left : left + wide] = PAINT[kind]
                Image.fromarray(pixels).save(folder / split / name / f"{at:03d}.png")
    return folder
