"""Enters a model, so that the generation of what it makes can be computed."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from firsthand.errors import InputError, LedgerError
from firsthand.ledger.catalog import Catalog, Model
from firsthand.ledger.files import Files
from firsthand.ledger.generations import outputs
from firsthand.ledger.versions import resolve


def register(files: Files, name: str, trained_on: str | None, parent: str | None) -> Model:
    """Register a model, or do nothing where it is registered with the same facts."""
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", name):
        raise InputError(f"the model is called {name!r}", expected="NAME@VERSION")
    with Catalog(files.catalog).write() as transaction:
        state = transaction.state
        version_id = resolve(state, trained_on).id if trained_on is not None else None
        known = state.models.get(name)
        if known is not None:
            return _same_model(known, version_id, parent)
        worth = outputs(version_id, parent, state, files)
        model = Model(
            name,
            version_id,
            parent,
            datetime.now(UTC).isoformat(timespec="milliseconds"),
            worth.own,
            worth.generation,
            worth.at_least,
            worth.ancestry,
        )
        transaction.add_model(model)
    return model


def _same_model(known: Model, trained_on: str | None, parent: str | None) -> Model:
    if (known.trained_on, known.parent) != (trained_on, parent):
        raise LedgerError(
            f"the model {known.name} is registered with other facts",
            expected=f"trained on {known.trained_on or 'what is unknown'}, "
            f"parent {known.parent or 'none'}",
            todo="Give the new model a version of its own.",
        )
    return known
