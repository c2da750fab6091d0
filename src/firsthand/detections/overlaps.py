"""Which boxes of one image overlap? Pairs with their intersection over union, and what NMS keeps.

Pairs are made in blocks of about a million, so that memory stays small however many images.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from firsthand.detections.objects import IntArray, Objects
from firsthand.types import BoolArray, FloatArray

BLOCK = 1_000_000
SAME_CLASS = 0.55
"""IoU above which two boxes of one class are one object: measured with the labels of people in
mind, who draw few boxes of a class over each other by more than half."""


class Pairs(NamedTuple):
    """Rows of two sets of boxes that overlap."""

    first: IntArray  # (pairs,)
    second: IntArray  # (pairs,)
    iou: FloatArray  # (pairs,)

    def only(self, which: BoolArray) -> Pairs:
        """Some of the pairs."""
        return Pairs(self.first[which], self.second[which], self.iou[which])


def iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """Intersection over union of boxes, row by row. (n, 4) and (n, 4) in, (n,) out, 0..1.

    >>> box = np.array([[0.5, 0.5, 0.2, 0.2]])
    >>> round(float(iou(box, box + [0.1, 0, 0, 0])[0]), 4)
    0.3333
    """
    low = np.maximum(a[:, :2] - a[:, 2:] / 2, b[:, :2] - b[:, 2:] / 2)
    high = np.minimum(a[:, :2] + a[:, 2:] / 2, b[:, :2] + b[:, 2:] / 2)
    common = np.clip(high - low, 0, None).prod(axis=1)
    union = a[:, 2:].prod(axis=1) + b[:, 2:].prod(axis=1) - common
    return np.asarray(np.divide(common, union, out=np.zeros_like(common), where=union > 0))


def overlapping(
    a: Objects, b: Objects, least: float, *, by_class: bool = True, strict: bool = False
) -> Pairs:
    """All pairs of a box of `a` and a box of `b` in one image with an IoU of at least `least`.

    Args:
        a: boxes of some images.
        b: boxes of the same images.
        least: smallest IoU.
        by_class: only pairs of one class.
        strict: the IoU has to be above `least`.
    """
    found = [_kept(a, b, *rows, least, strict) for rows in _candidates(a, b, by_class)]
    first, second, overlap = (np.concatenate(each) for each in zip(*found, strict=True))
    return Pairs(first, second, overlap)


def clashing(boxes: Objects, above: float, *, by_class: bool = True) -> Pairs:
    """All pairs of two boxes of one image with an IoU above `above`, each pair once."""
    pairs = overlapping(boxes, boxes, above, by_class=by_class, strict=True)
    return pairs.only(pairs.first < pairs.second)


def nms(found: Objects, above: float = SAME_CLASS) -> BoolArray:
    """Which predictions stay when of two of one class that overlap the surer one stays? (n,).

    Of two of equal confidence the earlier one stays.
    """
    return survivors(clashing(found, above), ranks(found.confidence))


def survivors(edges: Pairs, rank: IntArray) -> BoolArray:
    """Greedy choice: by rank, whatever overlaps with something chosen before it falls. (n,).

    Done in rounds instead of one by one: what has no open better neighbour is decided, which
    decides its neighbours, and so on; the result is that of the loop.

    Args:
        edges: overlapping pairs; each may stand there once or both ways.
        rank: (n,) smaller is better, no two alike.
    """
    worse = np.where(rank[edges.first] > rank[edges.second], edges.first, edges.second)
    better = np.where(rank[edges.first] > rank[edges.second], edges.second, edges.first)
    worse, better = worse[worse != better], better[worse != better]
    open_, stays = np.ones(len(rank), bool), np.ones(len(rank), bool)
    while len(worse):
        waiting = np.zeros(len(rank), bool)
        waiting[worse[open_[better]]] = True
        chosen = open_ & ~waiting
        fallen = worse[chosen[better]]
        stays[fallen] = False
        open_ &= waiting
        open_[fallen] = False
        live = open_[worse]
        worse, better = worse[live], better[live]
    return stays


def ranks(confidence: FloatArray) -> IntArray:
    """The place of each prediction when the surest comes first, earlier rows before equal ones.

    >>> ranks(np.array([0.2, 0.9, 0.2])).tolist()
    [1, 0, 2]
    """
    rank = np.empty(len(confidence), np.int64)
    rank[np.argsort(-confidence, kind="stable")] = np.arange(len(confidence))
    return rank


def _candidates(a: Objects, b: Objects, by_class: bool) -> Iterator[tuple[IntArray, IntArray]]:
    """Rows of `a` and `b` of one image (and class), in blocks; at least one block."""
    kinds = 1 + max(int(each.label.max(initial=0)) for each in (a, b)) if by_class else 1
    key_a, key_b = (each.image * kinds + (each.label if by_class else 0) for each in (a, b))
    order = np.argsort(key_b, kind="stable")
    start = np.searchsorted(key_b[order], key_a, side="left")
    counts = np.searchsorted(key_b[order], key_a, side="right") - start
    yield np.zeros(0, np.int64), np.zeros(0, np.int64)
    ends = np.cumsum(counts)
    at = 0
    while at < len(a):
        before = ends[at - 1] if at else 0
        stop = max(int(np.searchsorted(ends, before + BLOCK, side="right")), at + 1)
        here = counts[at:stop]
        rows = np.repeat(np.arange(at, stop), here)
        inside = np.arange(here.sum()) - np.repeat(np.cumsum(here) - here, here)
        yield rows, order[start[rows] + inside]
        at = stop


def _kept(
    a: Objects, b: Objects, first: IntArray, second: IntArray, least: float, strict: bool
) -> Pairs:
    overlap = iou(a.xywh[first], b.xywh[second])
    good = overlap > least if strict else overlap >= least
    return Pairs(first[good], second[good], overlap[good])
