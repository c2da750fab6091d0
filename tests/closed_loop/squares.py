"""Pictures of squares: red ones are common, blue ones rare, some of both small."""

from pathlib import Path

import numpy as np
from blobs import COLOURS
from PIL import Image

SIDE = 48


def draw(folder, images, seed, rare=0.1):
    """A YOLO data set; up to four squares a picture, each in its own quarter."""
    rng = np.random.default_rng(seed)
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for number in range(images):
        canvas = rng.integers(90, 110, (SIDE, SIDE, 3)).astype(np.uint8)
        rows = []
        for quarter in rng.permutation(4)[: rng.integers(1, 5)]:
            kind = int(rng.random() < rare)
            side = 4 if rng.random() < 0.3 else 12
            x, y = 24 * np.array(divmod(quarter, 2)) + rng.integers(2, 22 - side, 2)
            canvas[y : y + side, x : x + side] = COLOURS[kind]
            rows.append(
                f"{kind} {(x + side / 2) / SIDE:.6f} {(y + side / 2) / SIDE:.6f} "
                f"{side / SIDE:.6f} {side / SIDE:.6f}\n"
            )
        Image.fromarray(canvas).save(folder / "images" / f"{number:04d}.png")
        (folder / "labels" / f"{number:04d}.txt").write_text("".join(rows))
    (folder / "data.yaml").write_text("train: images\nnames: [red, blue]\n")
    return folder


def world(folder):
    """People's pictures, test and anchor in a folder, and a loop over them as plain values."""
    draw(folder / "people", 160, 0)
    draw(folder / "test", 60, 1, rare=0.4)
    draw(folder / "anchor", 80, 2, rare=0.4)
    (folder / "start.json").write_text("{}")
    return {
        "model": str(Path(__file__).parent / "blobs.py"),
        "start": "start.json",
        "human": "people",
        "humans": 40,
        "test": "test",
        "small": 0.15,
        "images": 40,
        "generations": 2,
        "first": {"epochs": 2, "rate": 0.01},
        "then": {"epochs": 1, "rate": 0.01},
    }
