"""Hands columns to DuckDB where they lie, and takes them out, without one Python object a value.

Speaks the Arrow C stream interface (https://arrow.apache.org/docs/format/CStreamInterface.html),
which DuckDB reads without pyarrow. Everything that C code may touch belongs to the `Stream`, so
it must outlive the query that reads it; `release` therefore has nothing to free.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

BATCH = 122_880
"""Rows a batch, which is the row group of DuckDB; batches are read by several threads."""


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Values of varying length, one after the other."""

    kind: bytes  # "U" for UTF-8, "Z" for bytes
    starts: NDArray[np.int64]  # (n + 1,)
    content: bytes | NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def values(self) -> Iterator[bytes]:
        """Each value by itself."""
        content = bytes(self.content)
        for start, stop in pairwise(self.starts.tolist()):
            yield content[start:stop]


Column = Texts | NDArray[np.int64]


def texts(values: Sequence[str]) -> Texts:
    """A column of strings.

    Raises:
        UnicodeEncodeError: one is not valid Unicode.

    >>> texts(["a", "", "bcd"]).starts.tolist()
    [0, 1, 1, 4]
    """
    joined = "".join(values)
    if joined.isascii():
        return Texts(b"U", _starts(values), joined.encode())
    encoded = [value.encode() for value in values]
    return Texts(b"U", _starts(encoded), b"".join(encoded))


def digests(values: Sequence[bytes] | NDArray[np.uint8]) -> Texts:
    """A column of bytes, from one (n, width) array without a copy."""
    if isinstance(values, np.ndarray):
        rows, width = values.shape
        return Texts(b"Z", np.arange(rows + 1) * width, np.ascontiguousarray(values))
    return Texts(b"Z", _starts(values), b"".join(values))


def _starts(values: Sequence[str] | Sequence[bytes]) -> NDArray[np.int64]:
    starts = np.zeros(len(values) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, values), np.int64, len(values)), out=starts[1:])
    return starts


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_GET = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_ERROR = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)
_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", _RELEASE),
    ("private_data", ctypes.c_void_p),
]
_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.c_void_p),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", _RELEASE),
    ("private_data", ctypes.c_void_p),
]
_Stream._fields_ = [
    ("get_schema", _GET),
    ("get_next", _GET),
    ("get_last_error", _ERROR),
    ("release", _RELEASE),
    ("private_data", ctypes.c_void_p),
]


def _released(kind: type[ctypes.Structure]) -> Any:
    def release(address: int) -> None:
        kind.from_address(address).release = _RELEASE()

    return _RELEASE(release)


_SCHEMA_RELEASED, _ARRAY_RELEASED = _released(_Schema), _released(_Array)
_STREAM_RELEASED = _released(_Stream)
_NO_ERROR = _ERROR(lambda _: None)
_SCHEMA_NAME, _STREAM_NAME = b"arrow_schema", b"arrow_array_stream"  # capsules do not copy them
_capsule = ctypes.pythonapi.PyCapsule_New
_capsule.restype = ctypes.py_object
_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_void_p
_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


