"""`firsthand forecast`: what is gone, and when, if one goes on like this."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firsthand.cli import _progress as progress

if TYPE_CHECKING:
    from firsthand.class_counts import ClassCounts
    from firsthand.forecast import Counted

CANNOT_SAY = 3


def command(
    generations: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="GEN0 [GEN1 GEN2...]",
            help="One set to plan from, or three or more in order: paths or ledger versions.",
        ),
    ] = None,
    counts: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=N,...", help="Counts instead; once for each generation."),
    ] = None,
    run: Annotated[str | None, typer.Option(help="A lab run with counts instead.")] = None,
    runs: Annotated[Path, typer.Option("--runs", help="Folder of lab runs.")] = Path("lab-runs"),
    chain: Annotated[int, typer.Option(help="Of the lab run.", min=0)] = 0,
    seen: Annotated[int, typer.Option(help="Generations of the lab run to learn from.", min=1)] = 4,
    policy: Annotated[
        str | None, typer.Option(help="Plan: how each next set is made; replace if not said.")
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="policy.share=0.2, sampling.temperature=0.9, ..."
        ),
    ] = None,
    samples: Annotated[
        int, typer.Option(help="Plan: samples of each later set; as many as in GEN0.", min=0)
    ] = 0,
    measured: Annotated[
        bool, typer.Option("--measured", help="Generations are samples of what models put out.")
    ] = False,
    horizon: Annotated[
        int, typer.Option("--generations", "--horizon", help="To look ahead.", min=1)
    ] = 10,
    level: Annotated[float, typer.Option(help="Of the intervals.")] = 0.9,
    check: Annotated[
        bool, typer.Option("--check", help="Plan: hold the closed form against simulation.")
    ] = False,
    then: Annotated[
        list[str] | None, typer.Option(help="A set that came afterwards; shown, not used.")
    ] = None,
    split: Annotated[
        str, typer.Option(help="What is trained on, where splits are; empty: all.")
    ] = "train",
    strict: Annotated[
        bool, typer.Option("--strict", help="Bad content is an error, not a skip.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw what may come, class by class.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all that is random.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    lang: Annotated[
        str | None, typer.Option("--lang", help="en or zh; else the language of the locale.")
    ] = None,
) -> None:
    """If I go on like this, which classes are gone, and when?

    From one set and a plan, by closed form where there is one; from three or more generations, by
    carrying on what was seen, with whether chance explains it.

    Exit code: 0 said, 2 wrong use or I/O, 3 cannot say.
    """
    from firsthand.forecast import forecast
    from firsthand.messages import language
    from firsthand.report import ahead
    from firsthand.report import as_json as documents

    spoken = language(lang)
    given, later = _sources(generations or [], counts or [], run)
    if run is not None:
        given, later = _of_run(run, runs, chain, seen)
    chosen, sampling = _plan(options or [])
    with progress.generations(spoken) as report:
        found = forecast(
            *given,
            policy=policy,
            options=chosen,
            samples=samples,
            sampling=sampling,
            measured=measured,
            horizon=horizon,
            level=level,
            seed=seed,
            check=check,
            then=[*later, *(then or [])],
            split=split,
            strict=strict,
            report=report,
        )
    if plot is not None and found.classes:
        from firsthand.report.fan import picture

        plot.write_text(picture(found, spoken), encoding="utf-8")
    drifts = len(found.classes) != 1  # one class alone keeps its share, and plan refuses it
    typed = _typed(generations or [], counts or []) if drifts else []
    told = documents.forecast(found) if as_json else ahead.render(found, spoken, commands=typed)
    print(told, end="")
    if not found.classes:
        raise typer.Exit(CANNOT_SAY)


def _sources(
    paths: Sequence[str], counts: Sequence[str], run: str | None
) -> tuple[Sequence[Counted], Sequence[Counted]]:
    """Generations by path or by counts, never by two ways at once."""
    from firsthand.class_counts import parse_counts
    from firsthand.errors import InputError

    ways = [bool(paths), bool(counts), run is not None]
    if sum(ways) != 1:
        raise InputError(
            "generations are given in " + (f"{sum(ways)} ways" if any(ways) else "no way"),
            expected="paths, or --counts NAME=N,... for each generation, or --run RUN",
        )
    return (list(paths) if paths else [parse_counts(each) for each in counts]), []


def _of_run(
    name: str, folder: Path, chain: int, seen: int
) -> tuple[list[ClassCounts], list[ClassCounts]]:
    """What a lab run saw, and what came afterwards."""
    from firsthand.errors import InputError
    from firsthand.lab.replayed import counts_of
    from firsthand.lab.runs import find

    found = counts_of(find(name, folder), chain)
    if seen > len(found):
        raise InputError(f"--seen {seen}", expected=f"at most the {len(found)} generations there")
    return found[:seen], found[seen:]


def _plan(given: Sequence[str]) -> tuple[Mapping[str, Any], Any]:
    """Options of the policy, and of sampling where any is given."""
    import yaml

    from firsthand.errors import InputError
    from firsthand.recursion import Sampling

    parts: dict[str, dict[str, Any]] = {"policy": {}, "sampling": {}}
    for each in given:
        key, equals, value = each.partition("=")
        part, dot, name = key.partition(".")
        if not (equals and dot and name) or part not in parts:
            raise InputError(f"--set {each}", expected="policy.OPTION=VALUE or sampling.…=VALUE")
        parts[part][name] = yaml.safe_load(value)
    known = vars(Sampling())
    for name, value in parts["sampling"].items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name not in known or not number or not 0 < value < float("inf"):
            raise InputError(
                f"sampling.{name} is {value!r}",
                expected="a number above 0 for one of " + ", ".join(known),
            )
    return parts["policy"], Sampling(**parts["sampling"]) if parts["sampling"] else None


def _typed(paths: Sequence[str], counts: Sequence[str]) -> list[str]:
    """The command that asks what would keep the classes."""
    from firsthand.report.ahead import KEEPING as asked

    if paths:
        return [shlex.join(["firsthand", "plan", paths[0], *asked])]
    return [shlex.join(["firsthand", "plan", "--counts", counts[0], *asked])] if counts else []
