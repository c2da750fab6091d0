"""What happens to data when a model trains on what it made? Runs that loop.

`pictures` runs it on disk, with real pictures, a ledger and the metrics of an audit. `simulate`
runs thousands of chains of a model family in memory, in cells that any engine can compute, and
keeps what it found in a folder that a stopped run goes on from.
"""

from __future__ import annotations

from firsthand.lab.parsing import asked, grid, load, parse
from firsthand.lab.pictures import Generation, Spec, rows, run
from firsthand.lab.runs import Run, find, made, runs, simulate
from firsthand.lab.spec import Experiment

__all__ = [
    "Experiment",
    "Generation",
    "Run",
    "Spec",
    "asked",
    "find",
    "grid",
    "load",
    "made",
    "parse",
    "rows",
    "run",
    "runs",
    "simulate",
]
