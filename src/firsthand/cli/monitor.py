"""`firsthand monitor`: has anything got worse, although one looks after every generation?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from firsthand.cli import _judging as judging
from firsthand.cli._histories import rows_of


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

    rows, latest = rows_of(sources, reference, metric, features, seed)
    if policy is not None:
        rows = [row for row in rows if policy in {row.run, row.policy, str(row.chain)}]
    found = monitor(rows, alpha=alpha)
    asked = ["firsthand", *sys.argv[1:]]
    told = monitored.Told(found, asked, latest, reference or "", language(lang))
    if plot is not None:
        plot.write_text(monitored.picture(told), encoding="utf-8")
    print(monitored.document(told) if as_json else monitored.render(told), end="")
    raise typer.Exit(3 if not found.watched else int(found.alarm is not None))
