"""Matching against one-by-one loops, and ties as they are documented."""

from __future__ import annotations

import numpy as np
import pytest

from firsthand.detections import Detections, gather, iou, match, nms, overlapping
from firsthand.errors import InputError


def scene(rng, images=40, objects=12, classes=2, extra=25):
    """What is there, and what an unsure detector says of it."""
    human, found = [], []
    for at in range(images):
        label = rng.integers(0, classes, objects)
        xywh = np.c_[rng.uniform(0.1, 0.9, (objects, 2)), rng.uniform(0.02, 0.2, (objects, 2))]
        human.append(Detections(f"{at}", label, xywh, np.ones(objects)))
        moved = xywh + rng.normal(0, 0.1, xywh.shape) * xywh[:, [2, 3, 2, 3]]
        more = np.c_[rng.uniform(0.1, 0.9, (extra, 2)), rng.uniform(0.02, 0.2, (extra, 2))]
        found.append(
            Detections(
                f"{at}",
                np.r_[label, rng.integers(0, classes, extra)],
                np.r_[moved, more],
                rng.random(objects + extra).round(1),  # many ties
            )
        )
    return gather(human), gather(found)


def matched_by_loop(human, found, least):
    out, taken = np.full(len(found), -1), set()
    for row in np.argsort(-found.confidence, kind="stable"):
        same = (human.image == found.image[row]) & (human.label == found.label[row])
        free = [at for at in np.flatnonzero(same) if at not in taken]
        overlaps = [iou(found.xywh[row : row + 1], human.xywh[at : at + 1])[0] for at in free]
        if overlaps and max(overlaps) >= least:
            out[row] = free[int(np.argmax(overlaps))]
            taken.add(out[row])
    return out


def nms_by_loop(found, above):
    chosen = []
    for row in np.argsort(-found.confidence, kind="stable"):
        rivals = [
            at
            for at in chosen
            if found.image[at] == found.image[row] and found.label[at] == found.label[row]
        ]
        pairs = ((found.xywh[at : at + 1], found.xywh[row : row + 1]) for at in rivals)
        if all(iou(*pair)[0] <= above for pair in pairs):
            chosen.append(row)
    return np.isin(np.arange(len(found)), chosen)


@pytest.mark.parametrize("least", [0.1, 0.5])
def test_rounds_give_what_the_loop_gives(rng, least):
    human, found = scene(rng)
    matching = match(human, found, least)
    assert (matching.human == matched_by_loop(human, found, least)).all()
    hit = np.flatnonzero(matching.human >= 0)
    assert len(hit) > 100
    assert (matching.found[matching.human[hit]] == hit).all()
    assert (matching.found >= 0).sum() == len(hit)


@pytest.mark.parametrize("above", [0.05, 0.55])
def test_nms_gives_what_the_loop_gives(rng, above):
    _, found = scene(rng, images=15)
    stays = nms(found, above)
    assert (stays == nms_by_loop(found, above)).all()
    assert above > 0.5 or not stays.all()


def test_a_matching_holds_at_every_threshold(rng):
    human, found = scene(rng)
    whole = match(human, found)
    sure = np.flatnonzero(found.confidence >= 0.6)
    part = match(human, found.rows(sure))
    assert (part.human == whole.human[sure]).all()


def test_ties_go_to_the_earlier_row():
    box = np.array([[0.5, 0.5, 0.2, 0.2]])
    one = gather([Detections("a", np.array([0]), box, np.ones(1))])
    twice = gather([Detections("a", np.array([0, 0]), np.r_[box, box], np.array([0.5, 0.5]))])
    assert match(one, twice).human.tolist() == [0, -1]
    assert match(twice, one).human.tolist() == [0]
    assert nms(twice).tolist() == [True, False]


def test_another_class_or_image_is_never_matched():
    box = np.array([[0.5, 0.5, 0.2, 0.2]])
    images = [Detections(key, np.array([0]), box, np.ones(1)) for key in "ab"]
    other = [Detections("a", np.array([1]), box, np.ones(1)), Detections("b", *empty())]
    assert match(gather(images), gather(other)).human.tolist() == [-1]
    assert len(overlapping(gather(images), gather(other), 0.5, by_class=False).iou) == 1


def empty():
    return np.zeros(0, np.int32), np.zeros((0, 4)), np.zeros(0)


def test_nothing_found_and_nothing_there():
    nothing = gather([Detections("a", *empty())])
    assert nothing.images == 1
    assert match(nothing, nothing).human.tolist() == []
    assert nms(nothing).tolist() == []


def test_two_records_of_one_image_are_refused():
    with pytest.raises(InputError, match="twice"):
        gather([Detections("a", *empty())] * 2)


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(InputError, match="confidences"):
        Detections("a", np.zeros(1, np.int32), np.zeros((0, 4)), np.zeros(0))