class Stream:
    """Columns of one length as DuckDB can scan them, under `connection.register`."""

    def __init__(self, columns: Mapping[str, Column], rows: int) -> None:
        self._columns = dict(columns)
        self._rows = rows
        self._kept: list[object] = []  # what C code points at
        self._next = [0]  # first row of the next batch, by number of stream, which begins at 1
        self._get_schema, self._get_next = _GET(self._write_schema), _GET(self._write_next)

    def close(self) -> None:
        """Let go of the columns, which a cycle through the two callbacks would keep for long."""
        self._columns.clear()
        self._kept.clear()
        del self._get_schema, self._get_next

    def __arrow_c_schema__(self) -> object:
        """The names and types of the columns."""
        schema = self._keep(_Schema())
        self._write_schema(0, ctypes.addressof(schema))
        return _capsule(ctypes.addressof(schema), _SCHEMA_NAME, None)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """All rows, from the first."""
        stream = self._keep(_Stream())
        stream.get_schema, stream.get_next = self._get_schema, self._get_next
        stream.get_last_error, stream.release = _NO_ERROR, _STREAM_RELEASED
        stream.private_data = len(self._next)
        self._next.append(0)
        return _capsule(ctypes.addressof(stream), _STREAM_NAME, None)

    def _write_schema(self, _: int, address: int) -> int:
        children = [
            self._keep(_Schema(_format(column), name.encode(), release=_SCHEMA_RELEASED))
            for name, column in self._columns.items()
        ]
        schema = _Schema.from_address(address)
        schema.format, schema.name, schema.metadata, schema.flags = b"+s", b"", None, 0
        schema.n_children, schema.children = len(children), self._pointers(children)
        schema.dictionary, schema.release = None, _SCHEMA_RELEASED
        return 0

    def _write_next(self, stream: int, address: int) -> int:
        number = _Stream.from_address(stream).private_data
        start = self._next[number]
        array = _Array.from_address(address)
        if start >= self._rows:
            array.release = _RELEASE()
            return 0
        length = min(BATCH, self._rows - start)
        self._next[number] = start + length
        children = [self._child(column, start, length) for column in self._columns.values()]
        _fill(array, length, self._addresses([0]), 1)
        array.n_children, array.children = len(children), self._pointers(children)
        return 0

    def _child(self, column: Column, start: int, length: int) -> _Array:
        child: _Array = self._keep(_Array())
        if isinstance(column, Texts):
            content = np.frombuffer(column.content, np.uint8)
            parts = [0, _address(column.starts) + 8 * start, _address(content)]
        else:
            parts = [0, _address(column) + 8 * start]
        _fill(child, length, self._addresses(parts), len(parts))
        return child

    def _keep(self, value: Any) -> Any:
        self._kept.append(value)
        return value

    def _pointers(self, structures: Sequence[ctypes.Structure]) -> int:
        return self._addresses([ctypes.addressof(structure) for structure in structures])

    def _addresses(self, addresses: Sequence[int]) -> int:
        kept = self._keep((ctypes.c_void_p * len(addresses))(*addresses))
        return ctypes.addressof(kept)


def _format(column: Column) -> bytes:
    return column.kind if isinstance(column, Texts) else b"l"


def _address(array: NDArray[Any]) -> int:
    return int(array.ctypes.data)


def _fill(array: Any, length: int, buffers: int, n_buffers: int) -> None:
    array.length, array.null_count, array.offset = length, 0, 0
    array.buffers, array.n_buffers = buffers, n_buffers
    array.children, array.n_children, array.dictionary = None, 0, None
    array.release = _ARRAY_RELEASED


def flat(relation: Any, dtype: type[np.floating[Any]]) -> Iterator[NDArray[Any]]:
    """The values of a query's only column, as they come out of DuckDB; NULL is not a number.

    Args:
        relation: what the connection made of the query; the connection must stay open.
        dtype: what the column holds, float32 for FLOAT and float64 for DOUBLE.

    Raises:
        OSError: the query failed.
    """
    capsule = relation.__arrow_c_stream__()  # which owns the stream
    stream = _Stream.from_address(_pointer(capsule, _STREAM_NAME))
    while True:
        array = _Array()
        if stream.get_next(ctypes.addressof(stream), ctypes.addressof(array)):
            said = stream.get_last_error(ctypes.addressof(stream)) or b""
            raise OSError(said.decode("utf-8", "replace"))
        if not array.release:
            return
        try:
            yield _values(array, dtype)
        finally:
            array.release(ctypes.addressof(array))


def _values(array: _Array, dtype: type[np.floating[Any]]) -> NDArray[Any]:
    """A copy of the only column of a batch."""
    column = _Array.from_address(_at(array.children, 1)[0])
    validity, data = _at(column.buffers, 2)
    if not column.length:
        return np.zeros(0, dtype)
    start, width = column.offset, np.dtype(dtype).itemsize
    content = ctypes.string_at(data + start * width, column.length * width)
    values = np.frombuffer(content, dtype)
    if not (validity and column.null_count):
        return values
    bits = ctypes.string_at(validity, (start + column.length + 7) // 8)
    given = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")
    return np.where(given[start : start + column.length], values, dtype(np.nan))


def _at(address: int, count: int) -> list[int]:
    return list((ctypes.c_void_p * count).from_address(address))
