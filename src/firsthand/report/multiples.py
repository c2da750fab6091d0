"""What several candidates measure against one reference, as one offline SVG of small charts.

One chart a metric and slice with a line for each candidate; where there is one candidate, one chart
a metric with a line for each slice. Charts of one metric share their axis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import nan
from typing import NamedTuple

from firsthand.report import charts
from firsthand.report.sheet import Panel, note, sheet
from firsthand.report.side_by_side import Cell, Compared, cell, slices
from firsthand.report.svg import label, mark
from firsthand.report.words import amount, clean, neutral, part

ACROSS = 3
MOST = 60


class Part(NamedTuple):
    """One small chart, before it is drawn."""

    metric: str
    unit: str
    title: str
    rows: tuple[charts.Interval, ...]


def render(compared: Compared) -> str:
    """The document. Its numbers are those of the table; a row without one says why.

    Charts of metrics that gave no number at all come last.
    """
    panels = sorted(_panels(compared), key=lambda panel: not panel.unit)
    drawn = [_drawn(compared, one, panels) for one in panels[:MOST]]
    names = ", ".join(column.side.name for column in compared.columns)
    return sheet(
        _title(compared),
        drawn,
        _head(compared, max(len(panels) - MOST, 0)),
        across=ACROSS,
        least=2,
        desc=compared.say("measure.plot", names=names),
        lang=compared.say("label.language"),
    )


def _panels(compared: Compared) -> Iterator[Part]:
    """In the order of the table."""
    names = [column.side.name for column in compared.columns]
    for metric, parts in slices(compared).items():
        cells = [[cell(compared, each, metric, one) for each in compared.columns] for one in parts]
        labels = [part(one, compared.lang) for one in parts]
        if len(names) == 1:
            yield _panel(metric, clean(metric), labels, [row[0] for row in cells])
            continue
        for where, row in zip(labels, cells, strict=True):
            yield _panel(
                metric, compared.say("slice.join").join([clean(metric), where]), names, row
            )


def _panel(metric: str, title: str, labels: Sequence[str], cells: Sequence[Cell]) -> Part:
    unit = next((one.number.unit for one in cells if one.number), "")
    rows = tuple(_row(name, one) for name, one in zip(labels, cells, strict=True))
    return Part(metric, unit, title, rows)


def _row(name: str, one: Cell) -> charts.Interval:
    severity, number = "watch" if one.outside else "", one.number
    if number is None:
        return charts.Interval(name, one.words, nan, nan, nan, nan, nan)
    ends = (number.value, number.low, number.high, number.null_low, number.null_high)
    return charts.Interval(name, one.words, *ends, severity)


def _drawn(compared: Compared, panel: Part, panels: Sequence[Part]) -> Panel:
    """One chart under its title; charts of one metric share their scale."""
    alike = [row for each in panels if each.metric == panel.metric for row in each.rows]
    middle = neutral(panel.metric)
    scale = charts.Scale(
        middle, lambda tick: amount(tick, panel.unit), charts.domain(alike, middle)
    )
    desc = compared.say("label.join").join(f"{row.label} {row.shown}" for row in panel.rows)
    chart = charts.intervals(panel.rows, panel.title, desc, scale)
    return Panel(panel.title, chart, charts.height(len(panel.rows)))


def _head(compared: Compared, more: int) -> list[str]:
    """Key and notes."""
    keys = [
        (mark(6, -4, 0, "value"), "chart.intervals.interval"),
        (mark(6, -4, charts.SHAPES["watch"], "value watch"), "measure.outside"),
        ('<rect x="0" y="-11" width="12" height="14" class="band"/>', "chart.intervals.band"),
    ]
    lines = [drawn + label(18, 0, compared.say(code, rate=compared.rate)) for drawn, code in keys]
    notes = [compared.say("undetermined.nothing-measured.why")] if compared.empty else []
    if len(compared.columns) > 1:
        notes.append(compared.say("measure.family", count=len(compared.columns)))
    notes += [compared.say("label.and-more", count=more)] if more else []
    return lines + [note(words) for words in notes]


def _title(compared: Compared) -> str:
    given = compared.reference
    return compared.say("measure.title", reference=clean(given.source), count=given.samples)
