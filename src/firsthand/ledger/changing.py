"""What would change: rows that come and rows that die, as segments, and the counts of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from firsthand.errors import InputError, LedgerError
from firsthand.ledger.adding import write_parquet
from firsthand.ledger.catalog import State
from firsthand.ledger.counts import Cell, Counts
from firsthand.ledger.files import Files, place_durably, sha256_of, temporary
from firsthand.ledger.manifest import Segment, SegmentKind, load
from firsthand.ledger.query import ROW, TYPES, live, parquet, parts, quoted
from firsthand.ledger.staging import Staged, paths
from firsthand.types import Task

SAME = " AND ".join(
    f'old."{name}" IS NOT DISTINCT FROM new."{name}"' for name in TYPES if name != "source"
)
CAME = (
    f"SELECT {ROW} FROM staged ANTI JOIN "
    "(SELECT source, key FROM met WHERE same) USING (source, key)"
)
CELL = "provenance, generation, generation_at_least, split, ancestry"


@dataclass(frozen=True, slots=True)
class Change:
    """Segments of one commit, and by how much they change the counts."""

    segments: tuple[Segment, ...]
    came: Counts
    gone: Counts
    task: Task
    classes: tuple[str, ...]


def prepare(
    connection: duckdb.DuckDBPyConnection,
    files: Files,
    state: State,
    head: str | None,
    items: Sequence[Staged],
) -> Change:
    """Write the segments that lead from `head` to what is staged.

    Raises:
        LedgerError: nothing would change.
        InputError: the staged samples are of another task than the version.
    """
    for staged in items:
        staged.check()
    task, classes = _task(files, head, items), _classes(files, head, items)
    _find_changes(connection, live(files, parts(files, state, head)), items)
    rows = _segment(connection, files, "rows", CAME)
    gone = _segment(connection, files, "dead", _tombstones(files, state, head))
    if not rows and not gone:
        raise LedgerError(
            "nothing to commit: what is staged is what the version already holds",
            todo="Run: firsthand add PATH",
        )
    came = parquet(files, [segment.sha256 for segment in rows]) if rows else ""
    labels = _segment(connection, files, "labels", _payloads(items, "labels", "label", came))
    contents = _segment(connection, files, "contents", _payloads(items, "contents", "media", came))
    return Change(
        (*rows, *gone, *labels, *contents),
        counted(connection, came) if came else Counts(),
        counted(connection, "gone"),
        task,
        classes,
    )


def counted(connection: duckdb.DuckDBPyConnection, table: str) -> Counts:
    """Counts of the rows in a table or subquery."""
    cells = connection.execute(
        f"SELECT {CELL}, sum(count)::BIGINT FROM {table} GROUP BY ALL"
    ).fetchall()
    names = connection.execute(
        f"SELECT name, provenance, sum(count)::BIGINT FROM "
        f"(SELECT unnest(names) AS name, provenance, count FROM {table}) GROUP BY ALL"
    ).fetchall()
    generators = connection.execute(
        "SELECT generator, sum(count)::BIGINT FROM (SELECT unnest(list_distinct("
        f"[media_generator, label_generator])) AS generator, count FROM {table}) GROUP BY ALL"
    ).fetchall()
    sources = connection.execute(
        f"SELECT source, sum(count)::BIGINT FROM {table} GROUP BY ALL"
    ).fetchall()
    return Counts(
        Counter({Cell(*row[:-1]): row[-1] for row in cells}),
        Counter({(row[0], row[1]): row[2] for row in names}),
        Counter(dict(generators)),
        Counter(dict(sources)),
    )


def _find_changes(
    connection: duckdb.DuckDBPyConnection, before: str, items: Sequence[Staged]
) -> None:
    """Tables `met` (rows `before` that are spoken of now) and `gone` (those of them that die)."""
    _staged(connection, items)
    connection.execute(f"CREATE TEMP VIEW before AS {before}")
    # Only rows with a staged key, or of a source that shrinks, are read in full.
    connection.execute(
        "CREATE TEMP TABLE met AS SELECT old.*, new.key IS NOT NULL AS staged, "
        f"coalesce({SAME}, false) AS same FROM before old LEFT JOIN staged new "
        "ON old.source = new.source AND old.key = new.key "
        "WHERE new.key IS NOT NULL OR old.source IN (SELECT source FROM swept) "
        "OR EXISTS (SELECT 1 FROM removed r WHERE r.source = old.source AND r.key = old.key)"
    )
    connection.execute(
        "CREATE TEMP TABLE gone AS SELECT * EXCLUDE (staged, same) FROM met WHERE NOT same"
    )


def _staged(connection: duckdb.DuckDBPyConnection, items: Sequence[Staged]) -> None:
    """Tables `staged`, `removed` and `swept`: the last word about every key, in order."""
    connection.execute("CREATE TEMP TABLE removed (source VARCHAR, key VARCHAR)")
    connection.execute("CREATE TEMP TABLE swept (source VARCHAR)")
    selects = []
    for at, staged in enumerate(items):
        item = staged.item
        if item.keys is not None:
            rows = [(item.source, key) for key in item.keys]
            connection.executemany("INSERT INTO removed VALUES (?, ?)", rows)
        elif item.mode != "add":
            connection.execute("INSERT INTO swept VALUES (?)", [item.source])
        if staged.files("rows"):
            later = items[at + 1 :]
            selects.append(f"SELECT * FROM {_read(staged.files('rows'))} {_unless(later)}")
    nothing = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in TYPES.items())
    union = " UNION ALL ".join(selects) or f"SELECT {nothing} WHERE false"
    connection.execute(f"CREATE TEMP VIEW staged AS {union}")


def _unless(later: Sequence[Staged]) -> str:
    """SQL that leaves out rows about which a later item says something else."""
    said = []
    for staged in later:
        item = staged.item
        source = quoted(item.source)
        if item.keys is not None:
            keys = ", ".join(quoted(key) for key in item.keys)
            said.append(f"NOT (source = {source} AND key IN ({keys}))")
        elif item.mode != "add":
            said.append(f"source <> {source}")
        else:
            keys = f"SELECT key FROM {_read(staged.files('rows'))}"
            said.append(f"NOT (source = {source} AND key IN ({keys}))")
    return "WHERE " + " AND ".join(said) if said else ""


def _tombstones(files: Files, state: State, head: str | None) -> str:
    rows = parts(files, state, head).rows
    index = ", ".join(f"({at}, {quoted(sha256)})" for at, sha256 in enumerate(rows)) or "(-1, '')"
    return (
        f"SELECT {ROW}, i.segment, g.position FROM gone g "
        f"JOIN (VALUES {index}) i(file, segment) ON g.file = i.file"
    )


def _payloads(items: Sequence[Staged], kind: str, key: str, came: str) -> str:
    """SQL for labels or contents of the rows that came; empty where there are none."""
    found = paths(items, kind)
    if not found or not came:
        return ""
    return (
        f"SELECT DISTINCT ON ({key}) * FROM {_read(found)} "
        f"WHERE {key} IN (SELECT {key} FROM {came})"
    )


def _segment(
    connection: duckdb.DuckDBPyConnection, files: Files, kind: SegmentKind, query: str
) -> list[Segment]:
    if not query:
        return []
    with temporary(files, ".parquet") as path:
        rows = write_parquet(connection, query, path)
        if not rows:
            return []
        segment = Segment(kind, sha256_of(path), rows, path.stat().st_size)
        place_durably(path, files.segment(segment.sha256))
    return [segment]


def _read(found: Sequence[Path]) -> str:
    return f"read_parquet([{', '.join(quoted(str(path)) for path in found)}])"


def _task(files: Files, head: str | None, items: Sequence[Staged]) -> Task:
    found = {item.task for _, item in ((s, s.item) for s in items) if item.task is not None}
    if head is not None:
        found.add(load(files, head).task)
    if len(found) > 1:
        raise InputError(
            "one version cannot hold samples of the tasks " + " and ".join(sorted(found)),
            expected="one task in a branch",
            todo="Commit them to branches of their own, or make a second ledger.",
        )
    if not found:
        raise LedgerError("nothing to remove: the branch is empty", todo="Run: firsthand add PATH")
    return found.pop()


def _classes(files: Files, head: str | None, items: Sequence[Staged]) -> tuple[str, ...]:
    before = load(files, head).classes if head is not None else ()
    return union(before, *(staged.item.classes for staged in items))


def union(*lists: Sequence[str]) -> tuple[str, ...]:
    """Class names of all lists, each once, in the order in which they came up."""
    return tuple(dict.fromkeys(name for names in lists for name in names))
