"""Images with labelled objects given in pixels, as COCO and VOC hold them, become samples here.

Corners are edges: a box from 10 to 20 is 10 pixels wide, in both formats, as the tools that write
them today mean it. (The Pascal VOC devkit of 2007 counted pixels from 1 and included the last one;
read as edges, its boxes come out one pixel smaller.) Edges up to one pixel outside the image are
rounding and are cut off; what lies further out is an error in the label.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.content import FileCache, FileFacts, boxes_digests, class_keys
from firsthand.formats.layout import printable
from firsthand.types import Boxes, FloatArray, Sample, Skip

SLACK = 1.0  # pixels
LARGEST = 1 << 20  # pixels; a wider image is a mistake
SHOWN = 80  # characters of an offending value


class Object(NamedTuple):
    """One labelled object, in pixels."""

    line: int
    label: int  # index into the class names
    corners: tuple[float, float, float, float]  # left, top, right, bottom
    outline: FloatArray | None = None  # (k, 2)


def number(value: object) -> float:
    """A number as float; NaN for what is none, infinite for what is too large.

    >>> number(3), number("3"), number(True), number(10**400)
    (3.0, nan, nan, inf)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def image_file(path: str, cache: FileCache) -> FileFacts | Skip:
    """Digest and size of an image, or why it is left out."""
    try:
        facts = cache.facts(path)
    except FileNotFoundError:
        return Skip("missing-file", printable(path))
    except (OSError, ValueError) as error:
        return Skip("unreadable-file", printable(path), found=str(error)[:SHOWN])
    return facts if facts.ok else Skip("undecodable-image", printable(path))


def pixel_size(width: object, height: object, facts: FileFacts) -> tuple[int, int]:
    """The size that an annotation is made for: what it says itself, else that of the image.

    >>> pixel_size(640, "480", FileFacts(b"", True, 320, 240))
    (320, 240)
    """
    said = (number(width), number(height))
    if all(1 <= side <= LARGEST and side == int(side) for side in said):
        return int(said[0]), int(said[1])
    return facts.width, facts.height


def labelled(
    bare: Sample,
    objects: Iterable[Object | Skip],
    size: tuple[int, int],
    classes: Sequence[str],
    source: str,
) -> Iterator[Sample | Skip]:
    """The sample with its objects, after a named skip for every object that cannot be one.

    `size` is (width, height) in pixels, `source` the file that the objects stand in. Without any
    object the sample is labelled as empty; where objects were given and none of them can be used,
    it stays unlabelled.
    """
    kept, dropped = [], False
    for each in objects:
        made = _checked(each, size, source)
        dropped |= isinstance(made, Skip)
        if isinstance(made, Skip):
            yield made
        else:
            kept.append(made)
    if kept or not dropped:
        boxes = _boxes(kept, size)
        bare = replace(bare, boxes=boxes, label=_digest(boxes, tuple(classes), size))
    yield bare


def _digest(boxes: Boxes, classes: tuple[str, ...], size: tuple[int, int]) -> bytes:
    return boxes_digests([boxes], _keys(classes), np.array([size]))[0]


@lru_cache(maxsize=8)
def _keys(classes: tuple[str, ...]) -> NDArray[np.uint64]:
    """Once a dataset: the names are the same for every image."""
    return class_keys(classes)


def _checked(each: Object | Skip, size: tuple[int, int], source: str) -> Object | Skip:
    code = "" if isinstance(each, Skip) else flaw(each, size)
    if isinstance(each, Skip) or not code:
        return each
    found = ", ".join(f"{edge:g}" for edge in each.corners)
    return Skip(code, source, each.line, found, keeps_sample=True)


def flaw(each: Object, size: tuple[int, int]) -> str:
    """The code of what is wrong with an object in an image of this size, or "".

    >>> flaw(Object(1, 0, (10, 10, 10, 20)), (640, 480))
    'label-zero-area'
    >>> flaw(Object(1, 0, (-5, 10, 10, 20)), (640, 480))
    'label-range'
    >>> flaw(Object(1, 0, (0, 0, 640, 480)), (640, 480))
    ''
    """
    points = _points(each)
    if not np.isfinite(points).all():
        return "label-nan"
    left, top, right, bottom = each.corners
    inside = (points >= -SLACK).all() and (points <= np.array(size) + SLACK).all()
    if not inside or right < left or bottom < top:
        return "label-range"
    sides = np.diff(np.clip(points[:2], 0, size), axis=0)
    return "" if (sides > 0).all() else "label-zero-area"


def _points(each: Object) -> FloatArray:
    """Upper left and lower right corner, then the outline. (2 + k, 2)."""
    corners = np.array(each.corners, np.float64).reshape(2, 2)
    return corners if each.outline is None else np.concatenate([corners, each.outline])


def _boxes(objects: Sequence[Object], size: tuple[int, int]) -> Boxes:
    shares = [np.clip(_points(each) / size, 0, 1) for each in objects]
    corners = np.array([each[:2] for each in shares]).reshape(-1, 2, 2)
    xywh = np.concatenate([corners.mean(axis=1), corners[:, 1] - corners[:, 0]], axis=1)
    classes = np.array([each.label for each in objects], np.int32)
    if not any(each.outline is not None for each in objects):
        return Boxes(classes, xywh)
    outlines = (each[2:] if len(each) > 2 else _rectangle(each) for each in shares)
    return Boxes(classes, xywh, tuple(outlines))


def _rectangle(corners: FloatArray) -> FloatArray:
    (left, top), (right, bottom) = corners
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
