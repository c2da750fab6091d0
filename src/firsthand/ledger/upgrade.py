"""Brings a ledger that an older firsthand wrote to the format of this one.

Format 1 had a catalog without a seal, so a changed byte in a branch or a model could pass
`verify`, and its models did not keep the human ancestry of their outputs. In format 2 a tombstone
held the whole row that died; since format 3 it says only where that row lies, and both are read.
An upgrade therefore rewrites the catalog only, in one transaction.
"""

from __future__ import annotations

import sqlalchemy as sa

from firsthand.errors import LedgerError
from firsthand.ledger.catalog import FORMAT, META, Catalog, Transaction, sealed, state_of
from firsthand.ledger.files import Files
from firsthand.ledger.generations import outputs


def upgrade(files: Files) -> None:
    """Make the catalog one of this format; does nothing where it already is.

    Raises:
        LedgerError: a newer firsthand wrote it.
    """
    catalog = Catalog(files.catalog)
    with catalog.begin("DEFERRED") as connection:
        found = _format(connection)
    if found > FORMAT:
        raise LedgerError(
            f"this ledger has format {found}",
            expected=f"at most {FORMAT}",
            todo="Install a newer firsthand: pip install --upgrade firsthand",
        )
    if found < FORMAT:
        with catalog.begin("IMMEDIATE") as connection:
            _bring_up(connection, files)


def _format(connection: sa.Connection) -> int:
    query = sa.select(META.c.value).where(META.c.key == "format")
    value = connection.execute(query).scalar()
    # A damaged catalog is reported by whatever reads it next, with what to do.
    return int(value) if value is not None and value.isdigit() else FORMAT


def _bring_up(connection: sa.Connection, files: Files) -> None:
    found = _format(connection)
    if found == FORMAT:
        return  # somebody else was faster
    if found == 1:
        connection.exec_driver_sql("ALTER TABLE models ADD COLUMN ancestry FLOAT")
        connection.execute(META.insert().values(key="seal", value=""))
    else:
        sealed(connection)  # a new seal must not hide damage
    connection.execute(META.update().where(META.c.key == "format").values(value=str(FORMAT)))
    transaction = Transaction(connection, state_of(connection))
    if found == 1:
        _fill_in_ancestry(transaction, files)
    transaction.seal()


def _fill_in_ancestry(transaction: Transaction, files: Files) -> None:
    state = transaction.state
    for model in state.models.values():
        found = outputs(model.trained_on, model.parent, state, files)
        transaction.set_ancestry(model.name, found.ancestry)
