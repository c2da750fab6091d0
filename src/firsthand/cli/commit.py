"""`firsthand commit`: make a version of what is staged."""

from __future__ import annotations

from typing import Annotated

import typer

from firsthand.cli._ledger import SHORT, Json, counted, made_of, opened, say


def command(
    message: Annotated[str, typer.Option("--message", "-m", help="What changed and why.")],
    author: Annotated[str | None, typer.Option(help="Who says so.")] = None,
    branch: Annotated[str, typer.Option(help="Branch to move.")] = "main",
    base: Annotated[str | None, typer.Option(help="Where a new branch begins.")] = None,
    as_json: Json = False,
) -> None:
    """Make a version of what is staged."""
    version = opened().commit(message, author=author, branch=branch, base=base)
    text = (
        f"{version.name} {version.id[:SHORT]} on {branch}: {counted(version.samples, 'sample')}\n"
        f"  {made_of(version.composition)}"
    )
    say("commit", {"version": version, "branch": branch}, text, as_json)
