"""`firsthand commit`: make a version of what is staged."""

from __future__ import annotations

from typing import Annotated

import typer

from firsthand.cli._judging import Lang
from firsthand.cli._ledger import SHORT, Json, made_of, opened, say
from firsthand.messages import language, text


def command(
    message: Annotated[str, typer.Option("--message", "-m", help="What changed and why.")],
    author: Annotated[str | None, typer.Option(help="Who says so.")] = None,
    branch: Annotated[str, typer.Option(help="Branch to move.")] = "main",
    base: Annotated[str | None, typer.Option(help="Where a new branch begins.")] = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Make a version of what is staged."""
    version = opened().commit(message, author=author, branch=branch, base=base)
    spoken = language(lang)
    facts = {"version": version.name, "id": version.id[:SHORT], "branch": branch}
    head = text("ledger.version", spoken, count=version.samples, **facts)
    told = f"{head}\n  {made_of(version.composition, spoken)}"
    say("commit", {"version": version, "branch": branch}, told, as_json)
