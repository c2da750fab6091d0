"""`firsthand lineage`: where does something come from, and what came of it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from firsthand.cli._judging import Lang
from firsthand.cli._ledger import SHORT, Json, opened, say
from firsthand.messages import Language, language, text

if TYPE_CHECKING:
    from firsthand.ledger import Lineage
    from firsthand.ledger.walking import Appearance


def command(
    name: Annotated[
        str, typer.Argument(help="A sample (key or media digest), NAME@VERSION, or a version.")
    ],
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Walk from a sample, model or version back to its origins and on to what came of it."""
    found = opened().lineage(name)
    say("lineage", {"lineage": found}, _text(found, language(lang)), as_json)


def _text(found: Lineage, lang: Language) -> str:
    lines = [f"{text(f'ledger.lineage.{found.kind}', lang)} {found.name}"]
    lines += [f"  {_appearance(row, lang)}" for row in found.appearances]
    if found.history:
        names = text("slice.join", lang).join(found.history)
        lines.append("  " + text("ledger.lineage.continues", lang, names=names))
    for title, steps in (("upstream", found.upstream), ("downstream", found.downstream)):
        lines.append(text(f"ledger.lineage.{title}{'' if steps else '-none'}", lang))
        for step in steps:
            ends = {"origin": step.origin, "name": step.name}
            lines.append("  " * step.depth + text(f"ledger.lineage.{step.relation}", lang, **ends))
    return "\n".join(lines)


def _appearance(row: Appearance, lang: Language) -> str:
    unknown = text("ledger.unknown", lang)
    told = text(
        "ledger.lineage.since",
        lang,
        version=row.version,
        provenance=text(f"provenance.{row.provenance}", lang),
        generation=unknown if row.generation is None else row.generation,
        split=row.split or text("ledger.none", lang),
        media=row.media[:SHORT],
    )
    if not row.label:
        return told
    label = text("ledger.lineage.label", lang, label=row.label[:SHORT])
    return told + text("slice.join", lang) + label
