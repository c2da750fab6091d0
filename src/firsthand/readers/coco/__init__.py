"""COCO JSON: one document with images, annotations and categories, boxes in pixels.

    instances.json                      with the images beside it, in images/ or as file_name says
    annotations/instances_train.json    with the images in train/, images/ or images/train/
    train/_annotations.coco.json        with the images beside it

A folder may hold several of them: each is a split where its name or its folder says so, and classes
of the same name are one class. A file is held in memory while it is taken apart (a file of 500 MB
needs about 2 GB); of each annotation only the numbers are kept.

Polygons become outlines; of several parts of one object the largest counts, its box covers all. A
run-length mask is read as its box, with one note a file. Crowd regions are left out by name: a box
around many objects is no size of any. Keypoints and captions are not read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firsthand.content import FileCache
from firsthand.errors import FormatError
from firsthand.formats.boxes import Object, image_file, labelled, pixel_size
from firsthand.formats.layout import files_in, folders_in, head, printable, split_name
from firsthand.formats.records import GROUPS, SPLITS, Record, declared, name_of
from firsthand.readers.coco.document import Annotation, File, load
from firsthand.types import UNKNOWN, Reading, Sample, Skip, Task

JSON = frozenset({".json"})
SNIFFED = 1 << 16
MARKS = (b'"images"', b'"annotations"', b'"categories"', b'"file_name"', b'"image_id"', b'"bbox"')


class COCO:
    """Reads COCO detection and segmentation files."""

    name = "coco"
    question = "Is it a COCO JSON file, or a folder with some?"
    suffixes = (".json",)

    def can_read(self, path: Path) -> bool:
        """A JSON object whose beginning or end shows COCO's keys, or a folder that holds one.

        Where labels/ holds YOLO's copy of the same labels, the folder above is left to YOLO.
        """
        if path.is_dir() and (path / "labels").is_dir() and (path / "images").is_dir():
            return False
        return bool(_sources(path))

    def read(self, path: Path) -> Reading:
        """Open it.

        Raises:
            FormatError: there is no COCO file.
            InputError: a file cannot be read, or is no JSON (says the line).
        """
        path = path.absolute()
        sources = _sources(path) or ([path] if path.is_file() else [])
        if not sources:
            expected = "a .json file with images, annotations and categories"
            raise FormatError("there is no COCO file", expected=expected, where=str(path))
        files = [load(source) for source in sources]
        names = dict.fromkeys(name for file in files for name in file.categories.values())
        task = _task(files)
        beside = path.parent.parent if path.parent.name == "annotations" else path.parent
        root = path if path.is_dir() else beside
        items = _items(root, files, tuple(names))
        total = sum(len(file.images) for file in files)
        return Reading("coco", root, task, tuple(names), items, total)


def _sources(path: Path) -> list[Path]:
    """The COCO files that a path means; of COCO's own annotation folder only the instances."""
    if path.suffix.lower() in JSON and path.is_file():
        return [path] if _looks(path) else []
    places = (path, path / "annotations", *folders_in(path))
    found = [file for place in dict.fromkeys(places) for file in files_in(place, JSON)]
    found = [file for file in found if _looks(file)]
    return [file for file in found if file.name.startswith("instances")] or found


def _looks(path: Path) -> bool:
    start = head(path, SNIFFED).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith(b"{"):
        return False
    seen = start + _tail(path)
    return sum(mark in seen for mark in MARKS) >= 2 and any(mark in seen for mark in MARKS[:3])


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - SNIFFED))
        return file.read(SNIFFED)


def _task(files: list[File]) -> Task:
    each = (one for file in files for group in file.annotations.values() for one in group)
    drawn = any(isinstance(one, Annotation) and one.outline is not None for one in each)
    return "segment" if drawn else "detect"


def _items(root: Path, files: list[File], names: tuple[str, ...]) -> Iterator[Sample | Skip]:
    index = {name: at for at, name in enumerate(names)}
    with FileCache(root) as cache:
        for file in files:
            yield from _Stream(root, file, index, cache).items()


@dataclass(frozen=True)
class _Stream:
    """Turns one file into samples."""

    root: Path
    file: File
    index: dict[str, int]  # of each class name
    cache: FileCache

    def items(self) -> Iterator[Sample | Skip]:
        file = self.file
        yield from file.skips
        if file.masks:
            yield file.skip("label-mask", file.masks[0], f"{len(file.masks)} masks")
        for id_, group in file.annotations.items():
            for each in group if id_ not in file.images else ():
                orphan = file.skip("orphan-label", each.line, f"image {id_}")
                yield each if isinstance(each, Skip) else orphan
        for id_, (line, record) in file.images.items():
            yield from self._image(line, record, file.annotations.get(id_, []))

    def _image(
        self, line: int, record: Mapping[str, Any], group: list[Annotation | Skip]
    ) -> Iterator[Sample | Skip]:
        name = record["file_name"]
        path = self._find(name.replace("\\", "/"))
        if not path:
            yield self.file.skip("missing-file", line, name, keeps_sample=False)
            return
        facts = image_file(path, self.cache)
        if isinstance(facts, Skip):
            yield facts
            return
        made = declared(Record(self.file.path, line, record))
        if isinstance(made, Skip):
            yield made
        bare = Sample(
            key=self._key(path, name),
            media=facts.digest,
            split=split_name(name_of(record, SPLITS)) or self._split(),
            group=name_of(record, GROUPS),
            provenance=UNKNOWN if isinstance(made, Skip) else made,
            path=path,
        )
        size = pixel_size(record.get("width"), record.get("height"), facts)
        objects = (self._object(each) for each in group)
        yield from labelled(bare, objects, size, tuple(self.index), printable(self.file.path))

    def _split(self) -> str:
        inside = self.file.path.parent != self.root
        said = split_name(self.file.path.stem)
        return said or (split_name(self.file.path.parent.name) if inside else "")

    def _key(self, path: str, name: str) -> str:
        try:
            return printable(Path(path).relative_to(self.root).as_posix())
        except ValueError:
            return name

    def _find(self, name: str) -> str:
        """The image of that name, where COCO files and their exports put it; "" if nowhere."""
        folder, given = self.file.path.parent, self.file.path.stem.rpartition("_")[2]
        above = folder.parent
        inside = ("", "images", given, f"images/{given}")
        places = [start / each for start in (folder, above) for each in inside]
        for wanted in dict.fromkeys((name, name.rpartition("/")[2])):
            for place in places:
                path = os.path.join(place, wanted)  # noqa: PTH118 - keeps odd names as they are
                if os.path.isfile(path):  # noqa: PTH113 - takes names too long or with NUL
                    return path
        return ""

    def _object(self, each: Annotation | Skip) -> Object | Skip:
        if isinstance(each, Skip):
            return each
        name = self.file.categories.get(each.category) if each.category is not None else None
        if name is None:
            return self.file.skip("label-class", each.line, f"category {each.category!r}")
        return Object(each.line, self.index[name], each.corners, each.outline)


component = COCO()
