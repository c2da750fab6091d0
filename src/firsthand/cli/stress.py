"""`firsthand stress`: make a known failure on one's own data, to try the diagnosis on."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firsthand import __version__
from firsthand.cli import _judging as judging

if TYPE_CHECKING:
    from firsthand.cases.case import Case


def command(
    failure: Annotated[
        str,
        typer.Argument(
            metavar="FAILURE", help="healthy, overfitting, mode_collapse, forgetting, shift, ..."
        ),
    ],
    data: Annotated[str, typer.Option("--data", help="Human data: texts, boxes, images, points.")],
    out: Annotated[Path, typer.Option(help="Folder to write; must not exist.")],
    strength: Annotated[
        float | None, typer.Option(help="In the unit of the failure's dial. Medium.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option("-n", min=2, help="Samples of each set. As the data suffice for.")
    ] = None,
    other: Annotated[
        str | None, typer.Option(help="Texts of another collection, for a shift of texts.")
    ] = None,
    features: judging.Features = None,
    seed: judging.Seed = 0,
    as_json: judging.Json = False,
    lang: judging.Lang = None,
) -> None:
    """Make a known failure on your own human data, to see what a diagnosis says of it.

    Exit code: 0 written, 2 wrong use or I/O.
    """
    from firsthand import registry
    from firsthand.cases.writing import written
    from firsthand.messages import has, language, text
    from firsthand.stress import medium, stress

    failure = failure.replace("-", "_")  # as diagnose writes it
    kind = registry.load("failures", failure)
    dial = medium(kind) if strength is None else strength
    case = stress(
        failure, data, strength=dial, n=samples, seed=seed, other=other, features=features
    )
    paths = {role: str(path) for role, path in written(case, out).items()}
    ask = _command(case, paths)
    facts = {"cause": case.cause, "strength": dial, "samples": _size(case), "seed": seed}
    if as_json:
        document = {
            "schema": "firsthand.stress/1",
            "tool_version": __version__,
            "failure": failure,
            **facts,
        }
        document |= {"dial": kind.dial, "origin": case.origin, "sets": paths, "next": [ask]}
        print(json.dumps(document, ensure_ascii=False, indent=2))
        return
    spoken = language(lang)
    facts["cause"] = text(f"diagnose.name.{case.cause}", spoken)
    code = f"stress.dial.{failure}"  # a failure of one's own has none
    facts["dial"] = text(code, spoken) if has(code) else kind.dial
    print(text("stress.done", spoken, **facts, out=str(out)))
    print(text("label.next", spoken, command=ask))


def _size(case: Case) -> int:
    """Samples of each set."""
    from firsthand.types import Dataset

    train = case.train
    return len(train.samples) if isinstance(train, Dataset) else len(train)


def _command(case: Case, paths: dict[str, str]) -> str:
    """What to type now."""
    words = ["firsthand", "diagnose"]
    for role in ("reference", "train", "samples", "heldout", "unfiltered"):
        words += [f"--{role}", paths[role]] if role in paths else []
    return shlex.join([*words, "--origin", case.origin])
