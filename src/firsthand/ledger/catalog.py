"""The catalog: which versions, branches and models there are. Small, in SQLite.

Rows and history live in segments and manifests; the catalog only says which of them count. One
write transaction moves a branch, so a version is there whole or not at all. A seal, the sha256
of everything the catalog says, is renewed in every transaction, so a changed byte is noticed.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from firsthand.errors import LedgerCorrupt, LedgerError
from firsthand.ledger.manifest import canonical, digest

FORMAT = 3
"""Format of the ledger; upgrade.py says what the older ones lacked."""

WAIT_SECONDS = 120.0
"""How long a writer waits for another one. A commit holds the lock for milliseconds."""

TABLES = sa.MetaData()
META = sa.Table(
    "meta", TABLES, sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text)
)
COMMITS = sa.Table(
    "commits",
    TABLES,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("parent", sa.Text),
)
REFS = sa.Table(
    "refs",
    TABLES,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, nullable=False),
)
MODELS = sa.Table(
    "models",
    TABLES,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("trained_on", sa.Text),
    sa.Column("parent", sa.Text),
    sa.Column("time", sa.Text, nullable=False),
    sa.Column("own", sa.Boolean, nullable=False),
    sa.Column("generation", sa.Integer),
    sa.Column("generation_at_least", sa.Integer, nullable=False),
    sa.Column("ancestry", sa.Float),
)


class Commit(NamedTuple):
    """One version as the catalog knows it: v1 has number 1."""

    number: int
    id: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Model:
    """A registered model, and what its outputs are worth: see generations.py."""

    name: str  # NAME@VERSION
    trained_on: str | None  # version id
    parent: str | None  # the model that it was fine-tuned from
    time: str
    own: bool
    generation: int | None  # of its outputs
    generation_at_least: int
    ancestry: float | None  # of its outputs


@dataclass(frozen=True, slots=True)
class State:
    """All that a catalog says, at one moment."""

    format: int
    seal: str
    commits: tuple[Commit, ...] = ()
    refs: dict[str, str] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)

    def expected_seal(self) -> str:
        """What the seal of this content must be."""
        content = {
            "format": self.format,
            "commits": [list(commit) for commit in self.commits],
            "refs": self.refs,
            "models": [asdict(model) for _, model in sorted(self.models.items())],
        }
        return digest(canonical(content))

    def commit(self, version: str) -> Commit:
        """The commit with this id."""
        for commit in reversed(self.commits):
            if commit.id == version:
                return commit
        raise LedgerCorrupt(
            f"the catalog names version {version[:12]} but does not hold it",
            todo="Run: firsthand verify",
        )

    def history(self, version: str) -> tuple[Commit, ...]:
        """The version and all before it, newest first."""
        known = {commit.id: commit for commit in self.commits}
        found: list[Commit] = []
        at: str | None = version
        while at is not None:
            found.append(known[at] if at in known else self.commit(at))
            at = found[-1].parent
        return tuple(found)


class Transaction:
    """The one writer. What it adds is there for all after it, or not at all."""

    def __init__(self, connection: sa.Connection, state: State) -> None:
        self._connection = connection
        self.state = state

    def add_commit(self, version: str, parent: str | None, branch: str) -> Commit:
        """Add a version and move the branch to it."""
        number = self.state.commits[-1].number + 1 if self.state.commits else 1
        commit = Commit(number, version, parent)
        self._connection.execute(COMMITS.insert().values(commit._asdict()))
        self._connection.execute(REFS.delete().where(REFS.c.name == branch))
        self._connection.execute(REFS.insert().values(name=branch, id=version))
        return commit

    def add_model(self, model: Model) -> None:
        """Register a model."""
        self._connection.execute(MODELS.insert().values(asdict(model)))

    def set_ancestry(self, name: str, ancestry: float | None) -> None:
        """Fill in what format 1 did not keep."""
        change = MODELS.update().where(MODELS.c.name == name).values(ancestry=ancestry)
        self._connection.execute(change)

    def seal(self) -> None:
        """Renew the seal; the last thing before the transaction is committed."""
        seal = state_of(self._connection).expected_seal()
        self._connection.execute(META.update().where(META.c.key == "seal").values(value=seal))


@dataclass(frozen=True, slots=True)
class Catalog:
    """Opens the catalog file for one read or one write at a time."""

    path: Path

    def create(self) -> None:
        """Make an empty catalog."""
        with self.begin("IMMEDIATE") as connection:
            TABLES.create_all(connection)
            rows = [("format", str(FORMAT)), ("seal", "")]
            connection.execute(META.insert(), [{"key": k, "value": v} for k, v in rows])
            Transaction(connection, state_of(connection)).seal()

    def read(self) -> State:
        """Everything, as of one moment.

        Raises:
            LedgerCorrupt: it is not what was written.
        """
        with self.begin("DEFERRED") as connection:
            return sealed(connection)

    @contextlib.contextmanager
    def write(self) -> Iterator[Transaction]:
        """One write transaction; nobody else writes meanwhile, readers go on."""
        with self.begin("IMMEDIATE") as connection:
            transaction = Transaction(connection, sealed(connection))
            yield transaction
            transaction.seal()

    def integrity(self) -> list[str]:
        """What SQLite itself finds wrong with the file; empty if nothing."""
        try:
            with self.begin("DEFERRED") as connection:
                found = connection.execute(sa.text("PRAGMA integrity_check")).scalars().all()
        except LedgerError as error:
            return [error.found]
        return [str(line) for line in found if line != "ok"]

    @contextlib.contextmanager
    def begin(self, mode: Literal["IMMEDIATE", "DEFERRED"]) -> Iterator[sa.Connection]:
        """A transaction on a connection of its own."""
        try:
            with _engine(self.path, mode).begin() as connection:
                yield connection
        except sa.exc.DatabaseError as error:
            raise _explained(self.path, error) from error


@functools.lru_cache(maxsize=4)
def _engine(path: Path, mode: str) -> sa.Engine:
    """Holds compiled statements, and no connection."""
    engine = sa.create_engine(
        f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": WAIT_SECONDS}
    )
    sa.event.listen(engine, "connect", _configure)
    sa.event.listen(engine, "begin", lambda c: c.exec_driver_sql(f"BEGIN {mode}"))
    return engine


def _configure(connection: Any, _record: object) -> None:
    # The driver's own transaction handling would begin late; ours says BEGIN itself.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _explained(path: Path, error: sa.exc.DatabaseError) -> LedgerError:
    cause = str(error.orig)
    if "malformed" in cause or "not a database" in cause or "no such" in cause:
        return LedgerCorrupt(
            f"the catalog cannot be read: {cause}",
            where=str(path),
            todo="Bring it back from a copy of the ledger, then run: firsthand verify",
        )
    return LedgerError(
        f"the catalog refused: {cause}",
        where=str(path),
        todo="Nothing was committed. Check free space and rights, then run it again.",
    )


def sealed(connection: sa.Connection) -> State:
    """Everything, if the seal fits it.

    Raises:
        LedgerCorrupt: it does not.
    """
    # Checked before every write too: sealing anew would hide the damage for good.
    state = state_of(connection)
    if state.seal != state.expected_seal():
        raise LedgerCorrupt(
            "the catalog is not what was written: its seal does not fit its content",
            where="catalog.db",
            todo="Bring it back from a copy of the ledger, then run: firsthand verify",
        )
    return state


def state_of(connection: sa.Connection) -> State:
    """Everything, seal unchecked."""
    try:
        meta: dict[str, str] = {row[0]: row[1] for row in connection.execute(sa.select(META))}
        commits = connection.execute(sa.select(COMMITS).order_by(COMMITS.c.number)).all()
        refs: dict[str, str] = {row[0]: row[1] for row in connection.execute(sa.select(REFS))}
        models = [Model(*row) for row in connection.execute(sa.select(MODELS))]
        return State(
            format=int(meta["format"]),
            seal=meta["seal"],
            commits=tuple(Commit(*row) for row in commits),
            refs=refs,
            models={model.name: model for model in models},
        )
    except (KeyError, ValueError, TypeError, UnicodeDecodeError) as error:
        raise LedgerCorrupt(
            f"the catalog holds something that no ledger writes: {error}",
            todo="Bring it back from a copy of the ledger, then run: firsthand verify",
        ) from error
