"""What should a person look at, of what a model labelled? And how good are the labels, about?

Quality is read off the anchor: treated as the pool was, how many of its objects get a label, and
how many of its labels are right. What to look at is ranked by how likely a look changes something,
and by how rare the class is: of a class that people drew ten of, one wrong label is a tenth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from firsthand.detections.cells import Cells
from firsthand.detections.choosing import Anchor, Chosen, Expected
from firsthand.detections.matching import match
from firsthand.detections.measures import LEVEL, Answers, quantiles, ratio, too_few
from firsthand.detections.objects import Objects
from firsthand.detections.scoring import UNITS, resamples
from firsthand.types import BoolArray, FloatArray, Measurement, Slice, Undetermined

Why = Literal["mix", "doubtful-label", "perhaps-missed"]
REPLICATES = 1000
"""Of the bootstrap behind the quality of labels."""


class Check(NamedTuple):
    """One box that a person should look at."""

    image: str
    row: int  # of the chosen pool
    name: str  # of the class
    confidence: float
    likely: float  # probability that it is an object of the class, as far as that is known
    why: Why
    score: float  # larger: look sooner


def label_quality(chosen: Chosen, anchor: Anchor, cells: Cells, seed: int = 0) -> Answers:
    """What share of objects will have a label, and what share of labels will be right?

    Args:
        chosen: the labels, with the rule that made them.
        anchor: images that people labelled, on which the rule is tried.
        cells: classes by sizes.
        seed: of the bootstrap over the anchor's images.

    Returns:
        label_recall and label_precision for every slice; undetermined below 10 objects.
    """
    human, found = anchor.human, anchor.found
    chance = chosen.chance(found)
    finder = match(human, found).found
    got = np.where(finder >= 0, np.append(chance, 0.0)[finder], 0.0)
    recall = _shares(human, cells, got, np.ones(len(human)), seed)
    precision = _shares(found, cells, chance * anchor.right, chance, seed)
    parts, members = cells.slices()
    counts = members @ np.bincount(cells.of(human), minlength=len(cells))
    out: list[Measurement | Undetermined] = []
    for name, shares in (("label_recall", recall), ("label_precision", precision)):
        for at, part in enumerate(parts):
            short = too_few(name, part, float(counts[at]), int(human.group.max(initial=-1)) + 1)
            out.append(short or _said(name, part, shares[:, at], int(counts[at]), anchor, seed))
    return tuple(out)


def _shares(
    objects: Objects, cells: Cells, above: FloatArray, below: FloatArray, seed: int
) -> FloatArray:
    """A ratio of two sums over objects for every slice, then resampled. (1 + r, slices)."""
    unit = objects.group % UNITS
    units = int(unit.max(initial=0)) + 1
    weight = objects.weight[objects.image]
    key = unit[objects.image] * len(cells) + cells.of(objects)
    members = cells.slices()[1].T.astype(np.float64)
    sums = [
        np.bincount(key, weight * each, units * len(cells)).reshape(units, len(cells)) @ members
        for each in (above, below)
    ]
    draws = np.concatenate([np.ones((1, units)), resamples(units, seed, REPLICATES)])
    return ratio(draws @ sums[0], draws @ sums[1])


def _said(
    name: str, part: Slice, shares: FloatArray, objects: int, anchor: Anchor, seed: int
) -> Measurement | Undetermined:
    value = float(shares[0])
    if not np.isfinite(value):
        return Undetermined(metric=name, reason="not-finite", slice=part)
    low, high = (float(end[0]) for end in quantiles(shares[1:, None]))
    low = min(low, value) if value < 1 else 1 - 3 / objects  # nothing missed bounds what may be
    high = max(high, value) if value > 0 else 3 / objects
    wide = [float(np.clip(value + np.sqrt(2) * (end - value), 0, 1)) for end in (low, high)]
    unit = "share of objects labelled" if name == "label_recall" else "share of labels right"
    return Measurement(
        metric=name,
        slice=part,
        value=value,
        low=low,
        high=high,
        null_low=wide[0],
        null_high=wide[1],
        unit=unit,
        worse="down",
        n_reference=objects,
        n_candidate=len(anchor.found),
        groups=int(anchor.human.group.max(initial=-1)) + 1,
        seed=seed,
        method="bootstrap over groups of the anchor's images",
        level=LEVEL,
    )


def check_list(
    chosen: Chosen,
    reference: Expected,
    likely: Callable[[Objects], FloatArray],
    differs: BoolArray,
    most: int = 100,
) -> tuple[Check, ...]:
    """What to look at first.

    Args:
        chosen: the labels.
        reference: how frequent each class is.
        likely: probability of each prediction to be right; confidence where nothing is known.
        differs: (classes,) classes whose frequency in the pool is in doubt; they come first.
        most: how many boxes.
    """
    pool, names = chosen.pool, reference.cells.classes
    right = likely(pool)
    doubt = np.where(chosen.kept, 1 - right, np.where(chosen.unsure, right, 0.0))
    rare = reference.by_class.max(initial=0) / np.maximum(reference.by_class, 1e-9)
    scores = doubt * rare[pool.label]
    first = differs[pool.label] & (chosen.kept | chosen.unsure)
    order = np.lexsort((-scores, ~first))[:most]
    return tuple(
        Check(
            pool.keys[pool.image[row]],
            row,
            names[pool.label[row]],
            float(pool.confidence[row]),
            float(right[row]),
            _why(bool(first[row]), bool(chosen.kept[row])),
            float(scores[row]),
        )
        for row in order.tolist()
        if first[row] or scores[row] > 0
    )


def _why(mix: bool, kept: bool) -> Why:
    if mix:
        return "mix"
    return "doubtful-label" if kept else "perhaps-missed"
