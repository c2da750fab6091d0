"""What changed from one version to another, sample by sample.

Only what the versions do not share is read: rows of segments that one of them lacks, and
tombstones that one of them lacks. The answer is the same as comparing all rows of both.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal, NamedTuple

import duckdb

from firsthand.ledger.catalog import State
from firsthand.ledger.files import Files
from firsthand.ledger.query import PROVENANCE, Part, connect, dead, live, parts
from firsthand.ledger.versions import Version
from firsthand.types import Composition

ChangeKind = Literal[
    "added", "removed", "relabelled", "moved", "replaced", "renamed", "provenance", "other"
]
KINDS: tuple[ChangeKind, ...] = (
    "added",
    "removed",
    "relabelled",
    "moved",
    "replaced",
    "renamed",
    "provenance",
    "other",
)

# Whether a generation was declared or computed changes nothing about the sample.
COMPARED = tuple(name for name in PROVENANCE if name != "generation_declared")
READ = ", ".join(("source", "key", "media", "label", "split", *COMPARED))


class Change(NamedTuple):
    """One sample that differs. What one side lacks is None there."""

    kind: ChangeKind
    source: str
    key: str
    media: str  # hexadecimal digest, of the newer side where there is one
    split_before: str | None
    split_after: str | None
    label_before: str | None
    label_after: str | None


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed from version `a` to version `b`.

    `added` and `removed` samples are in one version only. A sample in both can be `relabelled`,
    `moved` to another split, `replaced` (same key, other media), `renamed` (same media, other
    key), have another `provenance`, or change in something `other` (group, count, place); one
    sample can be of several of these kinds.
    """

    a: Version
    b: Version
    counts: dict[ChangeKind, int]
    changes: tuple[Change, ...]  # the first of each kind, up to the limit asked for
    before: Composition
    after: Composition
    by_label: dict[str, tuple[int, int]]  # class name -> samples that hold it, before and after

    @property
    def same(self) -> bool:
        """Whether both versions hold the same samples."""
        return not any(self.counts.values())


def diff(files: Files, state: State, a: Version, b: Version, limit: int | None = 20) -> Diff:
    """Compare two versions; `limit` bounds how many changes of each kind are listed."""
    with connect(files) as connection:
        _differing(connection, files, parts(files, state, a.id), parts(files, state, b.id))
        _pair(connection)
        counts = {kind: _count(connection, kind) for kind in KINDS}
        changes = tuple(
            change for kind in KINDS if counts[kind] for change in _list(connection, kind, limit)
        )
    return Diff(
        a, b, counts, changes, a.composition, b.composition, _by_label(a.composition, b.composition)
    )


def _differing(connection: duckdb.DuckDBPyConnection, files: Files, a: Part, b: Part) -> None:
    """Tables `gone` and `came`: live rows of one version that are no live rows of the other."""
    connection.execute(f"CREATE TEMP TABLE gone AS {_only(files, a, b)}")
    connection.execute(f"CREATE TEMP TABLE came AS {_only(files, b, a)}")


def _only(files: Files, this: Part, other: Part) -> str:
    """SQL for rows that live in this version and not in the other."""
    own = tuple(sha256 for sha256 in this.rows if sha256 not in other.rows)
    selects = [f"SELECT {READ} FROM ({live(files, _at(this, own))})"]
    graves = tuple(sha256 for sha256 in other.dead if sha256 not in this.dead)
    shared = tuple(sha256 for sha256 in this.rows if sha256 in other.rows)
    if graves and shared:
        # A row that died on the other side only; it may have died here by another tombstone.
        here = live(files, _at(this, shared))
        died = dead(files, Part(shared, graves, (), ()))
        selects.append(f"SELECT {READ} FROM ({here}) SEMI JOIN ({died}) USING (file, position)")
    return " UNION ALL ".join(selects)


def _at(part: Part, rows: tuple[str, ...]) -> Part:
    return part._replace(rows=rows)


def _pair(connection: duckdb.DuckDBPyConnection) -> None:
    """Table `pairs`: each differing row with its counterpart, by key, then by media."""
    sides = (
        "o.source AS source_old, o.key AS key_old, o.media AS media_old, o.label AS label_old, "
        "o.split AS split_old, n.source AS source_new, n.key AS key_new, n.media AS media_new, "
        f"n.label AS label_new, n.split AS split_new, {_same_provenance()} AS same_provenance"
    )
    connection.execute(
        f"CREATE TEMP TABLE pairs AS SELECT {sides} FROM gone o JOIN came n USING (source, key)"
    )
    for table, other in (("gone", "came"), ("came", "gone")):
        alone = f"(SELECT * FROM {table} ANTI JOIN {other} USING (source, key))"
        # Copies of one media are paired in the order of their keys, one to one.
        connection.execute(
            f"CREATE TEMP TABLE {table}_alone AS SELECT *, row_number() OVER "
            f"(PARTITION BY media ORDER BY source, key) AS copy FROM {alone} "
            f"SEMI JOIN {other} USING (media) "
            f"UNION ALL SELECT *, NULL FROM {alone} ANTI JOIN {other} USING (media)"
        )
    connection.execute(
        f"INSERT INTO pairs SELECT {sides} FROM gone_alone o FULL JOIN came_alone n "
        "ON o.media = n.media AND o.copy = n.copy"
    )


def _same_provenance() -> str:
    return "(" + " AND ".join(f"o.{n} IS NOT DISTINCT FROM n.{n}" for n in COMPARED) + ")"


_BOTH = "key_old IS NOT NULL AND key_new IS NOT NULL"
_SAME_KEY = "source_old = source_new AND key_old = key_new"
_WHERE: dict[ChangeKind, str] = {
    "added": "key_old IS NULL",
    "removed": "key_new IS NULL",
    "relabelled": f"{_BOTH} AND label_old IS DISTINCT FROM label_new",
    "moved": f"{_BOTH} AND split_old <> split_new",
    "replaced": f"{_BOTH} AND media_old <> media_new",
    "renamed": f"{_BOTH} AND NOT ({_SAME_KEY})",
    "provenance": f"{_BOTH} AND NOT same_provenance",
    "other": (
        f"{_BOTH} AND {_SAME_KEY} AND label_old IS NOT DISTINCT FROM label_new "
        "AND split_old = split_new AND media_old = media_new AND same_provenance"
    ),
}


def _count(connection: duckdb.DuckDBPyConnection, kind: ChangeKind) -> int:
    query = f"SELECT count(*) FROM pairs WHERE {_WHERE[kind]}"
    return int(connection.execute(query).fetchall()[0][0])


def _list(
    connection: duckdb.DuckDBPyConnection, kind: ChangeKind, limit: int | None
) -> list[Change]:
    query = (
        "SELECT coalesce(source_new, source_old) AS source, coalesce(key_new, key_old) AS key, "
        "lower(hex(coalesce(media_new, media_old))), split_old, split_new, "
        f"lower(hex(label_old)), lower(hex(label_new)) FROM pairs WHERE {_WHERE[kind]} "
        "ORDER BY source, key"
    )
    rows = connection.execute(query if limit is None else f"{query} LIMIT {limit}").fetchall()
    return [Change(kind, *row) for row in rows]


def _by_label(before: Composition, after: Composition) -> dict[str, tuple[int, int]]:
    old: Counter[str] = Counter({n: sum(c.values()) for n, c in before.by_label.items()})
    new: Counter[str] = Counter({n: sum(c.values()) for n, c in after.by_label.items()})
    return {name: (old[name], new[name]) for name in sorted(old | new)}
