"""Which human samples are drawn where not all of them are?

`stratified`: those that hold what is rare first. `quota`: so that the classes have the shares that
they have among all human samples.

A box weighs the inverse of the share of its class and size among the human boxes, an image the sum
over its boxes and a little for those without any; sizes are thirds of the human areas. An image of
one class weighs the inverse of the share of that class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from firsthand.detections import Detections, cells_of, gather
from firsthand.errors import InputError
from firsthand.training_sets.drawn import Drawn
from firsthand.types import FloatArray, Sample

Strategy = Literal["random", "stratified", "quota"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
EMPTY = 0.05
"""What an image weighs apart from its boxes, so that those without any are drawn too."""


def stratified(human: Drawn, classes: Sequence[str]) -> Drawn:
    """The same samples, the rare ones likelier to be drawn.

    Raises:
        InputError: the samples have no classes.
    """
    samples = [one.sample for one in human]
    if any(one.boxes is not None and len(one.boxes.classes) for one in samples):
        odds = _by_cell(samples, classes)
    elif any(one.category is not None for one in samples):
        odds = _by_class(samples, classes)
    else:
        raise _classless()
    return Drawn(human.items, odds)


def quota(items: Drawn, human: Drawn, classes: Sequence[str]) -> Drawn:
    """The same samples, to be drawn such that classes have the shares of all human samples.

    Raises:
        InputError: the human samples have no classes.
    """
    people = _objects(human, len(classes)).sum(axis=0)
    shares = people / max(people.sum(), 1.0)
    if not people.any():
        raise _classless()
    held = _objects(items, len(classes))
    excess = held - held.sum(axis=1, keepdims=True) * shares
    return Drawn(items.items, excess=excess / np.sqrt(np.where(shares > 0, shares, 1.0)))


def _objects(items: Drawn, classes: int) -> FloatArray:
    """Objects of each class in each sample, (n, classes)."""
    out = np.zeros((len(items), classes))
    for at, (sample, *_) in enumerate(items):
        if sample.boxes is not None:
            out[at] = np.bincount(sample.boxes.classes, minlength=classes)[:classes]
        elif sample.category is not None:
            out[at, sample.category] = 1.0
    return out


def _classless() -> InputError:
    return InputError(
        "the human data have no classes by which samples could be chosen",
        expected="boxes, or a class a sample",
        todo="Use the strategy random.",
    )


def _by_cell(samples: Sequence[Sample], classes: Sequence[str]) -> FloatArray:
    rows = [
        Detections(str(at), one.boxes.classes, one.boxes.xywh, np.ones(len(one.boxes.classes)))
        for at, one in enumerate(samples)
        if one.boxes is not None
    ]
    objects = gather(rows)
    cells = cells_of(objects, classes)
    at = np.array([int(key) for key in objects.keys])[objects.image]
    rarity = len(objects) / cells.counts(objects)[cells.of(objects)]
    return np.asarray(np.bincount(at, rarity, minlength=len(samples)) + EMPTY, np.float64)


def _by_class(samples: Sequence[Sample], classes: Sequence[str]) -> FloatArray:
    """Samples without a class are as likely as those of one that all have."""
    number = np.array([-1 if one.category is None else one.category for one in samples])
    counts = np.bincount(number[number >= 0], minlength=len(classes))
    odds: FloatArray = np.where(number >= 0, 1 / np.maximum(counts[number], 1), 1 / len(samples))
    return odds
