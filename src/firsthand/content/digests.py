"""Digests of media and labels.

Two copies of one label are one label, whichever format holds them: class names instead of indices,
sorted rows, and corners on a grid of quarter pixels. Whole pixels (VOC), two decimals (COCO) and
shares with six decimals (YOLO, images up to 6,600 pixels wide) all lie well inside its cells, so
copies agree; a change of less than a quarter pixel is no change. Where the size of the image is
not known the grid is 1/1024 of the image, and values at the border of a cell can fall either way.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firsthand.types import Boxes, FloatArray

PIXEL_STEPS = 4
SHARE_STEPS = 1024

_BOX = np.dtype([("name", ">u8"), ("corner", ">i4", (4,)), ("outline", ">u8")])
_BOXES = b"firsthand.boxes/1\0"
_CATEGORY = b"firsthand.category/1\0"


def media_digest(data: bytes) -> bytes:
    """sha256 of the bytes of a medium, 32 bytes.

    >>> media_digest(b"abc").hex()[:8]
    'ba7816bf'
    """
    return hashlib.sha256(data).digest()


def text_digest(text: str) -> bytes:
    r"""sha256 of a text as NFC and UTF-8, so that composed and combining accents are one text.

    >>> text_digest("e\u0301") == text_digest("\u00e9")
    True
    """
    return hashlib.sha256(_canonical(text)).digest()


def category_digest(name: str) -> bytes:
    """Digest of a label that is one class for the whole sample, by its name.

    >>> category_digest("cat") == category_digest(" cat ")
    True
    """
    return hashlib.sha256(_CATEGORY + _canonical(name.strip())).digest()


def class_keys(classes: Sequence[str]) -> NDArray[np.uint64]:
    """One 64-bit number a class name, (k,): what stands for the class in a label digest."""
    digests = b"".join(category_digest(name)[:8] for name in classes)
    return np.frombuffer(digests, ">u8").astype(np.uint64)


def boxes_digest(boxes: Boxes, classes: Sequence[str], size: tuple[int, int] | None) -> bytes:
    """Canonical digest of the labelled objects of one image, 32 bytes.

    Order of rows, order of class names and the corner at which a polygon begins do not matter.
    No objects at all is a label too, with a digest of its own. `size` is (width, height) in
    pixels as the image is displayed, or None.

    >>> cat = Boxes(np.array([1]), np.array([[0.5, 0.5, 0.25, 0.25]]))
    >>> same = Boxes(np.array([0]), np.array([[0.5000001, 0.5, 0.25, 0.25]]))
    >>> a = boxes_digest(cat, ("dog", "cat"), (640, 480))
    >>> a == boxes_digest(same, ("cat",), (640, 480))
    True
    """
    sizes = np.array([size or (0, 0)])
    return boxes_digests([boxes], class_keys(classes), sizes)[0]


def boxes_digests(
    labels: Sequence[Boxes], keys: NDArray[np.uint64], sizes: NDArray[np.int64]
) -> list[bytes]:
    """`boxes_digest` of many images: `keys` from `class_keys`, `sizes` (n, 2), 0 if unknown."""
    counts = np.array([len(boxes.classes) for boxes in labels], np.int64)
    if not counts.sum():
        return [hashlib.sha256(_BOXES).digest()] * len(labels)
    owner = np.repeat(np.arange(len(labels)), counts)
    scale = _scale(sizes)[owner]
    rows = np.zeros(len(owner), _BOX)
    rows["name"] = keys[np.concatenate([boxes.classes for boxes in labels])]
    rows["corner"] = _corners(np.concatenate([boxes.xywh for boxes in labels]), scale)
    outlines = [outline for boxes in labels for outline in boxes.outlines]
    if outlines:
        pairs = zip(outlines, scale[_outlined(labels, counts)], strict=True)
        rows["outline"][_outlined(labels, counts)] = [_outline_key(*pair) for pair in pairs]
    return _digest_rows(rows, owner, counts, sizes)


def _canonical(text: str) -> bytes:
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")


def _scale(sizes: NDArray[np.int64]) -> FloatArray:
    """How many cells the grid has along both sides of each image, (n, 2)."""
    known = (sizes > 0).all(axis=1, keepdims=True)
    return np.where(known, sizes * PIXEL_STEPS, SHARE_STEPS).astype(np.float64)


def _corners(xywh: FloatArray, scale: FloatArray) -> NDArray[np.int64]:
    half = xywh[:, 2:] / 2
    low = np.clip(xywh[:, :2] - half, 0, 1) * scale  # what lies outside the image is not labelled
    high = np.clip(xywh[:, :2] + half, 0, 1) * scale
    corners: NDArray[np.int64] = np.rint(np.concatenate([low, high], axis=1)).astype(np.int64)
    return corners


def _outlined(labels: Sequence[Boxes], counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    outlined = np.array([bool(boxes.outlines) for boxes in labels])
    return np.repeat(outlined, counts)


def _outline_key(outline: FloatArray, scale: FloatArray) -> int:
    """The same number for the same closed line, wherever it begins and whichever way it runs."""
    points = np.rint(outline * scale).astype(np.int64)
    points = points[(points != np.roll(points, 1, axis=0)).any(axis=1)]
    if len(points):
        points = np.roll(points, -int(np.lexsort(points.T[::-1])[0]), axis=0)
    back = np.roll(points[::-1], 1, axis=0)
    line = min(points.astype(">i4").tobytes(), back.astype(">i4").tobytes())
    return int.from_bytes(hashlib.sha256(line).digest()[:8], "big") | 1  # 0 means no outline


def _digest_rows(
    rows: NDArray[np.void],
    owner: NDArray[np.int64],
    counts: NDArray[np.int64],
    sizes: NDArray[np.int64],
) -> list[bytes]:
    keys = (rows["outline"], *rows["corner"].T[::-1], rows["name"], owner)
    data = rows[np.lexsort(keys)].tobytes()
    ends = (np.cumsum(counts) * _BOX.itemsize).tolist()
    starts = [0, *ends[:-1]]
    grids = np.where((sizes > 0).all(axis=1), b"px", b"1k").tolist()
    grids = [
        grid if end > start else b"" for grid, start, end in zip(grids, starts, ends, strict=True)
    ]
    return [
        hashlib.sha256(_BOXES + grid + data[start:end]).digest()
        for grid, start, end in zip(grids, starts, ends, strict=True)
    ]
