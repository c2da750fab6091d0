"""Runs as people read them: a table for a terminal, a document, a CSV file, a picture."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib import resources
from io import StringIO
from math import nan
from typing import Any

from firsthand.lab.runs import SCHEMA, Run
from firsthand.lab.table import MEAN
from firsthand.messages import number
from firsthand.report.curves import Curve, Point, curves
from firsthand.report.svg import LINE, WIDE, label, mark, shorten
from firsthand.trajectory import Row

Found = Mapping[int, Row]  # by generation

ACROSS, GAP, TALL = 2, 24, 210
COLUMNS = 7  # generations side by side in a terminal
MARKS = 16  # points of a curve that are drawn
SERIES = 4  # runs that a picture can tell apart


def typical(rows: Iterable[Row]) -> dict[str, dict[int, Row]]:
    """By number and generation: medians over chains, or the values of the first chain."""
    found: dict[str, dict[int, Row]] = {}
    for row in rows:
        if row.slice != MEAN and row.chain <= 0:
            found.setdefault(row.metric, {}).setdefault(row.generation, row)
    return found


def table(run: Run) -> str:
    """What became of one run: a line for each number, a column for some generations."""
    told = run.about["experiment"]
    lines = [
        f"{run.name}: {told['generations']} generations of {told['samples']} samples, "
        f"{told['chains']} chains, seed {told['seed']}",
        f"{run.about['seconds']:g} s, {'numba' if run.about['compiled'] else 'NumPy'}, "
        f"digest {run.about['digest'][:16]}, {run.about['degenerate']} chains degenerated",
        "Medians over chains [5 %, 95 %]" if told["chains"] > 1 else "One chain",
        "",
        *_grid("", typical(run.rows)),
    ]
    return "\n".join(lines) + "\n"


def compared(runs: Sequence[Run]) -> str:
    """The same numbers of several runs under each other."""
    found = {run.name: typical(run.rows) for run in runs}
    lines = []
    for metric in dict.fromkeys(metric for each in found.values() for metric in each):
        here = {name: each[metric] for name, each in found.items() if metric in each}
        lines += [*_grid(metric, here), ""]
    return "\n".join(lines)


def _grid(corner: str, found: Mapping[str, Found]) -> Iterator[str]:
    columns = _some(sorted({generation for each in found.values() for generation in each}), COLUMNS)
    cells = [[corner, *(f"gen {generation}" for generation in columns)]]
    for name, each in found.items():
        cells.append([name, *(_cell(each.get(generation)) for generation in columns)])
    wide = [max(len(line[at]) for line in cells) for at in range(len(columns) + 1)]
    for line in cells:
        first = line[0].ljust(wide[0])
        rest = (cell.rjust(room) for cell, room in zip(line[1:], wide[1:], strict=True))
        yield "  ".join((first, *rest)).rstrip()


def _cell(row: Row | None) -> str:
    if row is None or row.value is None:
        return "-"
    if row.low is None or row.high is None:
        return number(row.value)
    return f"{number(row.value)} [{number(row.low)}, {number(row.high)}]"


def _some(generations: Sequence[int], most: int) -> list[int]:
    """All, or the last ones of 1, 2, 5, 10, 20, 50 ..., with the very first and last."""
    if len(generations) <= most:
        return list(generations)
    round_ones = [generation for generation in generations[1:-1] if f"{generation:e}"[0] in "125"]
    round_ones = [one for one in round_ones if float(f"{one:.0e}") == one][2 - most :]
    return [generations[0], *round_ones, generations[-1]]


def document(runs: Sequence[Run]) -> dict[str, Any]:
    """The runs with all rows of their trajectories, as JSON values."""
    return {
        "schema": SCHEMA,
        "runs": [
            {
                **{key: value for key, value in run.about.items() if key != "cells"},
                "folder": str(run.folder),
                "rows": [{**row._asdict(), "slice": dict(row.slice)} for row in run.rows],
            }
            for run in runs
        ],
    }


def as_csv(runs: Sequence[Run]) -> str:
    """The rows of all trajectories; the slice is written `key=value`."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row._fields)
    for run in runs:
        for row in run.rows:
            part = ";".join(f"{key}={value}" for key, value in row.slice)
            writer.writerow((row._asdict() | {"run": run.name, "slice": part}).values())
    return text.getvalue()


