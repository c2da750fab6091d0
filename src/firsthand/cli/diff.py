"""`firsthand diff`: what changed from one version to another?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from firsthand.cli._judging import Lang
from firsthand.cli._ledger import Json, made_of, opened, say
from firsthand.messages import Language, language, text

if TYPE_CHECKING:
    from firsthand.ledger import Diff
    from firsthand.ledger.diff import Change


def command(
    a: Annotated[str, typer.Argument(help="Older version: v1, a branch, an id.")],
    b: Annotated[str, typer.Argument(help="Newer version.")] = "main",
    limit: Annotated[int, typer.Option(help="Samples listed of each kind of change.")] = 5,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Show what was added, removed, relabelled or moved, in sum and per class."""
    found = opened().diff(a, b, limit=limit)
    document = {
        "a": found.a.id,
        "b": found.b.id,
        "counts": found.counts,
        "changes": found.changes,
        "before": found.before,
        "after": found.after,
        "by_label": found.by_label,
    }
    say("diff", document, _text(found, language(lang)), as_json)


def _text(found: Diff, lang: Language) -> str:
    kinds = [(text(f"ledger.change.{kind}", lang), n) for kind, n in found.counts.items() if n]
    each = (text("ledger.counted", lang, kind=kind, count=count) for kind, count in kinds)
    counts = text("slice.join", lang).join(each)
    facts = {"a": found.a.name, "b": found.b.name}
    lines = [text("ledger.diff", lang, counts=counts or text("ledger.same", lang), **facts)]
    lines.append("  " + text("ledger.was", lang, made=made_of(found.before, lang)))
    lines.append("  " + text("ledger.is", lang, made=made_of(found.after, lang)))
    for name, (before, after) in found.by_label.items():
        if before != after:
            said = {"before": before, "after": after, "change": f"{after - before:+,}"}
            lines.append("  " + text("ledger.class", lang, name=name, **said))
    return "\n".join([*lines, *(f"  {_change(change, lang)}" for change in found.changes)])


def _change(change: Change, lang: Language) -> str:
    source = f"{change.source}:" if change.source else ""
    told = f"{text(f'ledger.change.{change.kind}', lang)} {source}{change.key}"
    if change.kind != "moved":
        return told
    ends = {"before": change.split_before, "after": change.split_after}
    return f"{told} {text('ledger.moved-from', lang, **ends)}"
