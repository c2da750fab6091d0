"""One picture of a training set: where it is from, its labels, and what is changed in it.

An item says everything about the picture that is trained on, so a list of items is the whole
training set, to keep, to draw from again, or to look at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from firsthand.closed_loop.pictures import Pictures
from firsthand.detections import Objects

Box = tuple[float, float, float, float]  # centre x, centre y, width, height, in shares of the image
Labels = tuple[tuple[int, Box], ...]


@dataclass(frozen=True)
class Pasted:
    """A human object that is put into another picture, at the same size in pixels."""

    source: str  # the picture it is cut out of
    box: Box  # there
    at: tuple[int, int]  # pixels of the left upper corner of the box, here


@dataclass(frozen=True)
class Item:
    """One picture of a training set. Who made its labels is said, and never guessed."""

    source: str  # path of the picture
    labels: Labels
    origin: Literal["human", "model"]
    covered: tuple[Box, ...] = ()  # painted over
    pasted: tuple[Pasted, ...] = ()  # their labels are among the labels

    @property
    def changed(self) -> bool:
        """Whether the pixels are other ones than those of the source."""
        return bool(self.covered or self.pasted)


def items_of(pictures: Pictures, labels: Objects, origin: Literal["human", "model"]) -> list[Item]:
    """One item a picture, with these labels: objects in the same pictures in the same order."""
    order = np.argsort(labels.image, kind="stable")
    ends = np.searchsorted(labels.image[order], np.arange(len(pictures) + 1))
    rows = [order[a:b] for a, b in zip(ends, ends[1:], strict=False)]
    return [
        Item(str(path), rows_of(labels, at), origin)
        for path, at in zip(pictures.paths, rows, strict=True)
    ]


def rows_of(objects: Objects, which: np.ndarray) -> Labels:
    """Some objects as labels."""
    pairs = zip(objects.label[which].tolist(), objects.xywh[which].tolist(), strict=True)
    return tuple((kind, (x, y, w, h)) for kind, (x, y, w, h) in pairs)


def boxes_of(objects: Objects, which: np.ndarray) -> tuple[Box, ...]:
    """Some objects as boxes."""
    return tuple(box for _, box in rows_of(objects, which))


def covering(items: Sequence[Item], unsure: Objects) -> list[Item]:
    """The same items with unsure objects, which are neither label nor background, painted over."""
    found: list[Item] = []
    for at, item in enumerate(items):
        found.append(replace(item, covered=boxes_of(unsure, np.flatnonzero(unsure.image == at))))
    return found


def save(items: Iterable[Item], path: Path) -> None:
    """One JSON object a line."""
    lines = (json.dumps(_told(item), separators=(",", ":")) for item in items)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def restore(path: Path) -> list[Item]:
    """What `save` wrote."""
    return [_item(json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def _told(item: Item) -> dict[str, Any]:
    told: dict[str, Any] = {"source": item.source, "origin": item.origin}
    told["labels"] = [[kind, *_short(box)] for kind, box in item.labels]
    if item.covered:
        told["covered"] = [_short(box) for box in item.covered]
    if item.pasted:
        told["pasted"] = [[one.source, _short(one.box), one.at] for one in item.pasted]
    return told


def _short(box: Box) -> list[float]:
    return [round(number, 6) for number in box]


def _item(told: dict[str, Any]) -> Item:
    return Item(
        told["source"],
        tuple((kind, _box(box)) for kind, *box in told["labels"]),
        told["origin"],
        tuple(_box(box) for box in told.get("covered", ())),
        tuple(Pasted(one, _box(box), (x, y)) for one, box, (x, y) in told.get("pasted", ())),
    )


def _box(numbers: Sequence[float]) -> Box:
    x, y, wide, high = numbers
    return x, y, wide, high
