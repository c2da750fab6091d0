"""Small pictures of images: 16 x 16 pixels, decoded once and kept by the digest of the content."""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.content.files import cache_folder
from firsthand.types import Dataset, Sample

SIDE = 16
VERSION = "1"
_ROW = np.dtype([("digest", "V32"), ("pixels", "u1", (SIDE, SIDE, 3)), ("side", "<i4")])

Pixels = NDArray[np.uint8]
Progress = Callable[[int, int], None]


class Thumbnail(NamedTuple):
    """One picture."""

    pixels: Pixels  # (16, 16, 3) red, green, blue
    side: int  # the smaller side of the image itself, in pixels; 0 if it cannot be decoded


_BROKEN = Thumbnail(np.zeros((SIDE, SIDE, 3), np.uint8), 0)


class Thumbnails(NamedTuple):
    """Pictures of some samples."""

    pixels: Pixels  # (m, 16, 16, 3) red, green, blue
    sides: NDArray[np.int64]  # (m,) the smaller side of the image itself, in pixels
    rows: NDArray[np.int64]  # (m,) which of the samples asked for
    unreadable: int  # samples whose media is no image that can be decoded
    skipped: int  # samples that time did not suffice for


def thumbnail(path: str | Path) -> Thumbnail:
    """One image at 16 x 16 pixels, upright; with a side of 0 if it cannot be decoded.

    Each pixel is the mean of what it covers; smaller images are enlarged. JPEG is decoded at an
    eighth of its size where that is still enough, which is most of the speed.
    """
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                side = min(image.size)
                image.draft("RGB", (4 * SIDE, 4 * SIDE))
                whole = ImageOps.exif_transpose(image).convert("RGB")
                small = whole.resize((SIDE, SIDE), Image.Resampling.BOX)
                return Thumbnail(np.asarray(small), side)
    # Pillow's plugins let almost anything out of a file made to break them.
    except (OSError, ValueError, SyntaxError, TypeError, ArithmeticError, LookupError):
        return _BROKEN
    except (struct.error, zlib.error, MemoryError, AttributeError, RuntimeError):
        return _BROKEN
    except Image.DecompressionBombError:
        return _BROKEN


def thumbnails(
    dataset: Dataset,
    samples: Sequence[Sample],
    *,
    until: float = float("inf"),
    progress: Progress = lambda _done, _total: None,
) -> Thumbnails:
    """Pictures of some samples of a dataset, from the cache where the content is known.

    Args:
        dataset: whose folder relative paths start from, and whose cache is used.
        samples: those of interest.
        until: `time.monotonic()` at which to stop decoding; the rest is counted as skipped.
        progress: called with how many are done, of how many.
    """
    known = _load(dataset)
    before = len(known)
    skipped = 0
    for done, sample in enumerate(samples):
        if sample.media in known:
            continue
        if time.monotonic() > until:
            skipped += 1
            continue
        known[sample.media] = thumbnail(Path(dataset.root, sample.path)) if sample.path else _BROKEN
        progress(done, len(samples))
    if len(known) > before:
        _save(dataset, known)
    found = [known.get(sample.media, _BROKEN) for sample in samples]
    readable = [at for at, each in enumerate(found) if each.side]
    return Thumbnails(
        pixels=np.array([found[at].pixels for at in readable], np.uint8).reshape(-1, SIDE, SIDE, 3),
        sides=np.array([found[at].side for at in readable], np.int64),
        rows=np.array(readable, np.int64),
        unreadable=len(samples) - len(readable) - skipped,
        skipped=skipped,
    )


def _file(dataset: Dataset) -> Path:
    name = hashlib.sha256(os.fsencode(Path(dataset.root).absolute())).hexdigest()[:32]
    return cache_folder() / "thumbnails" / f"{name}-{VERSION}.npy"


def _load(dataset: Dataset) -> dict[bytes, Thumbnail]:
    """What earlier runs found; nothing where the file is absent or not what we wrote."""
    try:
        rows = np.load(_file(dataset), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return {}
    if rows.dtype != _ROW:
        return {}
    entries = map(Thumbnail, rows["pixels"], rows["side"].tolist())
    return dict(zip(rows["digest"].tolist(), entries, strict=True))


def _save(dataset: Dataset, known: dict[bytes, Thumbnail]) -> None:
    """Write what is known; a cache that cannot be written only costs time."""
    rows = np.zeros(len(known), _ROW)
    rows["digest"] = np.array(list(known), "V32")
    rows["side"] = [each.side for each in known.values()]
    rows["pixels"] = [each.pixels for each in known.values()]
    with contextlib.suppress(OSError):
        path = _file(dataset)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                np.save(out, rows, allow_pickle=False)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
