"""A cache of what is known about files, so that unchanged ones are not read again.

An entry holds as long as path, size and modification time stay the same. A file that was modified
less than two seconds before it was read is not remembered: it could change again within the
resolution of the clock and keep its time. The cache is only ever a shortcut: where it cannot be
read, written or trusted, files are read.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import struct
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from firsthand.content.digests import media_digest
from firsthand.content.images import image_facts

_MAGIC = b"firsthand.files/1\n"
_FRESH_NS = 2_000_000_000
_ROW = np.dtype(
    [
        ("digest", "u1", (32,)),
        ("size", "<i8"),
        ("mtime", "<i8"),
        ("width", "<i4"),
        ("height", "<i4"),
        ("ok", "?"),
    ]
)


class FileFacts(NamedTuple):
    """Digest of a file's bytes, and whether they are a whole image, with its displayed size."""

    digest: bytes
    ok: bool
    width: int
    height: int


def cache_folder() -> Path:
    """Where caches live: $FIRSTHAND_CACHE, else $XDG_CACHE_HOME/firsthand, else ~/.cache."""
    own = os.environ.get("FIRSTHAND_CACHE")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return Path(shared or os.path.expanduser("~/.cache")) / "firsthand"  # noqa: PTH111


def read_file(path: str) -> bytes:
    """All bytes of a regular file; a few microseconds where there are few.

    Raises:
        OSError: it is missing, unreadable or no regular file (a pipe would block for ever).
    """
    return _read(path)[0]


def _read(path: str) -> tuple[bytes, os.stat_result]:
    """The bytes of a file, with what its size and time were when it was opened."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        data = os.read(handle, found.st_size + 1)
        if len(data) != found.st_size:  # it changed meanwhile, or is too large for one call
            with os.fdopen(os.dup(handle), "rb") as file:
                data += file.read()
    finally:
        os.close(handle)
    return data, found


class FileCache:
    """Facts about the files of one dataset, kept between runs.

    with FileCache(root) as cache:
        facts = cache.facts(path)
    """

    def __init__(self, root: str | Path) -> None:
        name = hashlib.sha256(os.fsencode(Path(root).absolute())).hexdigest()[:32]
        self.file = cache_folder() / "files" / f"{name}.bin"
        self._known: dict[str, tuple[int, int, FileFacts]] = {}
        self._changed = False
        with contextlib.suppress(OSError):
            self._load(self.file.read_bytes())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.save()

    def facts(self, path: str) -> FileFacts:
        """Facts about a file, by its absolute path: remembered if it is unchanged, else read.

        Raises:
            OSError: it cannot be read.
        """
        known = self._known.get(path)
        if known is not None:
            now = os.stat(path)  # noqa: PTH116
            if now.st_size == known[0] and now.st_mtime_ns == known[1]:
                return known[2]
        data, found = _read(path)
        facts = FileFacts(media_digest(data), *image_facts(data))
        self._remember(path, found, facts)
        return facts

    def _remember(self, path: str, found: os.stat_result, facts: FileFacts) -> None:
        """Unless the file is too fresh to trust its time."""
        if time.time_ns() - found.st_mtime_ns >= _FRESH_NS:
            self._known[path] = (found.st_size, found.st_mtime_ns, facts)
            self._changed = True

    def save(self) -> None:
        """Write what is new; two processes may both try, the last one wins, nothing is torn."""
        if not self._changed:
            return
        with contextlib.suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.file.parent)
            try:
                with os.fdopen(handle, "wb") as out:
                    out.write(self._dump())
                Path(name).replace(self.file)
            except OSError:
                Path(name).unlink(missing_ok=True)
        self._changed = False

    def _dump(self) -> bytes:
        rows = np.zeros(len(self._known), _ROW)
        entries = list(self._known.values())
        digests = b"".join(entry[2].digest for entry in entries)
        rows["digest"] = np.frombuffer(digests, np.uint8).reshape(-1, 32)
        rows["size"] = [entry[0] for entry in entries]
        rows["mtime"] = [entry[1] for entry in entries]
        rows["ok"] = [entry[2].ok for entry in entries]
        rows["width"] = [entry[2].width for entry in entries]
        rows["height"] = [entry[2].height for entry in entries]
        paths = b"\0".join(os.fsencode(path) for path in self._known)
        body = struct.pack("<Q", len(rows)) + rows.tobytes() + paths
        return _MAGIC + hashlib.sha256(body).digest() + body

    def _load(self, data: bytes) -> None:
        start = len(_MAGIC) + 32
        body = data[start:]
        if not data.startswith(_MAGIC) or hashlib.sha256(body).digest() != data[start - 32 : start]:
            return
        count = struct.unpack_from("<Q", body)[0]
        if not count:
            return
        rows = np.frombuffer(body, _ROW, count, 8)
        paths = os.fsdecode(body[8 + rows.nbytes :]).split("\0")
        digests = rows["digest"].tobytes()
        ends = range(32, 32 * count + 1, 32)
        columns = (rows[name].tolist() for name in ("ok", "width", "height"))
        facts = map(FileFacts, (digests[end - 32 : end] for end in ends), *columns)
        entries = zip(rows["size"].tolist(), rows["mtime"].tolist(), facts, strict=True)
        self._known = dict(zip(paths, entries, strict=True))
