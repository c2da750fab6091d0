"""Turns what is staged into a version: files first, then one catalog transaction.

Nothing counts before the transaction is committed. A crash before it leaves files that no version
names, which do no harm; a crash after it leaves a staged item that the next commit finds to hold
nothing new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from firsthand.errors import LedgerConflict, LedgerError
from firsthand.ledger.branches import head_of, since
from firsthand.ledger.catalog import Catalog, Commit, Transaction
from firsthand.ledger.changing import Change, prepare, union
from firsthand.ledger.counts import Counts
from firsthand.ledger.files import Files, write_durably
from firsthand.ledger.manifest import Manifest, Segment, digest, load
from firsthand.ledger.query import connect, parquet
from firsthand.ledger.staging import Staged


@dataclass(frozen=True, slots=True)
class Words:
    """What a person says about a commit."""

    message: str
    author: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where a commit goes."""

    branch: str
    base: str | None  # where a new branch begins


def commit(files: Files, items: Sequence[Staged], target: Target, words: Words) -> Commit:
    """Make a version of staged items and move the branch to it.

    Raises:
        LedgerError: nothing would change.
        LedgerConflict: somebody else changed one of the samples meanwhile.
    """
    catalog = Catalog(files.catalog)
    state = catalog.read()
    head = head_of(state, target.branch, target.base)
    with connect(files) as connection:
        change = prepare(connection, files, state, head, items)
        with catalog.write() as transaction:
            now = head_of(transaction.state, target.branch, target.base)
            if now is not None and now != head:
                theirs = since(transaction.state, now, head)
                refuse_conflict(connection, files, change, theirs)
            return publish(files, transaction, change, now, target.branch, words)


def publish(
    files: Files,
    transaction: Transaction,
    change: Change,
    parent: str | None,
    branch: str,
    words: Words,
) -> Commit:
    """Write the manifest and move the branch; `parent` is the branch's head of this moment."""
    for segment in change.segments:
        if not files.segment(segment.sha256).exists():
            raise LedgerError(
                "a segment of this commit was cleared away before it counted",
                todo="Run the commit again; give gc a grace time longer than a commit takes.",
            )
    before = load(files, parent) if parent else None
    manifest = Manifest(
        parents=(parent,) if parent else (),
        message=words.message,
        author=words.author,
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        task=change.task,
        classes=union(before.classes if before else (), change.classes),
        segments=change.segments,
        counts=(before.counts if before else Counts()) - change.gone + change.came,
    )
    content = manifest.encode()
    version = digest(content)
    write_durably(files, files.manifest(version), content)
    return transaction.add_commit(version, parent, branch)


def refuse_conflict(
    connection: duckdb.DuckDBPyConnection,
    files: Files,
    change: Change,
    theirs: Sequence[Commit],
) -> None:
    """Two commits on one base merge unless both touch the same sample.

    Raises:
        LedgerConflict: they do.
    """
    manifests = [load(files, commit.id) for commit in theirs]
    others = [s.sha256 for manifest in manifests for s in manifest.segments if _touches(s)]
    ours = [segment.sha256 for segment in change.segments if _touches(segment)]
    if {manifest.task for manifest in manifests} - {change.task}:
        raise LedgerConflict(
            f"somebody else filled the branch with samples of the task {manifests[0].task}",
            expected=f"samples of the task {change.task}",
            todo="Commit yours to a branch of its own.",
        )
    both = connection.execute(
        f"SELECT source, key FROM {parquet(files, ours)} INTERSECT "
        f"SELECT source, key FROM {parquet(files, others)} ORDER BY ALL"
    ).fetchall()
    if both:
        raise LedgerConflict(
            f"somebody else committed other content for {len(both)} of your samples, "
            f"the first is {both[0][1]!r}",
            expected="samples that nobody else changed since your commit began",
            todo="Look with firsthand log and firsthand diff, then add yours again and commit.",
        )


def _touches(segment: Segment) -> bool:
    return segment.kind in {"rows", "dead"}
