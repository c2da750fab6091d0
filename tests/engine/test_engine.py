"""The same result wherever it is computed, and whoever is killed on the way."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import cellwork

from firsthand.engine import ENGINES, Cell, Store, digest, run
from firsthand.errors import FirsthandError


@pytest.fixture(autouse=True)
def workers_find_the_tasks(monkeypatch):
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)


def cells(n=6, **more):
    return [Cell.of({"x": x, **more}) for x in range(n)]


def test_a_cell_is_its_content():
    one, other = Cell.of({"a": 1, "b": [2]}), Cell.of({"b": [2], "a": 1})
    assert one == other
    assert one.digest == other.digest
    assert one.digest != Cell.of({"a": 1}).digest
    np.testing.assert_array_equal(one.rng(3).random(5), other.rng(3).random(5))
    assert not np.array_equal(one.rng(3).random(5), one.rng(4).random(5))
    with pytest.raises(ValueError, match="JSON"):
        Cell.of({"a": float("nan")})


def test_results_are_the_same_on_every_engine_and_in_the_order_of_the_cells():
    found = [run(cellwork.square, cells(), engine, workers=2) for engine in ENGINES]
    assert [int(each["value"][0]) for each in found[0]] == [0, 1, 4, 9, 16, 25]
    assert len({digest(each) for each in found}) == 1
    assert digest(found[0]) != digest(found[0][::-1])


def test_a_killed_worker_costs_time_and_nothing_else(tmp_path):
    work = [
        Cell.of({"x": x, **({"flag": str(tmp_path / str(x))} if x in (1, 4) else {})})
        for x in range(6)
    ]
    seen = []
    found = run(cellwork.kill_own_worker_once, work, "process_pool", workers=2, done=seen.append)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "4"]
    assert digest(found) == digest(run(cellwork.square, work))
    assert seen == sorted(seen)
    assert seen[-1] == 6


def test_work_that_always_kills_its_worker_is_given_up():
    with pytest.raises(FirsthandError, match="died 3 times without finishing one of 2 cells"):
        run(cellwork.kill_own_worker, cells(2), "process_pool", workers=1)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_task_raises_is_raised_and_the_rest_is_kept(engine, tmp_path):
    store = Store(tmp_path)
    with pytest.raises(ValueError, match="three is refused"):
        run(cellwork.refuse, cells(), engine, workers=1, store=store)
    assert store.get(cells()[0]) is not None
    assert store.get(cells()[3]) is None


def test_stored_cells_are_not_computed_again_and_damaged_ones_are(tmp_path):
    store = Store(tmp_path)
    first = run(cellwork.square, cells(3), store=store)
    fakes = {"value": np.array([-1]), "noise": np.zeros(4)}
    store.put(cells()[1], fakes)
    broken = tmp_path / f"{cells()[2].digest}.npz"
    broken.write_bytes(broken.read_bytes()[:-40])
    again = run(cellwork.square, cells(3), store=store)
    assert [int(each["value"][0]) for each in again] == [0, -1, 4]
    assert digest(again[2:]) == digest(first[2:])
    assert not list(tmp_path.glob(".*"))


def test_workers_compute_on_one_thread_and_the_parent_is_left_alone(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    [found] = run(cellwork.threads, cells(1), "process_pool", workers=1)
    assert found["threads"][0] == "1"
    assert "OMP_NUM_THREADS" not in os.environ


RUN = """
import sys
import cellwork
from firsthand.engine import Cell, Store, digest, run
if __name__ == "__main__":
    work = [Cell.of({"x": x, "seconds": float(sys.argv[3])}) for x in range(8)]
    engine, store = sys.argv[1], Store(sys.argv[2])
    print(digest(run(cellwork.square_slowly, work, engine, workers=2, store=store)))
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_that_is_killed_goes_on(engine, tmp_path):
    script, folder = tmp_path / "script.py", tmp_path / "cells"
    script.write_text(RUN)
    started = [sys.executable, str(script), engine, str(folder), "0.3"]
    killed = subprocess.Popen(started, start_new_session=True)
    while len(list(folder.glob("*.npz"))) < 2:
        assert killed.poll() is None
        time.sleep(0.02)
    workers = _children(killed.pid)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert bool(workers) == (engine == "process_pool")
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.npz")}
    assert len(before) < 8
    again = subprocess.run(started, capture_output=True, text=True, check=True)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    work = [Cell.of({"x": x, "seconds": 0.3}) for x in range(8)]
    assert again.stdout.strip() == digest(run(cellwork.square, work))
    assert not [pid for pid in workers if _lives(pid)], "workers outlived their parent"


def _children(pid):
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in path.read_text().split()] if path.exists() else []


def _lives(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
