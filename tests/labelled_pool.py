"""A reference, a pool and a detector's predictions on disk, for tests that start where users do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from detectors import NAMES, scenes
from firsthand.detections import Detections, Objects
from firsthand.detections.files import write


class Places(NamedTuple):
    """Where everything lies, and what is really in the pool."""

    reference: Path
    pool: Path
    predictions: Path
    truth: Objects


def places(folder: Path, rates=(1.5, 1.2, 0.4), human=60, val=40, pool=50, seed=0) -> Places:
    """Write them. The reference's val images are looked at by the detector too."""
    rng = np.random.default_rng(seed)
    train, _ = scenes(rng, human, (1.5, 1.2, 0.4))
    held, seen = scenes(rng, val, (1.5, 1.2, 0.4), prefix="v")
    truth, found = scenes(rng, pool, rates, prefix="p")
    for split, objects in (("train", train), ("val", held)):
        for at, key in enumerate(objects.keys):
            _image(folder / f"human/images/{split}/{key}.png", rng)
            rows = objects.rows(objects.image == at)
            text = "".join(
                f"{label} {' '.join(f'{value:.6f}' for value in box)}\n"
                for label, box in zip(rows.label, rows.xywh, strict=True)
            )
            path = folder / f"human/labels/{split}/{key}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    names = ", ".join(NAMES)
    data = folder / "human" / "data.yaml"
    data.write_text(f"train: images/train\nval: images/val\nnames: [{names}]\n")
    for key in truth.keys:
        _image(folder / "pool" / f"{key}.png", rng)
    target = folder / "predictions.jsonl"
    write(target, [*detections(found), *detections(seen)], NAMES, "detector@1")
    return Places(data, folder / "pool", target, truth)


def detections(objects: Objects) -> list[Detections]:
    """Image by image, as a detector answers, boxes inside the image."""
    out = []
    for at, key in enumerate(objects.keys):
        rows = objects.image == at
        boxes = np.clip(objects.xywh[rows], 0.001, 0.999)
        label = objects.label[rows].astype(np.int32)
        out.append(Detections(f"{key}.png", label, boxes, objects.confidence[rows]))
    return out


def _image(path: Path, rng) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def lines(path: Path) -> list[dict]:
    """A file of JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]
