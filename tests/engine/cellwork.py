"""Tasks for worker processes; each is a function of its cell."""

import os
import signal
import time
from pathlib import Path

import numpy as np


def square(cell):
    numbers = cell.rng().standard_normal(4)
    return {"value": np.array([cell.spec["x"] ** 2]), "noise": numbers}


def square_slowly(cell):
    time.sleep(cell.spec["seconds"])
    return square(cell)


def kill_own_worker_once(cell):
    """The cells that say so kill their process when they are tried for the first time."""
    flag = cell.spec.get("flag")
    if flag and not Path(flag).exists():
        Path(flag).write_text("tried")
        os.kill(os.getpid(), signal.SIGKILL)
    return square(cell)


def kill_own_worker(cell):
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(cell):
    if cell.spec["x"] == 3:
        raise ValueError("three is refused")
    return square(cell)


def threads(cell):
    return {"threads": np.array([os.environ.get("OMP_NUM_THREADS", "")])}
