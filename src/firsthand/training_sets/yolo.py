"""A training set for Ultralytics: lists of images, `data.yaml`, and labels where they are missing.

An image stays where it lies if the label that trainers find for it, by images/ -> labels/ in its
path, says in numbers of this set's classes exactly what its sample holds. Every other image gets a
name in this set's own images/, with a label beside it in labels/.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from firsthand.formats.yolotext import label_path, label_text
from firsthand.training_sets.drawn import Line
from firsthand.training_sets.placing import Names, Place, put
from firsthand.types import Boxes, Sample


class Written(NamedTuple):
    """How many images went where."""

    referenced: int
    placed: int


def write(
    folder: Path, sets: Mapping[str, Sequence[Line]], classes: Sequence[str], place: Place
) -> Written:
    """Write `train.txt`, `val.txt` and `data.yaml`; a line is repeated as often as it counts.

    Nothing in the folder says where it lies, so it can be moved; images that stay where they are
    cannot. There is never a `download` entry.
    """
    in_place = placed = 0
    for split, lines in sets.items():
        names, rows = Names(), []
        for line in lines:
            sample = line.item.sample
            if place == "reference" and stays(sample):
                path, in_place = sample.path, in_place + 1
            else:
                name, placed = names.take(sample), placed + 1
                path = "./" + _put(folder, f"{split}/{name}", sample, place)
            rows += [path] * line.times
        text = "".join(f"{row}\n" for row in rows)
        (folder / f"{split}.txt").write_text(text, encoding="utf-8")
    document = {split: f"{split}.txt" for split in sets} | {"names": dict(enumerate(classes))}
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    (folder / "data.yaml").write_text(text, encoding="utf-8")
    return Written(in_place, placed)


def _put(folder: Path, name: str, sample: Sample, place: Place) -> str:
    image = f"images/{name}"
    put(Path(sample.path), folder / image, place)
    if sample.label is not None:
        label = folder / "labels" / f"{name.rpartition('.')[0]}.txt"
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text(label_text(sample.boxes), encoding="utf-8")
    return image


def stays(sample: Sample) -> bool:
    """Would a trainer find this sample's image and label where they lie?"""
    if not _listable(sample.path):
        return False
    try:
        text = Path(label_path(sample.path)).read_text("utf-8")
    except FileNotFoundError:
        return sample.label is None
    except (OSError, UnicodeDecodeError):
        return False
    return sample.label is not None and _says(text, sample.boxes)


def _listable(path: str) -> bool:
    """Can it be a line of a list that is cut at line ends, and stripped?"""
    plain = path.isprintable() and path.strip() == path and path.splitlines() == [path]
    return plain and os.path.isabs(path) and os.path.normpath(path) == path  # noqa: PTH117


def _says(text: str, boxes: Boxes | None) -> bool:
    """Do the rows of a label file hold these boxes, in this order and with these numbers?"""
    if boxes is None:
        return not text.strip()
    rows = [line.split() for line in text.splitlines() if line.strip()]
    shapes = [outline.ravel() for outline in boxes.outlines] or list(boxes.xywh)
    if len(rows) != len(shapes):
        return False
    numbers = boxes.classes.tolist()
    return all(_same(*each) for each in zip(rows, numbers, shapes, strict=True))


def _same(row: Sequence[str], number: int, shape: np.ndarray) -> bool:
    try:
        said = [float(word) for word in row]
    except ValueError:
        return False
    return said[0] == number and said[1:] == shape.tolist()
