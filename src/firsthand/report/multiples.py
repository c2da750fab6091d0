"""What several candidates measure against one reference, as one offline SVG of small charts.

One chart a metric and slice with a line for each candidate; where there is one candidate, one chart
a metric with a line for each slice. Charts of one metric share their axis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from importlib import resources
from math import nan
from typing import NamedTuple

from firsthand.report import charts
from firsthand.report.side_by_side import Cell, Compared, cell, slices
from firsthand.report.svg import LINE, WIDE, label, mark, shorten
from firsthand.report.words import amount, clean, neutral, part

ACROSS = 3
GAP = 24
MOST = 60


class Panel(NamedTuple):
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
    wide = GAP + max(2, min(ACROSS, len(panels))) * (WIDE + GAP)
    head, top = _head(compared, wide, max(len(panels) - MOST, 0))
    parts = [head]
    for first in range(0, min(len(panels), MOST), ACROSS):
        line = [_drawn(compared, one, panels) for one in panels[first : first + ACROSS]]
        parts += [_placed(GAP + at * (WIDE + GAP), top, *one) for at, one in enumerate(line)]
        top += max(tall for _, tall in line) + GAP
    return _sheet(compared, wide, top, "".join(parts))


def _panels(compared: Compared) -> Iterator[Panel]:
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


def _panel(metric: str, title: str, labels: Sequence[str], cells: Sequence[Cell]) -> Panel:
    unit = next((one.number.unit for one in cells if one.number), "")
    rows = tuple(_row(name, one) for name, one in zip(labels, cells, strict=True))
    return Panel(metric, unit, title, rows)


def _row(name: str, one: Cell) -> charts.Interval:
    severity, number = "watch" if one.outside else "", one.number
    if number is None:
        return charts.Interval(name, one.words, nan, nan, nan, nan, nan)
    ends = (number.value, number.low, number.high, number.null_low, number.null_high)
    return charts.Interval(name, one.words, *ends, severity)


def _drawn(compared: Compared, panel: Panel, panels: Sequence[Panel]) -> tuple[str, float]:
    """One chart under its title, and how tall it is."""
    alike = [row for each in panels if each.metric == panel.metric for row in each.rows]
    middle = neutral(panel.metric)
    scale = charts.Scale(
        middle, lambda tick: amount(tick, panel.unit), charts.domain(alike, middle)
    )
    desc = compared.say("label.join").join(f"{row.label} {row.shown}" for row in panel.rows)
    title = label(0, LINE - 4, shorten(panel.title, WIDE), kind="label number")
    chart = charts.intervals(panel.rows, panel.title, desc, scale)
    tall = charts.height(len(panel.rows))
    return title + _placed(0, LINE, chart, tall), LINE + tall


def _placed(x: float, y: float, drawn: str, tall: float) -> str:
    place = f'x="{x:g}" y="{y:g}" width="{WIDE}" height="{tall:g}"'
    return f"<svg {place}>{drawn}</svg>"


def _head(compared: Compared, wide: float, more: int) -> tuple[str, float]:
    """Title, key and notes, and where the charts begin."""
    keys = [
        (mark(6, -4, 0, "value"), "chart.intervals.interval"),
        (mark(6, -4, charts.SHAPES["watch"], "value watch"), "measure.outside"),
        ('<rect x="0" y="-11" width="12" height="14" class="band"/>', "chart.intervals.band"),
    ]
    lines = [label(0, 0, _title(compared), kind="label number")]
    lines += [drawn + label(18, 0, compared.say(code, rate=compared.rate)) for drawn, code in keys]
    notes = [compared.say("undetermined.nothing-measured.why")] if compared.empty else []
    if len(compared.columns) > 1:
        notes.append(compared.say("measure.family", count=len(compared.columns)))
    notes += [compared.say("label.and-more", count=more)] if more else []
    lines += [label(0, 0, shorten(note, wide - 2 * GAP), kind="tick") for note in notes]
    placed = [
        f'<g transform="translate({GAP} {GAP + at * (LINE + 3)})">{line}</g>'
        for at, line in enumerate(lines)
    ]
    return "".join(placed), GAP + len(lines) * (LINE + 3) + GAP / 2


def _title(compared: Compared) -> str:
    given = compared.reference
    return compared.say("measure.title", reference=clean(given.source), count=given.samples)


def _sheet(compared: Compared, wide: float, tall: float, body: str) -> str:
    """The page: the style of the report, so that light and dark look alike, and nothing fetched."""
    style = resources.files("firsthand.report").joinpath("report.css").read_text(encoding="utf-8")
    style += f"\n.sheet {{ width: {wide:g}px; max-width: 100%; }}\n.paper {{ fill: var(--card); }}"
    names = ", ".join(column.side.name for column in compared.columns)
    title, desc = _title(compared), compared.say("measure.plot", names=names)
    size = f'viewBox="0 0 {wide:g} {tall:g}" width="{wide:g}" height="{tall:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart sheet" {size} role="group" '
        f'aria-labelledby="title desc" lang="{compared.say("label.language")}">'
        f'<title id="title">{escape(title)}</title><desc id="desc">{escape(desc)}</desc>'
        f"<style>{escape(style, quote=False)}</style>"
        f'<rect width="100%" height="100%" class="paper"/>{body}</svg>\n'
    )
