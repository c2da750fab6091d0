"""What is done to the pixels of a training picture: objects painted over, objects pasted in.

An object that the detector saw without being sure is neither a label nor background; painted over,
it teaches nothing. A human object pasted into a picture comes with the label that people gave it.

Painting over: inpainting of Telea 2004 (doi:10.1080/10867651.2004.10487596), as OpenCV has it.
Pasting: Dwibedi et al. 2017 (arXiv:1708.01642), with a soft edge; here without scaling.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from firsthand.closed_loop.items import Box, Item, Pasted
from firsthand.closed_loop.pictures import Picture, load
from firsthand.errors import MissingExtra
from firsthand.types import FloatArray

MARGIN = 3  # pixels around an object that come with it
SOFT = 2  # pixels over which its edge fades
REACH = 3  # pixels that inpainting looks around


def drawn(item: Item) -> Picture:
    """The picture of an item as it is trained on."""
    canvas = load(Path(item.source))
    if item.covered:
        canvas = covered(canvas, item.covered)
    if item.pasted:
        canvas = canvas.copy()
        for one in item.pasted:
            _paste(canvas, one)
    return canvas


def covered(picture: Picture, boxes: Sequence[Box]) -> Picture:
    """The picture with these boxes filled in from around them.

    Raises:
        MissingExtra: OpenCV is not installed.
    """
    try:
        cv2 = importlib.import_module("cv2")
    except ModuleNotFoundError as error:
        raise MissingExtra("painting over unsure objects", "opencv-python", "yolo") from error
    mask = np.zeros(picture.shape[:2], np.uint8)
    for box in boxes:
        left, top, right, bottom = pixel_box(box, picture.shape, MARGIN - 1)
        mask[top:bottom, left:right] = 1
    return np.asarray(cv2.inpaint(picture, mask, REACH, cv2.INPAINT_TELEA), dtype=np.uint8)


def pixel_box(box: Box, shape: tuple[int, ...], margin: int = 0) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in whole pixels, with a margin, inside the picture."""
    x, y, wide, high = box
    tall, broad = shape[:2]
    left, right = (x - wide / 2) * broad - margin, (x + wide / 2) * broad + margin
    top, bottom = (y - high / 2) * tall - margin, (y + high / 2) * tall + margin
    return (
        max(math.floor(left), 0),
        max(math.floor(top), 0),
        min(math.ceil(right), broad),
        min(math.ceil(bottom), tall),
    )


def _paste(canvas: Picture, one: Pasted) -> None:
    """Blend the cut-out in; what lies outside the picture is left away."""
    source = load(Path(one.source))
    left, top, right, bottom = pixel_box(one.box, source.shape, MARGIN)
    inner = pixel_box(one.box, source.shape)
    x, y = one.at[0] - (inner[0] - left), one.at[1] - (inner[1] - top)
    tall, broad = canvas.shape[:2]
    cut_x, cut_y = max(-x, 0), max(-y, 0)
    wide, high = min(right - left, broad - x), min(bottom - top, tall - y)
    piece = source[top + cut_y : top + high, left + cut_x : left + wide].astype(np.float64)
    fade = _fade(bottom - top, right - left)[cut_y:high, cut_x:wide, None]
    spot = canvas[y + cut_y : y + high, x + cut_x : x + wide]
    spot[:] = np.round(piece * fade + spot * (1 - fade)).astype(np.uint8)


def _fade(high: int, wide: int) -> FloatArray:
    """1 inside, falling to the edge over `SOFT` pixels, (high, wide)."""
    sides = [
        np.minimum(np.arange(length) + 1, np.arange(length)[::-1] + 1) / (SOFT + 1)
        for length in (high, wide)
    ]
    return np.minimum(np.minimum.outer(sides[0], sides[1]), 1.0)
