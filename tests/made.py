"""Small datasets written to disk, for tests that start where a user starts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("cell", "platelet")


def yolo(folder: Path, images: int, seed: int, keep: float = 1.0) -> Path:
    """A YOLO dataset of random pictures with about six boxes each; returns its data.yaml.

    `keep` is the chance of each platelet to keep its label.
    """
    rng = np.random.default_rng(seed)
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for at in range(images):
        pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{at:03d}.png")
        rows = [_row(rng) for _ in range(rng.poisson(6))]
        kept = [row for row in rows if row[0] == "0" or rng.random() < keep]
        (folder / "labels" / f"{at:03d}.txt").write_text("".join(kept))
    listed = ", ".join(CLASSES)
    data = folder / "data.yaml"
    data.write_text(f"path: {folder}\ntrain: images\nnames: [{listed}]\n")
    return data


def _row(rng: np.random.Generator) -> str:
    label = int(rng.random() < 0.4)
    width, height = rng.uniform(0.05, 0.2, 2)
    x, y = rng.uniform(0.2, 0.8, 2)
    return f"{label} {x:.6f} {y:.6f} {width:.6f} {height:.6f}\n"
