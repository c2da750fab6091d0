"""`firsthand gc`: remove what stopped commits left behind."""

from __future__ import annotations

from typing import Annotated

import typer

from firsthand.cli._judging import Lang
from firsthand.cli._ledger import Json, opened, say
from firsthand.messages import language, text


def command(
    grace_hours: Annotated[
        float, typer.Option(min=0, help="Keep younger files; a commit may be under way.")
    ] = 24,
    dry_run: Annotated[bool, typer.Option(help="Only say what would go.")] = False,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Remove files that no version names and that are older than the grace time."""
    cleared = opened().gc(grace_seconds=grace_hours * 3600, dry_run=dry_run)
    code = "ledger.would-remove" if dry_run else "ledger.removed"
    told = text(code, language(lang), count=len(cleared.files), bytes=cleared.bytes)
    say("gc", {"cleared": cleared, "dry_run": dry_run}, told, as_json)
