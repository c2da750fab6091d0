"""`firsthand init`: make a ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from firsthand.cli._ledger import FIRST, Json, say


def command(
    path: Annotated[Path, typer.Argument(help="Folder that shall hold it.")] = Path(),
    as_json: Json = False,
) -> None:
    """Make a ledger in a folder: versions, provenance and lineage of its data."""
    from firsthand.ledger import Ledger

    ledger = Ledger.init(path)
    text = f"There is a ledger in {ledger.root / '.firsthand'}.\n{FIRST}"
    say("init", {"root": str(ledger.root)}, text, as_json)
