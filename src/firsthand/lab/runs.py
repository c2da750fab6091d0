"""Runs on disk: a folder each, with what decided it, what was found, and the cells behind it."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import firsthand
from firsthand import trajectory
from firsthand.engine import Arrays, Cell, EngineName, Store, digest
from firsthand.engine import run as run_cells
from firsthand.errors import InputError
from firsthand.lab import reached, survival, table
from firsthand.lab.alone import Alone
from firsthand.lab.human import digest_of
from firsthand.lab.loop import chains_of, compute
from firsthand.lab.spec import Experiment, cells, placeless
from firsthand.trajectory import Row

SCHEMA = "firsthand.lab/1"
FOLDER = Path("lab-runs")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Run:
    """A run that is done."""

    folder: Path
    about: dict[str, Any]  # as in its run.json

    @property
    def name(self) -> str:
        """Of its folder."""
        return self.folder.name

    @property
    def rows(self) -> list[Row]:
        """Its trajectory."""
        return trajectory.read(self.folder / "trajectory.parquet")

    @property
    def records(self) -> Arrays:
        """All that was recorded, chain by chain: see `loop.follow`."""
        store = Store(self.folder / "cells")
        blocks = [store.get(Cell(text)) for text in self.about["cells"]]
        there = [block for block in blocks if block is not None]
        if len(there) < len(blocks):
            raise InputError("a cell is not there", todo="Run it again.", where=str(self.folder))
        return table.joined(there)


def simulate(
    experiment: Experiment,
    *,
    out: str | Path = FOLDER,
    engine: EngineName = "in_process",
    workers: int | None = None,
    compiled: bool | None = None,
    every_chain: bool = False,
    progress: Progress = lambda _done, _of: None,
) -> Run:
    """Run an experiment, or go on with one that was stopped.

    Args:
        experiment: what decides it.
        out: folder of runs; this one gets a folder in it, named after the experiment and a digest
            of all that decides it, so that the same experiment is the same run.
        engine: where cells are computed; the result is the same.
        workers: of a pool.
        compiled: by numba, with other random numbers of the same law; if None, where it is there.
        every_chain: write the rows of each chain into the trajectory, too.
        progress: is told the number of cells done, and of all.

    Raises:
        InputError: the experiment cannot be run.
    """
    began = time.perf_counter()
    fast = has_compiler() if compiled is None else compiled
    human = digest_of(experiment.data)
    # Refuses what cannot be run, before anything is written.
    chains: Any = chains_of(experiment, fast)
    work = cells(experiment, fast, human)
    folder = Path(out) / f"{experiment.name}-{_short([placeless(cell).digest for cell in work])}"
    blocks = run_cells(
        compute,
        work,
        engine,
        workers=workers,
        store=Store(folder / "cells"),
        done=lambda many: progress(many, len(work)),
    )
    found = table.joined(blocks)
    units = reached.UNITS if isinstance(chains, Alone) else experiment.family().units
    made = table.rows(experiment, found, units, chains.truth, every_chain=every_chain)
    if survival.ALIVE in found:
        made += survival.rows(experiment, found, chains.classes)
    trajectory.write(folder / "trajectory.parquet", made)
    about = {
        "schema": SCHEMA,
        "name": experiment.name,
        "experiment": experiment.decided(),
        "compiled": fast,
        "human": human,
        "digest": digest([found]),
        "degenerate": int((found["died"] >= 0).sum()),
        "seconds": round(time.perf_counter() - began, 3),
        "versions": versions(),
        "cells": [cell.text for cell in work],
    }
    _write(folder / "run.json", json.dumps(about, indent=1))
    return Run(folder, about)


def runs(out: str | Path = FOLDER) -> list[Run]:
    """Every finished run in a folder, by name."""
    found = sorted(Path(out).glob("*/run.json"))
    return [Run(path.parent, json.loads(path.read_text("utf-8"))) for path in found]


def find(name: str, out: str | Path = FOLDER) -> Run:
    """One run, by its path, its name or the beginning of it.

    Raises:
        InputError: there is none, or several begin so.
    """
    here = Path(name) / "run.json"
    if here.is_file():
        return Run(here.parent, json.loads(here.read_text("utf-8")))
    there = [run for run in runs(out) if run.name.startswith(name)]
    exact = [run for run in there if run.name == name]
    if len(exact or there) == 1:
        return (exact or there)[0]
    names = ", ".join(run.name for run in there or runs(out)) or "no runs"
    raise InputError(
        f"{len(there)} runs are called {name!r}",
        expected="one run; there are " + names,
        todo="See firsthand lab list.",
        where=str(out),
    )


def made(experiments: Sequence[Experiment], out: str | Path = FOLDER) -> list[Run]:
    """The finished runs of some experiments, as those of a grid, in their order.

    Raises:
        InputError: one has not been run, or not to its end.
    """
    there = {_text(run.about["experiment"]): run for run in runs(out)}
    wanted = [_text(experiment.decided()) for experiment in experiments]
    missing = sum(each not in there for each in wanted)
    if missing:
        raise InputError(
            f"{missing} of {len(wanted)} runs are not done",
            expected="runs that are",
            todo="Start firsthand lab run with the same spec: it goes on where it was stopped.",
            where=str(out),
        )
    return [there[each] for each in wanted]


def has_compiler() -> bool:
    """Whether numba is installed (extra [fast])."""
    return importlib.util.find_spec("numba") is not None


def versions() -> dict[str, str]:
    """Of all that random numbers and arithmetic depend on."""
    from importlib.metadata import version

    names = ["numpy", *(name for name in ("numba", "torch") if importlib.util.find_spec(name))]
    known = {name: version(name) for name in names}
    return {"firsthand": firsthand.__version__, "python": platform.python_version(), **known}


def _text(decided: dict[str, Any]) -> str:
    return json.dumps(decided, sort_keys=True)


def _short(digests: list[str]) -> str:
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:8]


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(path)
