"""What do the names of folders and files say about a dataset? Looks, never reads whole files."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from firsthand.content import IMAGE_SUFFIXES

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
OURS = re.compile(r"provenance|firsthand(-[a-z]+)?")
"""Stems of files that speak about a dataset and are no part of it."""

ANNOTATED = frozenset({"labels", "annotations", "annotations_voc", "imagesets"})
"""Names of folders that hold labels of images."""

_MARKS = re.compile(r"[-_. ]+")
_YEAR = re.compile(r"\d{4}$")


def split_name(name: str) -> str:
    """Which split does this name say? "" where it says none.

    The first or the last word counts, with or without a year behind it.

    >>> [split_name(name) for name in ("instances_train2017", "valid", "test-00000-of-00002")]
    ['train', 'val', 'test']
    >>> split_name("contested")
    ''
    """
    words = [_YEAR.sub("", word) for word in _MARKS.split(name.lower()) if word]
    ends = (words[0], words[-1]) if words else ()
    return next((SPLITS[word] for word in ends if word in SPLITS), "")


def printable(path: Path | str) -> str:
    r"""A path as text that can be stored; bytes that are no UTF-8 are written as escapes.

    >>> print(printable("a\udcff"))
    a\xff
    """
    if isinstance(path, str) and path.isascii():
        return path
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def head(path: Path, size: int = 1 << 16) -> bytes:
    """The first bytes of a regular file; none where it cannot be read."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(size)
    except (OSError, ValueError):
        return b""


def files_in(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """What in a folder ends in one of the suffixes and is no folder, by name.

    Links to nothing and pipes are among them, so that whoever opens them can name them. Our own
    files are not.
    """
    found = [path for path in _entries(folder) if path.suffix.lower() in suffixes]
    return sorted(path for path in found if not OURS.fullmatch(path.stem) and not _is_folder(path))


def folders_in(folder: Path) -> list[Path]:
    """The folders of a folder, by name; hidden ones left out."""
    found = (path for path in _entries(folder) if not path.name.startswith("."))
    return sorted(path for path in found if _is_folder(path))


def _entries(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries]
    except (OSError, ValueError):
        return []


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - a link to itself is no error here


def files_below(folder: Path, suffixes: Collection[str]) -> Iterator[Path]:
    """The files at any depth below a folder, folder by folder; links to folders are not followed.

    A link could lead back up and never end.
    """
    for place, inner, _ in os.walk(folder):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        yield from files_in(Path(place), suffixes)


def data_files(path: Path, suffixes: Collection[str]) -> list[Path]:
    """The data files that a path means: itself, or those of a folder or of its `data` folder.

    A folder that holds images means something else.
    """
    if path.suffix.lower() in suffixes and path.is_file():
        return [path]
    if files_in(path, IMAGE_SUFFIXES):
        return []
    return files_in(path, suffixes) or files_in(path / "data", suffixes)


class Place(NamedTuple):
    """A folder whose files are all in one split and one class."""

    folder: Path
    split: str  # "" where its name says none
    category: str  # "" where no folder says one
    deep: bool  # with everything below it

    def files(self, suffixes: Collection[str]) -> Iterator[Path]:
        return (
            files_below(self.folder, suffixes)
            if self.deep
            else iter(files_in(self.folder, suffixes))
        )


def class_folders(root: Path) -> list[Place]:
    """The root, its splits and its classes: `root/[split/]class/files`.

    Folders are splits only where all of them are named so. What lies in the root or in a split
    itself has no class.
    """
    folders = folders_in(root)
    if folders and all(folder.name.lower() in SPLITS for folder in folders):
        flat = [Place(folder, split_name(folder.name), "", deep=False) for folder in folders]
        inner = [(each, place.split) for place in flat for each in folders_in(place.folder)]
    else:
        flat, inner = [], [(folder, "") for folder in folders]
    named = [Place(each, split, _category(each), deep=True) for each, split in inner]
    return [Place(root, "", "", deep=False), *flat, *named]


def contents(places: Iterable[Place], suffixes: Collection[str]) -> tuple[int, tuple[str, ...]]:
    """How many files lie there, and in which classes? The classes are sorted."""
    counts = [(place.category, sum(1 for _ in place.files(suffixes))) for place in places]
    classes = sorted({category for category, count in counts if count and category})
    return sum(count for _, count in counts), tuple(classes)


def _category(folder: Path) -> str:
    return "" if folder.name.lower() == "images" else printable(folder.name)


def has_annotations(path: Path) -> bool:
    """Do folders in it, in its splits, or beside an images/ above it, hold labels of images?"""
    names = {folder.name.lower() for folder in folders_in(path)}
    inner = {each.name.lower() for folder in folders_in(path)[:4] for each in folders_in(folder)}
    above = path.absolute().parts
    beside = [Path(*above[:at], "labels") for at, part in enumerate(above) if part == "images"]
    return bool((names | inner) & ANNOTATED) or any(folder.is_dir() for folder in beside)


def is_ultralytics(path: Path) -> bool:
    """Is the first line an Ultralytics NDJSON dataset record?"""
    first = head(path).removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")[0]
    return b'"type":"dataset"' in first.replace(b" ", b"")
