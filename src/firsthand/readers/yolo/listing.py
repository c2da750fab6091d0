"""Which images and label files are there? One pass over each folder, nothing is opened."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from firsthand.content import IMAGE_SUFFIXES
from firsthand.errors import InputError
from firsthand.formats.layout import printable
from firsthand.readers.yolo.config import Config
from firsthand.types import Skip

_NO_LABELS = frozenset(("classes", "labels", "notes", "readme", "train", "val", "test"))


@dataclass(frozen=True)
class Folder:
    """The images of one folder, and the label files that go with them."""

    path: str
    key: str  # what the keys of its samples begin with
    labels: str  # folder of the label files
    images: dict[str, None]  # names in order
    texts: frozenset[str]  # names of label files without their suffix
    broken: frozenset[str]  # images that are links to nothing
    below: tuple[str, ...]  # names of the folders in it

    def label_path(self, name: str) -> str:
        """The label file of an image, "" where there is none."""
        stem = name[: name.rindex(".")]
        return f"{self.labels}/{stem}.txt" if stem in self.texts else ""


class Entry(NamedTuple):
    """One image of one split."""

    key: str
    path: str
    label_path: str  # "" where there is no label file
    split: str


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
        """A folder and all below it, links followed, each real folder once."""
        seen: set[tuple[int, int]] = set()
        todo = [top]
        while todo:
            path = todo.pop()
            found = os.stat(path)  # noqa: PTH116
            if (found.st_dev, found.st_ino) in seen:
                continue
            seen.add((found.st_dev, found.st_ino))
            folder = self._folder(path)
            self.entries += [self._entry(split, folder, name) for name in folder.images]
            for name in sorted(folder.broken):
                self.skips.append(Skip("broken-symlink", printable(f"{path}/{name}")))
            todo += [f"{path}/{name}" for name in reversed(folder.below)]

    def _add_list(self, split: str, source: Path) -> None:
        bases = (str(self.root.absolute()), str(source.absolute().parent))
        for line, path in _list_lines(source):
            first, second = bases[::-1] if path.startswith("./") else bases
            places = [os.path.normpath(os.path.join(base, path)) for base in (first, second)]  # noqa: PTH118
            found = [(self._folder_of(place), place.rpartition("/")[2]) for place in places]
            whole = [(folder, name) for folder, name in found if folder and name in folder.images]
            if whole:
                self.entries.append(self._entry(split, *whole[0]))
                continue
            linked = any(folder and name in folder.broken for folder, name in found)
            code = "broken-symlink" if linked else "missing-file"
            self.skips.append(Skip(code, printable(source), line, printable(path)[:200]))

    def _entry(self, split: str, folder: Folder, name: str) -> Entry:
        key = f"{folder.key}{name}"
        self._times[key] = times = self._times.get(key, 0) + 1
        if times > 1:
            key = f"{key}#{times}"
        return Entry(printable(key), f"{folder.path}/{name}", folder.label_path(name), split)

    def _folder_of(self, place: str) -> Folder | None:
        """The folder that a file lies in, if there is one."""
        path = place.rpartition("/")[0]
        if path in self._folders:
            return self._folders[path]
        return self._folder(path) if os.path.isdir(path) else None  # noqa: PTH112

    def _folder(self, path: str) -> Folder:
        path = os.path.normpath(Path(path).absolute())
        if path not in self._folders:
            self._folders[path] = self._scan(path)
        return self._folders[path]

    def _scan(self, path: str) -> Folder:
        images: list[str] = []
        broken: set[str] = set()
        below: list[str] = []
        held = self._listed(path)
        for entry in held:
            if _is(entry.is_dir):
                below.append(entry.name)
            elif not _is_image(entry.name):
                continue
            elif _is(entry.is_file):
                images.append(entry.name)
            elif entry.is_symlink():
                broken.add(entry.name)
        inside = os.path.relpath(path, self.root.absolute()).replace(os.sep, "/")
        labels = _label_folder(path)
        beside = held if labels == path else self._listed(labels)
        return Folder(
            path=path,
            key="" if inside == "." else f"{inside}/",
            labels=labels,
            images=dict.fromkeys(sorted(images)),
            texts=frozenset(
                one.name[:-4] for one in beside if one.name[-4:] == ".txt" and _is(one.is_file)
            ),
            broken=frozenset(broken),
            below=tuple(sorted(below)),
        )

    def _listed(self, path: str) -> list[os.DirEntry[str]]:
        """What is in a folder; one that may not be looked into is named."""
        try:
            with os.scandir(path) as found:
                return list(found)
        except OSError as error:
            self.skips.append(Skip("unreadable-file", printable(path), 0, error.strerror or ""))
            return []


def _is(check: Callable[[], bool]) -> bool:
    """False also for a link to itself, which is an error to the system."""
    try:
        return check()
    except OSError:
        return False


def _is_image(name: str) -> bool:
    return name[name.rfind(".") :].lower() in IMAGE_SUFFIXES


def _label_folder(path: str) -> str:
    """Beside the last images/ of the path as labels/; otherwise with the images themselves."""
    before, images, after = f"{path}/".rpartition("/images/")
    other = f"{before}/labels/{after}".rstrip("/")
    return other if images and Path(other).is_dir() else path


def _orphans(folder: Folder) -> Iterator[Skip]:
    stems = {name[: name.rindex(".")] for name in (*folder.images, *folder.broken)}
    for stem in sorted(folder.texts - stems):
        if stem.lower() not in _NO_LABELS:
            yield Skip("orphan-label", printable(f"{folder.labels}/{stem}.txt"))


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
