"""`firsthand measure`: the numbers of one or several candidates, without a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from firsthand.cli import _judging as judging

if TYPE_CHECKING:
    from firsthand.messages import Language
    from firsthand.report.side_by_side import Column, Compared
    from firsthand.report.side_by_side import Side as Named
    from firsthand.sides import Side


PAIRS = frozenset({"precision", "recall", "density", "coverage"})
MANY_PAIRS = 1_000_000_000  # some ten seconds


class _Asked(NamedTuple):
    """What decides the numbers, as it was typed."""

    candidates: list[str]
    reference: str
    metrics: list[str] | None
    features: str | None
    format: str | None
    group_by: str | None
    at_most: int | None
    seed: int
    strict: bool

    def open(self, source: str) -> Side:
        """One side, in the format that was named."""
        from firsthand.sources import side_of

        reading = {"format": self.format, "strict": self.strict, "group_by": self.group_by}
        return side_of(source, self.features, **reading)


def command(
    candidates: Annotated[
        list[str],
        typer.Argument(metavar="CANDIDATE", help="Sets to measure; generations in their order."),
    ],
    reference: judging.Reference,
    metric: judging.Metrics = None,
    features: judging.Features = None,
    format: Annotated[
        str | None,
        typer.Option("--format", help="Format of the data, where it is not told by looking."),
    ] = None,
    group_by: judging.GroupBy = None,
    at_most: Annotated[
        int | None,
        typer.Option(min=100, metavar="N", help="Points a side; of more a random part. All."),
    ] = None,
    seed: judging.Seed = 0,
    strict: judging.Strict = False,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE.svg", help="Draw them as one SVG.")
    ] = None,
    trajectory: Annotated[
        Path | None,
        typer.Option(metavar="FILE.parquet", help="Write a table; the first candidate is 1."),
    ] = None,
    as_json: judging.Json = False,
    lang: judging.Lang = None,
) -> None:
    """What has each candidate lost against the reference? Numbers side by side, no verdict.

    Exit code: 0 measured, 2 wrong use or I/O, 3 nothing at all could be measured.
    """
    from firsthand.messages import language
    from firsthand.report import multiples, side_by_side, table

    spoken = language(lang)
    asked = _Asked(candidates, reference, metric, features, format, group_by, at_most, seed, strict)
    found = _compared(asked, spoken)
    if plot is not None:
        plot.write_text(multiples.render(found), encoding="utf-8")
    if trajectory is not None:
        _write_trajectory(trajectory, found)
    print(side_by_side.document(found) if as_json else table.render(found), end="")
    raise typer.Exit(3 if found.empty else 0)


def _compared(asked: _Asked, lang: Language) -> Compared:
    """Read the reference once, and measure each candidate against it."""
    from firsthand.config import Limits
    from firsthand.report.side_by_side import Compared, short_names

    try:
        human = asked.open(asked.reference)
        names = short_names(asked.candidates)
        columns = [
            _column(asked, human, name, source)
            for name, source in zip(names, asked.candidates, strict=True)
        ]
    finally:
        judging.progress("")
    side = _named(asked.reference, asked.reference, human)
    return Compared(side, tuple(columns), asked.seed, Limits({}).family_wise_rate, lang)


def _column(asked: _Asked, human: Side, name: str, source: str) -> Column:
    from firsthand.measure import measure
    from firsthand.report.side_by_side import Column
    from firsthand.sources import check_comparable

    candidate = asked.open(source)
    check_comparable(candidate, human)
    _say_time(asked, human, candidate)
    measured = measure(
        human,
        candidate,
        metrics=asked.metrics,
        at_most=asked.at_most,
        seed=asked.seed,
        report=lambda metric: judging.progress(f"{name}: {metric}"),
    )
    return Column(_named(name, source, candidate), measured)


def _say_time(asked: _Asked, human: Side, candidate: Side) -> None:
    """What looks at all pairs of very many points takes long: say how long, and what to do."""
    from firsthand.contracts import FeatureView
    from firsthand.numerics.prdc import estimate

    pointed = "features" in human.offers & candidate.offers
    many = len(human.media) * len(candidate.media) >= MANY_PAIRS
    if asked.at_most or not (many and pointed and {*(asked.metrics or PAIRS)} & PAIRS):
        return
    ours, theirs = human.view("features"), candidate.view("features")
    assert isinstance(ours, FeatureView)
    assert isinstance(theirs, FeatureView)
    pairs = len(ours.media) * len(theirs.media)
    if pairs < MANY_PAIRS:
        return
    told = estimate(ours.features, theirs.features)
    typer.echo(
        f"{', '.join(sorted(PAIRS))} look at {pairs:,} pairs of points: about "
        f"{told.seconds / 60:,.0f} minutes and {told.memory / 1e9:.1f} GB beside the points.\n"
        "With --at-most 50000 they look at that many points a side.",
        err=True,
    )


def _named(name: str, source: str, side: Side) -> Named:
    from firsthand.report.side_by_side import Side as Named

    return Named(name, source, side.described(), side.skips)


def _write_trajectory(path: Path, found: Compared) -> None:
    """One generation a candidate, counted from 1; the reference would be 0."""
    from firsthand import trajectory

    rows = []
    for at, column in enumerate(found.columns, start=1):
        step = trajectory.Step(found.reference.source, 0, "measured", at)
        rows += trajectory.rows(step, column.answers, n=column.side.samples)
    trajectory.write(path, rows)
