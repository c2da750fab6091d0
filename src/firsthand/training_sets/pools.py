"""From datasets to what may go into the next training set: one class numbering, one label a medium.

What a person labelled stands above what a model labelled, and what is newer above what is older.
Everything that is left out is named.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from firsthand.class_counts import in_split
from firsthand.composition import held
from firsthand.errors import InputError
from firsthand.formats.layout import printable
from firsthand.formats.yolotext import label_path
from firsthand.training_sets.described import check_origins
from firsthand.training_sets.drawn import Drawn, Role, drawn
from firsthand.training_sets.validation import trusted
from firsthand.types import Dataset, Sample, Task

BOXED: frozenset[Task] = frozenset({"detect", "segment", "oriented"})
IMAGES: frozenset[Task] = BOXED | {"classify"}
TASKS: frozenset[Task] = IMAGES | {"text", "table"}
SHOWN = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """The datasets that were named, each by its part."""

    human: Dataset
    generated: Dataset | None = None
    fresh: Dataset | None = None
    earlier: tuple[Dataset, ...] = ()
    val: Dataset | None = None  # the human data's own split `val` unless given

    @property
    def parts(self) -> Iterator[tuple[str, Dataset]]:
        """Each dataset with its part."""
        yield "human", self.human
        for role, one in (("fresh", self.fresh), ("generated", self.generated)):
            yield from [(role, one)] if one is not None else []
        yield from (("earlier", one) for one in self.earlier)
        yield from [("val", self.val)] if self.val is not None else []


class LeftOut(NamedTuple):
    """Samples of one part that do not go in, whatever the policy says."""

    role: str
    reason: str  # code: other-split, no-usable-label, labelled-by-people, ...
    samples: int
    keys: tuple[str, ...]  # the first of them


@dataclass(frozen=True, kw_only=True, eq=False)
class Pools:
    """What there is to choose from. No medium is in two of them."""

    task: Task
    classes: tuple[str, ...]
    human: Drawn
    fresh: Drawn
    generated: Drawn
    earlier: Drawn
    val: tuple[Sample, ...]
    left_out: tuple[LeftOut, ...]


def pools(given: Given, split: str = "train") -> Pools:
    """Sort what was given.

    Args:
        given: the datasets.
        split: of the samples that have one, those of this split may be trained on.

    Raises:
        InputError: sets of different kinds, a class that the human data do not have, or an origin
            that the part must not have.
    """
    human = given.human
    if human.task not in TASKS:
        raise InputError(
            f"{human.task} data", expected="images, texts or a table", where=human.name
        )
    sorting = _Sorting(human, split, judges=given.val is None and split != "val")
    people = sorting.take("human", human)
    fresh = sorting.take("fresh", given.fresh)
    made = sorting.take("generated", given.generated)
    before = [sorting.take("earlier", one) for one in given.earlier]
    val = sorting.validation(human, given.val)
    check_origins(people, fresh, made, before)
    fresh, made, older = sorting.once(people, fresh, made, before)
    return Pools(
        task=human.task,
        classes=human.classes,
        human=drawn(people, "human"),
        fresh=drawn(fresh, "fresh"),
        generated=drawn(made, "generated"),
        earlier=drawn(older, "earlier"),
        val=tuple(val),
        left_out=tuple(sorting.left_out),
    )


class _Sorting:
    def __init__(self, human: Dataset, split: str, judges: bool) -> None:
        self.task, self.classes, self.split = human.task, human.classes, split
        self.judges = judges  # the human split val is what models are judged by
        self.left_out: list[LeftOut] = []

    def take(self, role: Role, dataset: Dataset | None) -> list[Sample]:
        """What of a part may be trained on, with the classes of the human data."""
        if dataset is None:
            return []
        self._check_task(dataset)
        ours = dataset.samples
        if role == "human" and self.judges:
            ours = tuple(one for one in ours if one.split != "val")
        mine = self._keep(role, "other-split", ours, lambda one: in_split(one, self.split))
        return self._usable(role, dataset, mine)

    def validation(self, human: Dataset, named: Dataset | None) -> list[Sample]:
        """The split `val` of what was named for it, or all of that; else of the human data."""
        dataset = human if named is None else named
        self._check_task(dataset)
        chosen = [one for one in dataset.samples if one.split == "val"]
        if named is not None and not chosen:
            chosen = list(named.samples)
        return self._usable("val", dataset, chosen)

    def once(
        self,
        human: Sequence[Sample],
        fresh: list[Sample],
        made: list[Sample],
        before: Sequence[list[Sample]],
    ) -> tuple[list[Sample], list[Sample], list[Sample]]:
        """Each medium in one pool only; a text may be in several, as long as labels agree."""
        known = _Labels(self.task, human)
        fresh = self._keep("fresh", "in-human-data", fresh, known.new)
        known.add(fresh)
        made = self._keep("generated", "labelled-by-people", made, known.agrees)
        newer, seen = _Labels(self.task, made), set[object]()
        older: list[Sample] = []
        for samples in reversed(before):
            kept = self._keep("earlier", "in-human-data", samples, known.new_earlier)
            kept = self._keep(
                "earlier",
                "in-newer-set",
                kept,
                lambda one: newer.agrees(one) and _identity(one) not in seen,
            )
            newer.add(kept)
            seen.update(map(_identity, kept))
            older += kept
        return fresh, made, older

    def _usable(self, role: str, dataset: Dataset, samples: Sequence[Sample]) -> list[Sample]:
        lost = {skip.path for skip in dataset.skips if skip.keeps_sample}
        kept = self._keep(
            role, "no-usable-label", samples, lambda one: not _lost(one, self.task, lost)
        )
        return _mapped(dataset, kept, self.classes)

    def _keep(
        self, role: str, reason: str, samples: Iterable[Sample], keeps: Callable[[Sample], bool]
    ) -> list[Sample]:
        kept: list[Sample] = []
        dropped: list[Sample] = []
        for one in samples:
            (kept if keeps(one) else dropped).append(one)
        if dropped:
            keys = tuple(one.key for one in dropped[:SHOWN])
            self.left_out.append(LeftOut(role, reason, len(dropped), keys))
        return kept

    def _check_task(self, dataset: Dataset) -> None:
        bare = {self.task, dataset.task} <= BOXED and not any(map(held, dataset.samples))
        if dataset.task != self.task and dataset.samples and not bare:
            raise InputError(
                f"{dataset.name} was read as {dataset.task}, the human data as {self.task}",
                expected="sets of one kind",
                todo="Where one was taken for what it is not, name its format, or the file in it.",
                where=dataset.root,
            )


class _Labels:
    """What is said of media already."""

    def __init__(self, task: Task, samples: Iterable[Sample]) -> None:
        self.images = task in IMAGES
        self.labels: defaultdict[bytes, set[bytes | None]] = defaultdict(set)
        self.add(samples)

    def add(self, samples: Iterable[Sample]) -> None:
        for one in samples:
            self.labels[one.media].add(one.label)

    def new(self, sample: Sample) -> bool:
        return sample.media not in self.labels

    def agrees(self, sample: Sample) -> bool:
        """An image has one label. Texts and rows repeat, as long as they are labelled alike."""
        said = self.labels.get(sample.media)
        return said is None or (not self.images and said <= {sample.label})

    def new_earlier(self, sample: Sample) -> bool:
        """An earlier set holds the human data once more."""
        return self.agrees(sample) and not (trusted(sample) and not self.new(sample))


def _lost(sample: Sample, task: Task, lost: set[str]) -> bool:
    """Has it a label of which nothing could be used, or none where it has to have one?"""
    if task == "classify":
        return sample.category is None
    if sample.label is not None or task not in BOXED or not lost:
        return False
    beside = sample.path.rpartition(".")[0] + ".txt"
    return bool({printable(label_path(sample.path)), printable(beside)} & lost)


def _mapped(dataset: Dataset, samples: Sequence[Sample], classes: tuple[str, ...]) -> list[Sample]:
    """Classes by name, paths in full.

    Raises:
        InputError: a sample holds a class that is not among them.
    """
    index = {name: at for at, name in enumerate(classes)}
    table = np.array([index.get(name, -1) for name in dataset.classes], dtype=np.int32)
    used = Counter(at for one in samples for at in held(one))
    unknown = [dataset.classes[at] for at in used if table[at] < 0]
    if unknown:
        raise InputError(
            f"{dataset.name} holds classes that the human data do not have: "
            + ", ".join(sorted(unknown)[:SHOWN]),
            expected="some of " + ", ".join(classes[: 2 * SHOWN]),
            todo="Give both sets the same names.",
            where=dataset.root,
        )
    return [_renumbered(one, dataset.root, table) for one in samples]


def _renumbered(sample: Sample, root: str, table: np.ndarray) -> Sample:
    boxes = sample.boxes
    if boxes is not None:
        boxes = replace(boxes, classes=table[boxes.classes])
    category = None if sample.category is None else int(table[sample.category])
    path = in_full(root, sample.path) if sample.path else ""
    return replace(sample, boxes=boxes, category=category, path=path)


def in_full(root: str, path: str) -> str:
    """Readers name files from where the root is named from; sets made in Python from the root."""
    named = path.startswith(root.rstrip("/") + "/")
    return os.path.abspath(path if named else os.path.join(root, path))  # noqa: PTH100, PTH118


def _identity(sample: Sample) -> object:
    return sample.media, sample.label, sample.provenance
