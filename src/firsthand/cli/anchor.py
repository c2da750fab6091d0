"""`firsthand anchor`: a validation set by people that sees what is rare and small."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firsthand.cli._judging import GroupBy, Lang, Origin, Seed, VerifiedBy
from firsthand.cli._ledger import Json, say

if TYPE_CHECKING:
    from firsthand.anchor import Anchored
    from firsthand.messages import Language
    from firsthand.types import Slice


def command(
    data: Annotated[str, typer.Argument(help="Images with boxes: path or ledger version.")],
    out: Annotated[Path, typer.Option(help="Folder to write; must not exist.")],
    share: Annotated[float, typer.Option(help="Of the images by people; at most 0.5.")] = 0.2,
    see: Annotated[float, typer.Option(help="Share of what was found that is lost.")] = 0.2,
    power: Annotated[float, typer.Option(help="Chance to see it.")] = 0.8,
    level: Annotated[float, typer.Option(help="Chance of an alarm without a loss.")] = 0.05,
    recall: Annotated[float, typer.Option(help="Share that is found before the loss.")] = 0.8,
    unpaired: Annotated[
        bool, typer.Option("--unpaired", help="The two detectors see other images.")
    ] = False,
    design_effect: Annotated[
        float, typer.Option(help="Of objects that are lost together; 1 if they are not.")
    ] = 1.0,
    origin: Annotated[
        Origin | None, typer.Option("--origin", help="Origin of the data where nothing says it.")
    ] = None,
    verified_by: VerifiedBy = None,
    group_by: GroupBy = None,
    seed: Seed = 0,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Choose a validation set by people that sees the loss of rare and small objects.

    Exit code: 0 written, 2 wrong use or I/O, 3 written, but it cannot see that loss of every class.
    """
    from firsthand.anchor import anchor
    from firsthand.messages import language
    from firsthand.numerics.power import Design
    from firsthand.provenance import declare

    found = anchor(
        data,
        out=out,
        share=share,
        declared=None if origin is None else declare(origin, None, verified_by),
        group_by=group_by,
        design=Design(
            see=see,
            power=power,
            level=level,
            recall=recall,
            paired=not unpaired,
            design_effect=design_effect,
        ),
        seed=seed,
    )
    step = f"firsthand label WEIGHTS IMAGES --reference {shlex.quote(str(out))} --out NEXT"
    say("anchor", {**found.document, "next": step}, _text(found, step, language(lang)), as_json)
    blind = any(not each.enough for each in found.sights if _of_class(each.slice))
    raise typer.Exit(3 if blind else 0)


def _of_class(which: Slice) -> bool:
    return len(which) < 2 and dict(which).keys() <= {"class"}


def _text(found: Anchored, step: str, lang: Language) -> str:
    from firsthand.messages import percent, text
    from firsthand.report.words import padded, part, width

    asked = found.design
    facts = {"images": found.images, "train": found.train, "see": asked.see, "power": asked.power}
    lines = [text("anchor.done", lang, **facts)]
    blind = [each for each in found.sights if not each.enough]
    if blind:
        names = "; ".join(part(each.slice, lang) for each in blind)
        lines.append("  ▲ " + text("anchor.blind", lang, names=names, **facts))
    if found.made:
        lines.append("  " + text("anchor.made", lang, count=found.made))
    rows = [["", *(text(f"anchor.{name}", lang) for name in ("objects", "of", "needed", "sees"))]]
    for each in found.sights:
        sees = text("labels.cannot-say", lang) if each.sees is None else percent(each.sees)
        name = part(each.slice, lang)
        rows.append([name, f"{each.objects:,}", f"{each.of:,}", f"{each.needed:,}", sees])
    wide = [max(width(row[at]) for row in rows) for at in range(len(rows[0]))]
    table = (
        "  " + "  ".join(padded(cell, room) for cell, room in zip(row, wide, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join([*lines, "", *table, "", text("label.next", lang, command=step)])
