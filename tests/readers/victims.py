"""Good datasets of which one file is spoilt at a time, and a watch over what reading them does."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from written import WRITERS

from firsthand.errors import FirsthandError
from firsthand.read import read
from firsthand.types import Dataset

FORBIDDEN = re.compile(
    r"os\.(system|exec|posix_spawn|startfile|remove|rmdir|putenv)|subprocess\.Popen|pickle\."
    r"|socket\.(connect|getaddrinfo)|urllib\.|shutil\.(?!rmtree)|ctypes\.dlopen"
)


@contextmanager
def watched(folder: Path) -> Iterator[list[str]]:
    """Every event of the interpreter that reading data must never cause."""
    seen: list[str] = []
    WATCH.append((folder, seen))
    try:
        yield seen
    finally:
        WATCH.pop()


WATCH: list[tuple[Path, list[str]]] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not WATCH:
        return
    folder, seen = WATCH[-1]
    if FORBIDDEN.match(event):
        seen.append(event)
    mode = arguments[1] if event == "open" and isinstance(arguments[1], str) else ""
    if set(mode) & set("wax+") and str(arguments[0]).startswith(str(folder)):
        seen.append(f"write {arguments[0]}")


sys.addaudithook(_hook)


def outcome(path: Path, name: str | None, folder: Path) -> Dataset | FirsthandError:
    """Read it; anything else than these two fails the test by itself."""
    with watched(folder) as seen:
        try:
            result: Dataset | FirsthandError = read(path, format=name)
        except FirsthandError as error:
            result = error
    assert not seen
    return result


def check(result: Dataset | FirsthandError, folder: Path) -> None:
    """Every skip has a name and a place that exists; everything can be written down."""
    if isinstance(result, FirsthandError):
        assert str(result).encode().strip()
        return
    for skip in result.skips:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", skip.code)
        assert skip.path
        assert skip.line >= 0
        f"{skip.path} {skip.found}".encode()
        file = Path(skip.path)
        if skip.line and file.is_file():
            assert skip.line <= file.read_bytes().count(b"\n") + file.read_bytes().count(b"\r") + 1
    for sample in result.samples:
        assert len(sample.media) == 32
        f"{sample.key} {sample.split} {sample.group} {sample.path} {sample.text}".encode()
        if sample.boxes is not None:
            assert sample.boxes.xywh.shape == (len(sample.boxes.classes), 4)
            assert (sample.boxes.xywh >= 0).all()
            assert (sample.boxes.xywh <= 1).all()
            assert len(sample.boxes.outlines) in (0, len(sample.boxes.classes))
            assert all(0 <= kind < len(result.classes) for kind in sample.boxes.classes)


class Victim:
    """A good dataset, one file of which is spoilt at a time."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.path = WRITERS[name](folder)
        self.good = {
            file.relative_to(folder).as_posix(): file.read_bytes()
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }
        assert isinstance(outcome(self.path, name, folder), Dataset)

    def describing(self) -> list[str]:
        """Its files that say something; pictures where there is nothing else."""
        said = [name for name in self.good if not name.endswith(".png")]
        return (
            said[:3] + [name for name in self.good if name.endswith(".yaml")] or list(self.good)[:2]
        )

    def try_with(self, file: str, data: bytes) -> None:
        place = self.folder / file
        place.write_bytes(data)
        try:
            for name in (self.name, None):
                check(outcome(self.path, name, self.folder), self.folder)
        finally:
            place.write_bytes(self.good[file])
