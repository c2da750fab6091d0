"""Removes files that no version names: what a commit left that did not come to its end."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from firsthand.ledger.catalog import Catalog, State
from firsthand.ledger.files import Files
from firsthand.ledger.manifest import load
from firsthand.ledger.query import connect, quoted
from firsthand.ledger.staging import SHARED

GRACE_SECONDS = 24 * 3600.0
"""Younger files are kept: they may belong to a commit that is under way."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was removed."""

    files: tuple[str, ...]
    bytes: int


def clear(files: Files, grace_seconds: float = GRACE_SECONDS, dry_run: bool = False) -> Cleared:
    """Remove orphans that are older than the grace time; `dry_run` only names them."""
    oldest = time.time() - grace_seconds
    # Under the writer's lock no commit can begin to count meanwhile.
    with Catalog(files.catalog).write() as transaction:
        found = [path for path in _orphans(files, transaction.state) if _age(path) < oldest]
        size = sum(path.stat().st_size for path in found)
        for path in () if dry_run else found:
            path.unlink()
        for folder in () if dry_run else _abandoned(files, oldest):
            shutil.rmtree(folder, ignore_errors=True)
    return Cleared(tuple(str(path) for path in found), size)


def _orphans(files: Files, state: State) -> Iterator[Path]:
    manifests = {commit.id: load(files, commit.id) for commit in state.commits}
    segments = {s.sha256 for manifest in manifests.values() for s in manifest.segments}
    yield from (p for p in sorted(files.segments.iterdir()) if p.stem not in segments)
    yield from (p for p in sorted(files.manifests.iterdir()) if p.stem not in manifests)
    yield from (p for p in sorted(files.temporary.rglob("*")) if p.is_file())
    yield from (p for item in _left_items(files) for p in sorted(item.iterdir()))
    blobs = [path for path in sorted(files.blobs.rglob("*")) if path.is_file()]
    rows = {s.sha256 for m in manifests.values() for s in m.segments if s.kind == "rows"}
    used = _used_blobs(files, rows) if blobs else frozenset[str]()
    yield from (path for path in blobs if path.name not in used)


def _used_blobs(files: Files, rows: set[str]) -> frozenset[str]:
    """Media that a version, or a staged item, has copied."""
    paths = [files.segment(sha256) for sha256 in sorted(rows)]
    paths += sorted(files.stage.rglob("rows-*.parquet"))
    if not paths:
        return frozenset()
    tables = ", ".join(quoted(str(path)) for path in paths)
    query = f"SELECT DISTINCT lower(hex(media)) FROM read_parquet([{tables}]) WHERE copied"
    with connect(files) as connection:
        return frozenset(row[0] for row in connection.execute(query).fetchall())


def _left_items(files: Files) -> list[Path]:
    """Staged items of Python processes, and such as were never finished.

    Finished items of the command line are kept: they wait for their commit.
    """
    items = sorted(files.stage.glob("*/*"))
    return [p for p in items if p.parent.name != SHARED or not (p / "item.json").exists()]


def _abandoned(files: Files, oldest: float) -> list[Path]:
    folders = [*_left_items(files), *sorted(files.stage.glob("*"))]
    return [p for p in folders if not any(q.is_file() for q in p.rglob("*")) and _age(p) < oldest]


def _age(path: Path) -> float:
    return path.stat().st_mtime
