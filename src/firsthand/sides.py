"""What can be measured against what: a dataset, a file of features, or a saved profile.

A side gives views, and says which it can give. Metrics see views and nothing else, so whatever can
make them can be compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BoxesView, Embedder, ViewName
from firsthand.feature_files import FeatureFile
from firsthand.numerics.categories import categories_view, kinds_of
from firsthand.numerics.columns import columns_view
from firsthand.numerics.tokens import tokens_view
from firsthand.numerics.views import (
    boxes_view,
    distinct,
    features_view,
    has_label,
    texts_view,
    whole_images,
)
from firsthand.splits import trained_on, without_held_out
from firsthand.types import Boxes, Dataset, Provenance, Sample, Shared, Skip, Task

Rows = NDArray[np.int64]

IMAGES: frozenset[ViewName] = frozenset({"boxes", "features", "categories"})
OFFERS: Mapping[Task, frozenset[ViewName]] = {
    "detect": IMAGES,
    "segment": IMAGES,
    "oriented": IMAGES,
    "classify": IMAGES,
    "text": frozenset({"tokens", "texts", "features", "categories"}),
    "table": frozenset({"columns"}),
    "features": frozenset({"features"}),
}
"""Views that data of each kind can give."""


class Side(Protocol):
    """One of the two sets of a comparison."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    @property
    def task(self) -> Task:
        """What kind of data it holds."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Its class names; empty where it has none."""
        ...

    @property
    def media(self) -> NDArray[np.bytes_]:
        """The media digest of each sample, (n,)."""
        ...

    @property
    def offers(self) -> frozenset[ViewName]:
        """The views that it can give."""
        ...

    @property
    def skips(self) -> tuple[Skip, ...]:
        """What of it was left out."""
        ...

    def view(self, name: ViewName) -> object:
        """One of the views that it offers."""
        ...

    def boxes_of(self, rows: Rows) -> BoxesView:
        """The labels of some samples, in this order, with repeats."""
        ...

    def labelled(self) -> Rows:
        """The samples whose labels the view "boxes" holds, in its order."""
        ...

    @property
    def embedder(self) -> str:
        """What made its features, NAME@VERSION: others cannot be compared with them."""
        ...

    def described(self) -> dict[str, object]:
        """Where it comes from and how much is in it, as plain values."""
        ...


class FeatureSide:
    """Points that somebody else's embedder made, one a sample, with classes where they are said."""

    embedder = "given"

    def __init__(self, file: FeatureFile) -> None:
        self.file = file
        self.name, self.classes, self.skips = file.path.name, file.classes, file.skips
        self.task: Task = "classify" if file.classes else "features"
        self.media = file.view.media
        self._made: dict[ViewName, object] = {}
        labels: frozenset[ViewName] = frozenset({"boxes", "categories"} if file.classes else ())
        self.offers = OFFERS["features"] | labels

    def view(self, name: ViewName) -> object:
        """The points; or their classes, each as a box that covers its image."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: ViewName) -> object:
        if name == "features":
            return distinct(self.file.view)
        boxes = self.boxes_of(self.labelled())
        return boxes if name == "boxes" else kinds_of(boxes)

    def labelled(self) -> Rows:
        """The samples whose labels the view "boxes" holds, in its order."""
        return np.flatnonzero(self.file.label >= 0)

    def boxes_of(self, rows: Rows) -> BoxesView:
        """The labels of some samples, in this order, with repeats."""
        rows = rows[self.file.label[rows] >= 0]
        points = self.file.view
        groups = min(points.groups, len(np.unique(rows)))
        return whole_images(self.classes, points.bucket[rows], groups, self.file.label[rows])

    def described(self) -> dict[str, object]:
        """Where it comes from and how much is in it, as plain values."""
        return {
            "name": self.name,
            "path": str(self.file.path),
            "format": "features",
            "task": self.task,
            "digest": self.file.digest,
            "samples": len(self.media),
            "dimensions": self.file.dimensions,
            "classes": len(self.classes),
            "skips": dict(Counter(skip.code for skip in self.skips)),
        }


class DatasetSide:
    """A dataset that was read. Views are made when they are first asked for, and kept."""

    def __init__(self, dataset: Dataset, embedder: Embedder | None) -> None:
        self.dataset = dataset
        self.name, self.task, self.classes = dataset.name, dataset.task, dataset.classes
        self.skips = dataset.skips
        unseen = frozenset[ViewName]() if embedder else frozenset[ViewName]({"features"})
        self.offers = OFFERS[dataset.task] - unseen
        self.media = np.array([sample.media for sample in dataset.samples], dtype="S32")
        self.by = embedder
        self._made: dict[ViewName, object] = {}

    def view(self, name: ViewName) -> object:
        """One of the views that it offers."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: ViewName) -> object:
        if name == "features":
            assert self.by is not None
            return features_view(self.dataset, self.by)
        makers: dict[ViewName, Callable[[Dataset], object]] = {
            "boxes": boxes_view,
            "tokens": tokens_view,
            "texts": texts_view,
            "categories": categories_view,
            "columns": columns_view,
        }
        return makers[name](self.dataset)

    @property
    def embedder(self) -> str:
        """What makes its features, NAME@VERSION."""
        made = self.by
        return f"{made.name}@{made.version}" if made else ""

    def described(self) -> dict[str, object]:
        """Where it comes from and how much is in it, as plain values."""
        return described(self.dataset)

    def boxes_of(self, rows: Rows) -> BoxesView:
        """The labels of some samples, in this order, with repeats."""
        samples = tuple(self.dataset.samples[at] for at in rows)
        return boxes_view(Dataset(self.name, self.task, self.classes, samples))

    def labelled(self) -> Rows:
        """The samples whose labels the view "boxes" holds, in its order."""
        return np.flatnonzero([has_label(sample) for sample in self.dataset.samples])


