"""Runs beside each other: what tells them apart; those that differ only in their seed are one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from firsthand.engine import Cell
from firsthand.lab import survival, table
from firsthand.lab.runs import Run
from firsthand.lab.spec import opened
from firsthand.lab.survival import ALIVE, LAW
from firsthand.trajectory import Row
from firsthand.types import ALL

Found = Mapping[int, Row]  # by generation
NAMES = ("model", "policy")  # are told without saying what they are
NOT_TOLD = ("seed", "chains", "every")


@dataclass(frozen=True)
class Series:
    """One line of a picture: a run, or several that differ only in their seed."""

    label: str
    rows: Sequence[Row]
    runs: int = 1

    @property
    def typical(self) -> dict[str, dict[int, Row]]:
        """By number and generation: medians over chains, or the values of the only chain."""
        return typical(self.rows)

    def classes(self, metric: str) -> dict[str, dict[int, Row]]:
        """By class and generation: the share of chains in which it is alive, or its law."""
        found: dict[str, dict[int, Row]] = {}
        for row in self.rows:
            if row.metric == metric:
                found.setdefault(dict(row.slice)["class"], {})[row.generation] = row
        return found


def typical(rows: Iterable[Row]) -> dict[str, dict[int, Row]]:
    """By number and generation: medians over chains, or the values of the only chain."""
    found: dict[str, dict[int, Row]] = {}
    for row in rows:
        if row.metric not in (ALIVE, LAW) and row.slice != table.MEAN and row.chain <= 0:
            found.setdefault(row.metric, {}).setdefault(row.generation, row)
    return found


def series(runs: Sequence[Run]) -> list[Series]:
    """Runs in the order given, named by what differs between them."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        key = {name: value for name, value in _told(run).items() if name != "seed"}
        groups.setdefault(str(sorted(key.items())), []).append(run)
    told = [_told(group[0]) for group in groups.values()]
    labels = _labels(told, [group[0].name for group in groups.values()])
    return [
        Series(label, _together(group), len(group))
        for label, group in zip(labels, groups.values(), strict=True)
    ]


def _labels(told: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    keys = dict.fromkeys(key for each in told for key in each if key not in NOT_TOLD)
    apart = [key for key in keys if len({str(each.get(key)) for each in told}) > 1]
    labels = [", ".join(_words(key, each[key]) for key in apart if key in each) for each in told]
    return labels if len(set(labels)) == len(labels) and all(labels) else list(names)


def _words(key: str, value: Any) -> str:
    return str(value) if key in NAMES else f"{key.partition('.')[2] or key} {value}"


def _told(run: Run) -> dict[str, Any]:
    """All that decides a run, options by name; a first set as large as the others goes unsaid."""
    decided = dict(run.about["experiment"])
    if decided["first"] == decided["samples"]:
        del decided["first"]
    told: dict[str, Any] = {}
    for key, value in decided.items():
        part = key.partition("_options")[0]
        inner = value.items() if isinstance(value, dict) else None
        told |= {key: value} if inner is None else {f"{part}.{name}": it for name, it in inner}
    return told


def _together(runs: Sequence[Run]) -> list[Row]:
    """The rows of one run, or of all chains of several."""
    rows = runs[0].rows
    if len(runs) == 1:
        return rows
    experiment, _ = opened(Cell(runs[0].about["cells"][0]))
    found = table.joined([run.records for run in runs])
    units = {row.metric: row.unit for row in rows if row.metric in found and row.metric != ALIVE}
    truth = {row.metric: row.value for row in rows if row.generation == 0 and row.slice == ALL}
    known = {name: value for name, value in truth.items() if value is not None}
    made = table.rows(experiment, found, units, known)
    if ALIVE in found:
        names = [dict(row.slice)["class"] for row in rows if row[3:5] == (0, ALIVE)]
        made += survival.shares(experiment, found, names)
        made += [row for row in rows if row.metric == LAW]
    return made
