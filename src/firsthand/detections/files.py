"""Predictions as files: one JSON record an image, or the .txt files that Ultralytics writes.

    {"schema": "firsthand.detections/1", "classes": ["cell", "star"], "generator": "detector@2"}
    {"image": "a.jpg", "media": "ab12...", "size": [640, 480], "objects": [[0, .5, .5, .1, .1, .9]]}

An object is its class number, centre, width and height in shares, and confidence. The first line
may be missing, and so may media (sha256) and size. An image with no object has a record all the
same: one without a record was not looked at. A folder of .txt files with six columns, or an outline
in place of the box (from `save_txt=True, save_conf=True`), cannot say that: Ultralytics writes none
where it found nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firsthand.detections.objects import Detections, outlined
from firsthand.errors import InputError
from firsthand.formats.layout import printable
from firsthand.types import FloatArray, Skip

SCHEMA = "firsthand.detections/1"
TOLERANCE = 1e-4  # outside [0, 1] through rounding
SHOWN = 100
Items = Iterator[Detections | Skip]


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions in a file, before its records stream past."""

    classes: tuple[str, ...]  # empty where the file does not say
    generator: str  # NAME@VERSION of what made them, where the file says
    every_image: bool  # an image that is not in it was not looked at
    items: Items


def can_read(path: Path) -> bool:
    """Does this look like predictions? A .jsonl file, or a folder of .txt files and no images."""
    if path.is_dir():
        return any(path.glob("*.txt")) and not (path / "images").exists()
    return path.suffix.lower() == ".jsonl" and path.is_file()


def read(path: Path, classes: tuple[str, ...] = ()) -> Predictions:
    """Open a file of predictions, or a folder of .txt files.

    Args:
        path: where they are.
        classes: the names that numbers stand for; a .jsonl that names others is refused, and
            numbers beyond them are skips.

    Raises:
        InputError: it is not there, is no such file, or names other classes.
    """
    if path.is_dir():
        return Predictions(classes, "", False, _from_folder(path, len(classes)))
    if not path.is_file():
        raise InputError("there is no such file", expected="predictions", where=str(path))
    said = _head(path)
    named = tuple(said.get("classes", ()))
    if named and classes and set(named) - set(classes):
        unknown = ", ".join(sorted(set(named) - set(classes)))
        raise InputError(
            f"its classes are not those of the reference: {unknown}",
            expected=", ".join(classes),
            where=f"{path}:1",
        )
    generator = str(said.get("generator") or "")
    return Predictions(named or classes, generator, True, _from_lines(path, len(named or classes)))


def write(
    path: Path,
    found: Iterable[Detections],
    classes: Iterable[str],
    generator: str = "",
    notes: Iterable[dict[str, Any]] | None = None,
) -> int:
    """Write predictions as JSON lines, one after the other; returns how many images.

    Args:
        path: the file to write.
        found: predictions, an image each.
        classes: names of the class numbers.
        generator: NAME@VERSION of what made them.
        notes: further keys of each record, in the same order.
    """
    images = 0
    more = repeat({}) if notes is None else iter(notes)
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head(classes, generator), ensure_ascii=False) + "\n")
        for each, said in zip(found, more, strict=False):
            file.write(json.dumps(record(each) | said, ensure_ascii=False) + "\n")
            images += 1
    return images


def head(classes: Iterable[str], generator: str = "") -> dict[str, Any]:
    """The first line."""
    named = {"generator": generator} if generator else {}
    return {"schema": SCHEMA, "classes": list(classes)} | named


def record(found: Detections) -> dict[str, Any]:
    """The line of one image."""
    numbers = np.round(np.column_stack([found.xywh, found.confidence]), 6)
    out: dict[str, Any] = {"image": found.key}
    if found.media:
        out["media"] = found.media.hex()
    if all(found.size):
        out["size"] = list(found.size)
    rows = [
        [label, *row.tolist()] for label, row in zip(found.classes.tolist(), numbers, strict=True)
    ]
    return out | {"objects": rows}


def _head(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        first = file.readline()
    try:
        said = json.loads(first)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict) or "image" in said:
        return {}
    if said.get("schema") != SCHEMA:
        raise InputError(
            f"the schema is {said.get('schema')!r}"[:SHOWN], expected=SCHEMA, where=f"{path}:1"
        )
    return said


