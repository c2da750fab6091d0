"""What a teacher sees: one detector or the mean of several, plainly or in several views.

A view is the picture as it is, mirrored, larger, or both; boxes are brought back to the picture.
The mean: boxes of one class that overlap are one box, at their mean place weighted by confidence,
and its confidence is the mean over everybody who looked, 0 for who did not see it.

Source: bounding boxes of several models fused by weight, Solovyev et al. 2021 (arXiv:1910.13302).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from firsthand.closed_loop.detector import Detector
from firsthand.closed_loop.pictures import Picture, Pictures
from firsthand.detections import Objects, gather, nms, overlapping
from firsthand.detections.overlaps import ranks

SAME = 0.5  # IoU above which boxes of one class are one object
LARGER = 4 / 3


class View(NamedTuple):
    """A way to look at a picture."""

    mirrored: bool = False
    scale: float = 1.0


VIEWS = (View(), View(mirrored=True), View(scale=LARGER), View(mirrored=True, scale=LARGER))


def look(
    detector: Detector, teachers: Sequence[Path], pictures: Pictures, views: int = 1
) -> Objects:
    """What the teachers see on the pictures, in their order.

    Args:
        detector: how weights are used.
        teachers: weights; more than one are averaged.
        pictures: what to look at.
        views: how many of `VIEWS`, from the first on.
    """
    seen = [
        _viewed(detector, weights, pictures, view) for weights in teachers for view in VIEWS[:views]
    ]
    return seen[0] if len(seen) == 1 else mean(seen)


def mean(seen: Sequence[Objects]) -> Objects:
    """Several answers about the same pictures as one."""
    every = _together(seen)
    who = np.repeat(np.arange(len(seen)), [len(one) for one in seen])
    leads = np.flatnonzero(nms(every, SAME))
    member = _members(every, leads)
    held = member >= 0
    best = np.zeros((len(leads), len(seen)))
    np.maximum.at(best, (member[held], who[held]), every.confidence[held])
    weight = every.confidence[held]
    total = np.bincount(member[held], weight, minlength=len(leads))
    boxes = [
        np.bincount(member[held], weight * every.xywh[held, side], minlength=len(leads)) / total
        for side in range(4)
    ]
    led = every.rows(leads)
    return replace(led, xywh=np.stack(boxes, axis=1), confidence=best.mean(axis=1))


def _members(every: Objects, leads: np.ndarray) -> np.ndarray:
    """To which lead each box belongs: the one it overlaps most; -1 for none, (n,)."""
    pairs = overlapping(every, every.rows(leads), SAME)
    order = np.lexsort((ranks(every.confidence[leads])[pairs.second], -pairs.iou, pairs.first))
    first = np.unique(pairs.first[order], return_index=True)[1]
    out = np.full(len(every), -1, np.int64)
    out[pairs.first[order][first]] = pairs.second[order][first]
    out[leads] = np.arange(len(leads))
    return out


def _together(seen: Sequence[Objects]) -> Objects:
    return replace(
        seen[0],
        image=np.concatenate([one.image for one in seen]),
        label=np.concatenate([one.label for one in seen]),
        xywh=np.concatenate([one.xywh for one in seen]),
        confidence=np.concatenate([one.confidence for one in seen]),
    )


def _viewed(detector: Detector, weights: Path, pictures: Pictures, view: View) -> Objects:
    pixels = _mirrored(pictures.pixels()) if view.mirrored else pictures.pixels()
    found = gather(detector.predict(weights, pixels, view.scale))
    if view.mirrored:
        found = replace(found, xywh=found.xywh * [-1, 1, 1, 1] + [1, 0, 0, 0])
    return found


def _mirrored(pixels: Iterator[tuple[str, Picture]]) -> Iterator[tuple[str, Picture]]:
    return ((key, picture[:, ::-1]) for key, picture in pixels)
