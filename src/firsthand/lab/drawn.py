"""Runs as pictures: every number over the generations, and the survival of each class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import nan

from firsthand.errors import InputError
from firsthand.lab.runs import Run
from firsthand.lab.series import Found, Series, series
from firsthand.lab.survival import ALIVE, LAW
from firsthand.messages import number
from firsthand.report.curves import Curve, Plot, Point, curves
from firsthand.report.sheet import Panel, key, note, sheet
from firsthand.report.svg import LINE, MARKS, WIDE, frame, label, shorten, width
from firsthand.trajectory import Row

TALL = 210
MOST = 96  # room for the name of a class
EVERY = 6  # a line has about so many marks, those of each series in other places
STYLE = """
.edge { fill: none; stroke-width: 1; opacity: .55; }
.chart .unit { font-weight: 400; fill: var(--quiet); }
.law { fill: none; stroke: var(--ink); stroke-width: 1; }
.class { fill: none; stroke: var(--s0); stroke-width: 3; opacity: .55; }
"""


def picture(runs: Sequence[Run], only: Sequence[str] = ()) -> str:
    """Every number over the generations, a line a run with its band, as one offline SVG.

    Runs that differ only in their seed are one line. Of a single run the survival of its classes
    is drawn as well.

    Raises:
        InputError: there are more runs than a picture can tell apart.
    """
    return drawn(series(runs), only)


def drawn(lines: Sequence[Series], only: Sequence[str] = ()) -> str:
    """The same of given series; `only` names the numbers that are wanted."""
    if len(lines) > len(MARKS):
        raise InputError(
            f"{len(lines)} kinds of runs in one picture",
            expected=f"at most {len(MARKS)}, beside their seeds",
            todo="Name fewer runs.",
        )
    found = {line.label: line.typical for line in lines}
    metrics = dict.fromkeys(metric for each in found.values() for metric in each)
    wanted = [metric for metric in metrics if _moves(metric, found) and metric in (only or metrics)]
    panels = [_panel(metric, found) for metric in wanted]
    panels += [_survival(line, many=len(lines) > 1) for line in lines if line.classes(ALIVE)]
    return sheet("Numbers over generations", panels, _legend(lines, panels), style=STYLE)


def _moves(metric: str, found: Mapping[str, Mapping[str, Found]]) -> bool:
    values = {row.value for each in found.values() for row in each.get(metric, {}).values()}
    return len(values) > 1


def _panel(metric: str, found: Mapping[str, Mapping[str, Found]]) -> Panel:
    lines = [
        Curve(name, tuple(_points(each.get(metric, {}), at, len(found))))
        for at, (name, each) in enumerate(found.items())
    ]
    unit = next(row.unit for each in found.values() for row in each.get(metric, {}).values())
    ends = [(one.label, one.points[-1].value) for one in lines if one.points]
    desc = "; ".join(f"{name} ends at {number(value)}" for name, value in ends)
    body = curves(lines, metric, desc, ("generation", number), edges=True)
    return Panel(metric.replace("_", " "), body, TALL, unit)


def _points(found: Found, at: int, lines: int) -> Iterator[Point]:
    generations = sorted(found)
    apart = max(1, len(generations) // EVERY)
    first = round(apart * at / lines)
    for place, generation in enumerate(generations):
        yield _point(found[generation], marked=place % apart == first % apart)


def _point(row: Row, *, marked: bool = True) -> Point:
    value, low, high = (nan if end is None else end for end in (row.value, row.low, row.high))
    if row.generation == 0:  # the human population is known, its band has no width
        low = high = value
    return Point(row.generation, value, low, high, nan, nan, marked=marked)


class _ByClass(Plot):
    """A chart with names at the ends of its curves."""

    TALL = 250

    def __init__(self, last: int, names: Iterable[str]) -> None:
        super().__init__((0, last), (0.0, 1.0), number)
        self.RIGHT = round(min(MOST, max(width(name) for name in names)) + 16)


def _survival(line: Series, *, many: bool) -> Panel:
    """Points of what was found with their intervals, and the closed form as a thin line."""
    alive, law = line.classes(ALIVE), line.classes(LAW)
    last = max(max(each) for each in alive.values())
    plot = _ByClass(last, alive)
    body = [plot.axes("generation")]
    for each in alive.values():
        body.append(plot.band(_all(each), "spread s0"))
        body.append(f'<path d="{plot.path(_all(each))}" class="class"/>')
    body += [f'<path d="{plot.path(_all(each))}" class="law"/>' for each in law.values()]
    ends = {name: each[max(each)].value or 0.0 for name, each in alive.items()}
    body += _names(plot, ends)
    title = f"classes alive: {line.label}" if many else "classes alive"
    desc = "; ".join(f"{name} ends at {number(value)}" for name, value in ends.items())
    drawn = frame(plot.TALL, title, desc, "".join(body))
    return Panel(title, drawn, plot.TALL, "share of chains")


def _all(found: Found) -> list[Point]:
    return [_point(row) for row in found.values()]


def _names(plot: _ByClass, ends: Mapping[str, float]) -> Iterator[str]:
    """Names beside the ends of curves, the highest first, moved down where there is no room."""
    room = plot.RIGHT - 10
    above = -float(LINE)
    ranked = sorted(ends.items(), key=lambda each: -each[1])
    for left, (name, value) in zip(range(len(ranked), 0, -1), ranked, strict=True):
        lowest = plot.TALL - plot.BOTTOM + 4 - (left - 1) * (LINE - 3)
        y = min(max(plot.y(value) + 4, above + LINE - 3), lowest)
        above = y
        yield label(WIDE - plot.RIGHT + 6, y, shorten(name, room), kind="tick")


def _legend(lines: Sequence[Series], panels: Sequence[Panel]) -> list[str]:
    marks = [
        key(at, each.label + (f" ({each.runs} seeds)" if each.runs > 1 else ""))
        for at, each in enumerate(lines)
    ]
    notes = ["Lines: medians over chains, or one chain. Bands: 90 % of chains."]
    if any(each.classes(ALIVE) for each in lines):
        notes.append("Classes: share of chains that still have them, with its 95 % interval;")
        notes.append("thin: the closed form, where one holds.")
    return marks + [note(words) for words in notes if panels]
