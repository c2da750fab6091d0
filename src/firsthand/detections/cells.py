"""Class by size: the cells in which objects are counted, fixed once by a human reference.

Sizes are thirds of the reference's own areas over all classes, as elsewhere (docs/decisions/0005),
or whatever edges are given: what is small in cells under a microscope is not what is small in
streets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from firsthand.detections.objects import IntArray, Objects
from firsthand.errors import InputError
from firsthand.types import ALL, BoolArray, FloatArray, Slice

THIRDS = (1 / 3, 2 / 3)
SIZES = ("small", "medium", "large")


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Names of classes and sizes, and the areas at which one size ends and the next begins.

    A cell's number is class * sizes + size. An area on an edge belongs to the larger size.
    """

    classes: tuple[str, ...]
    edges: tuple[float, ...]  # rising shares of the image, one fewer than sizes
    sizes: tuple[str, ...] = SIZES

    def __post_init__(self) -> None:
        rising = all(a <= b for a, b in zip(self.edges, self.edges[1:], strict=False))
        if len(self.edges) != len(self.sizes) - 1 or not rising:
            raise InputError(
                f"edges {self.edges} between the sizes {self.sizes}",
                expected="rising areas, one fewer than sizes",
            )

    def __len__(self) -> int:
        return len(self.classes) * len(self.sizes)

    def of(self, objects: Objects) -> IntArray:
        """The cell of each object, (n,)."""
        return objects.label * len(self.sizes) + self.size(objects)

    def size(self, objects: Objects) -> IntArray:
        """The size of each object, (n,) index into sizes."""
        return np.searchsorted(np.array(self.edges), objects.area, side="right")

    def counts(self, objects: Objects) -> FloatArray:
        """Objects in each cell, (cells,); an image of weight 2 counts twice."""
        weights = objects.weight[objects.image]
        return np.bincount(self.of(objects), weights, minlength=len(self)).astype(np.float64)

    def slices(self) -> tuple[tuple[Slice, ...], BoolArray]:
        """Every slice that is looked at, and the cells that it adds up, (slices, cells).

        Everything; each class; each size; each cell. One class, or one size, is everything.
        """
        kinds, sizes = len(self.classes), len(self.sizes)
        label, size = np.divmod(np.arange(len(self)), sizes)
        found: list[tuple[Slice, BoolArray]] = [(ALL, np.ones(len(self), bool))]
        if kinds > 1:
            found += [((("class", n),), label == at) for at, n in enumerate(self.classes)]
        if sizes > 1:
            found += [((("size", n),), size == at) for at, n in enumerate(self.sizes)]
        if kinds > 1 and sizes > 1:
            found += [
                ((("class", self.classes[c]), ("size", self.sizes[s])), (label == c) & (size == s))
                for c in range(kinds)
                for s in range(sizes)
            ]
        parts, members = zip(*found, strict=True)
        return parts, np.array(members)


def cells_of(reference: Objects, classes: Sequence[str]) -> Cells:
    """Classes by thirds of the reference's areas.

    Raises:
        InputError: the reference holds no object.
    """
    if not len(reference):
        raise InputError("the reference holds no object", expected="labelled objects")
    edges = np.quantile(reference.area, THIRDS)
    return Cells(tuple(classes), tuple(edges.tolist()))
