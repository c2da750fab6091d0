"""Reads files in a second process, so that a first read of many of them uses a second core.

Threads do not help: a small file is read and hashed mostly under the interpreter lock. The process
is only ever a shortcut. It says of one path after the other what `read_facts` says; where it cannot
be started, ends early or cannot read a file, whoever asked does that work.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Self

from firsthand.content.files import FileFacts, Stamp, read_facts

_RECORD = struct.Struct("<?32s?iiqq?")
_PIPE_BYTES = 1 << 20  # how far it may be ahead: some 16,000 files
_NOTHING = FileFacts(b"", False, 0, 0), Stamp(0, 0), False


class Ahead:
    """Facts about files, to be taken in the order in which they were asked for."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = iter(paths)
        self._next = next(self._paths, None)
        # Not from the folder that we are in, where a dataset may hold a file called struct.py.
        command = [sys.executable, "-P", "-m", __name__]
        with tempfile.TemporaryFile() as asked:
            asked.write(b"\0".join(map(os.fsencode, paths)))
            asked.seek(0)
            self._process = subprocess.Popen(
                command,
                stdin=asked,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pipesize=_PIPE_BYTES,
            )

    @classmethod
    def start(cls, paths: Sequence[str]) -> Self | None:
        """None where there is no second core, or no second interpreter to be had."""
        if _cores() < 2 or not sys.executable or getattr(sys, "frozen", False):
            return None
        try:
            return cls(paths)
        except OSError:
            return None

    def take(self, path: str) -> tuple[FileFacts, Stamp, bool] | None:
        """What `read_facts` says of this path; None where it is not the next, or was not read."""
        if path != self._next or self._process.stdout is None:
            return None
        self._next = next(self._paths, None)
        record = self._process.stdout.read(_RECORD.size)
        if len(record) < _RECORD.size:
            self._next = None
            return None
        read, digest, ok, width, height, size, mtime_ns, settled = _RECORD.unpack(record)
        return (
            (FileFacts(digest, ok, width, height), Stamp(size, mtime_ns), settled) if read else None
        )

    def close(self) -> None:
        """Stop it, whatever is left."""
        self._process.kill()
        with self._process:
            self._next = None


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _record(path: str) -> bytes:
    try:
        found = read_facts(path)
    except (OSError, ValueError):
        return _RECORD.pack(False, *_flat(*_NOTHING))
    return _RECORD.pack(True, *_flat(*found))


def _flat(facts: FileFacts, stamp: Stamp, settled: bool) -> tuple[bytes | int, ...]:
    return (*facts, *stamp, settled)


def main() -> None:
    """The other process: paths come in, records go out."""
    out = sys.stdout.buffer
    for path in os.fsdecode(sys.stdin.buffer.read()).split("\0"):
        out.write(_record(path))


if __name__ == "__main__":
    main()
