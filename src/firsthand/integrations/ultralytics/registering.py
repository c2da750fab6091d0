"""Enters a training run into the ledger: what it trained on, the model, its parent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from firsthand.errors import LedgerConflict, LedgerError, LedgerNotFound
from firsthand.integrations.ultralytics.gate import Admitted
from firsthand.integrations.ultralytics.lineage import Ancestor
from firsthand.read import samples_digest
from firsthand.splits import training_samples

if TYPE_CHECKING:
    from firsthand.ledger import Ledger

Where: TypeAlias = "Ledger | str | Path | None | bool"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger now says of the run."""

    model: str
    version: str  # of the data, by id
    parent: str | None
    generation: int | None  # of what the model makes


def find(where: Where) -> Ledger | None:
    """The ledger to write to; None where there is none, or none is wanted.

    Raises:
        LedgerNotFound: one was named, and there is none.
    """
    if where is False:
        return None
    from firsthand.ledger import Ledger

    if isinstance(where, Ledger):  # what waits on its stage is the user's to commit
        return Ledger.open(where.root)
    try:
        return Ledger.open("." if where is None or where is True else where)
    except LedgerNotFound:
        if where is None:
            return None
        raise


def check(where: Where) -> None:
    """Is there a ledger, where one is named? Said before a training, not after it.

    Raises:
        LedgerNotFound: there is none.
    """
    if isinstance(where, str | Path) or where is True:
        from firsthand.ledger.files import find as find_files

        find_files(Path("." if where is True else where))


def register(ledger: Ledger, given: Admitted, name: str, parent: Ancestor | None) -> Entry:
    """Enter the training samples as a version of their own, and the model as trained on it.

    Raises:
        LedgerError: the ledger cannot be written, or knows other facts about the model.
        InputError: the training set is not there any more, or not the same.
    """
    version = _version(ledger, given)
    above = None if parent is None else _parent(ledger, parent)
    model = ledger.register_model(name, trained_on=version, parent=above)
    return Entry(name, version, above, model.generation)


def _version(ledger: Ledger, given: Admitted) -> str:
    """A version that holds exactly what was trained on; made once for the same samples."""
    from firsthand.ledger.branches import MAIN

    candidate = given.again()
    samples = training_samples(candidate)
    branch = f"trained/{samples_digest(samples)[:12]}"
    branches = ledger.status().branches
    if branch in branches:
        return ledger.version(branch).id
    source = given.named.path.resolve()
    for other in ledger.version().sources if MAIN in branches else ():
        if (ledger.root / other).resolve() != source:
            ledger.remove(ledger.root / other)
    training = replace(candidate, samples=samples, digest="")
    ledger.add(training, source=source, replace=True)
    try:
        return ledger.commit(f"trained on {given.named.name}", branch=branch).id
    except LedgerConflict:
        raise
    except LedgerError:
        if MAIN not in branches:
            raise
        return ledger.version().id  # nothing would change: main holds these samples and no others


def _parent(ledger: Ledger, parent: Ancestor) -> str:
    """The parent under its name; one that nobody registered enters with nothing known of it."""
    if parent.name not in {each.name for each in ledger.models()}:
        ledger.register_model(parent.name)
    return parent.name
