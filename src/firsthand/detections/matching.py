"""Which prediction found which object? Greedy by confidence, class by class.

The surest prediction chooses first. It takes the object of its class and image that it overlaps
most, among those that nobody took, if their IoU is at least the threshold. Of predictions of one
confidence the earlier row chooses first; of objects overlapped alike the earlier row is taken. What
a prediction gets depends on surer ones only, so one matching holds at every confidence threshold.

Source: the assignment of Pascal VOC (Everingham et al. 2010, section 4.2), with COCO's rule that a
prediction may fall back on an object that is still free (Lin et al. 2014, arXiv:1405.0312).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firsthand.detections.objects import IntArray, Objects
from firsthand.detections.overlaps import Pairs, overlapping, ranks


class Matching(NamedTuple):
    """Who found whom, both ways; -1 for nobody."""

    human: IntArray  # (predictions,) row of the object that each prediction found
    found: IntArray  # (objects,) row of the prediction that found each object


def match(human: Objects, found: Objects, iou: float = 0.5) -> Matching:
    """Match predictions with what people labelled, in the same images in the same order.

    Args:
        human: what is there.
        found: what was predicted.
        iou: smallest intersection over union that counts as found, 0..1.
    """
    return assign(overlapping(found, human, iou), found, len(human))


def assign(pairs: Pairs, found: Objects, objects: int) -> Matching:
    """Match along given pairs of a prediction and an object.

    Predictions propose, objects hold on to the surest that asked: with one order of predictions
    for all objects this ends in the greedy assignment, in a few rounds instead of one by one.
    """
    rank = ranks(found.confidence)
    order = np.lexsort((pairs.second, -pairs.iou, rank[pairs.first]))
    mine, wish = rank[pairs.first[order]], pairs.second[order]
    at = np.flatnonzero(np.diff(mine, prepend=-1))  # where each prediction's wishes begin
    end = np.append(at[1:], len(mine))
    mine = mine[at]
    holder = np.full(objects, len(found), np.int64)
    while len(at):
        np.minimum.at(holder, wish[at], mine)
        refused = holder[wish[at]] != mine
        if not refused.any():
            break
        at = at + refused
        live = at < end
        at, end, mine = at[live], end[live], mine[live]
    return _both_ways(holder, rank)


def _both_ways(holder: IntArray, rank: IntArray) -> Matching:
    row = np.append(np.argsort(rank), -1)
    found = row[np.minimum(holder, len(rank))]
    human = np.full(len(rank), -1, np.int64)
    taken = np.flatnonzero(found >= 0)
    human[found[taken]] = taken
    return Matching(human, found)
