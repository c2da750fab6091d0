"""The ledger against rows in SQLite: ingest, a commit that changes 5 %, diff, composition, disk.

    python benchmarks/ledger.py                    # one million rows, both sides
    python benchmarks/ledger.py --rows 10_000_000  # the ledger alone, with its peak memory

Both sides take the same columns from the same arrays and reach the disk with fsync. Version 2 adds
5 % rows, removes 1 % and relabels 1 %. SQLite keeps one row a sample with the version it came in
and the version it went out, filled by executemany, with three indexes that are there from the
start, as in a database that data are added to; `--indexes-after` builds them after the first
ingest, which is faster and possible only once.
"""

from __future__ import annotations

import argparse
import os
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from firsthand.ledger import Columns, Ledger
from firsthand.provenance import declare

CHUNK = 500_000
IN_MEMORY = 1_000_000
PROVENANCES = (
    declare("human"),
    declare("model-labelled", "detector@1"),
    declare("synthetic", "painter@2"),
    declare("model-labelled", "detector@1", verified_by="ann"),
)
NAMED = (("RBC",), ("RBC", "WBC"), ("Platelets", "RBC"), ())
SOURCE = "data"


class Sizes(NamedTuple):
    """How many rows of each kind."""

    rows: int

    @property
    def added(self) -> int:
        return self.rows // 20

    @property
    def removed(self) -> int:
        return self.rows // 100

    @property
    def changed(self) -> int:
        return self.rows // 100


def columns(start: int, stop: int) -> Columns:
    """Rows `start` to `stop`, the same for both sides."""
    rng = np.random.default_rng([start, stop])
    n = stop - start
    media = np.frombuffer(rng.bytes(32 * n), np.uint8).reshape(n, 32)
    label = np.frombuffer(np.random.default_rng([start, stop, 1]).bytes(32 * n), np.uint8)
    return Columns(
        key=keys(np.arange(start, stop)),
        media=media,
        label=label.reshape(n, 32),
        split=np.array(["train", "val"], dtype=object)[(rng.random(n) < 0.1).astype(int)],
        group=[f"patient-{number // 20:06d}" for number in range(start, stop)],
        path=[f"{SOURCE}/images/{number:09d}.jpg" for number in range(start, stop)],
        provenances=PROVENANCES,
        provenance_at=rng.integers(0, len(PROVENANCES), n),
        named=NAMED,
        named_at=rng.integers(0, len(NAMED), n),
    )


def keys(numbers: np.ndarray) -> list[str]:
    return [f"images/{number:09d}.jpg" for number in numbers]


def chunks(rows: int) -> Iterator[Columns]:
    for start in range(0, rows, CHUNK):
        yield columns(start, min(start + CHUNK, rows))


def changes(sizes: Sizes) -> tuple[Columns, Columns, list[str]]:
    """Version 2: new rows, rows with another label, keys that go; spread over all rows."""
    rng = np.random.default_rng(2)
    touched = np.sort(rng.choice(sizes.rows, sizes.changed + sizes.removed, replace=False))
    changed = rng.permutation(len(touched)) < sizes.changed
    new = columns(sizes.rows, sizes.rows + sizes.added)
    return new, relabelled(sizes, touched[changed]), keys(touched[~changed])


def relabelled(sizes: Sizes, numbers: np.ndarray) -> Columns:
    """The same rows again, each with another label."""
    found = []
    for start in range(0, sizes.rows, CHUNK):
        stop = min(start + CHUNK, sizes.rows)
        here = numbers[(numbers >= start) & (numbers < stop)] - start
        part = columns(start, stop)
        # Only these rows are kept: all parts together would not fit the memory.
        arrays = (part.media, part.split, part.provenance_at, part.named_at)
        found.append([array[here] for array in arrays])
    media, split, provenance_at, named_at = (
        np.concatenate(parts) for parts in zip(*found, strict=True)
    )
    label = np.frombuffer(np.random.default_rng(3).bytes(32 * len(numbers)), np.uint8)
    return Columns(
        key=keys(numbers),
        media=media,
        label=label.reshape(-1, 32),
        split=split,
        group=[f"patient-{number // 20:06d}" for number in numbers],
        path=[f"{SOURCE}/images/{number:09d}.jpg" for number in numbers],
        provenances=PROVENANCES,
        provenance_at=provenance_at,
        named=NAMED,
        named_at=named_at,
    )


def timed(table: dict[str, float], what: str, run: Callable[[], object]) -> object:
    """Wall seconds, and CPU seconds, which other work on the machine does not stretch.

    What was written before reaches the disk first: neither side pays for the other's backlog.
    """
    os.sync()
    start, worked = time.perf_counter(), time.process_time()
    result = run()
    table[what] = time.perf_counter() - start
    table[f"{what}, CPU"] = time.process_time() - worked
    return result


def run_ledger(folder: Path, sizes: Sizes) -> tuple[dict[str, float], object, object]:
    table: dict[str, float] = {}
    # Up to a million rows are made before the clock runs; more would not fit the memory.
    prepared = list(chunks(sizes.rows)) if sizes.rows <= IN_MEMORY else chunks(sizes.rows)
    os.chdir(folder)  # paths are said from here, as a person says them
    ledger = Ledger.init()

    def ingest() -> None:
        ledger.add(prepared, source=Path(SOURCE))
        ledger.commit("first")

    timed(table, "ingest", ingest)
    new, changed, gone = changes(sizes)

    def commit() -> None:
        ledger.add([new, changed], source=Path(SOURCE))
        ledger.remove(Path(SOURCE), gone)
        ledger.commit("second")

    timed(table, "5 % commit", commit)
    diff = timed(table, "full diff", lambda: ledger.diff("v1", "v2"))
    made = timed(table, "composition", lambda: ledger.version("v2").composition)
    timed(table, "verify", lambda: check(ledger.verify().clean))
    table["MB on disk"] = size(folder / ".firsthand") / 1e6
    return table, diff, made


