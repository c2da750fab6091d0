"""JSON lines: one object a line. Also one JSON array of objects, as Alpaca-style sets are kept.

A folder is read as all .jsonl files in it or in its data/ folder. Columns: `formats/records.py`.
Lines that are empty are passed over. Every other line that is no JSON object in UTF-8 is left out
by name; an array is left out from the element at which it stops being JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from firsthand.formats.jsontext import members
from firsthand.formats.layout import data_files, head, is_ultralytics, printable
from firsthand.formats.records import Record, reading
from firsthand.types import Reading, Skip

LINES = frozenset({".jsonl", ".ndjson"})
BOM = b"\xef\xbb\xbf"


class JSONLines:
    """Reads JSON lines."""

    name = "jsonl"
    question = "Is it a file of one JSON object a line, or an array of objects?"
    suffixes = (".jsonl", ".ndjson", ".json")

    def can_read(self, path: Path) -> bool:
        """By suffix, unless the first line says that it is Ultralytics NDJSON; .json by its "["."""
        if path.suffix.lower() == ".json":
            return _is_array(path)
        files = data_files(path, LINES)
        return bool(files) and not is_ultralytics(files[0])

    def read(self, path: Path) -> Reading:
        """Open it.

        Raises:
            FormatError: there is no such file.
        """
        return reading("jsonl", path, LINES, _rows)

    def rows(self, path: Path) -> Iterator[Record | Skip]:
        """The rows of one file, with all their columns."""
        return _rows(path)


def _is_array(path: Path) -> bool:
    return head(path, 1 << 12).removeprefix(BOM).lstrip().startswith(b"[")


def _rows(path: Path) -> Iterator[Record | Skip]:
    array = path.suffix.lower() == ".json" and _is_array(path)
    try:
        yield from _array(path) if array else _lines(path)
    except OSError as error:
        yield Skip("unreadable-file", printable(path), found=str(error.strerror))


def _lines(path: Path) -> Iterator[Record | Skip]:
    with path.open("rb") as file:
        for line, data in enumerate(file, 1):
            if data.strip(b" \t\r\n\xef\xbb\xbf"):
                yield _line(path, line, data)


def _line(path: Path, line: int, data: bytes) -> Record | Skip:
    record = Record(path, line, {})
    try:
        value = json.loads(data.decode("utf-8-sig" if line == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        return record.skip("text-encoding", repr(data[error.start : error.start + 8])[2:-1])
    except (ValueError, RecursionError) as error:
        return record.skip("json-invalid", str(error))
    return _record(path, line, value)


def _array(path: Path) -> Iterator[Record | Skip]:
    data = path.read_bytes()
    line, nth = 0, 0
    try:
        for member in members(data.decode("utf-8-sig")):
            line, nth = member.line, nth + 1 if member.line == line else 1
            yield _record(path, line, member.value, nth)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = repr(data[error.start : error.start + 8])[2:-1]
        yield Record(path, line, {}).skip("text-encoding", found)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", max(line, 1))
        yield Record(path, line, {}).skip("json-invalid", str(error))


def _record(path: Path, line: int, value: object, nth: int = 1) -> Record | Skip:
    if isinstance(value, dict):
        return Record(path, line, value, nth)
    return Record(path, line, {}).skip("record-invalid", value)


component = JSONLines()
