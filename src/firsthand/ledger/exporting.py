"""Writes a version out for other tools: JSON Lines, Parquet, or a YOLO folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, get_args

from firsthand.errors import InputError
from firsthand.ledger.catalog import State
from firsthand.ledger.files import Files
from firsthand.ledger.query import PROVENANCE, connect, live, parquet, parts, quoted
from firsthand.ledger.reading import read
from firsthand.ledger.versions import Version
from firsthand.ledger.yolo import write_yolo

Format = Literal["jsonl", "parquet", "yolo"]
FORMATS: tuple[Format, ...] = get_args(Format)

COLUMNS = (
    "source, key, lower(hex(r.media)) AS media, lower(hex(r.label)) AS label_digest, split, "
    '"group", count, path, line, provenance, ' + ", ".join(PROVENANCE)
)


def export(files: Files, state: State, version: Version, out: Path, format: str) -> Path:
    """Write a version to `out`, whole or not at all.

    Raises:
        InputError: `out` exists, the format is unknown, or it cannot hold this version.
    """
    if format not in FORMATS:
        raise InputError(f"there is no export format {format!r}", expected=", ".join(FORMATS))
    if out.exists():
        raise InputError("it exists already", todo="Name another place.", where=str(out))
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    _remove(part)
    try:
        if format == "yolo":
            models = [state.models[name] for name in version.generators if name in state.models]
            write_yolo(read(files, state, version), models, part, out)
        else:
            _table(files, state, version, part, format)
        part.replace(out)
    finally:
        _remove(part)
    return out


def _table(files: Files, state: State, version: Version, out: Path, format: str) -> None:
    found = parts(files, state, version.id)
    rows = f"({live(files, found)}) r"
    label, text, row = "NULL", "NULL::VARCHAR", "NULL"
    if found.labels:
        rows += f" LEFT JOIN ({_once(files, found.labels, 'label')}) l ON r.label = l.label"
        label = "l.payload"
    if found.contents:
        rows += f" LEFT JOIN ({_once(files, found.contents, 'media')}) c ON r.media = c.media"
        text, row = "c.text", 'c."row"'
    kind = "JSON" if format == "jsonl" else "VARCHAR"
    query = (
        f"SELECT {COLUMNS}, {label}::{kind} AS label, {text} AS text, {row}::{kind} AS row "
        f"FROM {rows} ORDER BY source, key"
    ).replace("path, line", f"{_full_path(files)} AS path, line", 1)
    options = "FORMAT json" if format == "jsonl" else "FORMAT parquet, COMPRESSION zstd"
    with connect(files) as connection:
        connection.execute(f"COPY ({query}) TO {quoted(str(out))} ({options})").fetchall()


def _once(files: Files, segments: Sequence[str], key: str) -> str:
    """SQL for labels or contents, each digest once although several commits may hold it."""
    return f"SELECT DISTINCT ON ({key}) * FROM {parquet(files, segments)}"


def _full_path(files: Files) -> str:
    root = quoted(f"{files.root}/")
    return f"CASE WHEN path = '' OR path[1] = '/' THEN path ELSE {root} || path END"


def _remove(path: Path) -> None:
    remove: Callable[[Path], None] = shutil.rmtree if path.is_dir() else _unlink
    remove(path)


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)
