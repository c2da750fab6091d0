"""Compute cells in several processes of this machine.

Processes are spawned, not forked, so that threads and GPU contexts of the parent do no harm. Each
computes on one thread, because cells are what is parallel. A worker ends when its parent does.

A script that uses this needs `if __name__ == "__main__":`, as with every spawned process.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class ProcessPool(ProcessPoolExecutor):
    """The pool of the standard library, with one thread a worker and no orphans."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As the executor does; workers that are started for it compute on one thread."""
        with _one_thread():
            return super().submit(fn, *args, **kwargs)


def executor(workers: int | None) -> Executor:
    """A pool with this many workers, or one for each processor that this process may use."""
    many = workers or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else workers
    context = multiprocessing.get_context("spawn")
    return ProcessPool(many or os.cpu_count(), mp_context=context, initializer=_watch_parent)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Numerical libraries read these when they are loaded: in a worker, before anything else."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _watch_parent() -> None:
    """A worker of a killed parent would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_leave_with, args=(parent.sentinel,), daemon=True).start()


def _leave_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
