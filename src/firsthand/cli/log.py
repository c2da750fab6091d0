"""`firsthand log`: which versions are there?"""

from __future__ import annotations

from typing import Annotated

import typer

from firsthand.cli._ledger import FIRST, SHORT, Json, counted, made_of, opened, say


def command(
    version: Annotated[
        str | None, typer.Argument(help="Only those that lead to it: v3, a branch, an id.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List versions, newest first, with what each is made of."""
    versions = opened().log(version)
    lines = []
    for one in versions:
        ends = f" ({', '.join(one.branches)})" if one.branches else ""
        lines.append(
            f"{one.name} {one.id[:SHORT]}{ends} {one.time[:16]} {one.author}: {one.message}\n"
            f"  {counted(one.samples, 'sample')}: {made_of(one.composition)}"
        )
    text = "\n".join(lines) or f"There is no version yet. {FIRST}"
    say("log", {"versions": versions}, text, as_json)
