"""How well does the model of an epoch find what people labelled, class by class and size by size?

Looks are taken at the weights that training has just saved, loaded anew, so that nothing of the
running training is touched. They are paid from a budget: a share of the time that training takes,
by what looks have cost so far.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from firsthand.detections import (
    Cells,
    Detections,
    Objects,
    Scored,
    cells_of,
    compare,
    gather,
    labelled,
    measure,
    score,
)
from firsthand.errors import InputError
from firsthand.integrations.ultralytics.predict import Predictor, framework, predictor
from firsthand.types import Boxes, Dataset, Measurement, Sample, Skip, Undetermined

Every = int | Literal["auto"]

SHARE = 0.15
"""Of the training's time, at most this is spent on looking, unless the last looks take more."""
PROBE = 8
CONFIDENCE = 0.25
"""At which a box counts as found: what `YOLO.predict` shows by default."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A model on the human anchor."""

    name: str  # of the model, as a person is told
    epoch: int  # from 1; 0 for a model that was not trained here
    found: Objects
    scored: Scored
    recall: tuple[Measurement | Undetermined, ...]
    seconds: float

    def against(self, before: Look) -> tuple[Measurement | Undetermined, ...]:
        """What of the other's recall is left, slice by slice; 1 is all of it."""
        return compare(before.scored, self.scored, "recall", CONFIDENCE)


@dataclass(slots=True)
class Watch:
    """The human anchor, and how to look at models with it."""

    samples: tuple[Sample, ...]
    human: Objects
    cells: Cells
    settings: dict[str, Any]  # of `YOLO.predict`
    skips: list[Skip] = field(default_factory=list)

    def look(self, weights: Path, name: str, epoch: int = 0) -> Look:
        """Ask a model about every image of the anchor.

        Raises:
            InputError: the weights cannot be loaded, or no image can be read.
        """
        began = time.perf_counter()
        with undisturbed():
            asked = predictor(weights, **self.settings)
            found = gather(_renumbered(asked, self.cells.classes)(self.samples))
        self.skips += asked.skips if not self.skips else []
        return self.scored(found, name, epoch, time.perf_counter() - began)

    def scored(self, found: Objects, name: str, epoch: int = 0, seconds: float = 0.0) -> Look:
        """A look from predictions that were made before.

        Raises:
            InputError: they are of other images.
        """
        held = score(self.human, found, self.cells)
        return Look(name, epoch, found, held, measure(held, "recall", CONFIDENCE), seconds)

    def probe(self, weights: Path) -> float:
        """About how many seconds would a look take? Asks about a few images."""
        began = time.perf_counter()
        with undisturbed():
            asked = predictor(weights, **self.settings)
            between = time.perf_counter()
            some = sum(1 for _ in asked(islice(self.samples, PROBE)))
        each = (time.perf_counter() - between) / max(some, 1)
        return between - began + each * len(self.samples)


def watch_over(
    anchor: Dataset, reference: Dataset, classes: Sequence[str], settings: Mapping[str, Any]
) -> Watch:
    """Prepare an anchor for a model of these classes; sizes are thirds of the reference's.

    Raises:
        InputError: the anchor has no labelled object, or of a class that the model does not know.
    """
    boxed = as_boxes(anchor)
    human = labelled(boxed, classes)
    if not len(human):
        raise InputError(
            "no object is labelled in the anchor",
            expected="images with labels of people",
            where=anchor.name,
        )
    if anchor.task == "classify":
        cells = Cells(tuple(classes), (), ("all",))
    else:
        cells = cells_of(labelled(as_boxes(reference), reference.classes), classes)
    there = set(human.keys)
    samples = tuple(each for each in boxed.samples if each.key in there)
    return Watch(samples, human, cells, dict(settings))


def as_boxes(dataset: Dataset) -> Dataset:
    """The class of a whole image as one box that covers it."""
    if dataset.task != "classify":
        return dataset
    return replace(
        dataset,
        samples=tuple(
            replace(
                each, boxes=Boxes(np.array([each.category], np.int32), np.array([[0.5, 0.5, 1, 1]]))
            )
            for each in dataset.samples
            if each.category is not None
        ),
    )


def as_one(dataset: Dataset, classes: Sequence[str]) -> Dataset:
    """All objects of one class, as `single_cls` trains them."""
    return replace(
        dataset,
        classes=tuple(classes),
        samples=tuple(
            each
            if each.boxes is None
            else replace(each, boxes=replace(each.boxes, classes=np.zeros_like(each.boxes.classes)))
            for each in dataset.samples
        ),
    )


def _renumbered(asked: Predictor, classes: tuple[str, ...]) -> Any:
    """The same answers with class numbers that stand for these names; others are left out."""
    place = {name: at for at, name in enumerate(classes)}
    table = np.array([place.get(name, -1) for name in asked.classes], np.int32)

    def answers(samples: Sequence[Sample]) -> Iterator[Detections]:
        for each in asked(samples):
            number = table[each.classes]
            known = number >= 0
            yield replace(
                each,
                classes=number[known],
                xywh=each.xywh[known],
                confidence=each.confidence[known],
            )

    return answers


@contextmanager
def undisturbed() -> Iterator[None]:
    """Leave every source of random numbers, and whether gradients are kept, as they were."""
    framework()
    import importlib

    torch = importlib.import_module("torch")
    drawn = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            yield
    finally:
        random.setstate(drawn[0])
        np.random.set_state(drawn[1])  # noqa: NPY002
        torch.set_rng_state(drawn[2])
        if devices:
            torch.cuda.set_rng_state_all(devices)


def check_every(every: object) -> None:
    """Is it "auto", or a number of epochs?

    Raises:
        InputError: it is neither.
    """
    if every != "auto" and (not isinstance(every, int) or isinstance(every, bool) or every < 1):
        raise InputError(
            f"anchor_every is {every!r}", expected='"auto", or a number of epochs from 1'
        )


@dataclass(slots=True)
class Budget:
    """When to look: at every n-th epoch, or as often as a share of the training's time allows."""

    every: Every
    epochs: int
    at_the_end: int = 2  # looks that come whatever they cost: the last epoch's, the best one's
    cost: float = 0.0  # seconds of a look, as far as is known
    spent: float = 0.0
    trained: float = 0.0
    done: int = 0

    def epoch(self, seconds: float) -> None:
        """An epoch of training is over."""
        self.trained += seconds
        self.done += 1

    def paid(self, seconds: float, *, whole: bool) -> None:
        """Something was looked at; a whole look tells what the next one will cost."""
        self.spent += seconds
        if whole:
            self.cost = seconds

    def due(self, last: bool) -> bool:
        """Shall this epoch be looked at? The last always is."""
        if last:
            return True
        if self.every != "auto":
            return self.done % self.every == 0
        wait = -(-self.epochs // max(self._affordable(), 1))
        enough = self.spent + self.cost * (1 + self.at_the_end) <= SHARE * self._expected()
        return enough and self.done % wait == 0

    @property
    def share(self) -> float:
        """Seconds spent on looking over seconds of training."""
        return self.spent / self.trained if self.trained else 0.0

    def _expected(self) -> float:
        """Seconds that the whole training will take, by the epochs so far."""
        return self.trained / max(self.done, 1) * self.epochs

    def _affordable(self) -> int:
        return int(SHARE * self._expected() / self.cost) - self.at_the_end if self.cost else 0
