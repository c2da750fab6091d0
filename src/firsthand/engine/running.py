"""Compute cells that are not stored yet, whatever happens to the workers on the way."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, as_completed
from typing import Literal, get_args

from firsthand.engine.cells import Arrays, Cell
from firsthand.engine.store import Store
from firsthand.errors import FirsthandError

EngineName = Literal["in_process", "process_pool"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)

PATIENCE = 3  # pools lost in a row without one result: then the work itself is at fault

Task = Callable[[Cell], Arrays]
Finished = Callable[[Cell, Arrays], None]


def run(
    task: Task,
    cells: Sequence[Cell],
    engine: EngineName = "in_process",
    *,
    workers: int | None = None,
    store: Store | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> list[Arrays]:
    """Compute every cell; the results come in the order of the cells.

    Args:
        task: a function of a module, so that another process can import it.
        cells: equal ones are computed once.
        engine: where.
        workers: of the pool; one a processor unless told.
        store: cells that it holds are not computed; others are put there as soon as they are done.
        done: is told how many cells are done, each time that changes.

    Raises:
        FirsthandError: workers die again and again.
        Exception: whatever the task raises; what was done by then is stored.
    """
    results = {cell: kept for cell in cells if store and (kept := store.get(cell)) is not None}
    done(len(results))

    def finished(cell: Cell, result: Arrays) -> None:
        if store is not None:
            store.put(cell, result)
        results[cell] = result
        done(len(results))

    patience = PATIENCE
    while missing := [cell for cell in dict.fromkeys(cells) if cell not in results]:
        before = len(results)
        _round(task, missing, _open(engine, workers), finished)
        patience = PATIENCE if len(results) > before else patience - 1
        if not patience:
            raise FirsthandError(
                f"worker processes died {PATIENCE} times without finishing one of "
                f"{len(missing)} cells",
                expected="workers that live as long as a cell takes",
                todo="See whether memory runs out; try the engine in_process, which shows why.",
            )
    return [results[cell] for cell in cells]


def _open(engine: EngineName, workers: int | None) -> Executor:
    opened: Executor = importlib.import_module(f"firsthand.engine.{engine}").executor(workers)
    return opened


def _round(task: Task, cells: Sequence[Cell], executor: Executor, finished: Finished) -> None:
    """Once through the cells. Those of a pool that breaks are left for another round."""
    waiting = {}
    try:
        for cell in cells:
            try:
                future = executor.submit(task, cell)
            except BrokenExecutor:
                break
            if future.done() and future.exception() is None:
                finished(cell, future.result())
            else:
                waiting[future] = cell
        for future in as_completed(waiting):
            try:
                result = future.result()
            except BrokenExecutor:
                continue
            finished(waiting[future], result)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
