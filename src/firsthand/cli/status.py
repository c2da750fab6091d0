"""`firsthand status`: where the ledger stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from firsthand.cli._judging import Lang
from firsthand.cli._ledger import Json, made_of, opened, say
from firsthand.messages import Language, language, text

if TYPE_CHECKING:
    from firsthand.ledger import Ledger, Status


def command(as_json: Json = False, lang: Lang = None) -> None:
    """Show branches, models, and what is staged for the next commit."""
    ledger = opened()
    status = ledger.status()
    told = "\n".join(_lines(ledger, status, language(lang)))
    say("status", {"status": status}, told, as_json)


def _lines(ledger: Ledger, status: Status, lang: Language) -> Iterator[str]:
    yield text("ledger.changes", lang, count=len(status.staged), path=status.root)
    for item in status.staged:
        held = text("unit.samples", lang, count=item.samples)
        doing = text("ledger.to-remove", lang) if item.mode == "remove" else held
        yield f"  {item.source or text('ledger.no-source', lang)}: {doing}"
    for branch, name in status.branches.items():
        version = ledger.version(branch)
        facts = {"branch": branch, "version": name, "count": version.samples}
        yield text("ledger.branch", lang, **facts)
        yield f"  {made_of(version.composition, lang)}"
    for model in status.models:
        unknown = text("ledger.trained-unknown", lang)
        trained = ledger.version(model.trained_on).name if model.trained_on else unknown
        told = text("ledger.model", lang, name=model.name, trained=trained)
        if model.parent:
            parent = text("ledger.tuned-from", lang, parent=model.parent)
            told += text("slice.join", lang) + parent
        yield told
