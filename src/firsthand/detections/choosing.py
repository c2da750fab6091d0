"""What a way of labelling is asked, and what it answers: which predictions become labels.

A method sees predictions on images that nobody labelled (`Objects`), what people would have
labelled on as many images (`Expected`), and where there is one what the same detector does on
images that people did label (`Anchor`). It answers with a `Chosen`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from firsthand.detections.cells import Cells
from firsthand.detections.matching import match
from firsthand.detections.objects import IntArray, Objects, aligned
from firsthand.detections.overlaps import nms, overlapping
from firsthand.errors import InputError
from firsthand.types import BoolArray, FloatArray

FLOOR = 0.03
"""Confidence below which nothing becomes a label. Detectors keep hundreds of boxes an image there,
nearly all of them wrong; the labels of people are found above it if they are found at all."""
CONFLICT = 0.5
"""IoU above which boxes of two classes are one object, and one of them has to go."""


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What people label on an image, on average, in each cell.

    Cells of few objects say little: a class's sizes are drawn towards the sizes of all classes by
    `PSEUDO` objects' worth, so that five objects do not fix three cells.
    """

    cells: Cells
    images: float  # of the reference, each with its weight
    rate: FloatArray  # (cells,) objects an image
    error: FloatArray  # (classes,) standard error of objects an image; 0 where the user said it

    @property
    def by_class(self) -> FloatArray:
        """Objects an image of each class, (classes,)."""
        return np.asarray(self.rate.reshape(len(self.cells.classes), -1).sum(axis=1))


PSEUDO = 3.0


def expected(human: Objects, cells: Cells, prior: dict[str, float] | None = None) -> Expected:
    """How many objects of each cell an image holds, going by people's labels.

    Args:
        human: what people labelled.
        cells: classes by sizes.
        prior: objects an image of some classes, where the user knows better than the reference.
    """
    images = float(human.weight.sum())
    table = cells.counts(human).reshape(len(cells.classes), -1)
    of_class = table.sum(axis=1, keepdims=True)
    overall = table.sum(axis=0) / max(table.sum(), 1.0)
    share = (table + PSEUDO * overall) / (of_class + PSEUDO)
    rate = of_class[:, 0] / max(images, 1.0)
    error = _errors(human, rate)
    for name, value in (prior or {}).items():
        at = _known(name, cells.classes)
        rate[at], error[at] = value, 0.0
    return Expected(cells, images, (share * rate[:, None]).reshape(-1), error)


def _errors(human: Objects, rate: FloatArray) -> FloatArray:
    """Of the mean number of objects an image, from how groups of images differ. (classes,)."""
    groups, kinds = int(human.group.max(initial=-1)) + 1, len(rate)
    weight = human.weight[human.image]
    key = human.group[human.image] * kinds + human.label
    held = np.bincount(key, weight, minlength=groups * kinds).reshape(groups, kinds)
    images = np.bincount(human.group, human.weight, minlength=groups)
    apart = held - images[:, None] * rate
    return np.asarray(np.sqrt((apart**2).sum(axis=0)) / max(images.sum(), 1.0))


def _known(name: str, classes: tuple[str, ...]) -> int:
    if name not in classes:
        raise InputError(f"there is no class {name!r}", expected="one of " + ", ".join(classes))
    return classes.index(name)


@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """The same detector on images that people labelled and that it did not learn from."""

    human: Objects
    found: Objects  # after NMS, the same images in the same order
    right: BoolArray  # (predictions,) each found an object


def anchor_of(human: Objects, found: Objects, floor: float = FLOOR) -> Anchor:
    """Match a detector's answer on labelled images.

    Raises:
        InputError: no image is on both sides.
    """
    human, found = aligned(human, found)
    found = found.rows(found.confidence >= floor)
    found = found.rows(nms(found))
    return Anchor(human, found, match(human, found).human >= 0)


Chance = Callable[[Objects], FloatArray]
"""Of each prediction: (n,) 0..1."""


def above(thresholds: FloatArray, cells: Cells) -> Chance:
    """A label is what clears the threshold of its cell."""
    return lambda found: (found.confidence >= thresholds[cells.of(found)]).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Which predictions become labels. Rows are those of `pool`."""

    pool: Objects  # predictions above the floor, after NMS
    kept: BoolArray  # (n,) they become labels
    weight: FloatArray  # (n,) how much a label counts; 0 where it is none
    unsure: BoolArray  # (n,) neither label nor background: to be left out, painted over or ignored
    thresholds: FloatArray  # (cells,) confidence from which on labels are taken; infinite: never
    chance: Chance  # with which predictions on other images would become labels, about

    @property
    def labels(self) -> Objects:
        """The predictions that became labels."""
        return self.pool.rows(self.kept)

    @property
    def empty(self) -> IntArray:
        """Images that are left without an object on purpose."""
        return np.setdiff1d(np.arange(self.pool.images), self.pool.image[self.kept])


class Labelling(Protocol):
    """A way to choose labels among predictions. Its fields are its options."""

    name: str
    question: str

    def choose(
        self,
        pool: Objects,
        reference: Expected,
        rng: np.random.Generator,
        anchor: Anchor | None = None,
    ) -> Chosen:
        """Choose labels among a detector's predictions.

        Raises:
            InputError: it needs an anchor, and there is none.
        """
        ...


def needed(anchor: Anchor | None, method: str) -> Anchor:
    """The anchor, for a method that cannot do without.

    Raises:
        InputError: there is none.
    """
    if anchor is None:
        raise InputError(
            f"{method} needs to know how often the detector is right, and there is no anchor",
            expected="the detector's predictions on images that people labelled",
            todo="Give the reference a val split (firsthand anchor), or use count_matched.",
        )
    return anchor


def candidates(pool: Objects, floor: float) -> Objects:
    """What can become a label at all: at or above the floor, and the surest of its class there."""
    pool = pool.rows(pool.confidence >= floor)
    return pool.rows(nms(pool))


def doubtful(pool: Objects, kept: BoolArray) -> BoolArray:
    """Predictions that are no label and overlap none, (n,): perhaps an object, perhaps nothing."""
    rest = np.flatnonzero(~kept)
    pairs = overlapping(pool.rows(rest), pool.rows(kept), CONFLICT, by_class=False)
    out = ~kept
    out[rest[pairs.first]] = False
    return out
