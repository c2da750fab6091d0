"""What the ledger commands share: finding the ledger, and saying what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firsthand import __version__
from firsthand.messages import Language, percent, text
from firsthand.types import Composition

if TYPE_CHECKING:
    from firsthand.ledger import Ledger

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
SHORT = 10
"""Digits of an id that people see."""


def opened() -> Ledger:
    """The ledger of the folder one is in, with what earlier commands staged."""
    from firsthand.ledger import Ledger

    return Ledger.open(".", stage="shared")


def say(command: str, document: Mapping[str, Any], told: str, as_json: bool) -> None:
    """Print the result of a command, for people or as one document."""
    if as_json:
        content = {"schema": f"firsthand.{command}/1", "tool_version": __version__, **document}
        print(json.dumps(plain(content), ensure_ascii=False))
    else:
        print(told)


def plain(value: Any) -> Any:
    """A value as JSON knows it; records become objects."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(inner) for inner in value]
    return str(value) if isinstance(value, Path) else value


def made_of(composition: Composition, lang: Language = "en") -> str:
    """One line on what a version is made of.

    >>> made_of(Composition(4, {"real": 3, "unknown": 1}, {"0": 3, "unknown": 1}, {}, {}, None, 3))
    'real 3 (75%), unknown 1 (25%); generation 0: 3, unknown: 1; human ancestry known for 3 of 4'
    """
    total, known = composition.total, composition.ancestry_known
    join = text("slice.join", lang)
    kinds = join.join(
        f"{text(f'provenance.{name}', lang)} {count:,} ({percent(count / (total or 1))})"
        for name, count in composition.by_class.items()
    )
    generations = join.join(
        f"{name if name.isdigit() else text('ledger.unknown', lang)}: {count:,}"
        for name, count in composition.by_generation.items()
    )
    share = "" if composition.ancestry is None else f"{composition.ancestry:.3f}"
    code = "ledger.ancestry" if share else "ledger.ancestry-of"
    return text(
        "ledger.made-of",
        lang,
        kinds=kinds or text("ledger.nothing", lang),
        generations=generations or text("ledger.none", lang),
        ancestry=text(code, lang, ancestry=share, known=known, total=total),
    )
