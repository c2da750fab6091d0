"""Takes samples in: completes their provenance, copies media where asked, writes a staged item."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from firsthand.errors import InputError
from firsthand.ledger.arrow import Column, Stream, digests, texts
from firsthand.ledger.catalog import State
from firsthand.ledger.columns import Columns
from firsthand.ledger.files import Files, write_durably
from firsthand.ledger.generations import settle
from firsthand.ledger.groups import group_keys
from firsthand.ledger.query import PROVENANCE, ROW, TYPES, quoted
from firsthand.provenance import provenance_class
from firsthand.types import UNKNOWN, Provenance

INSERTED = 500
"""Rows in one INSERT."""


@dataclass(frozen=True, slots=True)
class Adding:
    """How samples are taken in."""

    files: Files
    state: State
    source: str
    declared: Provenance | None = None
    group_by: str | None = None
    copy: bool = False

    def write(
        self, connection: duckdb.DuckDBPyConnection, chunks: Iterable[Columns], folder: Path
    ) -> int:
        """Write all chunks as Parquet files; returns how many samples there were."""
        total, known = 0, None
        for number, chunk in enumerate(chunks):
            if (chunk.provenances, chunk.named) != known:
                self._kinds(connection, chunk)
                known = (chunk.provenances, chunk.named)
            self._write_chunk(connection, chunk, folder, number)
            total += len(chunk)
        return total

    def _write_chunk(
        self, connection: duckdb.DuckDBPyConnection, chunk: Columns, folder: Path, number: int
    ) -> None:
        if self.group_by is not None:
            chunk = replace(chunk, group=group_keys(chunk.key, self.group_by))
        arrays = chunk.arrays()
        if self.copy:
            self._copy_media(chunk, arrays)
        with scanned(connection, arrays):
            target = folder / f"rows-{number:05d}.parquet"
            rows = write_parquet(connection, self._rows(), target)
        if rows != len(chunk):
            raise InputError(
                f"{len(chunk) - rows} samples name a provenance or class names that are not there",
                expected="provenance_at and named_at below the lengths of provenances and named",
            )
        _write_payloads(connection, chunk, folder, number)
        _write_contents(connection, chunk, folder, number)

    def _rows(self) -> str:
        path = stored_path(self.files.root, Path.cwd())
        return (
            f"SELECT {ROW} FROM (SELECT a.* REPLACE ("
            f"nullif(label, ''::BLOB) AS label, {path} AS path), "
            f"{self.copy} AS copied, p.*, n.names FROM added a "
            "JOIN provenances p "
            "ON 2 * a.provenance_at + (octet_length(a.label) > 0)::INT = p.number "
            "JOIN named n ON a.named_at = n.number)"
        )

    def _kinds(self, connection: duckdb.DuckDBPyConnection, chunk: Columns) -> None:
        """Tables `provenances` and `named`: what the numbers in the columns stand for."""
        rows = [
            (2 * at + labelled, self.source, *self._provenance(provenance, bool(labelled)))
            for at, provenance in enumerate(chunk.provenances)
            for labelled in (0, 1)
        ]
        words = {value for row in rows for value in row if isinstance(value, str)}
        words.update(name for names in chunk.named for name in names)
        # As an enumeration a text is a number until it is in the file, where it is text again.
        connection.execute("DROP TABLE IF EXISTS provenances; DROP TABLE IF EXISTS named")
        connection.execute("DROP TYPE IF EXISTS word")
        listed = ", ".join(map(quoted, sorted(words)))
        connection.execute(f"CREATE TEMP TYPE word AS ENUM ({listed})")
        columns = ("source", "provenance", *PROVENANCE)
        spec = ", ".join(f"{name} {TYPES[name].replace('VARCHAR', 'word')}" for name in columns)
        connection.execute(f"CREATE TEMP TABLE provenances (number BIGINT, {spec})")
        _insert(connection, "provenances", rows)
        connection.execute("CREATE TEMP TABLE named (number BIGINT, names word[])")
        _insert(connection, "named", [(at, list(names)) for at, names in enumerate(chunk.named)])

    def _provenance(self, said: Provenance, labelled: bool) -> tuple[Any, ...]:
        if self.declared is not None and said == UNKNOWN:
            said = self.declared
        settled = settle(said, labelled, self.state.models)
        values = [getattr(settled, name) for name in PROVENANCE]
        return (provenance_class(settled, labelled), *values)

    def _copy_media(self, chunk: Columns, arrays: dict[str, Any]) -> None:
        places = zip(arrays["media"].values(), arrays["path"].values(), arrays["line"], strict=True)
        for media, path, line in places:
            if media not in chunk.contents:
                _copy(self.files, media, path.decode(), int(line))


@contextmanager
def scanned(connection: duckdb.DuckDBPyConnection, columns: Mapping[str, Column]) -> Iterator[None]:
    """The columns as the table `added`."""
    stream = Stream(columns, len(next(iter(columns.values()))))
    connection.register("added", stream)
    try:
        yield
    finally:
        connection.unregister("added")
        stream.close()


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[Any, ...]]
) -> None:
    # One statement for many rows: each statement costs a millisecond.
    for at in range(0, len(rows), INSERTED):
        some = rows[at : at + INSERTED]
        marks = ", ".join(f"({', '.join('?' * len(row))})" for row in some)
        connection.execute(f"INSERT INTO {table} VALUES {marks}", list(chain(*some)))


def stored_path(root: Path, here: Path) -> str:
    """SQL for `path`, said from the folder `here`, as seen from `root` where it lies inside it.

    >>> stored_path(Path("/a"), Path("/a"))
    "CASE WHEN starts_with(path, '/a/') THEN substr(path, 4) ELSE path END"
    """
    inside, beside = (f"{str(folder).rstrip('/')}/" for folder in (root, here))
    cuts = [inside]
    if inside != beside and inside.startswith(beside):
        cuts.append(inside.removeprefix(beside))
    before = beside.removeprefix(inside)
    said = [f"WHEN starts_with(path, {quoted(c)}) THEN substr(path, {len(c) + 1})" for c in cuts]
    if not before:
        return f"CASE {' '.join(said)} ELSE path END"
    said.append("WHEN path = '' OR starts_with(path, '/') THEN path")
    return f"CASE {' '.join(said)} ELSE {quoted(before)} || path END"


def write_parquet(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    """Write the result of a query to a zstd-compressed Parquet file; returns its rows."""
    # Digests hardly compress; version 2 keeps their lengths apart, which is faster.
    options = "FORMAT parquet, PARQUET_VERSION V2, COMPRESSION zstd, COMPRESSION_LEVEL 1"
    copied = f"COPY ({query}) TO {quoted(str(target))} ({options})"
    return int(connection.execute(copied).fetchall()[0][0])


def _write_payloads(
    connection: duckdb.DuckDBPyConnection, chunk: Columns, folder: Path, number: int
) -> None:
    if not chunk.payloads:
        return
    columns = {"label": digests(list(chunk.payloads)), "payload": texts([*chunk.payloads.values()])}
    target = folder / f"labels-{number:05d}.parquet"
    with scanned(connection, columns):
        write_parquet(connection, "SELECT label, payload FROM added", target)


def _write_contents(
    connection: duckdb.DuckDBPyConnection, chunk: Columns, folder: Path, number: int
) -> None:
    if not chunk.contents:
        return
    bodies, fields = zip(*chunk.contents.values(), strict=True)
    columns: dict[str, Column] = {
        "media": digests(list(chunk.contents)),
        "body": texts([text or "" for text in bodies]),
        "has_text": np.array([text is not None for text in bodies], np.int64),
        "fields": texts([row or "" for row in fields]),
        "has_row": np.array([row is not None for row in fields], np.int64),
    }
    query = (
        "SELECT media, CASE WHEN has_text = 1 THEN body END AS text, "
        "CASE WHEN has_row = 1 THEN fields END AS row FROM added"
    )
    with scanned(connection, columns):
        write_parquet(connection, query, folder / f"contents-{number:05d}.parquet")


def _copy(files: Files, media: bytes, path: str, line: int) -> None:
    target = files.blob(media.hex())
    if target.exists():
        return
    if not path or line:
        raise InputError(
            f"a sample is not a file of its own: {path or 'no path'}",
            expected="one file a sample, or text",
            todo="Add it without copying; it is then referenced where it lies.",
            where=f"{path}:{line}" if line else path,
        )
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be copied: {error.strerror}", where=path) from error
    if hashlib.sha256(content).digest() != media:
        raise InputError("the file has changed since it was read", todo="Add it again.", where=path)
    write_durably(files, target, content)
