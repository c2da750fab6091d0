"""What does a detector's threshold of confidence keep, and which one would keep the tail?

Predictions with their confidences are counted by class and size at the threshold in use, and held
against what people draw on as many images. The threshold that would keep as many is that of
count-matched labels (`labelling.count_matched`), with its way with overlaps.

Fails where the images hold another mix of objects than the reference, as count matching does; and
counts are no recall: what is kept may stand in the wrong place.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from firsthand.detections import cells_of, labelled
from firsthand.detections import files as prediction_files
from firsthand.detections.choosing import Expected, expected
from firsthand.detections.objects import Detections, Objects, gather
from firsthand.diagnosing.answer import Operating
from firsthand.errors import InputError
from firsthand.labelling.count_matched import CountMatched
from firsthand.sides import DatasetSide, Side
from firsthand.types import FloatArray, Skip

CONFIDENCE = 0.25  # what Ultralytics predicts with, unless told
LEAST = 10  # objects that people drew, as for `class_survival`


def operating(path: Path, reference: Side, confidence: float) -> tuple[Operating, ...]:
    """Of each class, size and both: what the threshold in use keeps, and what would keep the tail.

    Args:
        path: predictions, one record an image (`firsthand.detections/1`), from low confidences up.
        reference: images with boxes that people drew.
        confidence: the threshold in use.

    Raises:
        InputError: the reference has no boxes, the threshold is no confidence, or the file is no
            such file, holds no image, or does not say in which images nothing was found.
    """
    if not isinstance(reference, DatasetSide) or "boxes" not in reference.offers:
        raise InputError("the reference holds no boxes", expected="images with people's boxes")
    if not 0 <= confidence <= 1:
        raise InputError(f"the confidence is {confidence}", expected="a number from 0 to 1")
    human = labelled(reference.dataset)
    wanted = expected(human, cells_of(human, reference.classes))
    pool = _predicted(path, reference.classes)
    chosen = CountMatched(floor=0.0).choose(pool, wanted, np.random.default_rng(0))
    sure = chosen.pool.rows(chosen.pool.confidence >= confidence)
    counts = tuple(map(wanted.cells.counts, (human, sure, chosen.pool)))
    return _by_slice(wanted, counts, pool.images, chosen.thresholds)


def _by_slice(
    wanted: Expected, counts: tuple[FloatArray, ...], images: int, thresholds: FloatArray
) -> tuple[Operating, ...]:
    drawn, kept, reached = counts
    parts, members = wanted.cells.slices()
    found = []
    for part, member in zip(parts, members, strict=True):
        n, due = int(drawn[member].sum()), float(wanted.rate[member].sum() * images)
        enough = n >= LEAST and due > 0
        at = float(thresholds[member][0]) if member.sum() == 1 else np.inf
        found.append(
            Operating(
                slice=part,
                n=n,
                kept=float(kept[member].sum() / due) if enough else None,
                reached=float(reached[member].sum() / due) if enough else None,
                threshold=at if enough and np.isfinite(at) else None,
            )
        )
    return tuple(found)


def _predicted(path: Path, classes: tuple[str, ...]) -> Objects:
    """All predictions, with the reference's numbers of classes."""
    opened = prediction_files.read(path, classes)
    if not opened.every_image:
        raise InputError(
            "files of labels do not say in which images nothing was found",
            expected="one record an image in a .jsonl, as firsthand.detections writes it",
            where=str(path),
        )
    items = list(opened.items)
    skips = [one for one in items if isinstance(one, Skip)]
    if skips:
        what = f"{skips[0].code} {skips[0].found}"
        raise InputError(
            f"{len(skips)} of {len(items)} records cannot be used: {what}",
            expected="one record an image, with finite boxes and confidences",
            where=f"{skips[0].path}:{skips[0].line}",
        )
    pool = gather(one for one in items if isinstance(one, Detections))
    if not pool.images:
        raise InputError("it holds no image", expected="predictions", where=str(path))
    number = np.array([classes.index(name) for name in opened.classes], np.int64)
    return Objects(
        pool.keys, pool.media, pool.image, number[pool.label], pool.xywh, pool.confidence,
        pool.group, pool.weight,
    )  # fmt: skip
