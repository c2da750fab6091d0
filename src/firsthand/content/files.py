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
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from firsthand.content.digests import media_digest
from firsthand.content.images import image_facts

if TYPE_CHECKING:
    from firsthand.content.ahead import Ahead

_FRESH_NS = 2_000_000_000
_MANY = 10_000  # files, from which on a second process is worth the time that it takes to start
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


class Stamp(NamedTuple):
    """By what a changed file is recognised."""

    size: int
    mtime_ns: int

    @property
    def settled(self) -> bool:
        """Asked right after reading: was the last change so long ago that another would show?"""
        return time.time_ns() - self.mtime_ns >= _FRESH_NS


class Found(NamedTuple):
    """What was read of a file."""

    facts: FileFacts
    stamp: Stamp
    settled: bool


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
    return read_stamped(path)[0]


def read_stamped(path: str) -> tuple[bytes, Stamp]:
    """`read_file`, with the size and time that the file had when it was opened."""
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
    return data, Stamp(found.st_size, found.st_mtime_ns)


def read_facts(path: str) -> Found:
    """Facts about a file as it is now.

    Raises:
        OSError: it cannot be read.
    """
    data, stamp = read_stamped(path)
    settled = stamp.settled
    return Found(FileFacts(media_digest(data), *image_facts(data)), stamp, settled)


def unchanged(path: str, stamp: tuple[int, int]) -> bool:
    """Has the file still this size and time? False where it is gone."""
    try:
        now = os.stat(path)  # noqa: PTH116
    except OSError:
        return False
    return now.st_mtime_ns == stamp[1] and now.st_size == stamp[0]


class Remembered(ABC):
    """What is known about one thing, kept between runs in a file of its own.

    with FileCache(root) as cache:
        facts = cache.facts(path)
    """

    def __init__(self, kind: str, about: bytes) -> None:
        name = f"{hashlib.sha256(about).hexdigest()[:32]}.bin"
        self.file = cache_folder() / kind / name
        self.changed = False
        body = _load_checked(self.file)
        if body:
            self._load(body)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.changed:
            _store_checked(self.file, self._dump())

    @abstractmethod
    def _load(self, body: bytes) -> None:
        """Take in what `_dump` gave."""

    @abstractmethod
    def _dump(self) -> bytes:
        """All that is to be kept."""


def _load_checked(file: Path) -> bytes:
    """What `_store_checked` wrote; nothing where it is missing or not what was written."""
    try:
        data = file.read_bytes()
    except OSError:
        return b""
    body = data[32:]
    return body if hashlib.sha256(body).digest() == data[:32] else b""


def _store_checked(file: Path, body: bytes) -> None:
    """Write a cache whole or not at all; of two processes the last one wins."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(hashlib.sha256(body).digest())
                out.write(body)
            Path(name).replace(file)
        except OSError:
            Path(name).unlink(missing_ok=True)


class FileCache(Remembered):
    """Facts about the files of one dataset."""

    def __init__(self, root: str | Path) -> None:
        self._known: dict[str, tuple[Stamp, FileFacts]] = {}
        self._ahead: Ahead | None = None
        super().__init__("files-1", os.fsencode(Path(root).absolute()))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ahead is not None:
            self._ahead.close()
        super().__exit__(kind, error, trace)

    def expect(self, paths: Iterable[str]) -> None:
        """Say of which files facts will be asked, in this order: many are then read ahead."""
        new = [path for path in dict.fromkeys(paths) if path not in self._known]
        if len(new) >= _MANY:
            from firsthand.content.ahead import Ahead

            self._ahead = Ahead.start(new)

    def facts(self, path: str) -> FileFacts:
        """Facts about a file, by its absolute path: remembered if it is unchanged, else read.

        Raises:
            OSError: it cannot be read.
        """
        known = self._known.get(path)
        if known is not None and unchanged(path, known[0]):
            return known[1]
        found = self._ahead.take(path) if self._ahead is not None else None
        facts, stamp, settled = found or read_facts(path)
        if settled:
            self._known[path] = (stamp, facts)
            self.changed = True
        return facts

    def _dump(self) -> bytes:
        rows = np.zeros(len(self._known), _ROW)
        entries = list(self._known.values())
        digests = b"".join(facts.digest for _, facts in entries)
        rows["digest"] = np.frombuffer(digests, np.uint8).reshape(-1, 32)
        rows["size"] = [stamp.size for stamp, _ in entries]
        rows["mtime"] = [stamp.mtime_ns for stamp, _ in entries]
        rows["ok"] = [facts.ok for _, facts in entries]
        rows["width"] = [facts.width for _, facts in entries]
        rows["height"] = [facts.height for _, facts in entries]
        paths = b"\0".join(os.fsencode(path) for path in self._known)
        return struct.pack("<Q", len(rows)) + rows.tobytes() + paths

    def _load(self, body: bytes) -> None:
        count = struct.unpack_from("<Q", body)[0]
        rows = np.frombuffer(body, _ROW, count, 8)
        paths = os.fsdecode(body[8 + rows.nbytes :]).split("\0")
        digests = rows["digest"].tobytes()
        ends = range(32, 32 * count + 1, 32)
        columns = (rows[name].tolist() for name in ("ok", "width", "height"))
        facts = map(FileFacts, (digests[end - 32 : end] for end in ends), *columns)
        stamps = map(Stamp, rows["size"].tolist(), rows["mtime"].tolist())
        self._known = dict(zip(paths, zip(stamps, facts, strict=True), strict=True))
