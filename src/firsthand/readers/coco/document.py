"""One COCO JSON file, taken apart: every record with its line, or why it is left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from firsthand.content import read_file
from firsthand.errors import InputError
from firsthand.formats.boxes import number
from firsthand.formats.jsontext import Member, members
from firsthand.formats.layout import printable
from firsthand.formats.records import shown, storable
from firsthand.types import FloatArray, Skip

Id = int | str


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation, before its image and category are known."""

    line: int
    category: Id | None
    corners: tuple[float, float, float, float]
    outline: FloatArray | None


@dataclass
class File:
    """One JSON file, taken apart."""

    path: Path
    images: dict[Id, tuple[int, Mapping[str, Any]]] = field(default_factory=dict)
    categories: dict[Id, str] = field(default_factory=dict)
    annotations: dict[Id, list[Annotation | Skip]] = field(
        default_factory=lambda: defaultdict(list)
    )
    skips: list[Skip] = field(default_factory=list)
    masks: list[int] = field(default_factory=list)  # lines of run-length masks
    seen: set[Id] = field(default_factory=set)  # annotation ids

    def skip(self, code: str, line: int, found: object, *, keeps_sample: bool = True) -> Skip:
        return Skip(code, printable(self.path), line, shown(found), keeps_sample)


def load(path: Path) -> File:
    """Take a file apart.

    Raises:
        InputError: it cannot be read, is no UTF-8, no JSON (says the line), or holds no image.
    """
    file = File(path)
    text = _text(path)
    place = {"images": _add_image, "categories": _add_category, "annotations": _add_annotation}
    try:
        for member in members(text):
            if member.key in place:
                place[member.key](file, member)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        found = f"this is no JSON: {getattr(error, 'msg', error)}"
        raise InputError(found, where=f"{path}:{line}") from error
    except RecursionError as error:
        raise InputError("values are nested too deeply", where=str(path)) from error
    if not file.images:
        raise InputError("there are no images in it", expected="COCO JSON", where=str(path))
    return file


def _text(path: Path) -> str:
    try:
        data = read_file(str(path))
        return data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("this is no UTF-8 text", where=f"{path}:{line}") from error


def _id(value: object) -> Id | None:
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def _add_image(file: File, member: Member) -> None:
    record = member.value if isinstance(member.value, dict) else {}
    id_, name = _id(record.get("id")), record.get("file_name")
    if id_ is None or not isinstance(name, str) or not name or not storable(name):
        file.skips.append(
            file.skip("record-invalid", member.line, member.value, keeps_sample=False)
        )
    elif id_ in file.images:
        file.skips.append(
            file.skip("duplicate-key", member.line, f"image {id_}", keeps_sample=False)
        )
    else:
        file.images[id_] = (member.line, record)


def _add_category(file: File, member: Member) -> None:
    record = member.value if isinstance(member.value, dict) else {}
    id_, name = _id(record.get("id")), record.get("name")
    if id_ is None or not isinstance(name, str) or not storable(name.strip()):
        file.skips.append(file.skip("record-invalid", member.line, member.value))
    elif id_ in file.categories:
        file.skips.append(file.skip("duplicate-key", member.line, f"category {id_}"))
    else:
        file.categories[id_] = name.strip()


def _add_annotation(file: File, member: Member) -> None:
    record = member.value if isinstance(member.value, dict) else {}
    image, id_ = _id(record.get("image_id")), _id(record.get("id"))
    if image is None:
        file.skips.append(file.skip("record-invalid", member.line, member.value))
        return
    found = f"annotation {record.get('id')!r}"
    if id_ is not None and id_ in file.seen:
        made: Annotation | Skip = file.skip("duplicate-key", member.line, found)
    elif number(record.get("iscrowd", 0)) == 1:
        made = file.skip("label-crowd", member.line, found)
    else:
        made = _annotation(file, member.line, record)
    if id_ is not None:
        file.seen.add(id_)
    file.annotations[image].append(made)


def _annotation(file: File, line: int, record: Mapping[str, Any]) -> Annotation | Skip:
    box = record.get("bbox")
    if not isinstance(box, list) or len(box) != 4:
        size = len(box) if isinstance(box, list) else 0
        return file.skip("label-columns", line, f"{size}: {box!r}")
    outline = _outline(record.get("segmentation"))
    if isinstance(outline, str):
        return file.skip("label-columns", line, outline)
    if isinstance(record.get("segmentation"), dict):
        file.masks.append(line)
    left, top, width, height = (number(value) for value in box)
    corners = (left, top, left + width, top + height)
    return Annotation(line, _id(record.get("category_id")), corners, outline)


def _outline(parts: object) -> FloatArray | None | str:
    """The largest polygon, nothing where there is none, or what is wrong with one."""
    if not isinstance(parts, list) or not parts:
        return None
    flat = [parts] if not isinstance(parts[0], list) else parts
    polygons = []
    for part in flat:
        if not isinstance(part, list) or len(part) < 6 or len(part) % 2:
            size = len(part) if isinstance(part, list) else 0
            return f"{size}: polygon {part!r}"
        polygons.append(_numbers(part).reshape(-1, 2))
    return polygons[0] if len(polygons) == 1 else max(polygons, key=_area)


def _numbers(values: list[Any]) -> FloatArray:
    """As `number` makes them; at once where all are of the usual kind."""
    if set(map(type, values)) == {float}:
        return np.array(values)
    return np.array([number(value) for value in values])


def _area(polygon: FloatArray) -> float:
    x, y = polygon.T
    with np.errstate(invalid="ignore", over="ignore"):
        area = abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    return float(np.nan_to_num(area, nan=np.inf))