def in_training(reference: Side, candidate: Side) -> tuple[Side, Side]:
    """The part of the candidate that is trained on, and the reference without what it holds out.

    What keeps no splits stays whole.
    """
    if not isinstance(candidate, DatasetSide):
        return reference, candidate
    judged = candidate.dataset
    if isinstance(reference, DatasetSide):
        reference = _only(reference, without_held_out(reference.dataset, judged))
    return reference, _only(candidate, trained_on(judged))


def _only(side: DatasetSide, part: Dataset) -> DatasetSide:
    return side if part is side.dataset else DatasetSide(part, side.by)


def described(dataset: Dataset) -> dict[str, object]:
    """Where a dataset comes from and how much is in it, as plain values."""
    return {
        "name": dataset.name,
        "path": dataset.root,
        "format": dataset.format,
        "task": dataset.task,
        "digest": dataset.digest,
        "samples": len(dataset.samples),
        "classes": len(dataset.classes),
        "skips": dict(sorted(Counter(skip.code for skip in dataset.skips).items())),
    }


def bare(side: Side, origin: Provenance) -> Dataset:
    """Samples of what keeps no media: digests, labels, and the origin that is declared of them all.

    Their names are their places, from 1. `format` says what the digests are of: "features", of the
    points themselves, or "profile", of media.
    """
    boxes, category = _labels_of(side)
    samples = tuple(
        Sample(
            key=f"#{at + 1}",
            media=media.ljust(32, b"\0"),
            provenance=origin,
            boxes=boxes.get(at),
            category=category.get(at),
        )
        for at, media in enumerate(side.media.tolist())
    )
    told = side.described()
    return Dataset(
        name=side.name,
        task=side.task,
        classes=side.classes,
        samples=samples,
        skips=side.skips,
        format="features" if side.embedder == FeatureSide.embedder else "profile",
        root=str(told["path"]),
        digest=str(told["digest"]),
    )


def _labels_of(side: Side) -> tuple[dict[int, Boxes], dict[int, int]]:
    """What each labelled sample holds: boxes, or the class of the whole."""
    if "boxes" not in side.offers:
        return {}, {}
    rows = side.labelled()
    view = side.boxes_of(rows)
    if side.task == "classify":
        return {}, {
            int(rows[at]): int(label) for at, label in zip(view.sample, view.label, strict=True)
        }
    order = np.argsort(view.sample, kind="stable")
    ends = np.searchsorted(view.sample[order], np.arange(len(rows) + 1))
    held = (order[start:end] for start, end in pairwise(ends))
    return {
        int(row): Boxes(view.label[mine].astype(np.int32), view.xywh[mine])
        for row, mine in zip(rows, held, strict=True)
    }, {}


def overlap(reference: Side, candidate: Side) -> Shared:
    """How many samples are on both sides, by media digest?"""
    both = int(np.isin(candidate.media, reference.media).sum())
    return Shared(len(reference.media), len(candidate.media), both)


def paired(reference: Side, candidate: Side) -> tuple[BoxesView, BoxesView]:
    """The same media with the reference's labels and with the candidate's, sample by sample."""
    place = {media: at for at, media in enumerate(reference.media.tolist())}
    pairs = [
        (place[media], at) for at, media in enumerate(candidate.media.tolist()) if media in place
    ]
    before, after = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return reference.boxes_of(before), candidate.boxes_of(after)
