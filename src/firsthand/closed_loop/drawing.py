"""Which human pictures come into a training set, and which human objects into other pictures.

*Stratified* draws prefer what is rare among people's labels. A cell is a class of one size; an
object weighs one over the share of its cell, a picture what its objects weigh together. So
every cell is drawn about equally often, and a star among hundred circles is not left to chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from firsthand.closed_loop.items import Box, Item, Pasted, rows_of
from firsthand.closed_loop.pictures import Pictures
from firsthand.closed_loop.pixels import pixel_box
from firsthand.detections import Cells, Objects
from firsthand.detections.objects import IntArray
from firsthand.types import FloatArray

LITTLE = 0.05  # weight of a picture without objects: it is seen, too
TRIES = 30
GAP = 1  # pixels between a pasted object and what is in the picture


def rarity(human: Objects, cells: Cells) -> FloatArray:
    """What each object weighs: one over the share of its cell among all objects, (n,)."""
    cell = cells.of(human)
    return np.asarray(len(cell) / np.bincount(cell, minlength=len(cells))[cell])


def chosen(
    people: Pictures, n: int, cells: Cells, replay: str, rng: np.random.Generator
) -> IntArray:
    """Which n of people's pictures come in; each as often as any other, or the rare ones more.

    More than there are: at random, each comes as often as any other, give or take one.
    """
    if replay == "stratified":
        return rare_first(people.objects, n, cells, rng, again=n > len(people))
    rounds, rest = divmod(n, len(people))
    extra = rng.choice(len(people), rest, replace=False)
    return np.concatenate([np.tile(np.arange(len(people)), rounds), extra])


def rare_first(
    objects: Objects, n: int, cells: Cells, rng: np.random.Generator, *, again: bool
) -> IntArray:
    """Which n pictures come in, those with objects of rare cells more often, perhaps `again`."""
    weight = np.bincount(objects.image, rarity(objects, cells), minlength=objects.images)
    share = (weight + LITTLE) / (weight + LITTLE).sum()
    return rng.choice(objects.images, n, replace=again, p=share)


def pasting(
    items: Sequence[Item],
    people: Pictures,
    cells: Cells,
    taken: Objects | None,
    each: int,
    rng: np.random.Generator,
) -> list[Item]:
    """The same items with `each` human objects more in every picture, where there is room.

    Args:
        items: the pictures, without what is pasted.
        people: where objects are cut out, the rarest cells most often.
        cells: classes by sizes.
        taken: what else is in the pictures, item by item, that must not be hidden.
        each: objects a picture.
        rng: which objects, and where.
    """
    weight = rarity(people.objects, cells)
    weight = weight / weight.sum()
    found: list[Item] = []
    for at, item in enumerate(items):
        hidden = () if taken is None else rows_of(taken, np.flatnonzero(taken.image == at))
        busy = [box for _, box in (*item.labels, *hidden)]
        for row in rng.choice(len(weight), each, p=weight):
            item = _pasted(item, people, int(row), busy, rng)
        found.append(item)
    return found


def _pasted(
    item: Item, people: Pictures, row: int, busy: list[Box], rng: np.random.Generator
) -> Item:
    """With one object more, or as it was where there is no room."""
    objects = people.objects
    source = people.paths[objects.image[row]]
    x, y, wide, high = objects.xywh[row].tolist()
    from_, here = size_of(source), size_of(item.source)
    left, top, right, bottom = pixel_box((x, y, wide, high), from_)
    room = np.array([here[1] - (right - left), here[0] - (bottom - top)])
    if (room < 0).any():
        return item
    for _ in range(TRIES):
        corner = rng.integers(0, room + 1)
        shift = corner - [left, top]
        box = (
            (x * from_[1] + shift[0]) / here[1],
            (y * from_[0] + shift[1]) / here[0],
            wide * from_[1] / here[1],
            high * from_[0] / here[0],
        )
        if not any(_touch(box, other, here) for other in busy):
            busy.append(box)
            piece = Pasted(str(source), (x, y, wide, high), (int(corner[0]), int(corner[1])))
            labels = (*item.labels, (int(objects.label[row]), box))
            return replace(item, labels=labels, pasted=(*item.pasted, piece))
    return item


def size_of(path: str | Path) -> tuple[int, int]:
    """Height and width of a picture."""
    from PIL import Image

    with Image.open(path) as image:
        return image.height, image.width


def _touch(one: Box, other: Box, shape: tuple[int, int]) -> bool:
    """Whether two boxes overlap or nearly do."""
    across = abs(one[0] - other[0]) - (one[2] + other[2]) / 2
    down = abs(one[1] - other[1]) - (one[3] + other[3]) / 2
    return across * shape[1] < GAP and down * shape[0] < GAP
