"""How fast are the metrics, next to the packages that people use for them? All in one run.

    make bench            # installs the packages beside which ours stand
    python benchmarks/metrics.py --write docs/benchmarks-metrics.md

Values are compared first, then times in turn in one process; memory in processes of their own. The
parts run one after another: neighbours, distances and diversity, runs of words.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import metrics_moments
import metrics_neighbours
import metrics_text

Row = dict[str, object]
HEAD = (
    "| metric | case | next to | times as fast (CPU) | ours, s (CPU) | theirs, s (CPU) "
    "| ours / floor | MB, ours and theirs | values |"
)
INTRODUCTION = """# Metrics next to other packages

    make bench
    python benchmarks/metrics.py --write docs/benchmarks-metrics.md

Wall seconds, medians of {rounds} rounds in which all tools take turns in one process; CPU seconds
in brackets; peak memory in processes of their own. The floor is what no method of the kind can do
without: the bare float32 products of all pairs (or of the covariances), by the same BLAS.
{machine}.
"""


def table(rows: Iterable[Row]) -> str:
    lines = [HEAD, "|" + "---|" * HEAD.count(" | ") + "---|"]
    for row in rows:
        if "peer" not in row or row["peer"] == "floor":
            continue
        lines.append(
            f"| {row['name']} | {row['case']} | {row['peer']} "
            f"| **{row['times_faster']:.1f}** ({row['times_faster_cpu']:.1f}) "
            f"| {row['wall']:.2f} ({row['cpu']:.2f}) "
            f"| {row['peer_wall']:.2f} ({row['peer_cpu']:.2f}) "
            f"| {row['wall'] / row['floor_wall']:.2f} ({row['cpu'] / row['floor_cpu']:.2f}) "
            f"| {row['megabytes']:.0f}, {row['peer_megabytes']:.0f} | {row['agreement']} |"
        )
    return "\n".join(lines)


def plain(found: Row) -> str:
    """What has a shape of its own, one thing a line."""
    return "\n".join(f"- {name}: {shown(value)}" for name, value in found.items())


def shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {shown(each)}" for name, each in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def machine() -> str:
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"load {load:.1f} before, {date.today().isoformat()}"
    )


def part(name: str, rounds: int) -> str:
    """One part in words; in a process of its own, so that none inherits the memory of another."""
    if name == "neighbours":
        rows = metrics_neighbours.run(rounds)
        rest = [plain(row) for row in rows if "peer" not in row]
        floors = [row for row in rows if row.get("peer") == "floor"]
        return "\n\n".join(["## Neighbours", table(rows), against_floor(floors), *rest])
    if name == "moments":
        rows = metrics_moments.run(rounds)
        return "\n\n".join(
            ["## Distances and diversity", table(rows), plain(metrics_moments.errors())]
        )
    return "\n\n".join(["## Runs of one to four words", plain(metrics_text.run(rounds=rounds))])


def against_floor(rows: Iterable[Row]) -> str:
    head = ["| case | ours, s (CPU) | two bare products, s (CPU) | ratio | MB |"]
    lines = [
        f"| {row['case']} | {row['wall']:.2f} ({row['cpu']:.2f}) "
        f"| {row['peer_wall']:.2f} ({row['peer_cpu']:.2f}) "
        f"| {1 / row['times_faster']:.2f} ({1 / row['times_faster_cpu']:.2f}) "
        f"| {row['megabytes']:.0f} |"
        for row in rows
    ]
    return "\n".join([*head, "|---|---|---|---|---|", *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=Path, help="the page to write; else it is printed")
    parser.add_argument("--part", choices=("neighbours", "moments", "text"))
    given = parser.parse_args()
    if given.part:
        print(part(given.part, given.rounds))
        return
    page = [INTRODUCTION.format(rounds=given.rounds, machine=machine())]
    for name in ("neighbours", "moments", "text"):
        command = [sys.executable, __file__, "--part", name, "--rounds", str(given.rounds)]
        page.append(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    text = "\n".join(page)
    if given.write:
        given.write.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
