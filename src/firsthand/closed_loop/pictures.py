"""Labelled pictures on disk, as the loop draws from them: objects in columns, pixels when asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firsthand.detections import Objects, labelled
from firsthand.detections.objects import IntArray
from firsthand.errors import InputError
from firsthand.read import read
from firsthand.types import Dataset

Picture = NDArray[np.uint8]  # (height, width, 3) RGB


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures and what people labelled on them, in one order."""

    classes: tuple[str, ...]
    objects: Objects
    paths: tuple[Path, ...]  # (images,)

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def digest(self) -> str:
        """What tells these pictures and labels from others, wherever they lie."""
        held = self.objects
        parts = (held.media, held.image, held.label, np.round(held.xywh, 6))
        whole = b"".join(np.ascontiguousarray(part).tobytes() for part in parts)
        return hashlib.sha256(whole).hexdigest()

    def only(self, images: IntArray) -> Pictures:
        """Some of the pictures, in this order, each at most once."""
        assert len(np.unique(images)) == len(images), "a picture is named twice"
        paths = tuple(self.paths[at] for at in images)
        return Pictures(self.classes, self.objects.only(images), paths)

    def pixels(self) -> Iterator[tuple[str, Picture]]:
        """The name and the pixels of each."""
        return ((key, load(path)) for key, path in zip(self.objects.keys, self.paths, strict=True))


def load(path: Path) -> Picture:
    """The pixels of a picture, (height, width, 3) RGB."""
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def labelled_pictures(path: str | Path, *, test: bool = False) -> Pictures:
    """The pictures of a detection data set that are to train on, or those to test on.

    Args:
        path: any data set of boxes that `firsthand.read` reads.
        test: what no split calls training data; everything, where there are no splits.

    Raises:
        InputError: it cannot be read, has no boxes, or holds no labelled picture.
    """
    dataset = read(str(path), progress=False)
    if dataset.task not in ("detect", "segment", "oriented"):
        raise InputError(
            f"the data are of the kind {dataset.task}",
            expected="labelled boxes",
            where=dataset.root,
        )
    found = _once(dataset, test)
    if not found.samples:
        raise InputError(
            "no picture has a label", expected="pictures with boxes", where=dataset.root
        )
    paths = tuple(Path(sample.path) for sample in found.samples)
    return Pictures(found.classes, labelled(found), paths)


def _once(dataset: Dataset, test: bool) -> Dataset:
    """Every labelled picture of the wanted split once, also where two splits name it."""
    wanted = [each for each in dataset.samples if each.label is not None and each.boxes is not None]
    held = [each for each in wanted if (each.split not in ("", "train")) == test]
    if test and not held:
        held = wanted
    first = {each.path: each for each in reversed(held)}
    kept = tuple(sorted(first.values(), key=lambda each: each.key))
    return replace(dataset, samples=kept)
