"""Is this a whole image, and how large is it? From its structure, without decoding the pixels.

JPEG and PNG are checked here in some 10 microseconds: markers and the end of the stream, or the
checksum of every chunk. Whatever looks odd, and every other format, is left to Pillow. Pixels that
decode to nonsense inside an intact structure are not noticed.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

T = TypeVar("T")

IMAGE_SUFFIXES = frozenset(
    (".avif", ".bmp", ".gif", ".jpe", ".jpeg", ".jpg", ".jp2", ".mpo")
    + (".pfm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
_SIDEWAYS = frozenset((5, 6, 7, 8))


class ImageFacts(NamedTuple):
    """Whether the image is whole, and its size in pixels as it is displayed (EXIF turns it)."""

    ok: bool
    width: int
    height: int


_BROKEN = ImageFacts(False, 0, 0)


def image_facts(data: bytes) -> ImageFacts:
    """Check the bytes of an image.

    >>> image_facts(b"not an image")
    ImageFacts(ok=False, width=0, height=0)
    """
    facts = None
    if data.startswith(b"\xff\xd8"):
        facts = _jpeg(data)
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(data)
    return facts or _decoded(data)


def _jpeg(data: bytes) -> ImageFacts | None:
    """None where the structure leaves doubt."""
    at, size, turned, end = 2, (0, 0), False, len(data) - 4
    while at <= end and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _ALONE or marker == 0xFF:
            at += 1 if marker == 0xFF else 2
            continue
        length = data[at + 2] << 8 | data[at + 3]
        if marker in _FRAMES and at + 9 <= len(data):
            height, width = struct.unpack_from(">HH", data, at + 5)
            size = (height, width) if turned else (width, height)
        elif marker == 0xE1:
            turned = _exif_turned(data[at + 4 : at + 2 + length])
        elif marker == 0xDA:
            whole = min(size) > 0 and data.rfind(b"\xff\xd9", at) > 0
            return ImageFacts(True, *size) if whole else None
        at += 2 + length
    return None


def _exif_turned(block: bytes) -> bool:
    """Does the EXIF orientation swap width and height?"""
    order = {b"II": "<", b"MM": ">"}.get(block[6:8])
    if order is None or not block.startswith(b"Exif\0\0"):
        return False
    tiff = block[6:]
    try:
        start = struct.unpack_from(order + "I", tiff, 4)[0]
        count = struct.unpack_from(order + "H", tiff, start)[0]
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == 0x0112:
                return value in _SIDEWAYS
    except struct.error:
        return False
    return False


def _png(data: bytes) -> ImageFacts:
    at, size, view = 8, (0, 0), memoryview(data)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, stop = data[at + 4 : at + 8], at + 8 + length
        if data[stop : stop + 4] != zlib.crc32(view[at + 4 : stop]).to_bytes(4, "big"):
            return _BROKEN
        if kind == b"IHDR" and length == 13:
            size = struct.unpack_from(">II", data, at + 8)
        if kind == b"IEND":
            return ImageFacts(True, *size) if min(size) > 0 else _BROKEN
        at = stop + 4
    return _BROKEN


def _decoded(data: bytes) -> ImageFacts:
    """What Pillow says, the pixels included; slow, for what has no cheap check."""
    from PIL import ImageFile, ImageOps

    def size(image: Picture) -> tuple[int, int]:
        image.load()
        return ImageOps.exif_transpose(image).size

    found = decode(io.BytesIO(data), size)
    if found is None or ImageFile.LOAD_TRUNCATED_IMAGES:
        return _BROKEN
    return ImageFacts(min(found) > 0, *found)


def decode(source: str | Path | io.BytesIO, use: Callable[[Picture], T]) -> T | None:
    """What `use` makes of an image that Pillow opens; None where it cannot be decoded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return decode_aloud(source, use)


def decode_aloud(source: str | Path | io.BytesIO, use: Callable[[Picture], T]) -> T | None:
    """`decode` for threads, which share the filter of warnings: the caller has to set it."""
    from PIL import Image

    try:
        with Image.open(source) as image:
            return use(image)
    # Pillow's plugins let almost anything out of a file made to break them.
    except (OSError, ValueError, SyntaxError, TypeError, ArithmeticError, LookupError):
        return None
    except (struct.error, zlib.error, MemoryError, AttributeError, RuntimeError):
        return None
    except ImportError:  # Ultralytics replaces Image.open, which then asks for a further package
        return None
    except Image.DecompressionBombError:
        return None
