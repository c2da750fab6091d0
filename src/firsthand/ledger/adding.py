"""Takes samples in: completes their provenance, copies media where asked, writes a staged item."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from firsthand.errors import InputError
from firsthand.ledger.catalog import State
from firsthand.ledger.columns import Columns
from firsthand.ledger.files import Files, write_durably
from firsthand.ledger.generations import settle
from firsthand.ledger.groups import group_keys
from firsthand.ledger.query import PROVENANCE, ROW, TYPES, quoted
from firsthand.provenance import provenance_class
from firsthand.types import UNKNOWN, Provenance

SEPARATOR = "\x1f"
"""ASCII unit separator between class names while they pass into the database."""

PROVENANCES = "CREATE OR REPLACE TEMP TABLE provenances (number BIGINT, labelled BOOLEAN, {})"
FULL_PATH = "CASE WHEN path = '' OR path[1] = '/' THEN path ELSE {here} || '/' || path END"
STORED_PATH = "CASE WHEN starts_with({full}, {root}) THEN substr({full}, {cut}) ELSE {full} END"


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
        total = 0
        for number, chunk in enumerate(chunks):
            self._write_chunk(connection, chunk, folder, number)
            total += len(chunk)
        return total

    def _write_chunk(
        self, connection: duckdb.DuckDBPyConnection, chunk: Columns, folder: Path, number: int
    ) -> None:
        if self.group_by is not None:
            chunk = replace(chunk, group=group_keys(chunk.key, self.group_by))
        arrays = chunk.arrays()
        arrays["copied"] = self._copied(chunk, arrays)
        named = [SEPARATOR.join(names) for names in chunk.named]
        arrays["names"] = np.array(named, dtype=object)[arrays.pop("named_at")]
        self._provenances(connection, chunk.provenances)
        connection.register("added", arrays)
        write_parquet(connection, self._rows(), folder / f"rows-{number:05d}.parquet")
        connection.unregister("added")
        _write_payloads(connection, chunk, folder, number)
        _write_contents(connection, chunk, folder, number)

    def _rows(self) -> str:
        here, root = quoted(str(Path.cwd())), f"{self.files.root}/"
        full = FULL_PATH.format(here=here)
        stored = STORED_PATH.format(full=full, root=quoted(root), cut=len(root) + 1)
        return (
            f"SELECT {ROW} FROM (SELECT a.* REPLACE ("
            f"nullif(label, ''::BLOB) AS label, {stored} AS path, "
            f"CASE WHEN names = '' THEN []::VARCHAR[] ELSE string_split(names, chr(31)) END "
            f"AS names), {quoted(self.source)} AS source, p.* FROM added a JOIN provenances p "
            "ON a.provenance_at = p.number AND (octet_length(a.label) > 0) = p.labelled)"
        )

    def _provenances(
        self, connection: duckdb.DuckDBPyConnection, provenances: Sequence[Provenance]
    ) -> None:
        columns = ("provenance", *PROVENANCE)
        spec = ", ".join(f"{name} {TYPES[name]}" for name in columns)
        connection.execute(PROVENANCES.format(spec))
        rows = [
            self._provenance(at, provenance, labelled)
            for at, provenance in enumerate(provenances)
            for labelled in (False, True)
        ]
        marks = ", ".join("?" for _ in rows[0])
        connection.executemany(f"INSERT INTO provenances VALUES ({marks})", rows)

    def _provenance(self, at: int, said: Provenance, labelled: bool) -> tuple[Any, ...]:
        if self.declared is not None and said == UNKNOWN:
            said = self.declared
        settled = settle(said, labelled, self.state.models)
        values = [getattr(settled, name) for name in PROVENANCE]
        return (at, labelled, provenance_class(settled, labelled), *values)

    def _copied(self, chunk: Columns, arrays: dict[str, Any]) -> Any:
        if not self.copy:
            return np.zeros(len(chunk), bool)
        for media, path, line in zip(arrays["media"], arrays["path"], arrays["line"], strict=True):
            if media not in chunk.contents:
                _copy(self.files, media, path, line)
        return np.ones(len(chunk), bool)


def write_parquet(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    """Write the result of a query to a zstd-compressed Parquet file; returns its rows."""
    options = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"  # digests hardly compress
    copied = f"COPY ({query}) TO {quoted(str(target))} ({options})"
    return int(connection.execute(copied).fetchall()[0][0])


def _write_payloads(
    connection: duckdb.DuckDBPyConnection, chunk: Columns, folder: Path, number: int
) -> None:
    if not chunk.payloads:
        return
    label = np.empty(len(chunk.payloads), dtype=object)
    label[:] = list(chunk.payloads)
    connection.register("added", {"label": label, "payload": _objects(chunk.payloads.values())})
    target = folder / f"labels-{number:05d}.parquet"
    write_parquet(connection, "SELECT label, payload FROM added", target)
    connection.unregister("added")


def _write_contents(
    connection: duckdb.DuckDBPyConnection, chunk: Columns, folder: Path, number: int
) -> None:
    if not chunk.contents:
        return
    media = np.empty(len(chunk.contents), dtype=object)
    media[:] = list(chunk.contents)
    texts = [text for text, _ in chunk.contents.values()]
    rows = [row for _, row in chunk.contents.values()]
    arrays = {
        "media": media,
        "has_text": np.array([text is not None for text in texts]),
        "body": _objects(text or "" for text in texts),
        "has_row": np.array([row is not None for row in rows]),
        "fields": _objects(row or "" for row in rows),
    }
    connection.register("added", arrays)
    query = (
        "SELECT media, CASE WHEN has_text THEN body END AS text, "
        "CASE WHEN has_row THEN fields END AS row FROM added"
    )
    write_parquet(connection, query, folder / f"contents-{number:05d}.parquet")
    connection.unregister("added")


def _objects(values: Iterable[str]) -> Any:
    return np.array(list(values), dtype=object)


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
