"""How many objects of each class does a dataset hold, and how many independent draws are they?

Objects of one image, and images of one group, are drawn together. A class's share is then less
certain than as many independent objects would make it; the design effect says by how much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from firsthand.errors import InputError
from firsthand.types import Dataset, FloatArray, Sample, Skip

CLASSLESS = frozenset({"text", "table", "features"})


@dataclass(frozen=True, slots=True, eq=False)
class ClassCounts:
    """Objects by class. The class of a whole image counts as one object.

    Counts are whole numbers as floats, in the order of `names`; classes that are declared and
    never occur have 0.
    """

    names: tuple[str, ...]
    objects: FloatArray  # (k,)
    human: FloatArray  # (k,) of them, with a label that a person made or verified
    holding: FloatArray  # (k,) samples that hold the class
    samples: int  # with a label, also one that says that there is no object
    human_samples: int  # of them, labelled or verified by a person
    unlabelled: int  # samples that nothing was said about: counted nowhere else
    groups: int  # of the labelled samples; a sample without a group is one of its own
    design_effect: FloatArray
    """(k,) variance of the class's share of the objects over that of as many independent draws: 1
    is independent, 2 that objects are worth half as many draws, below 1 that the class is spread
    more evenly than chance would. NaN for a class that never or always occurs, or for one group."""
    other_split: int = 0  # samples that were left out, as they are not of the split asked for
    skips: tuple[Skip, ...] = ()  # what was left out while reading

    @property
    def total(self) -> int:
        """Objects of all classes."""
        return int(self.objects.sum())

    @property
    def shares(self) -> FloatArray:
        """(k,) share of the objects, summing to 1; NaN where there are none."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.objects / self.objects.sum())


def in_split(sample: Sample, split: str) -> bool:
    """May it be used where this split is asked for? Samples without one may; "" takes every split.

    >>> one = Sample("1", bytes(32), split="val")
    >>> in_split(one, "train"), in_split(one, "val"), in_split(one, "")
    (False, True, True)
    """
    return not split or sample.split in {"", split}


def of_split(dataset: Dataset, split: str) -> Dataset:
    """The samples of a split.

    Raises:
        InputError: none is of it.
    """
    kept = tuple(one for one in dataset.samples if in_split(one, split))
    if not kept and dataset.samples:
        there = sorted({one.split for one in dataset.samples})
        raise InputError(
            f"none of the {len(dataset.samples):,} samples is of the split {split!r}",
            expected="one of the splits there: " + ", ".join(there),
            todo=f"Say --split {there[0]}.",
            where=dataset.name,
        )
    return replace(dataset, samples=kept)


def class_counts(dataset: Dataset, *, human_only: bool = False, split: str = "") -> ClassCounts:
    """How many objects of each class are there, and how strongly are they clustered?

    Args:
        dataset: detection, segmentation or classification; texts or rows that have a class.
        human_only: leave out samples whose label no person made or verified.
        split: leave out samples of other splits; see `in_split`.

    Raises:
        InputError: a kind of data that has no classes, or no sample of the split.

    >>> from firsthand.types import HUMAN
    >>> one = {"media": bytes(32), "provenance": HUMAN}
    >>> few = [Sample(f"{at}", category=at % 4 // 3, **one) for at in range(8)]
    >>> found = class_counts(Dataset("d", "classify", ("common", "rare"), tuple(few)))
    >>> found.objects.tolist(), found.human.tolist(), found.design_effect.round(2).tolist()
    ([6.0, 2.0], [6.0, 2.0], [1.14, 1.14])
    """
    if dataset.task in CLASSLESS and not dataset.classes:
        raise InputError(
            f"{dataset.name} was read as {dataset.task}, and no sample of it has a class",
            expected="data with classes: boxes, classified images, or rows with a column label",
            todo="Give counts yourself: --counts NAME=COUNT,NAME=COUNT.",
        )
    ours = of_split(dataset, split)
    chosen = _chosen(ours, human_only)
    said = [one for one in chosen if _labelled(one)]
    table = _table(said, len(dataset.classes))
    group = _groups(said)
    human = np.array([by_people(one) for one in said], dtype=bool)
    return ClassCounts(
        names=dataset.classes,
        objects=table.sum(axis=0),
        human=table[human].sum(axis=0),
        holding=(table > 0).sum(axis=0).astype(float),
        samples=len(said),
        human_samples=int(human.sum()),
        unlabelled=len(chosen) - len(said),
        groups=int(group.max(initial=-1)) + 1,
        design_effect=design_effect(table, group),
        other_split=len(dataset.samples) - len(ours.samples),
        skips=dataset.skips,
    )


