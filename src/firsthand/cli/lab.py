"""`firsthand lab`: simulated recursive training."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from firsthand.cli import _closed_loop

if TYPE_CHECKING:
    from firsthand.lab import Experiment, Run

Action = Literal["run", "list", "show", "compare"]
Engine = Literal["in_process", "process_pool"]
Whole = Annotated[int | None, typer.Option(min=0)]


def command(
    action: Annotated[Action, typer.Argument(help="What to do.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SPEC.yaml|RUN...", help="run: a spec, if any. show, compare: runs, or specs."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Model family, or a Python file with a `component`.")
    ] = None,
    policy: Annotated[str | None, typer.Option(help="How the next training set is made.")] = None,
    generations: Annotated[int | None, typer.Option(help="How many models are trained.")] = None,
    samples: Annotated[int | None, typer.Option(help="Size of each training set.")] = None,
    first: Annotated[
        int | None, typer.Option(help="Human samples to begin with; as many as --samples.")
    ] = None,
    chains: Annotated[int | None, typer.Option(help="Independent repetitions; 1.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of all random numbers; 0.")] = None,
    every: Annotated[int | None, typer.Option(help="Generations between records.")] = None,
    data: Annotated[str | None, typer.Option(help="Human data, for models that learn it.")] = None,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="An option: model.estimator=unbiased, policy.share=0.2, sampling.temperature=0.9.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of runs.")] = Path("lab-runs"),
    engine: Annotated[Engine, typer.Option(help="Where to compute.")] = "in_process",
    workers: Annotated[int | None, typer.Option(min=1, help="Of the pool.")] = None,
    compiled: Annotated[
        bool | None, typer.Option(help="Use numba; where it is installed unless told.")
    ] = None,
    every_chain: Annotated[
        bool, typer.Option("--every-chain", help="Rows of each chain in the trajectory, too.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw all numbers with their bands.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Write the trajectories.")
    ] = None,
    sheets: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Closed loop: what is found and missed, as HTML."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Train models on what models made, thousands of chains at once, and see what is lost.

    `lab run SPEC.yaml`, or with flags alone: `lab run --model gaussian --policy replace
    --generations 100 --samples 100 --chains 20000`. A run that was stopped goes on when it is
    started again. `lab list` names the runs, `lab show RUN` and `lab compare RUN...` look at them.
    A spec with lists of values is a grid: every combination is run, and compared. A spec with
    `arms` is a closed loop: a detector that trains on labels of its own (docs/closed-loop.md).

    Exit code: 0 done, 2 wrong use or I/O.
    """
    from firsthand import lab
    from firsthand.lab import drawn, shown

    names = names or []
    if action == "run":
        flags: dict[str, Any] = {
            "model": model,
            "policy": policy,
            "generations": generations,
            "samples": samples,
            "first": first,
            "chains": chains,
            "seed": seed,
            "every": every,
            "data": data,
        }
        if len(names) == 1 and _closed_loop.described(names[0]):
            given = [flag for flag, value in (flags | {"csv": csv}).items() if value is not None]
            found = _closed_loop.run(names[0], [*given, *(options or [])], out)
            _write(plot, lambda: _closed_loop.picture(found))
            _closed_loop.write_sheets(found, sheets)
            print(_closed_loop.text(found, as_json), end="")
            return
        how = {"out": out, "engine": engine, "workers": workers, "compiled": compiled}
        runs = _run(_experiments(names, flags, options or []), {**how, "every_chain": every_chain})
    elif action == "list":
        runs = lab.runs(out)
    else:
        runs = [run for name in _some(action, names) for run in _found(name, out)]
    _write(plot, lambda: drawn.picture(runs))
    _write(csv, lambda: shown.as_csv(runs))
    print(json.dumps(shown.document(runs)) if as_json else _text(action, runs), end="")


def _experiments(
    names: Sequence[str], flags: dict[str, Any], options: Sequence[str]
) -> list[Experiment]:
    """The spec or the grid of specs, changed by the flags, changed by the options."""
    from firsthand import lab
    from firsthand.errors import InputError

    if len(names) > 1:
        raise InputError(f"{len(names)} specs are given", expected="one, or flags alone")
    given = {key: value for key, value in flags.items() if value is not None}
    return lab.grid(names[0] if names else None, given, options)


def _run(experiments: Sequence[Experiment], how: dict[str, Any]) -> list[Run]:
    from firsthand import lab

    runs = []
    simulate: Callable[..., Run] = lab.simulate
    for at, experiment in enumerate(experiments, 1):
        runs.append(simulate(experiment, **how, progress=_progress))
        of = f" ({at} of {len(experiments)})" if len(experiments) > 1 else ""
        print(f"run: {runs[-1].folder}{of}", file=sys.stderr)
    return runs


def _found(name: str, out: Path) -> list[Run]:
    """A run by its name, or all of a spec."""
    from firsthand import lab

    is_spec = name.endswith((".yaml", ".yml"))
    return lab.made(lab.grid(name, {}), out) if is_spec else [lab.find(name, out)]


def _some(action: str, names: Sequence[str]) -> Sequence[str]:
    from firsthand.errors import InputError

    if not names:
        raise InputError(
            f"lab {action} is told no run", expected="a run", todo="See firsthand lab list."
        )
    return names


def _progress(done: int, of: int) -> None:
    """One line on a terminal that is written over; nothing where nobody watches."""
    if sys.stderr.isatty() and of > 1:
        end = "\n" if done == of else ""
        print(f"\r\x1b[K{done} of {of} cells", end=end, file=sys.stderr, flush=True)


def _write(path: Path | None, made: Callable[[], str]) -> None:
    if path is not None:
        path.write_text(made(), encoding="utf-8")


def _text(action: Action, runs: Sequence[Run]) -> str:
    from firsthand.lab import shown

    if action == "list":
        return shown.listed(runs)
    if action == "compare" or len(runs) > 1 and action == "run":
        return shown.compared(runs)
    return "\n".join(shown.table(run) for run in runs)
