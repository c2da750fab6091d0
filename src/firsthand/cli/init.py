"""`firsthand init`: make a ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from firsthand.cli._judging import Lang
from firsthand.cli._ledger import Json, say
from firsthand.messages import language, text


def command(
    path: Annotated[Path, typer.Argument(help="Folder that shall hold it.")] = Path(),
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Make a ledger in a folder: versions, provenance and lineage of its data."""
    from firsthand.ledger import Ledger

    ledger = Ledger.init(path)
    spoken = language(lang)
    made = text("ledger.made", spoken, path=ledger.root / ".firsthand")
    told = f"{made}\n{text('ledger.first', spoken)}"
    say("init", {"root": str(ledger.root)}, told, as_json)
