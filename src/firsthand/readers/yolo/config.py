"""What data.yaml, or a bare folder with images/ and labels/, says about a dataset."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from firsthand.content import IMAGE_SUFFIXES
from firsthand.errors import FormatError, InputError
from firsthand.formats import yamltext
from firsthand.formats.layout import files_in, folders_in, head, split_name
from firsthand.formats.yamltext import Document

SPLITS = ("train", "val", "test")
MOST_CLASSES = 100_000

_ALIASES = {"validation": "val", "valid": "val"}
_SUFFIXES = (".yaml", ".yml")
_NAME_FILES = ("classes.txt", "labels/classes.txt", "obj.names", "classes.names")
_CLASSES = re.compile(rb"^(names|nc)\s*:", re.MULTILINE)
_PLACES = re.compile(rb"^(train|val|valid|validation|test)\s*:", re.MULTILINE)


@dataclass(frozen=True)
class Config:
    """Where the images are, and which class a number in a label file stands for."""

    root: Path
    names: dict[int, str]
    sources: tuple[tuple[str, Path], ...]  # (split, folder or .txt list)
    keypoint_columns: int = 0  # values after the box that describe a pose


def find_yaml(path: Path) -> Path | None:
    """The data.yaml that a path means: itself, or the only one in a folder."""
    if path.is_dir():
        found = [item for item in files_in(path, _SUFFIXES) if _is_data_yaml(item)]
        return found[0] if len(found) == 1 else None
    return path if _is_data_yaml(path) else None


def is_bare(path: Path) -> bool:
    """Is this a folder with images/ and label files under labels/, or with both in one place?"""
    if (path / "images").is_dir() and (path / "labels").is_dir():
        return any(True for _ in (path / "labels").rglob("*.txt"))
    named = (path / name for name in _NAME_FILES)
    if not any(file.is_file() for file in named):
        return False
    stems = {file.stem for file in files_in(path, IMAGE_SUFFIXES)}
    return any(file.stem in stems for file in files_in(path, {".txt"}))


def load(path: Path) -> Config:
    """Read data.yaml, or what stands in its place.

    Raises:
        FormatError: neither a data.yaml nor a folder with images/ and labels/.
        InputError: class names or folders are missing or contradict each other.
    """
    file = find_yaml(path)
    if file is not None:
        return _from_yaml(yamltext.load(file))
    if path.is_dir() and is_bare(path):
        return _from_folder(path)
    expected = "a data.yaml with names and train, or a folder with images/ and labels/"
    raise FormatError("this is no YOLO dataset", expected=expected, where=str(path))


def _is_data_yaml(path: Path) -> bool:
    if path.suffix.lower() not in _SUFFIXES:
        return False
    first = head(path, 1 << 20)
    return bool(_CLASSES.search(first) and _PLACES.search(first))


def _from_yaml(document: Document) -> Config:
    if not isinstance(document.value, dict):
        raise InputError("no keys", expected="names, train, val", where=document.where())
    splits = list(_splits(document))
    if not splits:
        raise InputError("neither train, val nor test is given", where=document.where())
    root = _root(document, [value for _, value, _ in splits])
    sources = tuple((split, _source(root, value, where)) for split, value, where in splits)
    return Config(root, _names(document), sources, _keypoints(document))


def _splits(document: Document) -> Iterator[tuple[str, str, str]]:
    for key in document.value:
        split = _ALIASES.get(key, key)
        value = document.value[key]
        if split not in SPLITS or value is None:
            continue
        values = value if isinstance(value, list) else [value]
        for item in values:
            if not isinstance(item, str) or not item.strip():
                expected = "a folder, a .txt list, or a list of both"
                raise InputError(f"{key} is {item!r}", expected=expected, where=document.where(key))
            yield split, item.strip(), document.where(key)


def _root(document: Document, values: list[str]) -> Path:
    """The dataset's folder: the first candidate in which something that is named exists."""
    said, home = document.value.get("path"), document.path.absolute().parent
    if said is not None and not isinstance(said, str):
        raise InputError(f"path is {said!r}", expected="a folder", where=document.where("path"))
    if not said:
        return home
    candidates = [home / said]
    if not Path(said).is_absolute():
        if home.name == Path(said).name:
            candidates.append(home)
        places = (home.parent, home / "datasets", home.parent / "datasets", Path.cwd() / "datasets")
        candidates += [place / said for place in places]
    for root in candidates:
        if any(_is_there(root / value) for value in values):
            return root
    looked = ", ".join(str(root) for root in candidates)
    raise InputError(
        f"path is {said!r}, and {values[0]!r} is in none of: {looked}",
        todo="Set path to the dataset's folder; download scripts are never run.",
        where=document.where("path"),
    )


