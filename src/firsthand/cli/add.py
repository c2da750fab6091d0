"""`firsthand add`: stage samples for the next version, or register a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firsthand.cli._judging import Lang
from firsthand.cli._ledger import Json, opened, say
from firsthand.errors import InputError
from firsthand.messages import Language, language, text

if TYPE_CHECKING:
    from firsthand.ledger import Ledger
    from firsthand.ledger.catalog import Model
    from firsthand.types import Dataset, Provenance, Skip


def command(
    path: Annotated[Path | None, typer.Argument(help="Dataset in any known format.")] = None,
    origin: Annotated[
        str | None,
        typer.Option(help="Who made it: human, synthetic, model-labelled or unknown."),
    ] = None,
    generator: Annotated[
        str | None, typer.Option(help="The model that made it, as NAME@VERSION.")
    ] = None,
    generation: Annotated[
        int | None, typer.Option(help="Its generation, where no registered model tells it.")
    ] = None,
    verified_by: Annotated[str | None, typer.Option(help="Who looked at every sample.")] = None,
    group_by: Annotated[
        str | None,
        typer.Option(
            help="What makes samples dependent: the number of a path part of the key, or a "
            "regular expression whose first parentheses hold it."
        ),
    ] = None,
    copy: Annotated[bool, typer.Option(help="Keep a copy of media in the ledger.")] = False,
    remove: Annotated[bool, typer.Option(help="Take out all that came from PATH.")] = False,
    format: Annotated[str | None, typer.Option(help="Name of the format.")] = None,
    provenance: Annotated[Path | None, typer.Option(help="Provenance side file.")] = None,
    strict: Annotated[bool, typer.Option(help="Anything unusable is an error.")] = False,
    model: Annotated[str | None, typer.Option(help="Register this model, NAME@VERSION.")] = None,
    trained_on: Annotated[str | None, typer.Option(help="The version it was trained on.")] = None,
    parent: Annotated[str | None, typer.Option(help="The model it was tuned from.")] = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Stage a dataset for the next commit, or register a model with --model.

    The version then holds of PATH what PATH holds now: changed samples change, vanished ones go.
    """
    spoken = language(lang)
    ledger = opened()
    if (path is None) == (model is None):
        raise InputError(
            "either a PATH or --model is needed",
            expected="firsthand add PATH, or firsthand add --model NAME@VERSION",
        )
    if model is not None:
        registered = ledger.register_model(model, trained_on=trained_on, parent=parent)
        say("add", {"model": registered}, _registered(registered, spoken), as_json)
        return
    assert path is not None
    _refuse_overlap(ledger, path)
    if remove:
        ledger.remove(path)
        say("add", {"removed": str(path)}, text("ledger.goes", spoken, path=path), as_json)
        return
    declared = _declared(origin, generator, generation, verified_by)
    dataset = _read(path, format, provenance, strict)
    item = ledger.add(
        dataset, declared=declared, source=path, group_by=group_by, copy=copy, replace=True
    )
    skips = dict(Counter(skip.code for skip in dataset.skips))
    document = {"source": item.source, "samples": item.samples, "skips": skips}
    say("add", document, _text(item.source, item.samples, dataset.skips, spoken), as_json)


def _text(source: str, samples: int, skips: Sequence[Skip], lang: Language) -> str:
    from firsthand.report.left_out import skipped

    lines = [text("ledger.staged", lang, count=samples, source=source)]
    for each in skipped(skips, lang):
        said = {"count": each.count, "reason": each.text, "first": each.places[0]}
        lines.append("  " + text("ledger.left-out", lang, **said))
    return "\n".join([*lines, text("ledger.next-commit", lang)])


def _read(path: Path, format: str | None, provenance: Path | None, strict: bool) -> Dataset:
    from firsthand.read import read

    if not path.exists():
        raise InputError("there is no such file or folder", where=str(path))
    return read(path, format=format, provenance=provenance, strict=strict)


def _declared(
    origin: str | None, generator: str | None, generation: int | None, verified_by: str | None
) -> Provenance | None:
    from firsthand.provenance import declare

    if origin is None and (generator, generation, verified_by) != (None, None, None):
        raise InputError(
            "something was said about where the data come from, but not who made them",
            expected="--origin human, synthetic, model-labelled or unknown",
        )
    return None if origin is None else declare(origin, generator, verified_by, generation)


def _refuse_overlap(ledger: Ledger, path: Path) -> None:
    """Two sources of which one lies inside the other would hold the same samples twice."""
    status = ledger.status()
    known = {item.source for item in status.staged}
    for branch in status.branches:
        known.update(ledger.version(branch).sources)
    full = path.resolve()
    for source in sorted(known):
        other = (ledger.root / source).resolve()
        if other != full and (other in full.parents or full in other.parents):
            raise InputError(
                f"{path} and {source}, which is in the ledger, lie one inside the other",
                expected="sources that share no samples",
                todo=f"Add {source} again, or take it out first: firsthand add {source} --remove",
            )


def _registered(model: Model, lang: Language) -> str:
    generation = str(model.generation)
    if model.generation is None:
        generation = text("ledger.at-least", lang, generation=model.generation_at_least)
    unknown = text("ledger.unknown", lang)
    ancestry = unknown if model.ancestry is None else f"{model.ancestry:.3f}"
    said = {"generation": generation, "ancestry": ancestry}
    return text("ledger.registered", lang, name=model.name, **said)
