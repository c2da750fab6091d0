"""`firsthand monitor`: has anything got worse, although one looks after every generation?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from firsthand.cli import _judging as judging
from firsthand.cli._histories import in_ledger, is_ledger, of_chain, rows_of


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

    Exit code: 0 no alarm, 1 alarm, 2 wrong use or I/O, 3 nothing, or nothing of the last
    generation, could be looked at.
    """
    from firsthand.messages import language
    from firsthand.monitor import ALPHA, monitor
    from firsthand.report import monitored

    rows, latest = rows_of(sources, reference, metric, features, seed)
    found = monitor(of_chain(rows, policy, sources[0]), alpha=alpha)
    more = [] if not latest or is_ledger(sources) else ["NEXT"]
    given = {
        "--reference": reference, "--alpha": None if alpha == ALPHA else alpha,
        "--features": features, "--policy": policy, "--seed": seed or None,
    }  # fmt: skip
    typed = [str(word) for pair in given.items() if pair[1] is not None for word in pair]
    typed += [word for name in metric or () for word in ("--metric", name)]
    again = ["firsthand", "monitor", *sources, *more, *typed]
    named = reference or ""
    against = in_ledger(sources[0], named) if is_ledger(sources) else named
    told = monitored.Told(found, again, latest, against, language(lang))
    if plot is not None:
        plot.write_text(monitored.picture(told), encoding="utf-8")
    print(monitored.document(told) if as_json else monitored.render(told), end="")
    raise typer.Exit(3 if found.blind else int(found.alarm is not None))
