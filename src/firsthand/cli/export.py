"""`firsthand export`: write a version out for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from firsthand.cli._judging import Lang
from firsthand.cli._ledger import Json, opened, say
from firsthand.messages import language, text


def command(
    version: Annotated[str, typer.Argument(help="v3, a branch, or the beginning of an id.")],
    out: Annotated[Path, typer.Argument(help="File or folder to write; must not exist.")],
    format: Annotated[str, typer.Option(help="jsonl, parquet or yolo.")] = "jsonl",
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Write a version as JSON Lines, Parquet, or a YOLO folder with its own validation set."""
    ledger = opened()
    path = ledger.export(version, out, format)
    found = ledger.version(version)
    facts = {"version": found.name, "count": found.samples, "path": path}
    told = text("ledger.exported", language(lang), **facts)
    say("export", {"version": found.id, "format": format, "path": path}, told, as_json)
