"""Ultralytics NDJSON: one line about the dataset, then one line an image.

All annotation keys of an image are read; a box that encloses a polygon of the same class is that
same object and counts once. `metadata` of an image (or of the whole dataset, where the image has
none) may declare provenance and a group. Images are looked for beside the file, below its `path`;
`url` is never fetched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from firsthand.content import FileCache, category_digest
from firsthand.errors import FormatError, InputError
from firsthand.formats.boxes import Object, image_file, labelled, number, pixel_size
from firsthand.formats.layout import is_ultralytics, printable, split_name
from firsthand.formats.records import GROUPS, Record, declared, name_of
from firsthand.types import UNKNOWN, FloatArray, Provenance, Reading, Sample, Skip, Task

TASKS: dict[str, Task] = {
    "detect": "detect",
    "pose": "detect",
    "segment": "segment",
    "obb": "oriented",
    "classify": "classify",
}
OUTLINES = ("segments", "obb")
BOXES = ("boxes", "pose")

Size = tuple[int, int]


class NDJSON:
    """Reads what the Ultralytics platform exports."""

    name = "ndjson"
    question = "Is its first line a dataset record, with one image a line below it?"
    suffixes = (".ndjson", ".jsonl")

    def can_read(self, path: Path) -> bool:
        """A file whose first line is a record of type dataset."""
        return path.suffix.lower() in self.suffixes and is_ultralytics(path)

    def read(self, path: Path) -> Reading:
        """Open it.

        Raises:
            FormatError: the first line is no dataset record.
            InputError: it names no classes, or an unknown task.
        """
        about = _about(path)
        items = _items(about)
        return Reading("ndjson", about.root, about.task, about.classes, items, about.total)


component = NDJSON()


@dataclass(frozen=True)
class _About:
    """What the first line says."""

    path: Path
    root: Path
    task: Task
    classes: tuple[str, ...]
    index: Mapping[int, int]  # number in the annotations -> index into the class names
    metadata: Mapping[str, object]
    total: int


def _about(path: Path) -> _About:
    try:
        with path.open("rb") as file:
            first = file.readline()
            total = sum(1 for line in file if line.strip())
    except OSError as error:
        raise FormatError(f"cannot read it: {error.strerror}", where=str(path)) from error
    said = _loaded(first)
    if not isinstance(said, dict) or said.get("type") != "dataset":
        expected = '{"type": "dataset", "class_names": {...}, ...}'
        raise FormatError("no dataset record", expected=expected, where=f"{path}:1")
    task = TASKS.get(str(said.get("task", "detect")))
    if task is None:
        expected = "one of " + ", ".join(TASKS)
        raise InputError(f"task is {said['task']!r}"[:200], expected=expected, where=f"{path}:1")
    names = _names(said.get("class_names"), f"{path}:1")
    return _About(
        path=path,
        root=path.absolute().parent / name_of(said, ("path",)),
        task=task,
        classes=tuple(names.values()),
        index={key: at for at, key in enumerate(names)},
        metadata=_mapping(said.get("metadata")),
        total=total,
    )


def _names(said: object, where: str) -> dict[int, str]:
    pairs = (
        said.items()
        if isinstance(said, dict)
        else enumerate(said if isinstance(said, list) else [])
    )
    names = {str(key): name_of({"name": value}, ("name",)) for key, value in pairs}
    if not names or not all(key.isdecimal() and name for key, name in names.items()):
        expected = 'numbers with names, such as {"0": "cat"}'
        raise InputError(f"class_names is {said!r}"[:200], expected=expected, where=where)
    if len(set(names.values())) < len(names):
        raise InputError("a class name is there twice", where=where)
    return {int(key): names[key] for key in sorted(names, key=int)}


def _items(about: _About) -> Iterator[Sample | Skip]:
    default = declared(Record(about.path, 1, about.metadata))
    if isinstance(default, Skip):
        yield default
        default = UNKNOWN
    with FileCache(about.root) as cache, about.path.open("rb") as file:
        for line, data in enumerate(file, 1):
            if line > 1 and data.strip():
                yield from _image(Record(about.path, line, {}), data, about, default, cache)


def _image(
    bare: Record, data: bytes, about: _About, default: Provenance, cache: FileCache
) -> Iterator[Sample | Skip]:
    said = _loaded(data)
    if isinstance(said, str):
        yield bare.skip("json-invalid", said)
        return
    if not isinstance(said, dict) or not isinstance(said.get("file"), str):
        yield bare.skip("record-invalid", said)
        return
    place = _find(about.root, said)
    if place is None:
        yield bare.skip("missing-file", said["file"])
        return
    facts = image_file(str(place), cache)
    if isinstance(facts, Skip):
        yield facts
        return
    record = bare._replace(values=_mapping(said.get("metadata")))
    provenance = declared(record)
    if isinstance(provenance, Skip):
        yield provenance
        provenance = UNKNOWN
    sample = Sample(
        key=_key(about.root, place),
        media=facts.digest,
        split=split_name(str(said.get("split") or "")) or name_of(said, ("split",)),
        group=name_of(record.values, GROUPS),
        provenance=default if provenance == UNKNOWN else provenance,
        path=str(place),
    )
    if not isinstance(said.get("annotations"), dict):
        yield sample
        return
    size = pixel_size(said.get("width"), said.get("height"), facts)
    yield from _labelled(sample, record, said["annotations"], about, size)


def _labelled(
    sample: Sample, record: Record, notes: dict[str, Any], about: _About, size: Size
) -> Iterator[Sample | Skip]:
    if about.task == "classify":
        yield from _classified(sample, record, notes.get("classification"), about)
        return
    objects = list(_objects(record, notes, about, size))
    yield from labelled(sample, objects, size, about.classes, printable(record.path))


def _classified(
    sample: Sample, record: Record, said: object, about: _About
) -> Iterator[Sample | Skip]:
    values = said if isinstance(said, list) else []
    if len(values) == 1:
        at = about.index.get(_whole(values[0]))
        if at is not None:
            yield replace(sample, category=at, label=category_digest(about.classes[at]))
            return
    if values:
        code = "label-class" if len(values) == 1 else "label-columns"
        yield record.skip(code, values, keeps_sample=True)
    yield sample


def _objects(
    record: Record, notes: dict[str, Any], about: _About, size: Size
) -> Iterator[Object | Skip]:
    """Outlines first, so that a box that only encloses one of them is known."""
    enclosed: set[tuple[int, ...]] = set()
    for key in (*OUTLINES, *BOXES):
        rows = notes.get(key)
        for row in rows if isinstance(rows, list) else []:
            made = _object(record, row, about, size, key in OUTLINES)
            if isinstance(made, Skip):
                yield made
                continue
            place = (made.label, *(round(edge) for edge in made.corners if np.isfinite(edge)))
            if key in OUTLINES:
                enclosed.add(place)
            elif place in enclosed:
                continue
            yield made


def _object(
    record: Record, row: object, about: _About, size: Size, outlined: bool
) -> Object | Skip:
    values = row if isinstance(row, list) else []
    fits = len(values) >= 7 and len(values) % 2 == 1 if outlined else len(values) >= 5
    if not fits:
        return record.skip("label-columns", f"{len(values)}: {row}", keeps_sample=True)
    kind = about.index.get(_whole(values[0]))
    if kind is None:
        return record.skip("label-class", values[0], keeps_sample=True)
    shares = np.array([number(value) for value in (values[1:] if outlined else values[1:5])])
    if not np.isfinite(shares).all():
        return record.skip("label-nan", row, keeps_sample=True)
    outline = shares.reshape(-1, 2) * size if outlined else None
    corners = _corners(shares, size) if outline is None else _around(outline)
    return Object(record.line, kind, corners, None if about.task == "detect" else outline)


def _corners(xywh: FloatArray, size: Size) -> tuple[float, float, float, float]:
    x, y, width, height = (xywh * [*size, *size]).tolist()
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _around(outline: FloatArray) -> tuple[float, float, float, float]:
    (left, top), (right, bottom) = outline.min(axis=0).tolist(), outline.max(axis=0).tolist()
    return left, top, right, bottom


def _find(root: Path, said: Mapping[str, Any]) -> Path | None:
    """Where the image is, of the places in which Ultralytics keeps it."""
    split, name = str(said.get("split") or ""), said["file"]
    places = (
        root / "images" / split / name,
        root / split / name,
        root / "images" / name,
        root / name,
    )
    try:
        return next((place for place in places if place.is_file()), None)
    except (OSError, ValueError):  # a name too long, or a NUL in it
        return None


def _key(root: Path, place: Path) -> str:
    inside = place.relative_to(root) if place.is_relative_to(root) else place
    return printable(inside.as_posix())


def _whole(value: object) -> int:
    found = number(value)
    return int(found) if np.isfinite(found) and found == int(found) else -1


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _loaded(data: bytes) -> object:
    """The JSON value of a line, or as text what is wrong with it."""
    try:
        value = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return str(error)
    return value if not isinstance(value, str) else [value]
