"""What was labelled, how good it is thought to be, and what a person should look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from firsthand.detections.checking import Check, check_list, label_quality
from firsthand.detections.choosing import Anchor, Chosen, Expected
from firsthand.detections.mix import NAME as MIX
from firsthand.detections.mix import mix
from firsthand.detections.probability import confidence, learn
from firsthand.errors import InputError
from firsthand.types import BoolArray, FloatArray, Measurement, Skip, Undetermined

SCHEMA = "firsthand.label/1"
EVEN = 0.5
"""Where fewer labels of a class than this are expected to be right, a person has to look."""
Answers = tuple[Measurement | Undetermined, ...]


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A class whose labels a person should look at, and why."""

    name: str
    why: str  # "rarer" or "more-frequent" than in the reference, "mostly-wrong" labels, or
    # "unknown-class" of the detector
    share: float  # objects an image over the reference's, or share of labels expected to be right


@dataclass(frozen=True, kw_only=True)
class Labels:
    """A labelled pool. Everything about quality comes from the anchor, or cannot be said."""

    out: Path
    method: str
    generator: str
    generation: int | None  # of the labels; None where nobody knows
    images: int
    empty: int  # left without an object on purpose
    labels: int
    unsure: int  # predictions that are neither label nor background
    classes: Mapping[str, Mapping[str, int]]  # class -> size -> labels
    wanted: Mapping[str, float]  # class -> labels that the reference's mix would give
    thresholds: Mapping[str, Mapping[str, float | None]]  # None: no label is taken there
    quality: Answers  # label_recall and label_precision
    mix: Answers  # class_mix
    doubts: tuple[Doubt, ...]
    checks: tuple[Check, ...]
    anchor_images: int
    val: int  # images of the validation set that people labelled
    media: str = "unknown"  # who made the images
    boxes_only: bool  # the reference has outlines, and the labels have none
    skips: tuple[Skip, ...]
    seed: int
    version: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """As plain values, without the single boxes, which have a file of their own."""
        own = {name: getattr(self, name) for name in _PLAIN}
        records = {name: [asdict(each) for each in getattr(self, name)] for name in _RECORDS}
        return (
            own
            | records
            | {
                "out": str(self.out),
                "skips": dict(Counter(skip.code for skip in self.skips)),
                "to_check": len(self.checks),
            }
        )


_PLAIN = (
    "method",
    "generator",
    "generation",
    "images",
    "empty",
    "labels",
    "unsure",
    "classes",
    "wanted",
    "thresholds",
    "anchor_images",
    "val",
    "boxes_only",
    "seed",
    "version",
)
_RECORDS = ("quality", "mix", "doubts")


def unknown(own: tuple[str, ...], classes: tuple[str, ...]) -> tuple[Doubt, ...]:
    """Classes of the reference that a detector cannot name, and which get no label.

    Raises:
        InputError: it can name none.
    """
    absent = [name for name in classes if name not in own]
    if len(absent) == len(classes):
        raise InputError(
            f"the detector knows {', '.join(own[:5])}, and no class of the reference",
            expected="one of " + ", ".join(classes),
        )
    return tuple(Doubt(name=name, why="unknown-class", share=0.0) for name in absent)


def told(
    chosen: Chosen, reference: Expected, anchor: Anchor | None, most: int, seed: int
) -> dict[str, Any]:
    """What there is to say of chosen labels, as fields of `Labels`.

    Args:
        chosen: the labels.
        reference: what people label on an image.
        anchor: the detector on images that people labelled; without it quality cannot be said.
        most: how many boxes to list for a person.
        seed: of intervals.
    """
    cells = reference.cells
    likely = confidence if anchor is None else learn(anchor, cells)
    quality, mixed, differs, doubts = _nothing(reference)
    if anchor is not None:
        quality = label_quality(chosen, anchor, cells, seed)
        found = mix(chosen.pool, reference, anchor, seed)
        mixed, differs = found.answers, found.differs
        wrong = _mostly_wrong(chosen, likely(chosen.pool), len(cells.classes))
        doubts = (*_mixed(mixed, differs, cells.classes), *_wrong(wrong, cells.classes))
        differs = differs | (wrong < EVEN)
    per_cell = cells.counts(chosen.labels).reshape(len(cells.classes), -1)
    wanted = reference.by_class * chosen.pool.images
    return {
        "images": chosen.pool.images,
        "empty": len(chosen.empty),
        "labels": int(chosen.kept.sum()),
        "unsure": int(chosen.unsure.sum()),
        "classes": _table(cells.classes, cells.sizes, per_cell.astype(int).tolist()),
        "wanted": dict(zip(cells.classes, np.round(wanted, 1).tolist(), strict=True)),
        "thresholds": _table(cells.classes, cells.sizes, _finite(chosen.thresholds, per_cell)),
        "quality": quality,
        "mix": mixed,
        "doubts": doubts,
        "checks": check_list(chosen, reference, likely, differs, most),
        "anchor_images": 0 if anchor is None else anchor.human.images,
    }


def _nothing(reference: Expected) -> tuple[Answers, Answers, BoolArray, tuple[Doubt, ...]]:
    """What can be said without an anchor."""
    unknown = tuple(
        Undetermined(metric=name, reason="no-labelled-anchor")
        for name in ("label_recall", "label_precision")
    )
    mixed = (Undetermined(metric=MIX, reason="no-labelled-anchor"),)
    return unknown, mixed, np.zeros(len(reference.cells.classes), bool), ()


def _mostly_wrong(chosen: Chosen, likely: FloatArray, kinds: int) -> FloatArray:
    """The share of each class's labels that is expected to be right; 1 where there is none."""
    label, weight = chosen.pool.label, chosen.weight
    total = np.bincount(label, weight, kinds)
    right = np.bincount(label, weight * likely, kinds)
    return np.asarray(np.divide(right, total, out=np.ones(kinds), where=total > 0))


def _mixed(answers: Answers, differs: BoolArray, names: tuple[str, ...]) -> tuple[Doubt, ...]:
    return tuple(
        Doubt(
            name=name,
            why="rarer" if each.value < 1 else "more-frequent",
            share=each.value,
        )
        for name, each, off in zip(names, answers, differs, strict=True)
        if off and isinstance(each, Measurement)
    )


def _wrong(shares: FloatArray, names: tuple[str, ...]) -> tuple[Doubt, ...]:
    return tuple(
        Doubt(name=name, why="mostly-wrong", share=float(share))
        for name, share in zip(names, shares, strict=True)
        if share < EVEN
    )


def _table(rows: tuple[str, ...], columns: tuple[str, ...], values: list[Any]) -> dict[str, Any]:
    return {
        row: dict(zip(columns, line, strict=True)) for row, line in zip(rows, values, strict=True)
    }


def _finite(thresholds: FloatArray, like: FloatArray) -> list[Any]:
    width = like.shape[1]
    values = [float(each) if np.isfinite(each) else None for each in np.round(thresholds, 4)]
    return [values[at : at + width] for at in range(0, len(values), width)]
