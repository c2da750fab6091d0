"""Points that were costly to make, kept by the digest of the content and what made them.

One SQLite file an embedder and version, in the cache folder. Every row carries a checksum, so that
a damaged one is made again; a damaged file is thrown away. Several processes may read and write:
SQLite locks, and equal keys have equal values. Where the cache cannot be used it is empty.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from firsthand.content.files import cache_folder

if TYPE_CHECKING:
    from sqlite3 import Connection

LIMIT = 8 << 30
"""Bytes that all files together may take; beyond it the ones not used for longest go."""

WAIT = 10.0  # seconds for another process to finish writing
_ASK = 500  # digests a query
_TABLE = """CREATE TABLE IF NOT EXISTS points
            (media BLOB PRIMARY KEY, checksum INTEGER NOT NULL, point BLOB NOT NULL)"""

Floats = NDArray[np.float32]


class FeatureCache:
    """Points of one version of one embedder.

    >>> cache = FeatureCache("clip@1")
    >>> cache.put([b"digest"], np.ones((1, 3), np.float32))
    >>> sorted(cache.get([b"digest", b"another"]))
    [b'digest']
    """

    def __init__(self, embedder: str) -> None:
        name = f"{hashlib.sha256(embedder.encode()).hexdigest()[:32]}.sqlite"
        self.file = cache_folder() / "features-1" / name

    def get(self, media: Sequence[bytes]) -> dict[bytes, Floats]:
        """The points that are known, (d,) each, by digest."""
        found: dict[bytes, Floats] = {}

        def read(connection: Connection) -> None:
            for start in range(0, len(media), _ASK):
                asked = media[start : start + _ASK]
                marks = ",".join("?" * len(asked))
                query = f"SELECT media, checksum, point FROM points WHERE media IN ({marks})"
                for key, checksum, point in connection.execute(query, asked):
                    if _checksum(key, point) == checksum:
                        found[key] = np.frombuffer(point, "<f4")

        if self.file.exists():
            self._try(read)
            with contextlib.suppress(OSError):
                os.utime(self.file)  # the ones not used for longest go first
        return found

    def put(self, media: Sequence[bytes], points: Floats) -> None:
        """Keep points, row i under digest i."""
        values = [row.tobytes() for row in points.astype("<f4")]
        rows = [
            (key, _checksum(key, value), value) for key, value in zip(media, values, strict=True)
        ]

        def write(connection: Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO points VALUES (?, ?, ?)", rows)

        with contextlib.suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._make_room()
        self._try(write)

    def _try(self, act: Callable[[Connection], None]) -> None:
        """One transaction; what goes wrong in it ends it and nothing else."""
        import sqlite3

        try:
            with contextlib.closing(sqlite3.connect(self.file, timeout=WAIT)) as connection:
                connection.execute("PRAGMA synchronous = OFF")  # what is lost can be made again
                with connection:
                    connection.execute(_TABLE)
                    act(connection)
        except sqlite3.OperationalError as error:
            # Others mean that it is locked, full or not writable, which may pass.
            if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
                self._drop()
        except (sqlite3.Error, TypeError):  # not what was written
            self._drop()

    def _drop(self) -> None:
        """Throw the file away, its journal first: it would be replayed into the next one."""
        with contextlib.suppress(OSError):
            self.file.with_name(self.file.name + "-journal").unlink(missing_ok=True)
            self.file.unlink(missing_ok=True)

    def _make_room(self) -> None:
        files = [(file.stat(), file) for file in self.file.parent.glob("*.sqlite")]
        total = sum(facts.st_size for facts, _ in files)
        for facts, file in sorted(files, key=lambda each: each[0].st_mtime):
            if total > LIMIT and file != self.file:
                file.unlink(missing_ok=True)
                total -= facts.st_size


def _checksum(key: bytes, point: bytes) -> int:
    return zlib.crc32(point, zlib.crc32(key))
