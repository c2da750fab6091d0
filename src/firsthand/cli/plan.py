"""`firsthand plan`: what would keep the classes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firsthand.cli import _progress as progress

if TYPE_CHECKING:
    from firsthand.class_counts import ClassCounts
    from firsthand.types import Dataset

EXIT = {"pass": 0, "block": 1, "cannot-say": 3}


def command(
    reference: Annotated[
        str | None,
        typer.Argument(metavar="[REFERENCE]", help="Human data: a path or a ledger version."),
    ] = None,
    counts: Annotated[
        str | None, typer.Option(metavar="NAME=N,...", help="Human counts by class instead.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="Samples of every training set; as many as are human.")
    ] = None,
    generations: Annotated[
        int | None,
        typer.Option(help="Look at this training set; at any one, once settled, if not said."),
    ] = None,
    keep: Annotated[
        float, typer.Option(help="Part of its human share each class is to have; 0: it occurs.")
    ] = 0.9,
    probability: Annotated[float, typer.Option(help="With which each class is to have it.")] = 0.95,
    budget: Annotated[
        int | None, typer.Option(metavar="N", help="What do N human samples a generation buy?")
    ] = None,
    policy: Annotated[
        str,
        typer.Option(help="fresh, quota, weighted, anchor, accumulate, replace or filtered."),
    ] = "fresh",
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", help="Keep only this class; may be repeated."),
    ] = None,
    wrong: Annotated[
        float | None, typer.Option(help="Verifier: share of generated labels that are wrong.")
    ] = None,
    keep_right: Annotated[
        float | None, typer.Option(help="Verifier: share of right labels that it lets pass.")
    ] = None,
    keep_wrong: Annotated[
        float | None, typer.Option(help="Verifier: share of wrong labels that it lets pass.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Follow the plan in simulated chains.")
    ] = False,
    chains: Annotated[int | None, typer.Option(min=1, help="Of the check; 200 to 4000.")] = None,
    group_by: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN", help="What depends on each other: regex or path part of the key."
        ),
    ] = None,
    split: Annotated[
        str, typer.Option(help="What is trained on, where splits are; empty: all.")
    ] = "train",
    strict: Annotated[
        bool, typer.Option("--strict", help="Bad content is an error, not a skip.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw what other budgets buy.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the check.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    lang: Annotated[
        str | None, typer.Option("--lang", help="en or zh; else the language of the locale.")
    ] = None,
) -> None:
    """How many fresh human samples, what mix or how good a verifier keeps the classes?

    A class is kept if its share in the training set looked at is at least --keep of its human
    share, with the probability that is asked for. What cannot be kept is named with the reason.
    Samples are images, texts or rows, as `mix` counts them.

    Exit code: 0 planned, and not contradicted by --check; 1 --check contradicts the plan; 2 wrong
    use or I/O; 3 cannot say.
    """
    from firsthand.messages import language
    from firsthand.plan import plan
    from firsthand.planning.answer import effort
    from firsthand.planning.document import document
    from firsthand.planning.shown import render
    from firsthand.planning.verifier import Verifier

    spoken = language(lang)
    with progress.generations(spoken) as report:
        found = plan(
            _source(reference, counts, group_by, strict),
            samples=samples,
            generations=generations,
            keep=keep,
            probability=probability,
            budget=budget,
            policy=policy,
            classes=classes or (),
            verifier=Verifier(wrong=wrong, keep_right=keep_right, keep_wrong=keep_wrong),
            simulate=check,
            chains=chains,
            seed=seed,
            split=split,
            report=report,
        )
    if plot is not None:
        from firsthand.planning.picture import picture

        plot.write_text(picture(found, spoken), encoding="utf-8")
    steps = effort(found)
    source = reference or ""
    shown = document(found, steps, source) if as_json else render(found, steps, source, spoken)
    print(shown, end="")
    raise typer.Exit(EXIT[found.verdict])


def _source(
    reference: str | None, counts: str | None, group_by: str | None, strict: bool
) -> Dataset | ClassCounts:
    """Human data from where they were named, exactly once."""
    from firsthand.class_counts import parse_counts
    from firsthand.errors import InputError
    from firsthand.read import read
    from firsthand.types import HUMAN

    if (reference is None) == (counts is None):
        raise InputError(
            "human data are named " + ("nowhere" if counts is None else "twice"),
            expected="a REFERENCE, or --counts NAME=N,NAME=N",
        )
    if counts is not None:
        return parse_counts(counts)
    return read(str(reference), declared=HUMAN, group_by=group_by, strict=strict)
