"""Boxes of images, from which failures of labels are made. Labels have no near copies."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from firsthand.cases.case import Ids, Kind
from firsthand.content import boxes_digest
from firsthand.errors import InputError
from firsthand.recursion import Sampling
from firsthand.types import Boxes, Dataset, FloatArray, Provenance, Sample

SMALLER = 0.5  # of the area


class LabelPool:
    """Labelled images; modes are the classes of their boxes."""

    kind: Kind = "labels"

    def __init__(self, dataset: Dataset) -> None:
        self._samples = [each for each in dataset.samples if each.boxes is not None]
        self._dataset = dataset
        self.modes = len(dataset.classes)
        if self.modes < 2:
            raise InputError("a single class", expected="two or more", where=dataset.name)

    def __len__(self) -> int:
        """How many labelled images there are."""
        return len(self._samples)

    def repeated(self, n: int, rng: np.random.Generator) -> LabelPool:
        """So many images drawn with replacement: counts of labels need no new pictures."""
        rows = rng.integers(0, len(self._samples), n)
        return LabelPool(
            replace(self._dataset, samples=tuple(self._samples[at] for at in rows), skips=())
        )

    def fitting(self, rows: Ids, modes: Ids | None) -> Ids:  # noqa: ARG002
        """Every image: of other modes, only boxes are left out."""
        return rows

    def take(self, rows: Ids, modes: Ids | None) -> list[Sample]:
        """Images with their boxes of these classes."""
        chosen = [self._samples[at] for at in rows]
        if modes is None:
            return chosen
        return [_with(each, np.isin(_boxes(each).classes, modes)) for each in chosen]

    def mixed(
        self, first: Sequence[Sample], second: Sequence[Sample], which: NDArray[np.bool_]
    ) -> list[Sample]:
        """Images of the second where it says so."""
        return [b if take else a for a, b, take in zip(first, second, which, strict=True)]

    def copies(self, of: Sequence[Sample], rng: np.random.Generator) -> list[Sample]:
        """Refused.

        Raises:
            InputError: always.
        """
        del of, rng
        raise InputError("labels have no near copies", expected="points or documents")

    def elsewhere(
        self, of: Sequence[Sample], like: Sequence[Sample], turn: int, rng: np.random.Generator
    ) -> list[Sample]:
        """Boxes of half the area, where they were."""
        del like, turn, rng
        factor = np.array([1, 1, SMALLER**0.5, SMALLER**0.5])
        return [
            replace(each, boxes=Boxes(_boxes(each).classes, _boxes(each).xywh * factor))
            for each in of
        ]

    def output(
        self,
        trained: Sequence[Sample],
        fresh: Sequence[Sample],
        n: int,
        sampling: Sampling,
        rng: np.random.Generator,
    ) -> list[Sample]:
        """A good labeller's boxes, those of disfavoured classes kept the more rarely."""
        kept = _kept(_counts(trained, self.modes), sampling)
        return [
            _with(each, rng.random(len(_boxes(each).classes)) < kept[_boxes(each).classes])
            for each in fresh[:n]
        ]

    def learnt(
        self, trained: Sequence[Sample], n: int, sampling: Sampling, rng: np.random.Generator
    ) -> list[Sample]:
        """Counts of classes as the set has them: its label sets drawn anew, and then filtered."""
        drawn = [trained[at] for at in rng.integers(0, len(trained), n)]
        return self.output(trained, drawn, n, sampling, rng)

    def wider(
        self,
        trained: Sequence[Sample],
        fresh: Sequence[Sample],
        factor: float,
        rng: np.random.Generator,
    ) -> list[Sample]:
        """Refused.

        Raises:
            InputError: always.
        """
        del trained, fresh, factor, rng
        raise InputError("labels have no spread", expected="points or documents")

    def shown(self, of: Sequence[Sample], name: str, origin: Provenance) -> Dataset:
        """Images as a dataset. Each counts as a medium of its own."""
        classes = self._dataset.classes
        samples = tuple(
            replace(
                each,
                key=f"{name}-{at}",
                media=hashlib.sha256(f"{name}-{at}-{each.key}".encode()).digest(),
                label=boxes_digest(_boxes(each), classes, None),
                group="",
                split="",
                provenance=origin,
            )
            for at, each in enumerate(of)
        )
        return Dataset(name, self._dataset.task, classes, samples)


def _boxes(of: Sample) -> Boxes:
    assert of.boxes is not None
    return of.boxes


def _with(of: Sample, kept: NDArray[np.bool_]) -> Sample:
    boxes = _boxes(of)
    return replace(of, boxes=Boxes(boxes.classes[kept], boxes.xywh[kept]))


def _counts(of: Sequence[Sample], classes: int) -> FloatArray:
    labels = np.concatenate([_boxes(each).classes for each in of])
    return np.bincount(labels, minlength=classes).astype(float)


def _kept(counts: FloatArray, sampling: Sampling) -> FloatArray:
    """The chance of a box of each class to be kept: the most frequent class loses none.

    Shares to the power 1 / temperature; of top-p, the classes that make up so much, the last whole.
    """
    shares = counts / max(counts.sum(), 1.0)
    power = np.where(shares > 0, shares, 1.0) ** (1 / sampling.temperature - 1)
    kept = np.where(shares > 0, power / power[shares.argmax()], 1.0)
    order = np.argsort(-shares, kind="stable")
    before = np.cumsum(shares[order]) - shares[order]
    kept[order[before >= sampling.top_p - 1e-12]] = 0.0
    return np.minimum(kept, 1.0)