def sample_kinds(dataset: Dataset, *, human_only: bool = False) -> tuple[FloatArray, FloatArray]:
    """Which samples are there, told apart by nothing but how many objects of each class they hold?

    Args:
        dataset: detection, segmentation or classification; samples without a label are left out.
        human_only: leave out samples whose label no person made or verified.

    Returns:
        (kinds, k) objects of each class, and (kinds,) how many samples are like that.

    >>> samples = (Sample("1", bytes(32), category=0), Sample("2", bytes(32), category=0))
    >>> [each.tolist() for each in sample_kinds(Dataset("d", "classify", ("a", "b"), samples))]
    [[[1.0, 0.0]], [2.0]]
    """
    said = [one for one in _chosen(dataset, human_only) if _labelled(one)]
    kinds, times = np.unique(_table(said, len(dataset.classes)), axis=0, return_counts=True)
    return kinds, times.astype(float)


def by_people(sample: Sample) -> bool:
    """Did a person make the label, or verify it?"""
    said = sample.provenance
    return said.label_origin == "human" or said.verification != "none"


def design_effect(table: FloatArray, group: NDArray[np.int64]) -> FloatArray:
    """How much less certain is each class's share than as many independent objects would make it?

    Args:
        table: (samples, k) objects of each class in each sample.
        group: (samples,) numbers from 0 on; samples of one number depend on each other.

    Returns:
        (k,) variance of the share, a ratio of sums over groups drawn as a whole, over p (1 - p) /
        objects; NaN where p is 0 or 1 or there are fewer than two groups.

    Source: Kish 1965, Survey Sampling, section 8.2; variance by linearisation of the ratio.

    >>> images = np.arange(200) // 2  # of two objects, both of one class
    >>> design_effect(np.eye(2)[images % 2], images).round(2).tolist()
    [2.02, 2.02]
    """
    several = int(np.max(group, initial=-1)) + 1
    summed = np.zeros((several, table.shape[1]))
    np.add.at(summed, group, table)
    total = summed.sum()
    if several < 2 or not total > 0:
        return np.full(table.shape[1], np.nan)
    share = summed.sum(axis=0) / total
    away = summed - summed.sum(axis=1, keepdims=True) * share
    variance = several / (several - 1) * (away**2).sum(axis=0) / total**2
    alone = share * (1 - share) / total
    return np.where(alone > 0, variance / np.where(alone > 0, alone, 1), np.nan)


def parse_counts(text: str) -> ClassCounts:
    """Counts that a person typed, as independent samples of one object each, all by people.

    Raises:
        InputError: a part is no NAME=COUNT, a name occurs twice, or a count is no whole number.

    >>> parse_counts("circle=950, star=50").shares.tolist()
    [0.95, 0.05]
    """
    parts = [part.strip() for part in text.split(",")]
    pairs = [_pair(part) for part in parts if part]
    names = tuple(name for name, _ in pairs)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None or not pairs:
        raise InputError(
            f"the class {twice!r} is counted twice" if pairs else "no class is counted",
            expected="each class once, as NAME=COUNT,NAME=COUNT",
        )
    return typed(names, [count for _, count in pairs])


def typed(names: Sequence[str], counts: Sequence[int]) -> ClassCounts:
    """Counts without a dataset behind them: nothing says that they are clustered."""
    objects = np.asarray(counts, dtype=np.float64)
    whole = int(objects.sum())
    effect = np.where((objects > 0) & (objects < whole), 1.0, np.nan)
    return ClassCounts(tuple(names), objects, objects, objects, whole, whole, 0, whole, effect)


def _pair(part: str) -> tuple[str, int]:
    name, equals, count = (each.strip() for each in part.rpartition("="))
    if not (name and equals and count.isdecimal()):
        raise InputError(
            f"counts have the part {part!r}",
            expected="NAME=COUNT with a whole number of 0 or more, such as star=50",
        )
    return name, int(count)


def _chosen(dataset: Dataset, human_only: bool) -> list[Sample]:
    return [one for one in dataset.samples if not human_only or by_people(one)]


def _labelled(sample: Sample) -> bool:
    return sample.boxes is not None or sample.category is not None


def _table(samples: Sequence[Sample], classes: int) -> FloatArray:
    """Objects of each class in each sample. (samples, classes)."""
    found = np.zeros((len(samples), classes))
    for at, one in enumerate(samples):
        if one.boxes is not None:
            found[at] = np.bincount(one.boxes.classes, minlength=classes)
        elif one.category is not None:
            found[at, one.category] = 1
    return found


def _groups(samples: Sequence[Sample]) -> NDArray[np.int64]:
    """The number of each sample's group. (samples,)."""
    number: dict[str, int] = {}
    keys = (f"group {one.group}" if one.group else f"alone {at}" for at, one in enumerate(samples))
    return np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)
