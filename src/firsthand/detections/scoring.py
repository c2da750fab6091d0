"""A detector on labelled images: what it found, missed and made up, summed by group and slice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from firsthand.detections.cells import Cells
from firsthand.detections.matching import Matching, match
from firsthand.detections.objects import IntArray, Objects, aligned
from firsthand.types import BoolArray, FloatArray

UNITS = 1000
"""Groups are resampled one by one up to this number; of more, several are dealt into one unit."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Who found what. Human and predicted objects stand in the same images in the same order."""

    cells: Cells
    human: Objects
    found: Objects
    matching: Matching
    iou: float

    @property
    def right(self) -> BoolArray:
        """Which predictions found an object, (predictions,)."""
        return self.matching.human >= 0

    @property
    def unweighted(self) -> Scored:
        """Every image counts once: how many objects there really are."""
        ones = np.ones(self.human.images)
        human, found = (replace(each, weight=ones) for each in (self.human, self.found))
        return replace(self, human=human, found=found)

    @property
    def groups(self) -> int:
        """How many groups of images there are that do not depend on each other."""
        return int(self.human.group.max(initial=-1)) + 1

    @property
    def unit(self) -> IntArray:
        """What is resampled as one, for each image, (images,)."""
        return self.human.group % UNITS

    @property
    def units(self) -> int:
        """How many units there are."""
        return min(self.groups, UNITS)


def score(human: Objects, found: Objects, cells: Cells, iou: float = 0.5) -> Scored:
    """Match predictions with labels on the images that are on both sides.

    Args:
        human: what people labelled; its groups and weights are used.
        found: what was predicted, as it was predicted: no threshold, no NMS is applied.
        cells: classes by sizes.
        iou: smallest overlap that counts as found.

    Raises:
        InputError: no image is on both sides.
    """
    human, found = aligned(human, found)
    return Scored(cells, human, found, match(human, found, iou), iou)


class Sums(NamedTuple):
    """Counts by unit and cell; an image of weight 2 counts twice. (units, cells) each."""

    objects: FloatArray  # labelled
    hits: FloatArray  # of them found, at or above the confidence
    predicted: FloatArray  # predictions at or above the confidence
    right: FloatArray  # of them those that found an object
    images: FloatArray  # (units, 1)

    def over(self, members: BoolArray) -> Sums:
        """The same by unit and slice; `members` is (slices, cells)."""
        take = members.T.astype(np.float64)
        objects, hits, predicted, right = (each @ take for each in self[:4])
        return Sums(objects, hits, predicted, right, self.images)


def sums(scored: Scored, confidence: ArrayLike = 0.25) -> Sums:
    """Count at an operating confidence: one for all, or one a cell, (cells,).

    An object's cell is its own; a prediction's, its predicted class and size. With a confidence a
    cell, a prediction counts if it clears that of its own predicted cell.
    """
    least = np.broadcast_to(np.asarray(confidence, np.float64), len(scored.cells))
    place = scored.cells.of(scored.found)
    sure = scored.found.confidence >= least[place]
    finder = scored.matching.found
    hit = (finder >= 0) & np.append(sure, False)[finder]
    at = scored.cells.of(scored.human)
    ones = np.bincount(scored.unit, scored.human.weight, scored.units).astype(np.float64)
    return Sums(
        _by_unit(scored, scored.human, at, np.ones(len(at), bool)),
        _by_unit(scored, scored.human, at, hit),
        _by_unit(scored, scored.found, place, sure),
        _by_unit(scored, scored.found, place, sure & scored.right),
        ones[:, None],
    )


def _by_unit(scored: Scored, objects: Objects, cell: IntArray, which: BoolArray) -> FloatArray:
    image = objects.image[which]
    width = len(scored.cells)
    key = scored.unit[image] * width + cell[which]
    out = np.bincount(key, objects.weight[image], minlength=scored.units * width)
    return out.astype(np.float64).reshape(scored.units, width)


def resamples(units: int, seed: int, replicates: int) -> FloatArray:
    """How often each unit is drawn in each bootstrap replicate, (replicates, units)."""
    rng = np.random.Generator(np.random.Philox(key=seed, counter=3))
    drawn = rng.multinomial(units, np.full(units, 1 / units), size=replicates)
    return drawn.astype(np.float64)
