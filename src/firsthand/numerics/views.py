"""What a metric sees of a dataset: plain arrays, one row an object or a sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BoxesView, Embedder, FeatureView, TextsView
from firsthand.errors import InputError
from firsthand.numerics.buckets import buckets_of, by_digest, count_groups
from firsthand.types import Boxes, Dataset, FloatArray, Sample

WHOLE = Boxes(np.zeros(1, np.int32), np.array([[0.5, 0.5, 1.0, 1.0]]))


def boxes_view(dataset: Dataset) -> BoxesView:
    """All labelled objects of a dataset; the class of a whole image is a box that covers it.

    Samples without a label are left out: nothing was said about them, which is not the same as
    holding no object.

    Raises:
        InputError: a box has a coordinate that is not a finite number. Readers skip such rows.
    """
    labelled = [sample for sample in dataset.samples if has_label(sample)]
    boxes = [each for sample in labelled if (each := _objects(sample)) is not None]
    counts = np.fromiter((len(each.classes) for each in boxes), np.int64, len(boxes))
    label = np.concatenate([each.classes for each in boxes]) if boxes else np.zeros(0)
    rows = [np.zeros((0, 4)), *(each.xywh for each in boxes)]
    xywh = np.concatenate(rows).astype(np.float64, copy=False)
    owner = np.repeat(np.arange(len(labelled)), counts)
    _check_finite(labelled, owner, xywh)
    return BoxesView(
        classes=dataset.classes,
        bucket=buckets_of(labelled),
        groups=count_groups(labelled),
        sample=owner,
        label=label.astype(np.int64),
        xywh=xywh,
        area=_areas(boxes, xywh),
        aspect=_aspects(boxes, xywh, dataset.task),
    )


def has_label(sample: Sample) -> bool:
    """Was anything said about what is in it? An image said to be empty has a label."""
    return sample.boxes is not None or sample.category is not None


def take_boxes(view: BoxesView, rows: NDArray[np.int64]) -> BoxesView:
    """The labels of some samples of a view, in this order, with repeats.

    >>> view = BoxesView(("a",), np.array([3, 4]), 2, np.array([0, 1, 1]), np.zeros(3, np.int64),
    ...     np.zeros((3, 4)), np.array([0.1, 0.2, 0.3]), np.ones(3))
    >>> take_boxes(view, np.array([1, 0])).area.tolist()
    [0.2, 0.3, 0.1]
    """
    counts = np.bincount(view.sample, minlength=len(view.bucket))
    order = np.argsort(view.sample, kind="stable")
    first = np.concatenate([[0], np.cumsum(counts)])[rows]
    taken = counts[rows]
    # Box j of the result stands so many places after the first box of its sample.
    within = np.arange(taken.sum()) - np.repeat(np.cumsum(taken) - taken, taken)
    boxes = order[np.repeat(first, taken) + within]
    return BoxesView(
        classes=view.classes,
        bucket=view.bucket[rows],
        groups=len(np.unique(rows)),
        sample=np.repeat(np.arange(len(rows)), taken),
        label=view.label[boxes],
        xywh=view.xywh[boxes],
        area=view.area[boxes],
        aspect=view.aspect[boxes],
    )


def whole_images(
    classes: tuple[str, ...],
    bucket: NDArray[np.int64],
    groups: int,
    label: NDArray[np.int64],
) -> BoxesView:
    """Images of one class each, as boxes that cover them. `bucket` and `label` are (n,)."""
    n = len(label)
    ones = np.ones(n)
    xywh = np.repeat(WHOLE.xywh, n, axis=0)
    return BoxesView(classes, bucket, groups, np.arange(n), label, xywh, ones, ones)


def texts_view(dataset: Dataset) -> TextsView:
    """The documents of a dataset as they were written; samples without text are left out."""
    samples = [sample for sample in dataset.samples if sample.text is not None]
    texts = tuple(sample.text or "" for sample in samples)
    return TextsView(buckets_of(samples), count_groups(samples), texts)


def _check_finite(samples: list[Sample], owner: NDArray[np.int64], xywh: FloatArray) -> None:
    bad = np.flatnonzero(~np.isfinite(xywh).all(axis=1))
    if len(bad):
        raise InputError(
            f"a box of sample {samples[owner[bad[0]]].key} is {xywh[bad[0]].tolist()}",
            expected="four finite numbers",
            todo="Leave the box out, or repair it.",
        )


def _objects(sample: Sample) -> Boxes | None:
    if sample.boxes is not None or sample.category is None:
        return sample.boxes
    return Boxes(np.array([sample.category], np.int32), WHOLE.xywh)


def _areas(boxes: list[Boxes], xywh: FloatArray) -> FloatArray:
    """Polygon areas by the shoelace formula, box areas without polygons. (boxes,)."""
    area = np.asarray(xywh[:, 2] * xywh[:, 3])
    for start, outlines in _outlined(boxes):
        area[start : start + len(outlines)] = [_shoelace(outline) for outline in outlines]
    return area


def _shoelace(outline: FloatArray) -> float:
    x, y = outline.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def _aspects(boxes: list[Boxes], xywh: FloatArray, task: str) -> FloatArray:
    """Width over height; for rotated boxes first side over second side. (boxes,)."""
    sides = xywh[:, 2:].copy()
    if task == "oriented":
        for start, outlines in _outlined(boxes):
            corners = np.stack([outline[:3] for outline in outlines])
            lengths = np.linalg.norm(np.diff(corners, axis=1), axis=2)
            sides[start : start + len(outlines)] = lengths
    return np.asarray(sides[:, 0] / np.maximum(sides[:, 1], np.finfo(np.float64).tiny))


def _outlined(boxes: list[Boxes]) -> Iterator[tuple[int, tuple[FloatArray, ...]]]:
    """Images whose objects have outlines, with the row of the first object."""
    start = 0
    for each in boxes:
        if each.outlines:
            yield start, each.outlines
        start += len(each.classes)


def features_view(dataset: Dataset, embedder: Embedder) -> FeatureView:
    """Distinct media as points; those that the embedder could not read are absent.

    A repeat adds no point: a training set reaches as far with a picture in it twice as once, and
    human data that are kept next to new labels of the same pictures would seem to crowd the rest.
    """
    once = {sample.media: sample for sample in dataset.samples}
    samples = tuple(once.values())
    features, at = embedder.embed(replace(dataset, samples=samples))
    kept = [samples[index] for index in at]
    media = np.array([sample.media for sample in kept], dtype="S32")
    return FeatureView(features, buckets_of(kept), media, count_groups(kept))


def distinct(view: FeatureView) -> FeatureView:
    """The same points with each medium once, the last of its rows, as in `features_view`."""
    backwards = view.media[::-1]
    first = np.unique(backwards, return_index=True)[1]
    if len(first) == len(backwards):
        return view
    kept = np.sort(len(backwards) - 1 - first)
    return FeatureView(view.features[kept], view.bucket[kept], view.media[kept], view.groups)


def thinned(view: FeatureView, at_most: int) -> FeatureView:
    """At most so many points, in the order of their digests: as good as random, and stable.

    >>> points = np.zeros((9, 2), np.float32)
    >>> media = np.array([bytes([at]) for at in range(1, 10)])
    >>> len(thinned(FeatureView(points, np.arange(9), media, 9), 4).media)
    4
    """
    if at_most >= len(view.media):
        return view
    kept = np.sort(by_digest(view.media)[:at_most])
    groups = max(1, round(view.groups * at_most / len(view.media)))
    return FeatureView(view.features[kept], view.bucket[kept], view.media[kept], groups)
