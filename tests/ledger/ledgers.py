"""Small ledgers and samples that tests share."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from firsthand.ledger import Ledger
from firsthand.provenance import declare
from firsthand.types import UNKNOWN, Boxes, Dataset, Provenance, Sample

CLASSES = ("RBC", "WBC", "Platelets")
HUMAN = declare("human")


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def sample(
    number: int,
    *,
    media: str = "",
    label: str = "",
    split: str = "train",
    classes: tuple[int, ...] = (0,),
    provenance: Provenance = UNKNOWN,
) -> Sample:
    boxes = Boxes(
        np.array(classes, np.int32),
        np.array([[0.5, 0.5, (number % 97 + 1) / 100, 0.2]] * len(classes)).reshape(-1, 4),
    )
    return Sample(
        key=f"im{number:05d}.jpg",
        media=digest(f"media {number} {media}"),
        label=digest(f"label {number} {label} {classes}"),
        split=split,
        group=f"patient{number % 7}",
        provenance=provenance,
        boxes=boxes,
    )


def dataset(*samples: Sample, classes: tuple[str, ...] = CLASSES) -> Dataset:
    return Dataset("made", "detect", classes, samples)


def ledger_with(folder: Path, samples: int = 10) -> Ledger:
    """A ledger whose v1 holds human samples of the source `data`."""
    ledger = Ledger.init(folder)
    ledger.add(dataset(*map(sample, range(samples))), declared=HUMAN, source=folder / "data")
    ledger.commit("human set", author="ann")
    return ledger


def content(found: Dataset) -> Counter[tuple[object, ...]]:
    """All that a version holds, as a multiset that can be compared."""
    return Counter(
        (
            one.key,
            one.media,
            one.label,
            one.split,
            one.group,
            replace(one.provenance, generation_at_least=None),
            labelled(one, found.classes),
            one.text,
            repr(one.row),
        )
        for one in found.samples
    )


def labelled(one: Sample, classes: tuple[str, ...]) -> str:
    """The label with class names instead of indices."""
    category = None if one.category is None else classes[one.category]
    if one.boxes is None:
        return repr(category)
    rows = zip(one.boxes.classes.tolist(), one.boxes.xywh.tolist(), strict=True)
    outlines = [outline.tolist() for outline in one.boxes.outlines]
    return repr((category, [(classes[index], xywh) for index, xywh in rows], outlines))
