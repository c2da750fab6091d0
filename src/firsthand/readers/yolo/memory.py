"""Label files that were parsed before and have not changed are not opened again.

Only files of plain boxes in which nothing was wrong are remembered: whatever must be named is found
anew in every run. What is remembered depends on the class names, so another data.yaml has another
memory. Rules of the cache: `content/files.py`.
"""

from __future__ import annotations

import os
import struct
from typing import NamedTuple

import numpy as np

from firsthand.content import Remembered, Stamp, unchanged
from firsthand.readers.yolo.rows import Rules
from firsthand.types import Boxes

Size = tuple[int, int]

_ROW = np.dtype(
    [
        ("digest", "u1", (32,)),
        ("size", "<i8"),
        ("mtime", "<i8"),
        ("width", "<i4"),
        ("height", "<i4"),
        ("boxes", "<i8"),
    ]
)


class Known(NamedTuple):
    """The label of an image of some size."""

    boxes: Boxes
    digest: bytes


class Memory(Remembered):
    """Labels of one dataset."""

    def __init__(self, root: str, names: tuple[str, ...], rules: Rules) -> None:
        self._known: dict[str, tuple[Stamp, Size, Known]] = {}
        about = [os.fsencode(root), f"{rules.task} {rules.keypoint_columns}".encode()]
        about += [rules.index.tobytes(), *(name.encode("utf-8", "replace") for name in names)]
        super().__init__("labels-1", b"\0".join(about))

    def find(self, path: str, size: Size) -> Known | None:
        """What the file said, if neither it nor the size of its image has changed."""
        entry = self._known.get(path)
        if entry is None or entry[1] != size or not unchanged(path, entry[0]):
            return None
        return entry[2]

    def keep(self, path: str, stamp: Stamp, size: Size, known: Known) -> None:
        """Remember a label, whose file had settled when it was read."""
        self._known[path] = (stamp, size, known)
        self.changed = True

    def _dump(self) -> bytes:
        entries = list(self._known.values())
        rows = np.zeros(len(entries), _ROW)
        digests = b"".join(known.digest for _, _, known in entries)
        rows["digest"] = np.frombuffer(digests, np.uint8).reshape(-1, 32)
        rows["size"] = [stamp.size for stamp, _, _ in entries]
        rows["mtime"] = [stamp.mtime_ns for stamp, _, _ in entries]
        rows["width"] = [size[0] for _, size, _ in entries]
        rows["height"] = [size[1] for _, size, _ in entries]
        rows["boxes"] = [len(known.boxes.classes) for _, _, known in entries]
        kinds = np.concatenate([known.boxes.classes for _, _, known in entries]).astype("<i4")
        xywh = np.concatenate([known.boxes.xywh for _, _, known in entries]).astype("<f8")
        paths = b"\0".join(os.fsencode(path) for path in self._known)
        parts = [struct.pack("<Q", len(rows)), rows.tobytes(), kinds.tobytes(), xywh.tobytes()]
        return b"".join([*parts, paths])

    def _load(self, body: bytes) -> None:
        count = struct.unpack_from("<Q", body)[0]
        rows = np.frombuffer(body, _ROW, count, 8)
        ends = np.cumsum(rows["boxes"]).tolist()
        at = 8 + rows.nbytes
        kinds = np.frombuffer(body, "<i4", ends[-1], at)
        xywh = np.frombuffer(body, "<f8", 4 * ends[-1], at + kinds.nbytes).reshape(-1, 4)
        paths = os.fsdecode(body[at + kinds.nbytes + xywh.nbytes :]).split("\0")
        digests = rows["digest"].tobytes()
        known = [
            Known(Boxes(kinds[start:end], xywh[start:end]), digests[32 * row : 32 * row + 32])
            for row, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True))
        ]
        stamps = map(Stamp, rows["size"].tolist(), rows["mtime"].tolist())
        sizes = zip(rows["width"].tolist(), rows["height"].tolist(), strict=True)
        self._known = dict(zip(paths, zip(stamps, sizes, known, strict=True), strict=True))
