"""CSV with a header: rows separated by lines, columns by comma, semicolon, tab or bar.

The separator is the one that cuts the header into most columns (always a tab in .tsv). A folder is
read as all .csv files in it or in its data/ folder. Columns: `formats/records.py`. Every value is
text; an empty one is no value. A row with more or fewer columns than the header, with quotes that
do not close, or that is no UTF-8 is left out by the line on which it begins.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from firsthand.errors import InputError
from firsthand.formats.layout import data_files, printable
from firsthand.formats.records import Record, reading, storable
from firsthand.types import Reading, Skip

if TYPE_CHECKING:
    from _csv import Reader

TABLES = frozenset({".csv", ".tsv"})
SEPARATORS = ",;\t|"


class CSV:
    """Reads CSV and TSV."""

    name = "csv"
    question = "Is it a CSV or TSV file with a header?"
    suffixes = (".csv", ".tsv")

    def can_read(self, path: Path) -> bool:
        """By suffix."""
        return bool(data_files(path, TABLES))

    def read(self, path: Path) -> Reading:
        """Open it.

        Raises:
            FormatError: there is no such file.
            InputError: a header is empty, names a column twice, or is no UTF-8.
        """
        return reading("csv", path, TABLES, _rows)

    def rows(self, path: Path) -> Iterator[Record | Skip]:
        """The rows of one file, with all their columns."""
        return _rows(path)


def _rows(path: Path) -> Iterator[Record | Skip]:
    # A document may be longer than the 128 KiB that the module allows a field.
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            columns, separator = _header(path, file.readline())
            yield from _table(path, columns, csv.reader(file, delimiter=separator, strict=True))
    except OSError as error:
        yield Skip("unreadable-file", printable(path), found=str(error.strerror))


def _header(path: Path, first: str) -> tuple[list[str], str]:
    """The names of the columns, and what separates them."""
    marks = "\t" if path.suffix.lower() == ".tsv" else SEPARATORS
    where = f"{path}:1"
    if not first.strip() or not storable(first) or "\0" in first:
        expected = "the names of the columns, in UTF-8"
        raise InputError(f"the header is {first.strip()[:80]!a}", expected=expected, where=where)
    try:
        cut = {mark: next(csv.reader([first], delimiter=mark)) for mark in marks}
    except csv.Error as error:
        raise InputError(f"the header is no CSV: {error}", where=where) from error
    mark = max(cut, key=lambda mark: len(cut[mark]))
    columns = [name.strip() for name in cut[mark]]
    twice = [name for name, times in Counter(columns).items() if times > 1]
    if twice:
        raise InputError(f"the column {twice[0]!r} is there twice", where=where)
    return columns, mark


def _table(path: Path, columns: list[str], rows: Reader) -> Iterator[Record | Skip]:
    while True:
        record = Record(path, rows.line_num + 2, {})  # its first line; the header is line 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield record.skip("csv-invalid", str(error))
            continue
        if row:
            yield _record(record, columns, row)


def _record(record: Record, columns: list[str], row: list[str]) -> Record | Skip:
    if len(row) != len(columns):
        return record.skip("row-columns", f"{len(row)} instead of {len(columns)}")
    if not all(storable(value) for value in row):
        return record.skip("text-encoding", ascii(next(v for v in row if not storable(v))))
    return record._replace(values={n: v or None for n, v in zip(columns, row, strict=True)})


component = CSV()
