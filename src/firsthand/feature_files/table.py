"""What a file of features holds before anything is made of it, whatever its format."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.errors import InputError
from firsthand.formats.records import GROUPS, KEYS, LABELS

BLOCK = 16 << 20
"""Bytes that are in memory at a time."""

LARGEST = 1 << 20  # coordinates of a point; more is a mistake
NAMES: Mapping[str, tuple[str, ...]] = {
    "group": GROUPS,
    "key": (*KEYS, "path"),
    "class": LABELS,
}
"""What may be said about a row, and the columns that say it."""

Floats = NDArray[np.floating[Any]]


class Table(NamedTuple):
    """An opened file of n points with d coordinates."""

    rows: int
    dimensions: int
    blocks: Callable[[], Iterator[Floats]]  # a pass over (b, d) in order, n rows in all
    names: Mapping[str, list[str]]  # "group", "key", "class": n each, "" where nothing is said
    mapped: NDArray[np.float32] | None = None  # the file itself, where it can be used as it lies


def block_rows(dimensions: int, itemsize: int) -> int:
    """How many rows are read at a time."""
    return max(1, BLOCK // (dimensions * itemsize))


def check_shape(shape: tuple[int, ...], path: Path) -> tuple[int, int]:
    """Rows and dimensions of points.

    Raises:
        InputError: it is not (n, d), or nothing is in it.
    """
    if len(shape) == 2 and shape[0] > 0 and 0 < shape[1] <= LARGEST:
        return shape[0], shape[1]
    raise InputError(
        f"its shape is {shape}",
        expected=f"(n, d): one row a sample, 1 to {LARGEST} coordinates",
        todo="Reshape it, or leave empty files out.",
        where=str(path),
    )


def check_type(dtype: np.dtype[Any], path: Path) -> None:
    """Raises InputError unless it is a float of 16, 32 or 64 bits."""
    if dtype.kind == "f" and dtype.itemsize in {2, 4, 8}:
        return
    found = "Python objects, which are never unpickled" if dtype.hasobject else f"type {dtype}"
    raise InputError(
        f"it holds {found}",
        expected="float16, float32 or float64",
        todo="Save features with numpy.save(file, features.astype('float32')).",
        where=str(path),
    )


def check_names(names: Mapping[str, list[str]], rows: int, path: Path) -> None:
    """Raises InputError unless there are as many of each as rows."""
    for name, values in names.items():
        if len(values) != rows:
            raise InputError(
                f"{name} has {len(values)} values for {rows} rows",
                expected="one a row",
                where=str(path),
            )


def meant(name: str) -> str:
    """What a column of this name says about rows; "" where it is nothing that is known.

    >>> meant("group_id"), meant("f0")
    ('group', '')
    """
    return next((what for what, names in NAMES.items() if name in names), "")


def numbered(names: list[str]) -> bool:
    """Are these the coordinates 0 to d - 1, in order, of one prefix?

    >>> numbered(["f0", "f1", "f2"]), numbered(["height", "weight"])
    (True, False)
    """
    found = [re.fullmatch(r"(\D*)(\d+)", name) for name in names]
    parts = [(each[1], int(each[2])) for each in found if each]
    return len(parts) == len(names) > 0 and parts == [(parts[0][0], at) for at in range(len(parts))]
