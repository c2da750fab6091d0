"""Which images and label files are there? One pass over each folder, nothing is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from firsthand.content import IMAGE_SUFFIXES
from firsthand.errors import InputError
from firsthand.readers.yolo.config import Config
from firsthand.types import Skip

_NO_LABELS = frozenset(("classes", "labels", "notes", "readme", "train", "val", "test"))


class Stamp(NamedTuple):
    """Size and time of a file, to know whether it changed."""

    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Folder:
    """The images of one folder, and the label files that go with them."""

    path: str
    key: str  # what the keys of its samples begin with
    labels: str  # folder of the label files
    images: dict[str, Stamp] = field(default_factory=dict)
    texts: dict[str, Stamp] = field(default_factory=dict)  # by name without suffix
    broken: tuple[str, ...] = ()  # images that are links to nothing


class Entry(NamedTuple):
    """One image of one split."""

    folder: Folder
    name: str
    split: str
    times: int  # 1, or more where a list repeats the image

    @property
    def path(self) -> str:
        return f"{self.folder.path}/{self.name}"

    @property
    def stem(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def label_path(self) -> str:
        return f"{self.folder.labels}/{self.stem}.txt"

    @property
    def key(self) -> str:
        key = f"{self.folder.key}{self.name}"
        return key if self.times == 1 else f"{key}#{self.times}"


class Listing:
    """Everything a configuration names: entries in order, and what had to be left out."""

    def __init__(self, config: Config) -> None:
        self.root = config.root
        self.entries: list[Entry] = []
        self.skips: list[Skip] = []
        self._folders: dict[str, Folder] = {}
        self._times: dict[str, int] = {}
        for split, source in config.sources:
            if source.is_dir():
                self._add_tree(split, str(source))
            else:
                self._add_list(split, source)
        for folder in self._folders.values():
            self.skips += _orphans(folder)

    def _add_tree(self, split: str, top: str) -> None:
        for path in _folders_below(top):
            folder = self._folder(path)
            for name in folder.images:
                self._add(split, folder, name)
            for name in folder.broken:
                self.skips.append(Skip("broken-symlink", printable(f"{path}/{name}")))

    def _add_list(self, split: str, source: Path) -> None:
        for line, path in _list_lines(source):
            place = self._place(source, path)
            folder_path, _, name = place.rpartition("/")
            folder = self._folder(folder_path) if Path(folder_path).is_dir() else None
            if folder is not None and name in folder.images:
                self._add(split, folder, name)
            else:
                linked = folder is not None and name in folder.broken
                code = "broken-symlink" if linked else "missing-file"
                self.skips.append(Skip(code, str(source), line, printable(path)[:200]))

    def _add(self, split: str, folder: Folder, name: str) -> None:
        key = f"{folder.key}{name}"
        self._times[key] = self._times.get(key, 0) + 1
        self.entries.append(Entry(folder, name, split, self._times[key]))

    def _place(self, source: Path, path: str) -> str:
        """A listed path: absolute, beside the list, or below the dataset's folder."""
        if path.startswith("/"):
            return os.path.normpath(path)
        beside = os.path.normpath(source.absolute().parent / path)
        below = os.path.normpath(self.root / path)
        first, second = (beside, below) if path.startswith("./") else (below, beside)
        return first if os.path.lexists(first) else second

    def _folder(self, path: str) -> Folder:
        path = os.path.normpath(Path(path).absolute())
        if path not in self._folders:
            self._folders[path] = _scan(path, str(self.root.absolute()))
        return self._folders[path]


def printable(text: str) -> str:
    r"""A file name that is no valid text, in a form that can be printed and stored.

    >>> printable("a\udcff")
    'a\\xff'
    """
    return text if text.isascii() else os.fsencode(text).decode("utf-8", "backslashreplace")


def _scan(path: str, root: str) -> Folder:
    images: dict[str, Stamp] = {}
    broken: list[str] = []
    with os.scandir(path) as found:
        files = sorted((entry for entry in found if _is_image(entry.name)), key=lambda e: e.name)
    for entry in files:
        if entry.is_file():
            images[entry.name] = _stamp(entry)
        elif entry.is_symlink():
            broken.append(entry.name)
    inside = os.path.relpath(path, root)
    key = "" if inside == "." else printable(inside).replace(os.sep, "/") + "/"
    labels = _label_folder(path)
    return Folder(path, key, labels, images, _texts(labels), tuple(broken))


def _is_image(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES  # noqa: PTH122


def _stamp(entry: os.DirEntry[str]) -> Stamp:
    found = entry.stat()
    return Stamp(found.st_size, found.st_mtime_ns)


def _label_folder(path: str) -> str:
    """Beside the last images/ of the path as labels/; otherwise with the images themselves."""
    before, images, after = f"{path}/".rpartition("/images/")
    other = f"{before}/labels/{after}".rstrip("/")
    return other if images and Path(other).is_dir() else path


def _texts(path: str) -> dict[str, Stamp]:
    with os.scandir(path) as found:
        files = [entry for entry in found if entry.name.endswith(".txt") and entry.is_file()]
    return {entry.name[:-4]: _stamp(entry) for entry in sorted(files, key=lambda e: e.name)}


def _orphans(folder: Folder) -> Iterator[Skip]:
    stems = {name.rpartition(".")[0] for name in (*folder.images, *folder.broken)}
    for stem in folder.texts:
        if stem not in stems and stem.lower() not in _NO_LABELS:
            yield Skip("orphan-label", printable(f"{folder.labels}/{stem}.txt"))


def _folders_below(top: str) -> Iterator[str]:
    """A folder and all below it, links followed, each real folder once."""
    seen: set[tuple[int, int]] = set()
    todo = [top]
    while todo:
        path = todo.pop()
        found = os.stat(path)  # noqa: PTH116
        if (found.st_dev, found.st_ino) in seen:
            continue
        seen.add((found.st_dev, found.st_ino))
        yield path
        with os.scandir(path) as entries:
            below = [entry.path for entry in entries if entry.is_dir()]
        todo += sorted(below, reverse=True)


def _list_lines(source: Path) -> Iterator[tuple[int, str]]:
    try:
        text = source.read_text("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror}", where=str(source)) from error
    if "\0" in text:
        raise InputError("this is no list of paths in UTF-8", where=str(source))
    for at, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield at, line.strip()
