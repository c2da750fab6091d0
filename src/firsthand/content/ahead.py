"""Reads files in a second process, so that a first read of many of them uses a second core.

Threads do not help: a small file is read and hashed mostly under the interpreter lock. The process
is only ever a shortcut. It says of one path after the other what `read_facts` says; where it cannot
be started, ends early or cannot read a file, whoever asked does that work. Where it is slower than
who asks, that one does not wait but reads from the end of the list, until the two meet.
"""

from __future__ import annotations

import os
import select
import struct
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, Self

from firsthand.content.files import FileFacts, Found, Stamp, read_facts

_RECORD = struct.Struct("<?32s?iiqq?")
_PIPE_BYTES = 1 << 20  # how far it may be ahead: some 16,000 files
_FAILED = bytes(_RECORD.size)


class _Begun(NamedTuple):
    process: subprocess.Popen[bytes]
    pipe: int


class Ahead:
    """Facts about files, to be taken in the order in which they were asked for."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._waiting = deque(paths)
        self._own: dict[str, Found] = {}
        self._begun = _begin(paths)
        self._bytes, self._at = b"", 0

    @classmethod
    def start(cls, paths: Sequence[str]) -> Self | None:
        """None where there is no second core, or no second interpreter to be had."""
        able = os.name == "posix" and sys.executable and not getattr(sys, "frozen", False)
        if not able or _cores() < 2:
            return None
        try:
            return cls(paths)
        except OSError:
            return None

    def take(self, path: str) -> Found | None:
        """What `read_facts` says of this path; None where it is not the next, or was not read."""
        if path in self._own:
            return self._own.pop(path)
        if not self._waiting or path != self._waiting[0]:
            return None
        self._waiting.popleft()
        record = self._record()
        if not self._waiting:
            self._begun.process.kill()  # the rest was read here
        read, digest, ok, width, height, size, mtime_ns, settled = _RECORD.unpack(record)
        facts = FileFacts(digest, ok, width, height)
        return Found(facts, Stamp(size, mtime_ns), settled) if read else None

    def close(self) -> None:
        """Stop it, whatever is left."""
        self._waiting.clear()
        self._begun.process.kill()
        with self._begun.process:
            pass

    def _record(self) -> bytes:
        while len(self._bytes) - self._at < _RECORD.size:
            try:
                more = os.read(self._begun.pipe, _PIPE_BYTES)
            except BlockingIOError:
                self._read_the_last()
                continue
            if not more:
                self._waiting.clear()
                return _FAILED
            self._bytes, self._at = self._bytes[self._at :] + more, 0
        self._at += _RECORD.size
        return self._bytes[self._at - _RECORD.size : self._at]

    def _read_the_last(self) -> None:
        if not self._waiting:
            select.select([self._begun.pipe], [], [])
            return
        path = self._waiting.pop()
        try:
            self._own[path] = read_facts(path)
        except (OSError, ValueError):
            return  # whoever asks for it reads it again and hears why


def _begin(paths: Sequence[str]) -> _Begun:
    # Not from the folder that we are in, where a dataset may hold a file called struct.py.
    command = [sys.executable, "-P", "-m", __name__]
    with tempfile.TemporaryFile() as asked:
        asked.write(b"\0".join(map(os.fsencode, paths)))
        asked.seek(0)
        process = subprocess.Popen(
            command,
            stdin=asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pipesize=_PIPE_BYTES,
        )
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    return _Begun(process, process.stdout.fileno())


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _pack(path: str) -> bytes:
    try:
        facts, stamp, settled = read_facts(path)
    except (OSError, ValueError):
        return _FAILED
    return _RECORD.pack(True, *facts, *stamp, settled)


def main() -> None:
    """The other process: paths come in, records go out."""
    for path in os.fsdecode(sys.stdin.buffer.read()).split("\0"):
        sys.stdout.buffer.write(_pack(path))


if __name__ == "__main__":
    main()