def picture(runs: Sequence[Run]) -> str:
    """Every number over the generations, a line a run with its band, as one offline SVG."""
    found = {run.name: typical(run.rows) for run in runs[:SERIES]}
    metrics = list(dict.fromkeys(metric for each in found.values() for metric in each))
    metrics = [metric for metric in metrics if _moves(metric, found)]
    top = GAP + LINE * (len(found) + 1)
    parts = [_legend(runs[:SERIES])]
    for at, metric in enumerate(metrics):
        x, y = GAP + at % ACROSS * (WIDE + GAP), top + at // ACROSS * (TALL + 2 * LINE + GAP)
        parts.append(f'<g transform="translate({x} {y})">{_panel(metric, found)}</g>')
    high = top + -(-len(metrics) // ACROSS) * (TALL + 2 * LINE + GAP)
    return _sheet(GAP + ACROSS * (WIDE + GAP), high, "".join(parts))


def _moves(metric: str, found: Mapping[str, Mapping[str, Found]]) -> bool:
    values = {row.value for each in found.values() for row in each.get(metric, {}).values()}
    return len(values) > 1


def _panel(metric: str, found: Mapping[str, Mapping[str, Found]]) -> str:
    series = [Curve(name, tuple(_points(each.get(metric, {})))) for name, each in found.items()]
    unit = next(row.unit for each in found.values() for row in each.get(metric, {}).values())
    ends = [(one.label, one.points[-1].value) for one in series if one.points]
    desc = "; ".join(f"{name} ends at {number(value)}" for name, value in ends)
    drawn = curves(series, metric, desc, ("generation", number))
    title = label(0, LINE - 4, shorten(f"{metric} ({unit})", WIDE), kind="label number")
    return f'{title}<svg y="{LINE}" width="{WIDE}" height="{TALL}">{drawn}</svg>'


def _points(found: Found) -> Iterator[Point]:
    generations = sorted(found)
    last = len(generations) - 1
    places = {round(last * at / (MARKS - 1)) for at in range(MARKS)}
    for generation in (generations[at] for at in sorted(places) if at <= last):
        row = found[generation]
        ends = (row.value, row.low, row.high)
        if generation == 0:  # the human population is known, its band has no width
            ends = (row.value, row.value, row.value)
        value, low, high = (nan if end is None else end for end in ends)
        yield Point(generation, value, low, high, nan, nan)


def _legend(runs: Sequence[Run]) -> str:
    lines = [
        f'<g transform="translate({GAP} {GAP + LINE * at})">{mark(6, -4, at, big=True)}'
        f"{label(18, 0, run.name)}</g>"
        for at, run in enumerate(runs)
    ]
    note = "Lines: medians over chains, or one chain. Bands: 90 % of chains."
    return "".join(lines) + label(GAP, GAP + LINE * len(runs), note, kind="tick")


def _sheet(wide: float, tall: float, body: str) -> str:
    style = resources.files("firsthand.report").joinpath("report.css").read_text(encoding="utf-8")
    style += f"\n.sheet {{ width: {wide:g}px; max-width: 100%; }}\n.paper {{ fill: var(--card); }}"
    size = f'viewBox="0 0 {wide:g} {tall:g}" width="{wide:g}" height="{tall:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart sheet" {size} role="group" '
        f'aria-labelledby="title"><title id="title">Numbers over generations</title>'
        f"<style>{escape(style, quote=False)}</style>"
        f'<rect width="100%" height="100%" class="paper"/>{body}</svg>\n'
    )
