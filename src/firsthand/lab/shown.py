"""Runs as people read them: a table for a terminal, a document, a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

from firsthand import __version__
from firsthand.lab.runs import SCHEMA, Run
from firsthand.lab.series import Found, Series, series
from firsthand.lab.survival import ALIVE
from firsthand.messages import number
from firsthand.trajectory import Row

COLUMNS = 7  # generations side by side in a terminal


def listed(runs: Sequence[Run]) -> str:
    """One line a run: its name, and what it was."""
    lines = []
    for run in runs:
        told = run.about["experiment"]
        sizes = [f"{told[key]} {key}" for key in ("generations", "samples", "chains")]
        lines.append([run.name, *sizes, f"seed {told['seed']}", f"{run.about['seconds']:g} s"])
    wide = [max(map(len, column)) for column in zip(*lines, strict=True)]
    aligned = ("  ".join(map(str.ljust, line, wide)).rstrip() for line in lines)
    return "".join(f"{line}\n" for line in aligned) or "no runs\n"


def table(run: Run) -> str:
    """What became of one run: a line for each number, a column for some generations."""
    told = run.about["experiment"]
    one = Series(run.name, run.rows)
    lines = [
        f"{run.name}: {told['generations']} generations of {told['samples']} samples, "
        f"{told['chains']} chains, seed {told['seed']}",
        f"{run.about['seconds']:g} s, {'numba' if run.about['compiled'] else 'NumPy'}, "
        f"digest {run.about['digest'][:16]}, {run.about['degenerate']} chains degenerated",
        "Medians over chains [5 %, 95 %]" if told["chains"] > 1 else "One chain",
        "",
        *_grid("", one.typical),
    ]
    alive = one.classes(ALIVE)
    if alive:
        lines += ["", "Share of chains in which a class is alive [95 %]", *_grid("", alive)]
    return "\n".join(lines) + "\n"


def compared(runs: Sequence[Run]) -> str:
    """The same numbers of several runs under each other; seeds are taken together."""
    found = {each.label: each.typical for each in series(runs)}
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
        "tool_version": __version__,
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
