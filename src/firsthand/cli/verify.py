"""`firsthand verify`: is every byte still the one that was written?"""

from __future__ import annotations

from typing import Annotated

import typer

from firsthand.cli._ledger import Json, counted, say


def command(
    media: Annotated[
        bool, typer.Option("--media", help="Also files that the ledger references in place.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check every byte that a version rests on. Exit code 1 if one has changed."""
    from firsthand.ledger import verify_folder

    found = verify_folder(".", media=media)
    if found.clean:
        text = (
            f"Clean: {counted(found.versions, 'version')}, {counted(found.files, 'file')}, "
            f"{found.bytes:,} bytes are as they were written."
        )
    else:
        lines = [f"  {one.file}: {one.problem} ({one.detail})" for one in found.damaged]
        head = f"DAMAGED: {counted(len(found.damaged), 'thing')} not as written"
        todo = "Bring the files back from a copy of the ledger, then run: firsthand verify"
        text = "\n".join([head, *lines, todo])
    say("verify", {"clean": found.clean, "verified": found}, text, as_json)
    raise typer.Exit(0 if found.clean else 1)
