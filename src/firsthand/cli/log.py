"""`firsthand log`: which versions are there?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from firsthand.cli._judging import Lang
from firsthand.cli._ledger import SHORT, Json, made_of, opened, say
from firsthand.messages import Language, language, text

if TYPE_CHECKING:
    from firsthand.ledger import Version


def command(
    version: Annotated[
        str | None, typer.Argument(help="Only those that lead to it: v3, a branch, an id.")
    ] = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """List versions, newest first, with what each is made of."""
    spoken = language(lang)
    versions = opened().log(version)
    told = "\n".join(_told(one, spoken) for one in versions)
    nothing = f"{text('ledger.none-yet', spoken)} {text('ledger.first', spoken)}"
    say("log", {"versions": versions}, told or nothing, as_json)


def _told(one: Version, lang: Language) -> str:
    head = text(
        "ledger.logged",
        lang,
        version=one.name,
        id=one.id[:SHORT],
        branches=f" ({', '.join(one.branches)})" if one.branches else "",
        time=one.time[:16],
        author=one.author,
        message=one.message,
    )
    held = text("unit.samples", lang, count=one.samples)
    return f"{head}\n  {held}: {made_of(one.composition, lang)}"
