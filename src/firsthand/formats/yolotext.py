"""Labels as YOLO label files hold them: a class number and shares of width and height a line."""

from __future__ import annotations

import numpy as np

from firsthand.types import Boxes


def label_text(boxes: Boxes | None) -> str:
    r"""The content of a label file, exact to the last digit; empty where there is no object.

    >>> box = Boxes(np.array([1], np.int32), np.array([[0.5, 0.5, 0.25, 0.125]]))
    >>> label_text(box)
    '1 0.5 0.5 0.25 0.125\n'
    """
    if boxes is None:
        return ""
    shapes = [outline.ravel() for outline in boxes.outlines] or list(boxes.xywh)
    rows = zip(boxes.classes.tolist(), shapes, strict=True)
    return "".join(f"{label} {' '.join(_number(v) for v in shape)}\n" for label, shape in rows)


def _number(value: np.float64) -> str:
    return repr(float(value))


def label_path(image: str) -> str:
    """Where trainers look for the label of an image: the last images/ of its path is labels/.

    >>> label_path("/a/images/train/x.jpg"), label_path("/a/x.y.jpg")
    ('/a/labels/train/x.txt', '/a/x.y.txt')
    """
    before, images, after = image.rpartition("/images/")
    beside = f"{before}/labels/{after}" if images else image
    return beside.rpartition(".")[0] + ".txt"
