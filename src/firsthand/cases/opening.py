"""From what a caller names to a pool that failures are made from."""

from __future__ import annotations

from typing import cast

from firsthand.cases.case import Pool
from firsthand.cases.documents import DocumentPool
from firsthand.cases.labels import LabelPool
from firsthand.cases.points import PointPool
from firsthand.contracts import BoxesView, FeatureView
from firsthand.errors import InputError
from firsthand.sides import Side
from firsthand.sources import BOXED, Source, samples_of, side_of
from firsthand.types import HUMAN, Dataset


def pool_of(data: Source, other: Source | None = None, features: str | None = None) -> Pool:
    """Documents of texts, labels of images with boxes, points of everything else.

    Args:
        data: human data.
        other: texts of another collection, from which documents from elsewhere are taken.
        features: what turns whole images into points, NAME or NAME=MODEL.

    Raises:
        InputError: it cannot be read, or no failure can be made from such data.
    """
    side = _opened(data, features)
    if side.task == "text":
        others = [] if other is None else _texts(samples_of(_opened(other, features)))
        return DocumentPool(_texts(samples_of(side)), others)
    if side.task in BOXED:
        return LabelPool(samples_of(side))
    if "features" not in side.offers:
        raise InputError(
            f"{side.task} data have no points", expected="texts, boxes, images or points"
        )
    return _points(side)


def _opened(source: Source, features: str | None) -> Side:
    """A side; undeclared samples are taken for human, as the reference always is."""
    reading = {"declared": HUMAN} if isinstance(source, str) else {}
    return side_of(source, features, **reading)


def _texts(dataset: Dataset) -> list[str]:
    return [sample.text for sample in dataset.samples if sample.text]


def _points(side: Side) -> PointPool:
    """Points with their classes, where each of them has one."""
    view = cast(FeatureView, side.view("features"))
    if "boxes" not in side.offers or len(side.labelled()) != len(view.features):
        return PointPool(view.features)
    return PointPool(view.features, cast(BoxesView, side.view("boxes")).label)
