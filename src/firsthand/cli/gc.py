"""`firsthand gc`: remove what stopped commits left behind."""

from __future__ import annotations

from typing import Annotated

import typer

from firsthand.cli._ledger import Json, counted, opened, say


def command(
    grace_hours: Annotated[
        float, typer.Option(min=0, help="Keep younger files; a commit may be under way.")
    ] = 24,
    dry_run: Annotated[bool, typer.Option(help="Only say what would go.")] = False,
    as_json: Json = False,
) -> None:
    """Remove files that no version names and that are older than the grace time."""
    cleared = opened().gc(grace_seconds=grace_hours * 3600, dry_run=dry_run)
    doing = "Would remove" if dry_run else "Removed"
    text = f"{doing} {counted(len(cleared.files), 'file')}, {cleared.bytes:,} bytes."
    say("gc", {"cleared": cleared, "dry_run": dry_run}, text, as_json)
