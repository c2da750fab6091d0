"""NumPy's own files: .npy, read where it lies, and .npz, unpacked as a stream. Never a pickle."""

from __future__ import annotations

import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy

from firsthand.errors import InputError
from firsthand.feature_files.table import (
    Floats,
    Table,
    block_rows,
    check_shape,
    check_type,
    meant,
)

BROKEN = (
    *(ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error, struct.error),
    *(RuntimeError, TypeError, SyntaxError, MemoryError, LookupError),
    tokenize.TokenError,
)
"""What NumPy and zipfile let out of files made to break them."""


LONGEST = 4096  # bytes of a name


class Header(NamedTuple):
    """What the first bytes of an array say."""

    shape: tuple[int, ...]
    fortran: bool  # columns lie together, not rows
    dtype: np.dtype[Any]
    offset: int


def npy_table(path: Path) -> Table:
    """An .npy file of points.

    Raises:
        InputError: it is none, is truncated, or holds something else.
    """
    with path.open("rb") as file:
        header = _header(file, path)
    rows, dimensions = _checked(header, path.stat().st_size - header.offset, path)
    order: Any = "F" if header.fortran else "C"
    mapped = np.memmap(path, header.dtype, "r", header.offset, (rows, dimensions), order)
    whole = mapped if _usable(header) else None
    blocks = partial(_slices, mapped) if header.fortran else partial(_streamed, path, header)
    return Table(rows, dimensions, blocks, {}, whole)


def _usable(header: Header) -> bool:
    single = header.dtype == np.dtype("<f4") and np.dtype("<f4").isnative
    return single and not header.fortran and header.offset % 4 == 0


def _slices(array: Floats) -> Iterator[Floats]:
    step = block_rows(array.shape[1], array.itemsize)
    for start in range(0, len(array), step):
        yield array[start : start + step]


def _streamed(path: Path, header: Header) -> Iterator[Floats]:
    """Rows by plain reading: pages of a mapped file would count as memory of this process."""
    with path.open("rb") as file:
        file.seek(header.offset)
        yield from _read(file, header, path)


def _read(file: IO[bytes], header: Header, path: Path) -> Iterator[Floats]:
    rows, dimensions = header.shape
    step = block_rows(dimensions, header.dtype.itemsize)
    for start in range(0, rows, step):
        count = min(step, rows - start)
        wanted = count * dimensions * header.dtype.itemsize
        data = file.read(wanted)
        if len(data) != wanted:
            raise _truncated(header, start * dimensions * header.dtype.itemsize + len(data), path)
        yield np.frombuffer(data, header.dtype).reshape(count, dimensions)


def _header(file: IO[bytes], path: Path) -> Header:
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # headers that Python 2 wrote
            version = npy.read_magic(file)
            shape, fortran, dtype = readers[version](file)
        return Header(tuple(map(int, shape)), fortran, dtype, file.tell())
    except BROKEN as error:
        raise InputError(
            f"it does not begin as an array of NumPy does: {str(error).splitlines()[:1]}",
            expected="what numpy.save writes",
            where=str(path),
        ) from error


def _checked(header: Header, size: int, path: Path) -> tuple[int, int]:
    check_type(header.dtype, path)
    rows, dimensions = check_shape(header.shape, path)
    if size < rows * dimensions * header.dtype.itemsize:
        raise _truncated(header, size, path)
    return rows, dimensions


def _truncated(header: Header, size: int, path: Path) -> InputError:
    rows, dimensions = header.shape
    return InputError(
        f"it ends after {size // (dimensions * header.dtype.itemsize)} of {rows} rows",
        expected=f"{rows} rows of {dimensions} coordinates, as its header says",
        todo="Copy or save the file again.",
        where=str(path),
    )


def npz_table(path: Path) -> Table:
    """An .npz file with one array of points, and arrays of names beside it.

    Raises:
        InputError: it is none, is damaged, or holds none or several arrays of points.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name.removesuffix(".npy"): name for name in archive.namelist()}
            said = {what: name for name in members if (what := meant(name))}
            points = _points(members, list(said.values()), path)
            with archive.open(members[points]) as file:
                header = _header(file, path)
            size = archive.getinfo(members[points]).file_size - header.offset
            rows, dimensions = _checked(header, size, path)
            if header.fortran:
                raise _fortran(points, path)
            names = {
                what: _names(archive, members[name], rows, path) for what, name in said.items()
            }
    except BROKEN as error:
        raise _damaged(error, path) from error
    return Table(rows, dimensions, partial(_unpacked, path, members[points]), names)


def _points(members: dict[str, str], said: list[str], path: Path) -> str:
    rest = [name for name in members if name not in said]
    chosen = "features" if "features" in rest else rest[0] if len(rest) == 1 else ""
    if chosen:
        return chosen
    raise InputError(
        f"it holds the arrays {', '.join(rest[:10]) or 'of names alone'}",
        expected="one array of points, or one of them called features",
        where=str(path),
    )


def _fortran(name: str, path: Path) -> InputError:
    return InputError(
        f"the array {name} is stored column by column, which cannot be unpacked as a stream",
        expected="one row after the other",
        todo="Save numpy.ascontiguousarray(features).",
        where=str(path),
    )


def _names(archive: zipfile.ZipFile, member: str, rows: int, path: Path) -> list[str]:
    with archive.open(member) as file:
        header = _header(file, path)
        known = header.shape == (rows,) and header.dtype.kind in "Uiu"
        if known and header.dtype.itemsize <= LONGEST:
            data = file.read(rows * header.dtype.itemsize)
            return [str(value) for value in np.frombuffer(data, header.dtype).tolist()]
    raise InputError(
        f"the array {member} has the shape {header.shape} and the type {header.dtype}",
        expected=f"{rows} short texts or whole numbers, one a row",
        where=str(path),
    )


def _unpacked(path: Path, member: str) -> Iterator[Floats]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            yield from _read(file, _header(file, path), path)
    except InputError:
        raise
    except BROKEN as error:
        raise _damaged(error, path) from error


def _damaged(error: BaseException, path: Path) -> InputError:
    if isinstance(error, InputError):
        return error
    return InputError(
        f"it cannot be unpacked: {str(error)[:200]}",
        expected="what numpy.savez writes, without pickles",
        where=str(path),
    )
