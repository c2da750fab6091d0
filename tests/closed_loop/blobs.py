"""A detector that learns by counting: squares of one colour, and it is as sure of a kind as it saw
many of it. It trains on files and finds real pixels, so the whole loop can be watched in seconds.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import yaml
from PIL import Image

from firsthand.detections import Detections

COLOURS = ((250, 0, 0), (0, 0, 250))
LARGE = 0.15  # of the picture's side


class Killed(Exception):
    """Somebody switched the machine off."""


@dataclass(frozen=True, kw_only=True)
class Blobs:
    name: str = "blobs"
    question: str = "What does it forget?"
    doubt: float = 12.0  # objects of a kind that make it half sure
    trained: ClassVar[list[str]] = []
    most: ClassVar[int] = 10_000  # trainings until it is killed

    def train(self, start, data, out, *, epochs, rate, seed):
        if len(self.trained) >= self.most:
            raise Killed
        self.trained.append(out.parent.name)
        told = yaml.safe_load(Path(data).read_text())
        seen = Counter()
        for path in sorted((Path(told["path"]) / "train" / "labels").glob("*.txt")):
            with Image.open(next(path.parent.parent.glob(f"images/{path.stem}.*"))) as image:
                assert image.mode == "RGB"
            for row in path.read_text().splitlines():
                kind, *box = row.split()
                seen[f"{kind} {float(box[2]) > LARGE}"] += 1
        out.write_text(json.dumps({"seen": seen, "epochs": epochs, "seed": seed}))

    def predict(self, weights, pictures, scale=1.0):
        seen = json.loads(Path(weights).read_text())["seen"]
        for key, pixels in pictures:
            found = list(found_squares(pixels))
            counts = np.array([seen.get(f"{kind} {w > LARGE}", 0) for kind, (_, _, w, _) in found])
            sure = counts / (counts + self.doubt)
            rows = sure >= 0.01
            boxes = np.array([box for _, box in found], float).reshape(-1, 4)
            kinds = np.array([kind for kind, _ in found], np.int32)
            yield Detections(key, kinds[rows], boxes[rows], sure[rows])


def found_squares(pixels):
    """Class and box of every square, in shares of the picture."""
    high, wide = pixels.shape[:2]
    for kind, colour in enumerate(COLOURS):
        left = (np.abs(pixels.astype(int) - colour).sum(axis=2) < 60).copy()
        while left.any():
            top, start = np.argwhere(left)[0]
            bottom, end = top, start
            while bottom < high and left[bottom, start]:
                bottom += 1
            while end < wide and left[top, end]:
                end += 1
            left[top:bottom, start:end] = False
            x, y = (start + end) / 2 / wide, (top + bottom) / 2 / high
            yield kind, (x, y, (end - start) / wide, (bottom - top) / high)


component = Blobs()
