"""`firsthand mix`: write the next training set."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from firsthand.cli import _judging as judging
from firsthand.cli._ledger import Json, say
from firsthand.errors import InputError, LedgerNotFound

if TYPE_CHECKING:
    from firsthand.ledger import Ledger
    from firsthand.types import Provenance

Origin = Literal["synthetic", "model-labelled"]


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
        int | None, typer.Option(help="Samples of the set; as many as the data allow.", min=1)
    ] = None,
    split: Annotated[
        str, typer.Option(help="What may be trained on, where splits are; empty: all but val.")
    ] = "train",
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
    strict: judging.Strict = False,
    as_json: Json = False,
    lang: judging.Lang = None,
) -> None:
    """Write the next training set by a policy: exact counts, origins, validation by people.

    Exit code: 0 done, 1 the policy would leave out all human data, 2 wrong use or I/O.
    """
    from firsthand.messages import language
    from firsthand.mix import mix
    from firsthand.training_sets.shown import render

    spoken = language(lang)
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
        strict=strict,
    )
    next_step = f"firsthand audit {shlex.quote(str(out))} --reference {shlex.quote(human)}"
    document = {**mixed.document, "version": mixed.version, "next": next_step}
    say("mix", document, render(mixed, next_step, spoken), as_json)


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
