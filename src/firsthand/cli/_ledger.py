"""What the ledger commands share: finding the ledger, and saying what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firsthand import __version__
from firsthand.types import Composition

if TYPE_CHECKING:
    from firsthand.ledger import Ledger

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
SHORT = 10
"""Digits of an id that people see."""
FIRST = "Next: firsthand add PATH --origin human (or synthetic, or model-labelled)"
"""What to do with a ledger that holds nothing yet."""


def opened() -> Ledger:
    """The ledger of the folder one is in, with what earlier commands staged."""
    from firsthand.ledger import Ledger

    return Ledger.open(".", stage="shared")


def say(command: str, document: Mapping[str, Any], text: str, as_json: bool) -> None:
    """Print the result of a command, for people or as one document."""
    if as_json:
        content = {"schema": f"firsthand.{command}/1", "tool_version": __version__, **document}
        print(json.dumps(plain(content), ensure_ascii=False))
    else:
        print(text)


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


def made_of(composition: Composition) -> str:
    """One line on what a version is made of.

    >>> made_of(Composition(4, {"real": 3, "unknown": 1}, {"0": 3, "unknown": 1}, {}, {}, None, 3))
    'real 3 (75 %), unknown 1 (25 %); generation 0: 3, unknown: 1; human ancestry known for 3 of 4'
    """
    total = composition.total or 1
    kinds = ", ".join(
        f"{name} {count:,} ({count / total:.0%})".replace("%", " %")
        for name, count in composition.by_class.items()
    )
    generations = ", ".join(
        f"{name}: {count:,}" for name, count in composition.by_generation.items()
    )
    ancestry = (
        f"human ancestry known for {composition.ancestry_known:,} of {composition.total:,}"
        if composition.ancestry is None
        else f"human ancestry {composition.ancestry:.3f}"
    )
    return f"{kinds or 'nothing'}; generation {generations or 'none'}; {ancestry}"


def counted(count: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "sample"), counted(2000, "sample")
    ('1 sample', '2,000 samples')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
