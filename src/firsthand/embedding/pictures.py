"""From images to the arrays that a vision model was trained on, with Pillow and NumPy alone.

Each model says how its pictures were made: resized so that the shorter side fits, cut out in the
middle, and standardised by channel. What a model was not shown, it cannot be asked about: the ends
of long pictures fall outside the cut.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.content.images import decode_aloud
from firsthand.content.media import media_of
from firsthand.embedding.weights import settings
from firsthand.errors import InputError
from firsthand.types import Dataset, Sample

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

BATCH = 64
_FILES = ("preprocessor_config.json", "processor_config.json")

Floats = NDArray[np.float32]
Model = Callable[[Floats], Floats]
"""(b, 3, h, w) pictures to (b, d) points."""


class Recipe(NamedTuple):
    """How pictures are made ready for one model."""

    resize: tuple[int, int] | int | None  # (height, width), or the shorter side
    crop: tuple[int, int] | None  # (height, width)
    resample: int  # Pillow's number of the filter
    scale: float
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


def recipe_of(folder: Path) -> Recipe:
    """The recipe that a transformers model keeps beside its weights.

    Raises:
        InputError: it is missing or incomplete.
    """
    found = settings(folder, *_FILES)
    found = found.get("image_processor", found)
    try:
        crop = _size(found["crop_size"]) if found.get("do_center_crop") else None
        return Recipe(
            resize=_size(found["size"]) if found.get("do_resize", True) else None,
            crop=(crop, crop) if isinstance(crop, int) else crop,
            resample=int(found.get("resample", 3)),
            scale=float(found.get("rescale_factor", 1 / 255)) if found.get("do_rescale", 1) else 1,
            mean=tuple(map(float, found["image_mean"])),
            deviation=tuple(map(float, found["image_std"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        expected = "size, image_mean and image_std in preprocessor_config.json"
        raise unprepared(folder, error, expected) from error


def unprepared(folder: Path, error: Exception, expected: str) -> InputError:
    """The error of a model that does not say how its pictures were made."""
    return InputError(
        f"the model does not say how pictures are made ready: {error!r}",
        expected=expected,
        todo="Save the model's image processor into its folder.",
        where=str(folder),
    )


def _size(found: Any) -> tuple[int, int] | int:
    if not isinstance(found, Mapping):
        return int(found)
    if "shortest_edge" in found:
        return int(found["shortest_edge"])
    return int(found["height"]), int(found["width"])


def embedded(dataset: Dataset, recipe: Recipe, model: Model) -> tuple[Floats, NDArray[np.int64]]:
    """Points of the images of a dataset that can be decoded, with the indices of their samples."""
    points, at = [], []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(dataset.samples), BATCH):
            part = dataset.samples[start : start + BATCH]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                pictures = list(pool.map(partial(_read, dataset.root, recipe), part))
            read = enumerate(pictures, start)
            found = [(row, picture) for row, picture in read if picture is not None]
            if found:
                points.append(model(np.stack([picture for _, picture in found])))
                at += [row for row, _ in found]
    return np.concatenate(points or [np.zeros((0, 0), np.float32)]), np.array(at, np.int64)


def _read(root: str, recipe: Recipe, sample: Sample) -> Floats | None:
    data = media_of(root, sample)
    return (
        None if data is None else decode_aloud(io.BytesIO(data), partial(prepared, recipe=recipe))
    )


def prepared(picture: Picture, recipe: Recipe) -> Floats:
    """One picture as (3, height, width), upright, in red, green and blue.

    Smaller than the cut, it is set in the middle of black.
    """
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(picture).convert("RGB")
    if recipe.resize is not None:
        height, width = _target(upright.size, recipe.resize)
        upright = upright.resize((width, height), recipe.resample)
    if recipe.crop is not None:
        height, width = recipe.crop
        left, top = (upright.width - width) // 2, (upright.height - height) // 2
        upright = upright.crop((left, top, left + width, top + height))
    pixels = np.asarray(upright, np.float32) * np.float32(recipe.scale)
    mean, deviation = (np.array(each, np.float32) for each in (recipe.mean, recipe.deviation))
    pixels = (pixels - mean) / deviation
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _target(size: tuple[int, int], wanted: tuple[int, int] | int) -> tuple[int, int]:
    """Height and width after resizing; the longer side is cut down to a whole number."""
    if isinstance(wanted, tuple):
        return wanted
    width, height = size
    short, long = sorted(size)
    longer = wanted * long // short
    return (longer, wanted) if height == long else (wanted, longer)