def _from_lines(path: Path, classes: int) -> Items:
    shown = printable(path)
    seen: set[str] = set()
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or (number == 1 and b'"image"' not in line):
                continue
            try:
                said = json.loads(line)
                key, rows, media, size = _fields(said)
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                found = f"{type(error).__name__}: {error}"[:SHOWN]
                yield Skip("prediction-record", shown, number, found)
                continue
            if key in seen:
                yield Skip("duplicate-key", shown, number, key[:SHOWN])
                continue
            seen.add(key)
            yield from _checked(
                Detections(key, *_columns(rows), media, size), classes, shown, number
            )


def _fields(said: Any) -> tuple[str, FloatArray, bytes, tuple[int, int]]:
    key = said["image"]
    if not isinstance(key, str) or not key:
        raise ValueError(f"image is {key!r}")
    rows = np.array([[float(value) for value in row] for row in said["objects"]], np.float64)
    rows = rows.reshape(0, 6) if not len(rows) else rows
    if rows.ndim != 2 or rows.shape[1] != 6:
        raise ValueError(f"objects of {rows.shape[1:]} numbers, not 6")
    media = bytes.fromhex(said.get("media", ""))
    if len(media) not in {0, 32}:
        raise ValueError("media is no sha256")
    width, height = (int(side) for side in said.get("size", (0, 0)))
    return key, rows, media, (width, height)


def _columns(rows: FloatArray) -> tuple[NDArray[np.int32], FloatArray, FloatArray]:
    label = np.where(np.isfinite(rows[:, 0]), rows[:, 0], -1)
    whole = (label == np.floor(label)) & (np.abs(label) < 2**31)
    return np.where(whole, label, -1).astype(np.int32), rows[:, 1:5], rows[:, 5]


def _checked(found: Detections, classes: int, path: str, line: int) -> Items:
    """The record without what cannot be used, after a skip for each such row."""
    with np.errstate(invalid="ignore"):
        inside = (found.xywh >= -TOLERANCE) & (found.xywh <= 1 + TOLERANCE)
        flaws = {
            "label-nan": ~np.isfinite(np.c_[found.xywh, found.confidence]).all(axis=1),
            "label-class": (found.classes < 0) | (found.classes >= (classes or np.inf)),
            "label-range": ~inside.all(axis=1),
            "label-zero-area": (found.xywh[:, 2:] <= 0).any(axis=1),
            "prediction-confidence": (found.confidence < 0) | (found.confidence > 1),
        }
    good = ~np.logical_or.reduce(list(flaws.values()))
    for row in np.flatnonzero(~good).tolist():
        code = next(code for code, flawed in flaws.items() if flawed[row])
        values = (found.classes[row], *found.xywh[row], found.confidence[row])
        said = f"{found.key}: " + " ".join(f"{value:g}" for value in values)
        yield Skip(code, path, line, said[:SHOWN], keeps_sample=True)
    kept = found.rows(good)
    yield replace(kept, xywh=np.clip(kept.xywh, 0, 1))


def _from_folder(folder: Path, classes: int) -> Items:
    for path in sorted(folder.glob("*.txt")):
        shown = printable(path)
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            yield Skip("unreadable-file", shown, 0, str(error)[:SHOWN])
            continue
        rows, outlines = [], []
        for number, line in enumerate(lines, 1):
            values = _numbers(line)
            if len(values) == 6 or (len(values) > 7 and len(values) % 2 == 0):
                outline = np.array(values[1:-1] if len(values) > 6 else []).reshape(-1, 2)
                rows.append([values[0], *_around(outline), values[-1]] if len(outline) else values)
                outlines.append(np.clip(outline, 0, 1))
            elif values:
                found = f"{len(values)}: {line.strip()}"[:SHOWN]
                yield Skip("label-columns", shown, number, found, keeps_sample=True)
        table = np.array(rows, np.float64).reshape(-1, 6)
        lined = outlined(table[:, 1:5], outlines) if any(map(len, outlines)) else ()
        made = Detections(path.stem, *_columns(table), outlines=lined)
        yield from _checked(made, classes, shown, 0)


def _around(outline: FloatArray) -> list[float]:
    """The upright box around an outline: centre, width, height."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    return [*((low + high) / 2).tolist(), *(high - low).tolist()]


def _numbers(line: str) -> list[float]:
    """The numbers of a line; NaN for what is none."""
    out = []
    for token in line.split():
        try:
            out.append(float(token))
        except ValueError:
            out.append(float("nan"))
    return out