def _is_there(place: Path) -> bool:
    return os.path.exists(place)  # noqa: PTH110 - a name too long, or with a NUL, is not there


def _source(root: Path, value: str, where: str) -> Path:
    place = root / value
    # Some exports write ../train/images although train/ lies beside the file.
    if not _is_there(place) and value.startswith("../"):
        place = root / value[3:]
    if not _is_there(place):
        todo = "Correct it, or set path; download scripts are never run."
        raise InputError(f"there is no {root / value}", todo=todo, where=where)
    return place


def _names(document: Document) -> dict[int, str]:
    names, count = document.value.get("names"), document.value.get("nc")
    if count is not None and (type(count) is not int or not 0 < count <= MOST_CLASSES):
        expected = f"a number, 1 to {MOST_CLASSES:,}"
        raise InputError(f"nc is {count!r}"[:200], expected=expected, where=document.where("nc"))
    if names is None and count is not None:
        return {at: f"class_{at}" for at in range(count)}
    if not isinstance(names, list | dict) or not names:
        expected = "a list, or a mapping of numbers to names"
        raise InputError(
            f"names is {names!r}"[:200], expected=expected, where=document.where("names")
        )
    keys = range(len(names)) if isinstance(names, list) else names
    found = {_number(document, key): _name(document, key) for key in keys}
    for name, times in Counter(found.values()).items():
        if times > 1:
            raise InputError(f"the name {name!r} is there twice", where=document.where("names"))
    if count is not None and count != len(found):
        where = document.where("nc")
        raise InputError(f"nc is {count}, but there are {len(found)} names", where=where)
    return dict(sorted(found.items()))


def _number(document: Document, key: Any) -> int:
    number = int(key) if isinstance(key, str) and re.fullmatch("[0-9]{1,9}", key) else key
    if isinstance(number, int) and 0 <= number < MOST_CLASSES:
        return number
    where, expected = document.where("names", key), f"0 to {MOST_CLASSES - 1:,}"
    raise InputError(f"a class has the number {key!r}"[:200], expected=expected, where=where)


def _name(document: Document, key: Any) -> str:
    name = document.spelled.get(("names", key), "").strip()
    if not name:
        expected = "a word or a few"
        where = document.where("names", key)
        raise InputError(f"class {key} has no name", expected=expected, where=where)
    return name


def _keypoints(document: Document) -> int:
    shape = document.value.get("kpt_shape")
    if shape is None:
        return 0
    if not isinstance(shape, list) or not all(isinstance(side, int) for side in shape):
        where = document.where("kpt_shape")
        raise InputError(f"kpt_shape is {shape!r}"[:200], expected="two numbers", where=where)
    return prod(shape)


def _from_folder(path: Path) -> Config:
    root = path.absolute()
    file = next((root / name for name in _NAME_FILES if (root / name).is_file()), None)
    if file is None:
        raise InputError(
            "nothing says which class a number stands for",
            todo="Add classes.txt with one name a line, or a data.yaml.",
            where=str(path),
        )
    names = _name_lines(file)
    images = root / "images" if (root / "images").is_dir() else root
    splits = tuple((split_name(folder.name), folder) for folder in folders_in(images))
    if splits and all(split for split, _ in splits) and not files_in(images, IMAGE_SUFFIXES):
        return Config(root, names, splits)
    return Config(root, names, (("", images),))


def _name_lines(file: Path) -> dict[int, str]:
    try:
        lines = file.read_text("utf-8-sig").strip().splitlines()
    except UnicodeDecodeError as error:
        raise InputError("this is no UTF-8 text", where=str(file)) from error
    first: dict[str, int] = {}
    for at, name in enumerate(lines):
        if first.setdefault(name.strip(), at) != at or not name.strip():
            found = f"the name {name.strip()!r} is there twice" if name.strip() else "an empty name"
            raise InputError(found, expected="one name a line", where=f"{file}:{at + 1}")
    if not first:
        raise InputError("no class names", expected="one name a line", where=str(file))
    return {at: name for name, at in first.items()}
