"""`firsthand monitor`: has anything got worse, although one looks after every generation?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firsthand.cli import _judging as judging

if TYPE_CHECKING:
    from firsthand.trajectory import Row


def command(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="The generations in order: sets or versions; or one ledger, run or trajectory.",
        ),
    ],
    reference: Annotated[
        str | None,
        typer.Option("--reference", "-r", help="Human-verified data that each is set against."),
    ] = None,
    alpha: Annotated[
        float, typer.Option(help="Chance of any false alarm, over all looks together.")
    ] = 0.05,
    metric: judging.Metrics = None,
    features: judging.Features = None,
    policy: Annotated[
        str | None, typer.Option(help="Of a trajectory of several: policy, run or chain.")
    ] = None,
    seed: judging.Seed = 0,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE.svg", help="Draw it as one SVG.")
    ] = None,
    as_json: judging.Json = False,
    lang: judging.Lang = None,
) -> None:
    """Has anything got worse over the generations? False alarms stay rare however often one looks.

    Give the generations in order, and ask again with one more after each: `firsthand monitor
    gen1 gen2 gen3 --reference human`. A folder with a ledger stands for its versions after the
    reference; a trajectory.parquet, or a run that holds one, for the numbers in it.

    Exit code: 0 no alarm, 1 alarm, 2 wrong use or I/O, 3 nothing could be watched.
    """
    from firsthand.messages import language
    from firsthand.monitor import monitor
    from firsthand.report import monitored

    rows, latest = _rows(sources, reference, metric, features, seed)
    if policy is not None:
        rows = [row for row in rows if policy in {row.run, row.policy, str(row.chain)}]
    found = monitor(rows, alpha=alpha)
    asked = ["firsthand", *sys.argv[1:]]
    told = monitored.Told(found, asked, latest, reference or "", language(lang))
    if plot is not None:
        plot.write_text(monitored.picture(told), encoding="utf-8")
    print(monitored.document(told) if as_json else monitored.render(told), end="")
    raise typer.Exit(3 if not found.watched else int(found.alarm is not None))


def _rows(
    sources: list[str],
    reference: str | None,
    metrics: list[str] | None,
    features: str | None,
    seed: int,
) -> tuple[list[Row], str]:
    """The trajectory, and the set that was looked at last, where that is known."""
    from firsthand import trajectory
    from firsthand.errors import InputError
    from firsthand.monitor import observe

    table = _table(sources)
    if table is not None:
        rows = trajectory.read(table)
        return [row for row in rows if metrics is None or row.metric in metrics], ""
    if reference is None:
        raise InputError(
            "no reference is named",
            expected="the human-verified data that every generation is set against",
            todo="Add --reference.",
        )
    sets = _versions(sources[0], reference) if _is_ledger(sources) else list(sources)
    try:
        rows = observe(
            sets, reference, metrics=metrics, features=features, seed=seed, report=judging.progress
        )
    finally:
        judging.progress("")
    return rows, sets[-1]


def _table(sources: list[str]) -> Path | None:
    """The trajectory that one source is, or holds."""
    if len(sources) > 1:
        return None
    path = Path(sources[0])
    inside = path / "trajectory.parquet"
    if inside.is_file():
        return inside
    if path.suffix == ".parquet" and path.is_file() and _is_trajectory(path):
        return path
    return None


def _is_trajectory(path: Path) -> bool:
    from firsthand import trajectory
    from firsthand.errors import FormatError

    try:
        trajectory.read(path)
    except FormatError:
        return False
    return True


def _is_ledger(sources: list[str]) -> bool:
    return len(sources) == 1 and (Path(sources[0]) / ".firsthand").is_dir()


def _versions(folder: str, reference: str) -> list[str]:
    """Every version of a ledger after the reference, oldest first."""
    from firsthand.errors import InputError
    from firsthand.ledger import Ledger

    names = [version.name for version in reversed(Ledger.open(folder).log())]
    first = Ledger.open(folder).version(reference).name
    after = names[names.index(first) + 1 :]
    if not after:
        raise InputError(
            f"the ledger has no version after {reference}",
            expected="at least one generation to look at",
            where=folder,
        )
    return after
