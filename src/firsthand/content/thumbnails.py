"""Small pictures of images: 16 x 16 pixels, decoded once and kept by the digest of the content."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.content.files import Remembered
from firsthand.content.images import decode
from firsthand.content.media import media_of
from firsthand.types import Dataset, Sample

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

SIDE = 16
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


def thumbnail(source: str | Path | io.BytesIO) -> Thumbnail:
    """One image at 16 x 16 pixels, upright; with a side of 0 if it cannot be decoded.

    Each pixel is the mean of what it covers; smaller images are enlarged. JPEG is decoded at an
    eighth of its size where that is still enough, which is most of the speed.
    """
    return decode(source, _small) or _BROKEN


def _small(image: Picture) -> Thumbnail:
    from PIL import Image, ImageOps

    side = min(image.size)
    image.draft("RGB", (4 * SIDE, 4 * SIDE))
    whole = ImageOps.exif_transpose(image).convert("RGB")
    return Thumbnail(np.asarray(whole.resize((SIDE, SIDE), Image.Resampling.BOX)), side)


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
    with _Pictures(dataset) as pictures:
        skipped = pictures.find(samples, until, progress)
    known = pictures.known
    found = [known.get(sample.media, _BROKEN) for sample in samples]
    readable = [at for at, each in enumerate(found) if each.side]
    return Thumbnails(
        pixels=np.array([found[at].pixels for at in readable], np.uint8).reshape(-1, SIDE, SIDE, 3),
        sides=np.array([found[at].side for at in readable], np.int64),
        rows=np.array(readable, np.int64),
        unreadable=len(samples) - len(readable) - skipped,
        skipped=skipped,
    )


class _Pictures(Remembered):
    """Thumbnails of the images of one dataset, by digest."""

    def __init__(self, dataset: Dataset) -> None:
        self.root = dataset.root
        self.known: dict[bytes, Thumbnail] = {}
        super().__init__("thumbnails-1", os.fsencode(Path(dataset.root).absolute()))

    def find(self, samples: Sequence[Sample], until: float, progress: Progress) -> int:
        """Decode what is not known yet; returns how many samples time did not suffice for."""
        skipped = 0
        for done, sample in enumerate(samples):
            if sample.media in self.known:
                continue
            if time.monotonic() > until:
                skipped += 1
                continue
            data = media_of(self.root, sample)
            if data is not None:
                self.known[sample.media] = thumbnail(io.BytesIO(data))
                self.changed = True
            progress(done, len(samples))
        return skipped

    def _dump(self) -> bytes:
        rows = np.zeros(len(self.known), _ROW)
        rows["digest"] = np.array(list(self.known), "V32")
        rows["side"] = [each.side for each in self.known.values()]
        rows["pixels"] = [each.pixels for each in self.known.values()]
        return rows.tobytes()

    def _load(self, body: bytes) -> None:
        rows = np.frombuffer(body, _ROW)
        entries = map(Thumbnail, rows["pixels"], rows["side"].tolist())
        self.known = dict(zip(rows["digest"].tolist(), entries, strict=True))
