"""Objects that a detector found or a person labelled, many images at once, one row an object.

A detector's answer about one image is a `Detections`; all of them together, and what people
labelled, are `Objects`: plain columns, so that matching and counting are arithmetic on arrays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firsthand.errors import InputError
from firsthand.types import BoolArray, Dataset, FloatArray, Sample

IntArray = NDArray[np.int64]
NOTHING = 1e-9
"""Twice the share of an image below which an outline encloses nothing: far less than a pixel."""


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """What a detector says of one image, in shares of its width and height.

    An image in which it found nothing has no rows; it is there all the same.
    """

    key: str  # of the image: its path inside the dataset, or any name that is unique
    classes: NDArray[np.int32]  # (n,) index into the detector's class names
    xywh: FloatArray  # (n, 4) centre x, centre y, width, height, each in [0, 1]
    confidence: FloatArray  # (n,) in [0, 1]
    media: bytes = b""  # sha256 of the image's content, where it is known
    size: tuple[int, int] = (0, 0)  # width and height in pixels, where they are known
    outlines: tuple[FloatArray, ...] = ()  # (k, 2) a box, in shares; empty where there are none

    def __post_init__(self) -> None:
        rows = len(self.confidence)
        if len(self.outlines) not in {0, rows}:
            raise InputError(
                f"{len(self.outlines)} outlines for {rows} boxes",
                expected="one a box, or none at all",
                where=self.key,
            )
        if self.classes.shape != (rows,) or self.xywh.shape != (rows, 4):
            raise InputError(
                f"{self.classes.shape} classes and {self.xywh.shape} boxes for {rows} confidences",
                expected="one class and four numbers a box",
                where=self.key,
            )

    def rows(self, which: BoolArray | IntArray) -> Detections:
        """Some of the boxes, in this order."""
        at = np.arange(len(self.confidence))[which]
        return replace(
            self,
            classes=self.classes[at],
            xywh=self.xywh[at],
            confidence=self.confidence[at],
            outlines=tuple(self.outlines[row] for row in at) if self.outlines else (),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """Objects of many images. Rows of one image need not stand together.

    `confidence` is 1 for what people labelled. `weight` says how many images an image stands for,
    where some kinds were chosen more often than others; `group` which images depend on each other.
    """

    keys: tuple[str, ...]  # (images,)
    media: NDArray[np.bytes_]  # (images,) S32, empty where unknown
    image: IntArray  # (n,) index into keys
    label: IntArray  # (n,) index into the class names
    xywh: FloatArray  # (n, 4)
    confidence: FloatArray  # (n,)
    group: IntArray  # (images,) number of its group, 0 .. groups - 1
    weight: FloatArray  # (images,)

    def __len__(self) -> int:
        return len(self.image)

    @property
    def images(self) -> int:
        """How many images there are, those without an object among them."""
        return len(self.keys)

    @property
    def area(self) -> FloatArray:
        """Share of its image that each box covers, (n,)."""
        return np.asarray(self.xywh[:, 2] * self.xywh[:, 3])

    def rows(self, which: BoolArray | IntArray) -> Objects:
        """Some of the rows; all images stay."""
        columns = {name: getattr(self, name)[which] for name in _ROWS}
        return replace(self, **columns)

    def only(self, images: IntArray) -> Objects:
        """Some of the images, in this order, with their rows."""
        place = np.full(self.images, -1, np.int64)
        place[images] = np.arange(len(images))
        kept = np.flatnonzero(place[self.image] >= 0)
        kept = kept[np.argsort(place[self.image[kept]], kind="stable")]
        rows = {name: getattr(self, name)[kept] for name in _ROWS}
        rows["image"] = place[rows["image"]]
        return Objects(
            keys=tuple(self.keys[at] for at in images),
            media=self.media[images],
            group=np.unique(self.group[images], return_inverse=True)[1].reshape(-1),
            weight=self.weight[images],
            **rows,
        )


_ROWS = ("image", "label", "xywh", "confidence")


def gather(found: Iterable[Detections]) -> Objects:
    """All that a detector found, as columns.

    Raises:
        InputError: two images have one key.

    >>> one = Detections("a.jpg", np.array([0]), np.array([[0.5, 0.5, 0.1, 0.1]]), np.array([0.9]))
    >>> gather([one]).images, len(gather([one]))
    (1, 1)
    """
    held = list(found)
    keys = tuple(each.key for each in held)
    _refuse_repeats(keys)
    counts = np.array([len(each.confidence) for each in held], np.int64)
    return Objects(
        keys=keys,
        media=np.array([each.media for each in held], "S32"),
        image=np.repeat(np.arange(len(held)), counts),
        label=_joined([each.classes for each in held], np.int64, ()),
        xywh=_joined([each.xywh for each in held], np.float64, (4,)),
        confidence=_joined([each.confidence for each in held], np.float64, ()),
        group=np.arange(len(held)),
        weight=np.ones(len(held)),
    )


def outlined(xywh: FloatArray, told: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
    """The outline of each box; the box itself where what was told encloses nothing.

    >>> [len(each) for each in outlined(np.full((1, 4), 0.5), [np.zeros((2, 2))])]
    [4]
    """
    return tuple(
        np.asarray(line, np.float64) if _encloses(np.asarray(line)) else _rectangle(box)
        for box, line in zip(xywh, told, strict=True)
    )


def _encloses(line: NDArray[Any]) -> bool:
    if len(line) < 3:
        return False
    x, y = line.T
    return bool(abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) > NOTHING)


def _rectangle(box: FloatArray) -> FloatArray:
    ends = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2
    return np.asarray(np.clip(box[:2] + ends * box[2:], 0, 1))


def labelled(data: Dataset, classes: Sequence[str] | None = None) -> Objects:
    """What people labelled: every sample that has a label, those declared empty among them.

    Args:
        data: a dataset of boxes.
        classes: the names that a detector's class numbers stand for, by default the dataset's own.

    Raises:
        InputError: the dataset holds a class that the detector does not know.
    """
    names = data.classes if classes is None else tuple(classes)
    held = [one for one in data.samples if one.label is not None and one.boxes is not None]
    boxes = [one.boxes for one in held if one.boxes is not None]
    counts = np.array([len(each.classes) for each in boxes], np.int64)
    own = _joined([each.classes for each in boxes], np.int64, ())
    return Objects(
        keys=tuple(one.key for one in held),
        media=np.array([one.media for one in held], "S32"),
        image=np.repeat(np.arange(len(held)), counts),
        label=_renamed(own, data, names),
        xywh=_joined([each.xywh for each in boxes], np.float64, (4,)),
        confidence=np.ones(len(own)),
        group=_groups(held),
        weight=np.ones(len(held)),
    )


def weighted(objects: Objects, weights: dict[str, float]) -> Objects:
    """The same with the weight of each image, by its key; 1 where none is given."""
    return replace(objects, weight=np.array([weights.get(key, 1.0) for key in objects.keys]))


def aligned(human: Objects, found: Objects) -> tuple[Objects, Objects]:
    """The images that are on both sides, in one order, with the groups and weights of people's.

    Images are the same by content where both sides know it, else by key.

    Raises:
        InputError: no image is on both sides.
    """
    by_key = {key: at for at, key in enumerate(found.keys)}
    by_media = {media: at for at, media in enumerate(found.media.tolist()) if media}
    pairs = [
        (at, by_media.get(media, by_key.get(key, -1)))
        for at, (key, media) in enumerate(zip(human.keys, human.media.tolist(), strict=True))
    ]
    both = np.array([pair for pair in pairs if pair[1] >= 0], np.int64).reshape(-1, 2)
    if not len(both):
        raise InputError(
            f"none of the {human.images} labelled images was looked at by the detector",
            expected="predictions for the images that people labelled",
            todo="Predict on those images, under the same names.",
        )
    ours, theirs = human.only(both[:, 0]), found.only(both[:, 1])
    return ours, replace(theirs, group=ours.group, weight=ours.weight, keys=ours.keys)


def _refuse_repeats(keys: tuple[str, ...]) -> None:
    times = Counter(keys)
    twice = next((key for key in keys if times[key] > 1), None)
    if twice is not None:
        raise InputError(
            "predictions stand there twice", expected="one record an image", where=twice
        )


def _joined(parts: Sequence[NDArray[Any]], kind: type, shape: tuple[int, ...]) -> NDArray[Any]:
    """The parts one after the other, also where there is none."""
    return np.concatenate([np.zeros((0, *shape), kind), *(part.astype(kind) for part in parts)])


def _renamed(own: IntArray, data: Dataset, names: tuple[str, ...]) -> IntArray:
    if names == data.classes:
        return own
    place = {name: at for at, name in enumerate(names)}
    table = np.array([place.get(name, -1) for name in data.classes] or [-1], np.int64)
    out: IntArray = table[own]
    if (out < 0).any():
        unknown = data.classes[int(own[out < 0][0])]
        raise InputError(
            f"the class {unknown!r} is none of the detector's",
            expected="one of " + ", ".join(names),
            todo="Give both the same names.",
            where=data.name,
        )
    return out


def _groups(held: Sequence[Sample]) -> IntArray:
    """A number a group; a sample without one is a group of its own, by its content."""
    names = [one.group.encode() or b"\0" + one.media for one in held]
    place = {name: at for at, name in enumerate(dict.fromkeys(names))}
    return np.array([place[name] for name in names], np.int64)
