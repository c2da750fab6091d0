"""DuckDB over the segments of a ledger: the columns of a row, and the rows of a version."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import duckdb

from firsthand.errors import InputError, LedgerCorrupt, LedgerError
from firsthand.ledger.catalog import State
from firsthand.ledger.files import Files
from firsthand.ledger.manifest import Segment, load

MEMORY_LIMIT = "2GB"
"""What DuckDB may use before it goes to disk; numpy columns of a caller come on top."""

PROVENANCE = (
    "media_origin",
    "label_origin",
    "media_generator",
    "label_generator",
    "verification",
    "verified_by",
    "generation",
    "generation_at_least",
    "generation_declared",
    "ancestry",
    "own",
)
"""Columns of a row that are the fields of `Provenance`, in its order."""

TYPES = {
    "source": "VARCHAR",
    "key": "VARCHAR",
    "media": "BLOB",
    "label": "BLOB",
    "split": "VARCHAR",
    "group": "VARCHAR",
    "count": "BIGINT",
    "path": "VARCHAR",
    "line": "BIGINT",
    "copied": "BOOLEAN",
    "names": "VARCHAR[]",
    "provenance": "VARCHAR",
    "media_origin": "VARCHAR",
    "label_origin": "VARCHAR",
    "media_generator": "VARCHAR",
    "label_generator": "VARCHAR",
    "verification": "VARCHAR",
    "verified_by": "VARCHAR",
    "generation": "INTEGER",
    "generation_at_least": "INTEGER",
    "generation_declared": "BOOLEAN",
    "ancestry": "DOUBLE",
    "own": "BOOLEAN",
}
"""The columns of a row and their types, in the order in which segments hold them."""

ROW = ", ".join(f'"{name}"' for name in TYPES)


_DATABASES: dict[tuple[int, str], duckdb.DuckDBPyConnection] = {}  # by process and spill folder


class Part(NamedTuple):
    """The segments of a version, oldest first."""

    rows: tuple[str, ...]  # sha256 of each
    dead: tuple[str, ...]
    labels: tuple[str, ...]
    contents: tuple[str, ...]


@contextlib.contextmanager
def connect(files: Files) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory that spills into the ledger's own folder; its tables go at the end."""
    with _database(str(files.temporary / "spill")).cursor() as connection:
        try:
            yield connection
        except duckdb.IOException as error:
            raise LedgerError(
                f"reading or writing a segment failed: {error}",
                expected="a disk with free space, and segments that are as they were written",
                todo="Nothing was committed and nothing was lost. Free some space, or run: "
                "firsthand verify",
            ) from error
        except (duckdb.InvalidInputException, duckdb.SerializationException) as error:
            if "cannot encode str" in str(error):
                raise InputError(
                    f"a name or text is not valid Unicode: {error}",
                    todo="Rename the file so that its name is valid UTF-8.",
                ) from error
            raise LedgerCorrupt(
                f"a segment cannot be read: {error}", todo="Run: firsthand verify"
            ) from error


def _database(spill: str) -> duckdb.DuckDBPyConnection:
    # Making one takes longer than many a query, so the last one is kept.
    kept = (os.getpid(), spill)
    if kept not in _DATABASES:
        # One from before a fork must stay: closing it would wait for threads that are not here.
        for other in [key for key in _DATABASES if key[0] == os.getpid()]:
            del _DATABASES[other]
        _DATABASES[kept] = duckdb.connect(
            config={
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": spill,
                "enable_external_file_cache": False,  # bytes may have been damaged meanwhile
            }
        )
    return _DATABASES[kept]


def quoted(text: str) -> str:
    """A text as an SQL literal.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def parts(files: Files, state: State, version: str | None) -> Part:
    """Which segments does a version have, its whole history together?"""
    found: list[Segment] = []
    for commit in reversed(state.history(version) if version else ()):
        found.extend(load(files, commit.id).segments)
    of = {kind: tuple(s.sha256 for s in found if s.kind == kind) for kind in Part._fields}
    return Part(**of)


def parquet(files: Files, segments: Sequence[str]) -> str:
    """SQL that reads these segments as one table, in this order."""
    paths = ", ".join(quoted(str(files.segment(sha256))) for sha256 in segments)
    return f"read_parquet([{paths}])"


def live(files: Files, part: Part) -> str:
    """SQL for the rows of a version, with the segment and position of each.

    A row is dead where a tombstone names its segment and its position there.
    """
    if not part.rows:
        nothing = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in TYPES.items())
        return f"SELECT {nothing}, NULL::BIGINT AS file, NULL::BIGINT AS position WHERE false"
    rows = (
        f"SELECT {ROW}, file_index::BIGINT AS file, file_row_number::BIGINT AS position "
        f"FROM {parquet(files, part.rows)}"
    )
    if not part.dead:
        return rows
    return (
        f"SELECT * FROM ({rows}) r WHERE NOT EXISTS (SELECT 1 FROM ({dead(files, part)}) d "
        "WHERE d.file = r.file AND d.position = r.position)"
    )


def dead(files: Files, part: Part) -> str:
    """SQL for the tombstones of a version; `file` counts its row segments from 0."""
    index = ", ".join(f"({quoted(sha256)}, {at})" for at, sha256 in enumerate(part.rows))
    return (
        f"SELECT t.*, i.file::BIGINT AS file FROM {parquet(files, part.dead)} t "
        f"JOIN (VALUES {index}) i(segment, file) ON t.segment = i.segment"
    )
