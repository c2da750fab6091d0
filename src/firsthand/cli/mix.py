"""`firsthand mix`: write the next training set."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from firsthand.cli._ledger import Json, counted, say
from firsthand.errors import InputError, LedgerNotFound

if TYPE_CHECKING:
    from firsthand.ledger import Ledger
    from firsthand.mix import Mixed
    from firsthand.types import Provenance

Origin = Literal["synthetic", "model-labelled"]
SHOWN = 12  # classes in the table


def command(
    policy: Annotated[str, typer.Option(help="How the set is made: firsthand lab, docs/mix.md.")],
    out: Annotated[Path, typer.Option(help="Folder to write; must not exist.")],
    human: Annotated[str, typer.Option(help="Human data: a path or a ledger version.")],
    generated: Annotated[str | None, typer.Option(help="What models made or labelled.")] = None,
    earlier: Annotated[
        list[str] | None, typer.Option(help="An earlier training set; oldest first.")
    ] = None,
    fresh: Annotated[str | None, typer.Option(help="Human data never trained on.")] = None,
    val: Annotated[
        str | None, typer.Option(help="Validation data by people; else the human split val.")
    ] = None,
    origin: Annotated[
        Origin | None, typer.Option(help="Of generated samples that do not say it themselves.")
    ] = None,
    generator: Annotated[
        str | None, typer.Option(help="The model that made them, NAME@VERSION.")
    ] = None,
    generation: Annotated[int | None, typer.Option(help="Their generation.", min=1)] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="policy.OPTION=VALUE", help="Such as policy.share=0.2."),
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="Size of the set; as large as the data allow.", min=1)
    ] = None,
    split: Annotated[str, typer.Option(help="What may be trained on, where splits are.")] = "train",
    strategy: Annotated[
        Literal["random", "stratified", "quota"],
        typer.Option(help="How human samples are drawn where not all go in."),
    ] = "random",
    doubted: Annotated[
        Path | None, typer.Option(help="Keys of generated samples in doubt, one a line.")
    ] = None,
    format: Annotated[
        str | None, typer.Option(help="yolo, folders, jsonl or parquet, as the data allow.")
    ] = None,
    link: Annotated[bool, typer.Option("--link", help="All images as links in DIR.")] = False,
    copy: Annotated[bool, typer.Option("--copy", help="All images as copies in DIR.")] = False,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 0,
    allow_replace: Annotated[
        bool, typer.Option("--allow-replace", help="The human data may be left out.")
    ] = False,
    ledger: Annotated[
        Path | None, typer.Option(help="Ledger to record it in; the one of this folder, if any.")
    ] = None,
    no_ledger: Annotated[bool, typer.Option("--no-ledger", help="Record it in none.")] = False,
    as_json: Json = False,
) -> None:
    """Write the next training set by a policy: exact counts, origins, validation by people.

    Exit code: 0 done, 1 the policy would leave out all human data, 2 wrong use or I/O.
    """
    from firsthand.mix import mix

    mixed = mix(
        policy,
        out=out,
        human=human,
        generated=generated,
        earlier=earlier or (),
        fresh=fresh,
        val=val,
        options=_options(options or ()),
        made_by=_made_by(origin, generator, generation),
        samples=samples,
        split=split,
        strategy=strategy,
        doubted=_keys(doubted),
        place=_place(link, copy),
        format=format,
        seed=seed,
        allow_replace=allow_replace,
        ledger=None if no_ledger else _ledger(ledger),
    )
    next_step = f"firsthand audit {shlex.quote(str(out))} --reference {shlex.quote(human)}"
    document = {**mixed.document, "version": mixed.version, "next": next_step}
    say("mix", document, _text(mixed, next_step), as_json)


def _options(given: Sequence[str]) -> dict[str, Any]:
    """`policy.share=0.2`, or `share=0.2`, as a name and a value."""
    import yaml

    found: dict[str, Any] = {}
    for each in given:
        name, equals, value = each.partition("=")
        name = name.removeprefix("policy.")
        if not equals or not name.isidentifier():
            raise InputError(f"--set {each}", expected="policy.OPTION=VALUE")
        found[name] = yaml.safe_load(value)
    return found


def _made_by(
    origin: Origin | None, generator: str | None, generation: int | None
) -> Provenance | None:
    from firsthand.provenance import declare

    if origin is None:
        if generator is not None or generation is not None:
            raise InputError(
                "a generator or a generation without an origin",
                expected="--origin synthetic (it made the media) or model-labelled (the labels)",
            )
        return None
    return declare(origin, generator, generation=generation)


def _keys(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read it as UTF-8: {error}", where=str(path)) from error
    return tuple(line.strip() for line in lines if line.strip())


def _place(link: bool, copy: bool) -> Literal["reference", "link", "copy"]:
    if link and copy:
        raise InputError("--link and --copy", expected="one of both")
    return "link" if link else "copy" if copy else "reference"


def _ledger(folder: Path | None) -> Ledger | None:
    from firsthand.ledger import Ledger

    try:
        return Ledger.open(folder or ".")
    except LedgerNotFound:
        if folder is not None:
            raise
        return None


def _text(mixed: Mixed, next_step: str) -> str:
    lines = [
        f"Wrote {counted(sum(mixed.lines.values()), 'training sample')} and "
        f"{mixed.val:,} for validation to {mixed.out} (policy {mixed.order.policy}).",
        _human(mixed),
        *_unused(mixed),
        "",
        *_table(mixed),
        *_notes(mixed),
        "",
        f"Next: {next_step}",
    ]
    return "\n".join(lines)


def _human(mixed: Mixed) -> str:
    gone, kept = mixed.human_left_out, mixed.parts.get("human", 0)
    if not gone:
        return f"All {counted(kept, 'human sample')} are in it."
    if not kept:
        return f"REPLACED: none of the {counted(gone, 'human sample')} is in it, as you allowed."
    return (
        f"{kept:,} of {kept + gone:,} human samples are in it, drawn {_how(mixed)}; {gone:,} are "
        "not, this time."
    )


def _unused(mixed: Mixed) -> list[str]:
    """Generated samples were named, and none of them may go in."""
    out = [one for one in mixed.left_out if one.role == "generated"]
    if not out or mixed.parts.get("generated"):
        return []
    reasons = ", ".join(f"{one.samples:,} {one.reason}" for one in out)
    return [f"No generated sample is in it: {reasons}."]


def _how(mixed: Mixed) -> str:
    words = {"stratified": "with the rare first", "quota": "in the human class shares"}
    return words.get(mixed.order.strategy, "at random")


def _table(mixed: Mixed) -> list[str]:
    total = sum(mixed.lines.values())
    rows = [("part", "samples", "lines", "share")]
    rows += [
        (role, f"{count:,}", f"{mixed.lines[role]:,}", f"{mixed.lines[role] / total:.1%}")
        for role, count in mixed.parts.items()
    ]
    lines = [f"  {a:<16}{b:>10}{c:>10}{d:>10}".replace("%", " %") for a, b, c, d in rows]
    origins = ", ".join(f"{name} {count:,}" for name, count in mixed.by_class.items())
    lines.append(f"  origins: {origins}")
    known = [(name, *counts) for name, counts in mixed.classes.items()]
    for name, before, here in known[:SHOWN]:
        lines.append(f"  {name}: {before:,} in the human data, {here:,} here")
    if len(known) > SHOWN:
        lines.append(f"  ... and {len(known) - SHOWN:,} classes more (--json has all)")
    return lines


def _notes(mixed: Mixed) -> list[str]:
    lines = []
    asked, reached = mixed.weight
    if asked != 1:
        lines.append(f"  a human sample counts {reached:.4g} generated ones; {asked:.4g} was asked")
    for one in mixed.left_out:
        lines.append(f"  left out of {one.role}: {one.samples:,} {one.reason} ({one.keys[0]}, ...)")
    if mixed.unlabelled:
        lines.append(
            f"  {counted(mixed.unlabelled, 'image')} without a label file: trainers take that for "
            "'no object'"
        )
    if mixed.referenced:
        lines.append(
            f"  {counted(mixed.referenced, 'image')} stay where they are; do not move them"
        )
    if mixed.version:
        lines.append(f"  recorded in the ledger as {mixed.version}")
    return lines
