"""Small human and generated sets for tests of `mix`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from firsthand.composition import compose, labelled
from firsthand.provenance import declare, provenance_class
from firsthand.read import read

AUTO = declare("model-labelled", "detector@1", generation=1)
NAMES = ("cell", "platelet")


def picture(path, seed, side=16):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def boxes(folder, images, seed, split="train", names=NAMES, rows=None):
    """A YOLO set: `images` pictures in one split; returns the folder."""
    rng = np.random.default_rng(seed)
    for at in range(images):
        picture(folder / "images" / split / f"{split}{at:03d}.png", (seed, at))
        label = folder / "labels" / split / f"{split}{at:03d}.txt"
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text(rows if rows is not None else "".join(_row(rng) for _ in range(3)))
    listed = ", ".join(names)
    splits = sorted(each.name for each in (folder / "images").iterdir())
    places = "".join(f"{name}: images/{name}\n" for name in splits)
    (folder / "data.yaml").write_text(f"path: {folder}\n{places}names: [{listed}]\n", "utf-8")
    return folder


def _row(rng):
    x, y, w, h = (*rng.uniform(0.2, 0.8, 2), *rng.uniform(0.05, 0.2, 2))
    return f"{int(rng.random() < 0.3)} {x:.6f} {y:.6f} {w:.6f} {h:.6f}\n"


def people(folder, images=12, seed=0, val=4):
    boxes(folder, images, seed)
    return boxes(folder, val, seed + 1, "val")


def origins(dataset, split="train"):
    """Provenance class and generation of each sample of a split, counted."""
    return Counter(
        (provenance_class(one.provenance, labelled(one)), one.provenance.generation)
        for one in dataset.samples
        if one.split == split
    )


def again(mixed):
    """The set as anybody reads it, without what `mix` remembers."""
    found = read(Path(mixed.out))
    assert compose(found) == compose(mixed.dataset)
    assert found.digest == mixed.dataset.digest
    assert not found.skips
    return found


def content(samples):
    return Counter((one.media, one.label) for one in samples)
