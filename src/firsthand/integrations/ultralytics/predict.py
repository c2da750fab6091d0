"""What does a model of Ultralytics find on images? Its answers as `Detections`, image by image.

Only `YOLO.predict` is called. Heads with and without suppression of their own answer alike; two
boxes on one object may come through, which `detections.nms` takes out. Of oriented boxes the
upright box around them is given, of masks their box, and where it is asked for the outline; the
class of a whole image is a box around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firsthand.content import media_digest
from firsthand.detections import Detections
from firsthand.detections.objects import outlined
from firsthand.embedding.weights import package
from firsthand.errors import InputError
from firsthand.types import FloatArray, Sample, Skip

FLOOR = 0.01
"""Confidence below which nothing is given: far below what becomes a label or counts as found."""
BATCH = 16


@dataclass(slots=True)
class Predictor:
    """A model that can be asked about images, again and again."""

    model: Any
    settings: dict[str, Any]
    batch: int = BATCH
    outlines: bool = False  # of masks and oriented boxes too
    skips: list[Skip] = field(default_factory=list)
    """Images that could not be read, by name; nothing is given for them."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names that the numbers of its classes stand for."""
        return tuple(self.model.names[at] for at in sorted(self.model.names))

    @property
    def task(self) -> str:
        """What it was made for: detect, segment, classify, obb."""
        return str(self.model.task)

    def __call__(self, images: Iterable[Sample | str | Path]) -> Iterator[Detections]:
        """What it finds, one answer an image that can be read, in their order.

        Args:
            images: samples, which keep their key, or paths, which are their own.
        """
        waiting = iter(images)
        while some := list(islice(waiting, self.batch)):
            opened = [each for each in map(self._open, some) if each is not None]
            if opened:
                yield from self._found(opened)

    def _open(self, image: Sample | str | Path) -> tuple[str, bytes, Any] | None:
        from PIL import Image, ImageOps

        told = image if isinstance(image, Sample) else None
        path = str(image) if told is None else told.path
        try:
            media = media_digest(Path(path).read_bytes()) if told is None else told.media
            with Image.open(path) as file:
                picture = ImageOps.exif_transpose(file)
        except (OSError, ValueError, SyntaxError, ImportError, Image.DecompressionBombError):
            # ImportError: Ultralytics asks for a further package where Pillow knows no format.
            code = "undecodable-image" if Path(path).is_file() else "missing-file"
            self.skips.append(Skip(code, path))
            return None
        return path if told is None else told.key, media, picture

    def _found(self, opened: list[tuple[str, bytes, Any]]) -> Iterator[Detections]:
        pictures = [picture for _, _, picture in opened]
        asked = {"conf": FLOOR, "batch": len(pictures), "verbose": False, "save": False}
        answers = self.model.predict(pictures, stream=True, **asked | self.settings)
        for (key, media, picture), answer in zip(opened, answers, strict=True):
            made = Detections(key, *_boxes(answer), media, picture.size)
            lines = _outlines(answer, made.xywh) if self.outlines else ()
            surest = np.argsort(-made.confidence, kind="stable")
            yield replace(made, outlines=lines).rows(surest)


def predictor(weights: str | Path, *, outlines: bool = False, **settings: Any) -> Predictor:
    """A model that can be asked what it finds on images.

    Args:
        weights: a file or name, opened by Ultralytics' own loader, unchanged.
        outlines: give the outlines of masks and oriented boxes as well.
        settings: of `YOLO.predict`, such as imgsz, conf (by default 0.01), device, batch.

    Raises:
        MissingExtra: Ultralytics is not installed.
        InputError: the weights cannot be loaded, or torch and torchvision do not fit.
    """
    batch = int(settings.pop("batch", BATCH))
    return Predictor(load(weights), settings, batch, outlines)


def load(weights: str | Path) -> Any:
    """A model by Ultralytics' own loader.

    Raises:
        MissingExtra: Ultralytics is not installed.
        InputError: there is no such file, or it holds no model.
    """
    yolo = framework().YOLO
    try:
        return yolo(str(weights))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise InputError(
            f"the weights cannot be loaded: {error}",
            expected="weights that Ultralytics can load, by path or name",
            where=str(weights),
        ) from error


def framework() -> Any:
    """The package `ultralytics`, with all that it needs to train.

    Raises:
        MissingExtra: it is not installed.
        InputError: it is, and does not load.
    """
    package("torchvision", "training with Ultralytics", "yolo")
    return package("ultralytics", "training with Ultralytics", "yolo")


def _boxes(answer: Any) -> tuple[NDArray[np.int32], FloatArray, FloatArray]:
    """Classes (n,), boxes (n, 4) in shares, confidences (n,)."""
    if answer.probs is not None:
        whole = np.array([[0.5, 0.5, 1.0, 1.0]])
        label = np.array([answer.probs.top1], np.int32)
        return label, whole, np.array([float(answer.probs.top1conf)])
    if answer.obb is not None:
        corners = _array(answer.obb.xyxyxyxyn).reshape(-1, 4, 2)
        low, high = corners.min(axis=1), corners.max(axis=1)
        found, xywh = answer.obb, np.hstack([(low + high) / 2, high - low])
    else:
        found, xywh = answer.boxes, _array(answer.boxes.xywhn).reshape(-1, 4)
    return _array(found.cls).astype(np.int32), np.clip(xywh, 0, 1), _array(found.conf)


def _outlines(answer: Any, xywh: FloatArray) -> tuple[FloatArray, ...]:
    """The outline of each mask or oriented box, (k, 2) in shares; of plain boxes there is none."""
    if answer.obb is not None:
        told = list(_array(answer.obb.xyxyxyxyn).reshape(-1, 4, 2))
    elif answer.masks is not None:
        told = answer.masks.xyn
    else:
        return ()
    return outlined(xywh, [np.clip(each, 0, 1) for each in told])


def _array(values: Any) -> FloatArray:
    return np.asarray(values.cpu().numpy(), np.float64)
