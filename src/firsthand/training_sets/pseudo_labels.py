"""Labels that a model made, as a training set that says so: images, labels, confidences, origins.

Label files have five columns, or an outline in place of the box, as trainers take them: one more, a
confidence, makes Ultralytics drop the image. An image without an object has an empty file on
purpose. What was predicted, with its confidence and what became of it, stands in
`firsthand-predictions.jsonl`; what a person should look at first in `firsthand-check.jsonl`; who
made what in `provenance.jsonl`. The validation set is people's, or there is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from firsthand.content import boxes_digests, class_keys
from firsthand.detections import Detections
from firsthand.detections import files as prediction_files
from firsthand.detections.checking import Check
from firsthand.detections.choosing import Chosen
from firsthand.detections.objects import IntArray, Objects
from firsthand.errors import InputError
from firsthand.training_sets import origins, validation, yolo
from firsthand.training_sets.assembling import building
from firsthand.training_sets.drawn import Item, Line
from firsthand.types import Boxes, Provenance, Sample

PREDICTIONS = "firsthand-predictions.jsonl"
CHECKS = "firsthand-check.jsonl"
SUMMARY = "firsthand-label.json"


def samples_of(
    chosen: Chosen,
    found: Mapping[str, Detections],
    images: Mapping[str, Sample],
    sizes: Mapping[str, tuple[int, int]],
    classes: Sequence[str],
    made_by: Provenance,
    *,
    lined: bool,
) -> list[Sample]:
    """Each image of the pool with its labels; without any it is labelled as empty.

    Args:
        chosen: which predictions became labels.
        found: all predictions by image, with outlines if labels shall have them.
        images: the pool's images by key.
        sizes: width and height of each in pixels, (0, 0) where unknown.
        classes: names of the class numbers.
        made_by: where the labels come from.
        lined: labels are outlines, not boxes.
    """
    labels = chosen.labels
    order = np.argsort(labels.image, kind="stable")
    ends = np.searchsorted(labels.image[order], np.arange(labels.images), side="right")
    boxes = [
        _lined(labels, rows, found[key]) if lined else _plain(labels, rows)
        for key, rows in zip(labels.keys, np.split(order, ends[:-1]), strict=True)
    ]
    pixels = np.array([sizes.get(key, (0, 0)) for key in labels.keys], np.int64).reshape(-1, 2)
    digests = boxes_digests(boxes, class_keys(classes), pixels)
    return [
        replace(images[key], boxes=held, label=digest, split="train", provenance=made_by)
        for key, held, digest in zip(labels.keys, boxes, digests, strict=True)
    ]


def _plain(labels: Objects, rows: IntArray) -> Boxes:
    return Boxes(labels.label[rows].astype(np.int32), np.round(labels.xywh[rows], 6))


def _lined(labels: Objects, rows: IntArray, found: Detections) -> Boxes:
    """Labels with the outlines that were found with them; each box is that around its outline."""
    lines = tuple(np.round(found.outlines[_place(labels, row, found)], 6) for row in rows)
    low, high = (
        np.array([getattr(line, end)(axis=0) for line in lines]).reshape(-1, 2)
        for end in ("min", "max")
    )
    xywh = np.concatenate([(low + high) / 2, high - low], axis=1)
    return Boxes(labels.label[rows].astype(np.int32), xywh, lines)


def _place(labels: Objects, row: int, found: Detections) -> int:
    """Which of an image's predictions a label is."""
    same = (found.classes == labels.label[row]) & (found.confidence == labels.confidence[row])
    return int(np.flatnonzero(same & (found.xywh == labels.xywh[row]).all(axis=1))[0])


def write(
    out: Path,
    train: Sequence[Sample],
    val: Sequence[Sample],
    classes: Sequence[str],
    beside: Mapping[str, Iterator[dict[str, Any]]],
    summary: Mapping[str, Any],
) -> None:
    """Write the set, whole or not at all.

    Args:
        out: a folder that is not there yet.
        train: images with labels that a model made.
        val: images that people labelled; without any no `val` is written.
        classes: names.
        beside: further files by name, one JSON record a line.
        summary: what was done, for whoever finds the folder.

    Raises:
        InputError: the folder exists, the disk is full, or `val` holds what no person labelled.
    """
    validation.check(val, train)
    sets = {"train": [Line(Item(one, "generated"), 1) for one in train]}
    if val:
        sets["val"] = [Line(Item(one, "human"), 1) for one in val]
    with building(out) as part:
        yolo.write(part, sets, classes, "reference")
        origins.write(part, [*train, *val])
        for name, records in beside.items():
            with (part / name).open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in records)
        text = json.dumps(summary, ensure_ascii=False, indent=1)
        (part / SUMMARY).write_text(text + "\n", encoding="utf-8")


def predictions(
    chosen: Chosen, found: Mapping[str, Detections], classes: Sequence[str], generator: str
) -> Iterator[dict[str, Any]]:
    """A record an image: every prediction above the floor, and which became labels or are unsure.

    `weights` stands there where labels do not count alike.
    """
    yield prediction_files.head(classes, generator)
    pool = chosen.pool
    order = np.argsort(pool.image, kind="stable")
    ends = np.searchsorted(pool.image[order], np.arange(pool.images), side="right")
    for key, rows in zip(pool.keys, np.split(order, ends[:-1]), strict=True):
        one = Detections(
            key,
            pool.label[rows].astype(np.int32),
            pool.xywh[rows],
            pool.confidence[rows],
            found[key].media,
            found[key].size,
        )
        said = prediction_files.record(one)
        said["kept"] = np.flatnonzero(chosen.kept[rows]).tolist()
        said["unsure"] = np.flatnonzero(chosen.unsure[rows]).tolist()
        weights = chosen.weight[rows][chosen.kept[rows]]
        if (weights != 1).any():
            said["weights"] = np.round(weights, 6).tolist()
        yield said


def checks(found: Sequence[Check], chosen: Chosen) -> Iterator[dict[str, Any]]:
    """A record a box that a person should look at, the most urgent first."""
    for each in found:
        said = each._asdict()
        row = said.pop("row")
        numbers = {name: round(said[name], 6) for name in ("confidence", "likely", "score")}
        box = np.round(chosen.pool.xywh[row], 6).tolist()
        yield said | numbers | {"box": box, "labelled": bool(chosen.kept[row])}


def refuse_nothing(chosen: Chosen) -> None:
    """Labels that say of every image that nothing is in it are no labels.

    Raises:
        InputError: there are no predictions that could be labels.
    """
    if not len(chosen.pool) or not chosen.kept.any():
        raise InputError(
            f"of {chosen.pool.images:,} images not one would get a label: "
            f"{len(chosen.pool):,} predictions are above the floor",
            expected="a detector that finds something",
            todo="Was it given the right images, and its predictions with a low conf (0.01)?",
        )
