"""What was added and is not committed yet.

One `add` is one folder with Parquet files and an `item.json` that is written last: without it the
item does not exist. A Python process has a stage of its own, so two writers never commit each
other's work; the commands share one, because `add` and `commit` are different processes.
"""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal

import duckdb

from firsthand.errors import InputError, LedgerCorrupt
from firsthand.ledger.files import Files, flush, sha256_of, write_durably
from firsthand.ledger.manifest import canonical, digest
from firsthand.ledger.query import quoted
from firsthand.types import Task

SHARED = "shared"
"""The stage of the command line."""

Mode = Literal["add", "replace", "remove"]


@dataclass(frozen=True, slots=True)
class Item:
    """One staged change of one source."""

    mode: Mode
    source: str
    task: Task | None = None
    classes: tuple[str, ...] = ()
    samples: int = 0
    keys: tuple[str, ...] | None = None  # what is removed; None: all of the source
    files: tuple[tuple[str, str], ...] = ()  # name and sha256

    @property
    def sweeps(self) -> bool:
        """Whether samples of the source that it does not name go."""
        return self.mode != "add" and self.keys is None


@dataclass(frozen=True, slots=True)
class Staged:
    """An item and the folder it lies in."""

    folder: Path
    item: Item

    def files(self, kind: str) -> list[Path]:
        """Its Parquet files of one kind."""
        return [self.folder / name for name, _ in self.item.files if name.startswith(f"{kind}-")]

    def check(self) -> None:
        """Are its files still what was added?

        Raises:
            LedgerCorrupt: one is not.
        """
        for name, sha256 in self.item.files:
            path = self.folder / name
            if not path.exists() or sha256_of(path) != sha256:
                raise LedgerCorrupt(
                    "a staged file is not what was added",
                    where=str(path),
                    todo="Remove its folder, then run firsthand add again.",
                )


@dataclass(frozen=True, slots=True)
class Stage:
    """The items of one writer, in the order in which they were added."""

    files: Files
    name: str

    @property
    def folder(self) -> Path:
        """Where the items lie."""
        return self.files.stage / self.name

    def new_folder(self) -> Path:
        """A folder for an item that is being written."""
        path = self.folder / f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
        path.mkdir(parents=True)
        return path

    def finish(self, folder: Path, item: Item) -> Staged:
        """Make an item count: flush its files, then write `item.json`."""
        named = []
        for path in sorted(folder.iterdir()):
            flush(path)
            named.append((path.name, sha256_of(path)))
        done = replace(item, files=tuple(named))
        content = canonical({field.name: getattr(done, field.name) for field in fields(done)})
        sealed = canonical({"item": content.decode(), "sha256": digest(content)})
        write_durably(self.files, folder / "item.json", sealed)
        return Staged(folder, done)

    def items(self) -> tuple[Staged, ...]:
        """What is staged, oldest first."""
        if not self.folder.exists():
            return ()
        folders = sorted(path for path in self.folder.iterdir() if (path / "item.json").exists())
        return tuple(Staged(folder, _load(folder / "item.json")) for folder in folders)

    def clear(self, items: Iterable[Staged]) -> None:
        """Forget items, because they are committed."""
        for staged in items:
            # Without item.json the rest does not count, so stopping half-way does no harm.
            (staged.folder / "item.json").unlink(missing_ok=True)
            shutil.rmtree(staged.folder, ignore_errors=True)


def fold_repeats(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Samples that occur more than once in one addition become one row with a higher count.

    Raises:
        InputError: two samples have one key and differ.
    """
    rows = f"read_parquet({quoted(str(folder / 'rows-*.parquet'))})"
    hashes = connection.execute(f"SELECT hash(key) AS hash FROM {rows}").fetchnumpy()["hash"]
    hashes.sort()
    if not (hashes[1:] == hashes[:-1]).any():
        return
    connection.execute(
        f"CREATE TEMP TABLE folded AS SELECT * REPLACE (sum(count)::BIGINT AS count) "
        f"FROM {rows} GROUP BY ALL"
    )
    twice = connection.execute(
        "SELECT key, list(path), list(line) FROM folded GROUP BY key HAVING count(*) > 1 "
        "ORDER BY key LIMIT 1"
    ).fetchall()
    if twice:
        key, paths, lines = twice[0]
        places = [
            f"{path}:{line}" if line else path for path, line in zip(paths, lines, strict=True)
        ]
        raise InputError(
            f"two different samples have the key {key!r}",
            expected="keys that name one sample each",
            where=", ".join(sorted(places)) if any(paths) else "",
        )
    for path in folder.glob("rows-*.parquet"):
        path.unlink()
    target = quoted(str(folder / "rows-folded.parquet"))
    connection.execute(f"COPY folded TO {target} (FORMAT parquet, COMPRESSION zstd)")
    connection.execute("DROP TABLE folded")


def paths(items: Sequence[Staged], kind: str) -> list[Path]:
    """The Parquet files of one kind in all items."""
    return [path for staged in items for path in staged.files(kind)]


def _load(path: Path) -> Item:
    try:
        sealed = json.loads(path.read_bytes())
        content = sealed["item"].encode()
        if digest(content) != sealed["sha256"]:
            raise ValueError(f"its sha256 is not {sealed['sha256']}")
        document = json.loads(content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerCorrupt(
            f"a staged item cannot be read: {error}",
            where=str(path),
            todo="Remove its folder, then run firsthand add again.",
        ) from error
    keys = document["keys"]
    return Item(
        document["mode"],
        document["source"],
        document["task"],
        tuple(document["classes"]),
        document["samples"],
        None if keys is None else tuple(keys),
        tuple((name, sha256) for name, sha256 in document["files"]),
    )
