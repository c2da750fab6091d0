"""`firsthand measure`: the numbers of one or several candidates, without a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from firsthand.cli import _judging as judging

if TYPE_CHECKING:
    from firsthand.messages import Language
    from firsthand.report.side_by_side import Column, Compared, Side
    from firsthand.types import Dataset


class _Asked(NamedTuple):
    """What decides the numbers, as it was typed."""

    candidates: list[str]
    reference: str
    metrics: list[str] | None
    format: str | None
    group_by: str | None
    seed: int
    strict: bool

    def read(self, source: str) -> Dataset:
        """One set, in the format that was named."""
        from firsthand.audit import opened
        from firsthand.read import read

        return opened(read(source, format=self.format, strict=self.strict, group_by=self.group_by))


def command(
    candidates: Annotated[
        list[str],
        typer.Argument(metavar="CANDIDATE", help="Sets to measure; generations in their order."),
    ],
    reference: judging.Reference,
    metric: judging.Metrics = None,
    format: Annotated[
        str | None,
        typer.Option("--format", help="Format of the data, where it is not told by looking."),
    ] = None,
    group_by: judging.GroupBy = None,
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
    found = _compared(_Asked(candidates, reference, metric, format, group_by, seed, strict), spoken)
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
        human = asked.read(asked.reference)
        names = short_names(asked.candidates)
        columns = [
            _column(asked, human, name, source)
            for name, source in zip(names, asked.candidates, strict=True)
        ]
    finally:
        judging.progress("")
    side = _side(asked.reference, asked.reference, human)
    return Compared(side, tuple(columns), asked.seed, Limits({}).family_wise_rate, lang)


def _column(asked: _Asked, human: Dataset, name: str, source: str) -> Column:
    from firsthand.audit import check_comparable
    from firsthand.measure import measure
    from firsthand.report.side_by_side import Column

    candidate = asked.read(source)
    check_comparable(candidate, human)
    measured = measure(
        human,
        candidate,
        metrics=asked.metrics,
        seed=asked.seed,
        report=lambda metric: judging.progress(f"{name}: {metric}"),
    )
    return Column(_side(name, source, candidate), measured)


def _side(name: str, source: str, dataset: Dataset) -> Side:
    from firsthand.audit import described
    from firsthand.report.side_by_side import Side

    return Side(name, source, described(dataset), dataset.skips)


def _write_trajectory(path: Path, found: Compared) -> None:
    """One generation a candidate, counted from 1; the reference would be 0."""
    from firsthand import trajectory

    rows = []
    for at, column in enumerate(found.columns, start=1):
        step = trajectory.Step(found.reference.source, 0, "measured", at)
        rows += trajectory.rows(step, column.answers, n=column.side.samples)
    trajectory.write(path, rows)
