"""A version as a dataset again, with labels; media stay where they lie unless copied."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from firsthand.ledger.catalog import State
from firsthand.ledger.files import Files
from firsthand.ledger.labels import decode
from firsthand.ledger.query import PROVENANCE, connect, live, parquet, parts
from firsthand.ledger.versions import Version
from firsthand.types import Dataset, Provenance, Sample, Skip

Resolve = Callable[[Path], Iterable[Sample]]
"""Reads the samples of a file or folder that texts or table rows were added from."""

FETCH = 10_000

COLUMNS = (
    "source",
    "key",
    "media",
    "label",
    "split",
    '"group"',
    "count",
    "path",
    "line",
    "copied",
    *PROVENANCE,
)


class _Row(NamedTuple):
    source: str
    key: str
    media: bytes
    label: bytes | None
    split: str
    group: str
    times: int
    path: str
    line: int
    copied: bool
    provenance: tuple[Any, ...]


def read(files: Files, state: State, version: Version, resolve: Resolve | None = None) -> Dataset:
    """The samples of a version, repeated as often as they count, ordered by source and key.

    Keys that occur in several sources are preceded by their source. Text and table rows come from
    the ledger where they were copied, otherwise through `resolve`; where the original is gone or
    has changed, a skip `media-changed` names it and the sample stays without its content.
    """
    part = parts(files, state, version.id)
    with connect(files) as connection:
        rows = tuple(_rows(connection, live(files, part)))
        payloads = _pairs(connection, files, part.labels, "label, payload")
        contents = _pairs(connection, files, part.contents, 'media, (text, "row")')
    index = {name: at for at, name in enumerate(version.classes)}
    repeated = _repeated_keys(rows) if len(version.sources) > 1 else frozenset[str]()
    samples = [_sample(files, row, payloads, index, repeated) for row in rows]
    samples = [_with_content(sample, contents) for sample in samples]
    skips: tuple[Skip, ...] = ()
    if resolve is not None and version.task in {"text", "table"}:
        samples, skips = _resolved(files, rows, samples, resolve)
    multiset = tuple(s for s, row in zip(samples, rows, strict=True) for _ in range(row.times))
    return Dataset(
        version.name,
        version.task,
        version.classes,
        multiset,
        skips,
        "ledger",
        str(files.root),
    )


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[_Row]:
    names = ", ".join(COLUMNS)
    connection.execute(f"SELECT {names} FROM ({query}) ORDER BY source, key")
    fixed = len(_Row._fields) - 1
    while found := connection.fetchmany(FETCH):
        for row in found:
            yield _Row._make((*row[:fixed], row[fixed:]))


def _pairs(
    connection: duckdb.DuckDBPyConnection, files: Files, segments: tuple[str, ...], columns: str
) -> dict[bytes, Any]:
    if not segments:
        return {}
    return dict(connection.execute(f"SELECT {columns} FROM {parquet(files, segments)}").fetchall())


def _repeated_keys(rows: Iterable[_Row]) -> frozenset[str]:
    first: dict[str, str] = {}
    return frozenset(row.key for row in rows if first.setdefault(row.key, row.source) != row.source)


def _sample(
    files: Files,
    row: _Row,
    payloads: Mapping[bytes, str],
    index: Mapping[str, int],
    repeated: frozenset[str],
) -> Sample:
    payload = payloads.get(row.label) if row.label is not None else None
    category, boxes = decode(payload, index) if payload is not None else (None, None)
    blob = files.blob(row.media.hex())
    path = blob if row.copied and blob.exists() else row.path and files.absolute(row.path)
    return Sample(
        key=f"{row.source}:{row.key}" if row.key in repeated else row.key,
        media=row.media,
        label=row.label,
        split=row.split,
        group=row.group,
        provenance=Provenance(*row.provenance),
        path=str(path),
        line=row.line,
        boxes=boxes,
        category=category,
    )


def _with_content(sample: Sample, contents: Mapping[bytes, Any]) -> Sample:
    if sample.media not in contents:
        return sample
    text, row = contents[sample.media]
    return replace(sample, text=text, row=None if row is None else json.loads(row))


def _resolved(
    files: Files, rows: tuple[_Row, ...], samples: list[Sample], resolve: Resolve
) -> tuple[list[Sample], tuple[Skip, ...]]:
    """Fill in the content of samples that were added in place, from where they were added."""
    lacking = [row for row, s in zip(rows, samples, strict=True) if s.text is None and not s.row]
    found = {
        original.media: original
        for source in dict.fromkeys(row.source for row in lacking)
        if files.absolute(source).exists()
        for original in resolve(files.absolute(source))
    }
    filled = [_filled(sample, found.get(sample.media)) for sample in samples]
    skips = tuple(
        Skip("media-changed", str(files.absolute(row.path)), row.line, row.key, keeps_sample=True)
        for row in lacking
        if row.media not in found
    )
    return filled, skips


def _filled(sample: Sample, original: Sample | None) -> Sample:
    if original is None or sample.text is not None or sample.row is not None:
        return sample
    return replace(sample, text=original.text, row=original.row)
