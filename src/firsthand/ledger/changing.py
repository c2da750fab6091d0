"""What would change: rows that come and rows that die, as segments, and the counts of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from firsthand.errors import InputError, LedgerError
from firsthand.ledger.adding import scanned, write_parquet
from firsthand.ledger.arrow import texts
from firsthand.ledger.catalog import State
from firsthand.ledger.counts import Cell, Counts
from firsthand.ledger.files import Files, place_durably, sha256_of, temporary
from firsthand.ledger.manifest import Segment, SegmentKind, load
from firsthand.ledger.query import ROW, TYPES, Part, live, parquet, parts, quoted
from firsthand.ledger.staging import Item, Staged, paths
from firsthand.types import Task

SAME = " AND ".join(
    f'old."{name}" IS NOT DISTINCT FROM new."{name}"' for name in TYPES if name != "source"
)
CAME = f"SELECT {ROW} FROM staged ANTI JOIN same USING (source, key)"
CELL = "provenance, generation, generation_at_least, split, ancestry"
COUNTED = f"source, names, media_generator, label_generator, {CELL}"


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
    _find_changes(connection, files, parts(files, state, head), items)
    rows = _adopted(connection, files, items) or _segment(connection, files, "rows", CAME)
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
    """Counts of the rows in a table or subquery, in one pass."""
    found = Counts()
    kinds = connection.execute(
        f"SELECT {COUNTED}, sum(count)::BIGINT FROM {table} GROUP BY ALL"
    ).fetchall()
    for source, names, media_generator, label_generator, *values, count in kinds:
        cell = Cell(*values)
        found.cells[cell] += count
        found.sources[source] += count
        for name in names:
            found.labels[name, cell.provenance] += count
        for generator in {media_generator, label_generator} - {None}:
            found.generators[generator] += count
    return found


def _find_changes(
    connection: duckdb.DuckDBPyConnection, files: Files, before: Part, items: Sequence[Staged]
) -> None:
    """Tables `same` (staged rows that are there already) and `gone` (rows that die)."""
    _staged(connection, items)
    connection.execute(
        "CREATE TEMP TABLE spoken AS SELECT source, key, label, true AS staged FROM staged "
        "UNION ALL SELECT source, key, NULL, false FROM removed"
    )
    rows = live(files, before)
    # Every column is read in whole blocks, for few rows too: only what most commits need.
    connection.execute(
        f"CREATE TEMP TABLE gone AS SELECT file, position, key, label, count, {COUNTED} "
        f"FROM ({rows}) b WHERE {_spoken(items) if before.rows else 'false'}"
    )
    connection.execute(
        "CREATE TEMP TABLE alike AS SELECT file, position FROM gone JOIN spoken t "
        "USING (source, key) WHERE t.staged AND t.label IS NOT DISTINCT FROM gone.label"
    )
    connection.execute("CREATE TEMP TABLE same (source VARCHAR, key VARCHAR)")
    if not _rows_in(connection, "alike"):
        return
    found = f"SELECT * FROM ({rows}) SEMI JOIN alike USING (file, position)"
    connection.execute(
        f"INSERT INTO same SELECT old.source, old.key FROM ({found}) old JOIN staged new "
        f"ON old.source = new.source AND {SAME}"
    )
    connection.execute(
        "DELETE FROM gone USING same WHERE same.source = gone.source AND same.key = gone.key"
    )


def _spoken(items: Sequence[Staged]) -> str:
    """SQL that is true of rows `b` about which a staged item says something."""
    named = "EXISTS (SELECT 1 FROM spoken t WHERE t.source = b.source AND t.key = b.key)"
    if any(staged.item.sweeps for staged in items):
        return f"{named} OR source IN (SELECT source FROM swept)"
    return named


def _staged(connection: duckdb.DuckDBPyConnection, items: Sequence[Staged]) -> None:
    """Tables `staged`, `removed` and `swept`: the last word about every key, in order."""
    connection.execute("CREATE TEMP TABLE removed (source VARCHAR, key VARCHAR, item INTEGER)")
    connection.execute("CREATE TEMP TABLE swept (source VARCHAR, item INTEGER)")
    for at, staged in enumerate(items):
        if staged.item.keys is not None:
            _remove(connection, staged.item, at)
        elif staged.item.sweeps:
            connection.execute("INSERT INTO swept VALUES (?, ?)", [staged.item.source, at])
    selects = [
        f"SELECT * FROM {_read(staged.files('rows'))} s WHERE {_unless(items, at)}"
        for at, staged in enumerate(items)
        if staged.files("rows")
    ]
    nothing = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in TYPES.items())
    union = " UNION ALL ".join(selects) or f"SELECT {nothing} WHERE false"
    connection.execute(f"CREATE TEMP VIEW staged AS {union}")


def _remove(connection: duckdb.DuckDBPyConnection, item: Item, at: int) -> None:
    with scanned(connection, {"key": texts(item.keys or ())}):
        connection.execute(
            f"INSERT INTO removed SELECT {quoted(item.source)}, key, {at} FROM added"
        )


def _unless(items: Sequence[Staged], at: int) -> str:
    """SQL that leaves out rows `s` about which a later item says something else."""
    same = "source = s.source AND key = s.key"
    said, later = ["true"], items[at + 1 :]
    if any(staged.item.keys is not None for staged in later):
        said.append(f"NOT EXISTS (SELECT 1 FROM removed WHERE item > {at} AND {same})")
    if any(staged.item.sweeps for staged in later):
        said.append(f"NOT EXISTS (SELECT 1 FROM swept WHERE item > {at} AND source = s.source)")
    said += [
        f"NOT EXISTS (SELECT 1 FROM {_read(staged.files('rows'))} WHERE {same})"
        for staged in later
        if staged.files("rows")
    ]
    return " AND ".join(said)


def _adopted(
    connection: duckdb.DuckDBPyConnection, files: Files, items: Sequence[Staged]
) -> list[Segment]:
    """Staged files as segments without writing them again, where every row of them is new."""
    whole = [(staged, path) for staged in items for path in staged.files("rows")]
    if len({staged.folder for staged, _ in whole}) != 1 or _rows_in(connection, "same"):
        return []
    counts = [_rows_in(connection, _read([path])) for _, path in whole]
    if sum(counts) != _rows_in(connection, "spoken WHERE staged"):
        return []
    known = dict(whole[0][0].item.files)
    segments = []
    for (_, path), count in zip(whole, counts, strict=True):
        segment = Segment("rows", known[path.name], count, path.stat().st_size)
        with temporary(files, ".parquet") as second_name:
            second_name.hardlink_to(path)
            place_durably(second_name, files.segment(segment.sha256))
        segments.append(segment)
    return segments


def _rows_in(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def _tombstones(files: Files, state: State, head: str | None) -> str:
    rows = parts(files, state, head).rows
    index = ", ".join(f"({at}, {quoted(sha256)})" for at, sha256 in enumerate(rows)) or "(-1, '')"
    return (
        "SELECT g.source, g.key, i.segment, g.position FROM gone g "
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
