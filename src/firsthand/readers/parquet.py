"""Parquet: one row a record, read in pieces through DuckDB.

A folder is read as all .parquet files in it or in its data/ folder. Columns: `formats/records.py`.
The line of a skip is the number of the row, from 1. Columns of bytes, such as images inside
Parquet, are not read: their files are refused, so that no picture is taken for a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firsthand.errors import InputError
from firsthand.formats.layout import data_files, head
from firsthand.formats.records import Record, reading
from firsthand.types import Reading, Skip

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PARQUET = frozenset({".parquet", ".pq"})
MAGIC = b"PAR1"
BATCH = 2048
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": "1",  # rows keep their order, and memory stays small
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


class Parquet:
    """Reads Parquet."""

    name = "parquet"
    question = "Is it a Parquet file, or a folder of some?"
    suffixes = (".parquet", ".pq")

    def can_read(self, path: Path) -> bool:
        """By suffix and the first four bytes."""
        files = data_files(path, PARQUET)
        return bool(files) and head(files[0], 4) == MAGIC

    def read(self, path: Path) -> Reading:
        """Open it.

        Raises:
            FormatError: there is no such file.
            InputError: a file is no Parquet, is damaged, or holds columns of bytes.
        """
        return reading("parquet", path, PARQUET, _rows)

    def rows(self, path: Path) -> Iterator[Record | Skip]:
        """The rows of one file, with all their columns."""
        return _rows(path)


def _rows(path: Path) -> Iterator[Record | Skip]:
    line = 0
    for columns, batch in _batches(path):
        for row in batch:
            line += 1
            yield Record(path, line, dict(zip(columns, row, strict=True)))


def _batches(path: Path) -> Iterator[tuple[list[str], list[Any]]]:
    import duckdb

    try:
        with duckdb.connect(config=SETTINGS) as connection:
            columns = _open(connection, path)
            while batch := connection.fetchmany(BATCH):
                yield columns, batch
    except (duckdb.Error, OverflowError, UnicodeDecodeError) as error:
        found = f"it cannot be read as Parquet: {str(error).splitlines()[0]}"
        raise InputError(found[:300], where=str(path)) from error


def _open(connection: DuckDBPyConnection, path: Path) -> list[str]:
    """Start reading; the names of the columns."""
    source = [exactly(path)]
    connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", source)
    columns = [(str(name), str(kind)) for name, kind, *_ in connection.fetchall()]
    pictures = [name for name, kind in columns if "BLOB" in kind]
    if pictures:
        raise InputError(
            f"the column {pictures[0]!r} holds bytes",
            expected="text or a table",
            todo="Write images to a folder and read that.",
            where=str(path),
        )
    chosen = ", ".join(_chosen(name, kind) for name, kind in columns)
    connection.execute(f"SELECT {chosen} FROM read_parquet(?)", source)
    return [name for name, _ in columns]


def _chosen(name: str, kind: str) -> str:
    """One column. Times with a zone become times in UTC: as objects they would need pytz."""
    quoted = '"' + name.replace('"', '""') + '"'
    return f"CAST({quoted} AS TIMESTAMP)" if kind == "TIMESTAMP WITH TIME ZONE" else quoted


def exactly(path: Path) -> str:
    """A pattern that matches this path only: DuckDB reads stars and brackets as wildcards.

    >>> exactly(Path("a[1]*.parquet"))
    'a[[]1][*].parquet'
    """
    return "".join(f"[{mark}]" if mark in "[*?" else mark for mark in str(path))


component = Parquet()