def check(clean: bool) -> None:
    if not clean:
        sys.exit("the ledger is damaged")


def tuples(part: Columns) -> list[tuple[object, ...]]:
    """What executemany takes, made before the clock runs."""
    said = [
        (p.media_origin, p.label_origin, p.media_generator, p.label_generator)
        + (p.verification, p.verified_by, p.generation, p.generation_at_least, p.ancestry)
        for p in PROVENANCES
    ]
    names = [",".join(one) for one in NAMED]
    rows = zip(part.key, part.media, part.label, part.split, part.group, part.path, strict=True)
    tail = zip(part.provenance_at.tolist(), part.named_at.tolist(), strict=True)
    return [
        (SOURCE, key, media.tobytes(), label.tobytes(), split, group, 1, path, 0)
        + said[provenance]
        + (names[named],)
        for (key, media, label, split, group, path), (provenance, named) in zip(
            rows, tail, strict=True
        )
    ]


CREATE = """CREATE TABLE samples (source TEXT, key TEXT, media BLOB, label BLOB, split TEXT,
    grp TEXT, count INTEGER, path TEXT, line INTEGER, media_origin TEXT, label_origin TEXT,
    media_generator TEXT, label_generator TEXT, verification TEXT, verified_by TEXT,
    generation INTEGER, generation_at_least INTEGER, ancestry REAL, names TEXT,
    added_in INTEGER, removed_in INTEGER)"""
INDEXES = (
    "CREATE INDEX by_key ON samples (source, key)",
    "CREATE INDEX by_media ON samples (media)",
    "CREATE INDEX by_version ON samples (added_in, removed_in)",
)
INSERT = f"INSERT INTO samples VALUES ({', '.join('?' * 19)}, {{}}, NULL)"
END = "UPDATE samples SET removed_in = 2 WHERE source = ? AND key = ? AND removed_in IS NULL"
# The plus signs keep SQLite, which has no statistics here, from choosing a far worse index.
DIFF = """SELECT
    (SELECT count(*) FROM samples n WHERE added_in = 2 AND NOT EXISTS (SELECT 1 FROM samples o
        WHERE o.source = n.source AND o.key = n.key AND +o.added_in = 1)),
    (SELECT count(*) FROM samples o WHERE removed_in = 2 AND NOT EXISTS (SELECT 1 FROM samples n
        WHERE n.source = o.source AND n.key = o.key AND +n.added_in = 2)),
    (SELECT count(*) FROM samples o JOIN samples n USING (source, key)
        WHERE o.removed_in = 2 AND +n.added_in = 2 AND o.label <> n.label)"""
MADE_OF = """SELECT media_origin, label_origin, generation, split, count(*) FROM samples
    WHERE removed_in IS NULL GROUP BY 1, 2, 3, 4"""


def run_sqlite(folder: Path, sizes: Sizes, indexes_after: bool) -> tuple[dict[str, float], object]:
    table: dict[str, float] = {}
    first = [tuples(part) for part in chunks(sizes.rows)]
    new, changed, gone = changes(sizes)
    came = tuples(new) + tuples(changed)
    went = [(SOURCE, key) for key in gone + list(changed.key)]
    with closing(sqlite3.connect(folder / "rows.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL").fetchall()
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(CREATE)
        for index in () if indexes_after else INDEXES:
            connection.execute(index)

        def ingest() -> None:
            for part in first:
                connection.executemany(INSERT.format(1), part)
            for index in INDEXES if indexes_after else ():
                connection.execute(index)
            connection.commit()

        def commit() -> None:
            connection.executemany(END, went)
            connection.executemany(INSERT.format(2), came)
            connection.commit()

        timed(table, "ingest", ingest)
        timed(table, "5 % commit", commit)
        found = timed(table, "full diff", lambda: connection.execute(DIFF).fetchall())
        timed(table, "composition", lambda: connection.execute(MADE_OF).fetchall())
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    table["MB on disk"] = size(folder) / 1e6
    return table, found


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def show(ours: dict[str, float], theirs: dict[str, float]) -> None:
    print(f"{'':18}{'ledger':>12}{'SQLite rows':>14}{'ratio':>9}")
    for name, value in ours.items():
        other = theirs.get(name)
        unit = "" if name.startswith("MB") else " s"
        right = "" if other is None else f"{other:12.3f}{unit:2}{other / value:8.1f}x"
        print(f"{name:18}{value:10.3f}{unit:2}{right}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=lambda text: int(text.replace("_", "")), default=1_000_000)
    parser.add_argument("--ledger-only", action="store_true", help="default above 2M rows")
    parser.add_argument(
        "--indexes-after", action="store_true", help="SQLite builds its indexes after the ingest"
    )
    asked = parser.parse_args()
    sizes = Sizes(asked.rows)
    print(f"{sizes.rows:,} rows; version 2: +{sizes.added:,} -{sizes.removed:,} ~{sizes.changed:,}")
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        ours, diff, made = run_ledger(Path(folder), sizes)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    theirs: dict[str, float] = {}
    if not asked.ledger_only and sizes.rows <= 2_000_000:
        with tempfile.TemporaryDirectory() as folder:
            theirs, found = run_sqlite(Path(folder), sizes, asked.indexes_after)
        print("diff of SQLite: added, removed, relabelled =", found[0])
    print("diff of the ledger:", {kind: n for kind, n in diff.counts.items() if n})
    print("composition of version 2:", made.by_class, made.by_generation)
    show(ours, theirs)
    print(f"peak memory of the ledger, with the data to add: {peak:,.0f} MB")


if __name__ == "__main__":
    main()
