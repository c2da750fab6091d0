"""`firsthand verify`: is every byte still the one that was written?"""

from __future__ import annotations

from typing import Annotated

import typer

from firsthand.cli._judging import Lang
from firsthand.cli._ledger import Json, say
from firsthand.messages import language, text


def command(
    media: Annotated[
        bool, typer.Option("--media", help="Also files that the ledger references in place.")
    ] = False,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Check every byte that a version rests on. Exit code 1 if one has changed."""
    from firsthand.ledger import verify_folder

    found = verify_folder(".", media=media)
    spoken = language(lang)
    facts = {"versions": found.versions, "files": found.files, "bytes": found.bytes}
    told = text("ledger.clean", spoken, **facts)
    if not found.clean:
        head = text("ledger.damaged", spoken, count=len(found.damaged))
        lines = (f"  {one.file}: {one.problem} ({one.detail})" for one in found.damaged)
        told = "\n".join([head, *lines, text("ledger.mend", spoken)])
    say("verify", {"clean": found.clean, "verified": found}, told, as_json)
    raise typer.Exit(0 if found.clean else 1)
