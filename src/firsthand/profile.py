"""What firsthand has to know of a reference to compare with it later, without the data.

A profile holds the views that metrics see: where boxes are and of which class, hashes of words,
features, columns of a table. It holds no picture and no text as it was written, and is identified
by a digest, so that a team can pin a reference, ship it, and compare where the raw data may not go.
It is not anonymous: hashes of words can be found by trying a dictionary, features carry something
of the picture, and the columns of a table are its values.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import (
    BoxesView,
    CategoriesView,
    Column,
    ColumnsView,
    FeatureView,
    TokensView,
    ViewName,
)
from firsthand.errors import InputError
from firsthand.numerics.views import take_boxes
from firsthand.sides import OFFERS, Rows, Side
from firsthand.types import Skip, Task

SCHEMA = "firsthand.profile/1"
SUFFIX = ".profile.npz"
KEPT: Mapping[ViewName, type[Any]] = {
    "boxes": BoxesView,
    "tokens": TokensView,
    "features": FeatureView,
    "categories": CategoriesView,
    "columns": ColumnsView,
}
"""Views that a profile keeps. Texts are left out: they would be the data."""

Arrays = dict[str, NDArray[Any]]


class ProfileSide:
    """A saved profile as one side of a comparison."""

    skips: tuple[Skip, ...] = ()

    def __init__(self, path: Path, facts: Mapping[str, Any], arrays: Arrays) -> None:
        self.path, self._facts, self._arrays = path, facts, arrays
        self.name: str = facts["name"]
        self.task: Task = facts["task"]
        self.classes: tuple[str, ...] = tuple(facts["classes"])
        self.digest: str = facts["digest"]
        self.embedder: str = facts["embedder"]
        self.media = arrays["media"]
        self.offers: frozenset[ViewName] = frozenset(facts["views"]) & OFFERS[self.task]
        self._made: dict[ViewName, Any] = {}

    def view(self, name: ViewName) -> object:
        """One of the views that it offers."""
        if name not in self._made:
            self._made[name] = _unpacked(name, self._facts["views"][name], self._arrays)
        return self._made[name]

    def boxes_of(self, rows: Rows) -> BoxesView:
        """The labels of some samples, in this order, with repeats."""
        place = np.full(len(self.media), -1)
        labelled = self.labelled()
        place[labelled] = np.arange(len(labelled))
        found = place[rows]
        boxes = self.view("boxes")
        assert isinstance(boxes, BoxesView)
        return take_boxes(boxes, found[found >= 0])

    def labelled(self) -> Rows:
        """The samples whose labels the view "boxes" holds, in its order."""
        return self._arrays["labelled"]

    def described(self) -> dict[str, object]:
        """Where it comes from and how much is in it, as plain values."""
        return {
            "name": self.name,
            "path": str(self.path),
            "format": "profile",
            "task": self.task,
            "digest": self.digest,
            "samples": len(self.media),
            "classes": len(self.classes),
            "embedder": self.embedder,
            "skips": {},
        }


def can_read(path: Path) -> bool:
    """Is it a saved profile? By name."""
    return path.name.endswith(SUFFIX)


def save(side: Side, path: Path) -> ProfileSide:
    """Write down what metrics see of a side.

    Args:
        side: the reference.
        path: file to write, `*.profile.npz`. It is replaced only when the new one is whole.

    Raises:
        InputError: the name does not end so.
    """
    if not can_read(path):
        raise InputError(
            f"a profile cannot be called {path.name}",
            expected=f"a name that ends in {SUFFIX}",
            todo=f"Write {path.with_suffix('').name}{SUFFIX}.",
        )
    arrays: Arrays = {"media": side.media}
    views = {name: _packed(name, side.view(name), arrays) for name in KEPT if name in side.offers}
    if "boxes" in views:
        arrays["labelled"] = side.labelled()
    facts = {
        "schema": SCHEMA,
        "name": side.name,
        "task": side.task,
        "classes": list(side.classes),
        "embedder": side.embedder if "features" in views else "",
        "views": views,
    }
    facts["digest"] = _digest(facts, arrays)
    _write(path, facts, arrays)
    return ProfileSide(path, facts, arrays)


def load(path: Path) -> ProfileSide:
    """Open a saved profile.

    Raises:
        InputError: it is no profile, or not what was written.
    """
    try:
        # Opened here: of a broken archive NumPy would leave the file open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            arrays: Arrays = {name: stored[name] for name in stored.files}
        facts = json.loads(arrays.pop("facts").tobytes())
        found = facts.pop("digest")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"it is no profile ({error})",
            expected="a file that `firsthand profile` wrote",
            where=str(path),
        ) from error
    if facts.get("schema") != SCHEMA or facts.get("task") not in get_args(Task):
        raise InputError(
            f"a profile of schema {facts.get('schema')}", expected=SCHEMA, where=str(path)
        )
    if _digest(facts, arrays) != found:
        raise InputError(
            "the profile's content is not what its digest says",
            expected=f"digest {found}",
            todo="Copy or make it again.",
            where=str(path),
        )
    return ProfileSide(path, {**facts, "digest": found}, arrays)


def _packed(name: ViewName, view: Any, arrays: Arrays) -> dict[str, Any]:
    """Put a view's arrays beside the others; returns what is no array."""
    plain: dict[str, Any] = {}
    for field, value in view._asdict().items():
        if isinstance(value, np.ndarray):
            arrays[f"{name}.{field}"] = value
        elif field == "columns":
            plain[field] = [[column.name, column.kind] for column in value]
            arrays |= {f"{name}.{at}": column.values for at, column in enumerate(value)}
        else:
            plain[field] = list(value) if isinstance(value, tuple) else value
    return plain


def _unpacked(name: ViewName, plain: Mapping[str, Any], arrays: Arrays) -> Any:
    fields: dict[str, Any] = {}
    for field in KEPT[name]._fields:
        value = plain.get(field)
        if field == "columns":
            fields[field] = tuple(
                Column(label, kind, arrays[f"{name}.{at}"])
                for at, (label, kind) in enumerate(value or ())
            )
        elif value is None:
            fields[field] = arrays[f"{name}.{field}"]
        else:
            fields[field] = tuple(value) if isinstance(value, list) else value
    return KEPT[name](**fields)


def _digest(facts: Mapping[str, Any], arrays: Arrays) -> str:
    """sha256 over all that is in it; equal views of equal data have equal digests."""
    total = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for name, array in sorted(arrays.items()):
        total.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        total.update(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
    return total.hexdigest()


def _write(path: Path, facts: Mapping[str, Any], arrays: Arrays) -> None:
    written = np.frombuffer(json.dumps(facts, sort_keys=True).encode(), np.uint8)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as out:
            np.savez(out, allow_pickle=False, facts=written, **arrays)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
