"""A run is a function of its experiment: wherever, however often and with whatever interruption."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from firsthand import lab, trajectory
from firsthand.engine import digest
from firsthand.errors import InputError
from firsthand.lab.spec import cells

SMALL = {
    "model": {"name": "gaussian", "exact": False},
    "policy": "replace",
    "generations": 8,
    "samples": 2000,
    "chains": 3000,
    "seed": 3,
}


def experiment(**changes):
    return lab.parse({**SMALL, **changes})


def test_engines_agree_bit_for_bit(tmp_path):
    small = experiment(generations=2)
    assert len(cells(small, False)) == 3
    here = lab.simulate(small, out=tmp_path / "here")
    pool = lab.simulate(small, out=tmp_path / "pool", engine="process_pool", workers=2)
    assert here.about["digest"] == pool.about["digest"]
    assert here.rows == pool.rows
    assert digest([here.records]) == here.about["digest"]
    assert here.records["variance"].shape == (2, 3000)


def test_a_longer_run_has_other_cells_and_more_chains_begin_with_the_same(tmp_path):
    more = cells(experiment(chains=3100), False)
    fewer = cells(experiment(chains=3000), False)
    assert [cell.spec["begins"] for cell in more] == [0, 1048, 2096]
    assert more[:2] == fewer[:2]
    assert not set(cells(experiment(seed=4), False)) & set(fewer)


KILLED = """
import sys
from firsthand import lab
if __name__ == "__main__":
    lab.simulate(lab.load(sys.argv[1]), out=sys.argv[2], engine=sys.argv[3], workers=1)
"""


@pytest.mark.parametrize("engine", ["in_process", "process_pool"])
def test_a_killed_run_goes_on_and_ends_with_the_digest_of_an_uninterrupted_one(engine, tmp_path):
    spec, script, out = tmp_path / "spec.yaml", tmp_path / "script.py", tmp_path / "runs"
    spec.write_text(json.dumps(SMALL | {"chains": 7000}))
    script.write_text(KILLED)
    command = [sys.executable, str(script), str(spec), str(out), engine]
    running = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    while not list(out.glob("*/cells/*.npz")):
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    kept = {path: path.stat().st_mtime_ns for path in out.glob("*/cells/*.npz")}
    assert not lab.runs(out), "it was killed before it was done"
    done = []
    again = lab.simulate(lab.load(spec), out=out, progress=lambda many, _: done.append(many))
    assert done[0] == len(kept)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    whole = lab.simulate(lab.load(spec), out=tmp_path / "other")
    assert again.about["digest"] == whole.about["digest"]
    assert again.name == whole.name


def test_the_trajectory_says_medians_bands_means_and_the_human_population(tmp_path):
    run = lab.simulate(experiment(samples=10, chains=400, generations=3), out=tmp_path)
    rows = [row for row in run.rows if row.metric == "variance"]
    assert [(row.generation, dict(row.slice).get("over chains")) for row in rows] == [
        (0, None),
        (1, "median"),
        (1, "mean"),
        (2, "median"),
        (2, "mean"),
        (3, "median"),
        (3, "mean"),
    ]
    assert rows[0].value == 1
    values = run.records["variance"]
    for at, number in ((0, 1), (2, 5)):
        np.testing.assert_allclose(
            rows[number][6:9], np.quantile(values[at], [0.5, 0.05, 0.95]), rtol=1e-12
        )
    mean = rows[2]
    assert mean.low < mean.value < mean.high
    assert {row.chain for row in rows} == {-1}
    assert {(row.run, row.policy, row.n, row.seed) for row in rows} == {
        ("gaussian-replace", "replace", 10, 3)
    }
    assert run.about["versions"]["numpy"] == np.__version__


def test_chains_can_have_rows_of_their_own(tmp_path):
    run = lab.simulate(
        experiment(samples=10, chains=3, generations=2), out=tmp_path, every_chain=True
    )
    rows = [row for row in run.rows if row.metric == "variance" and row.chain >= 0]
    assert [(row.generation, row.chain) for row in rows] == [
        (g, c) for g in (1, 2) for c in (0, 1, 2)
    ]
    np.testing.assert_array_equal([row.value for row in rows], run.records["variance"].ravel())


def test_a_chain_that_degenerates_is_counted_and_no_number_is_nan(tmp_path):
    """Two samples a generation: the variance soon is too small for a float."""
    run = lab.simulate(
        lab.parse({"model": "gaussian", "policy": "replace", "generations": 1500, "samples": 2,
                   "chains": 50, "every": 300}),
        out=tmp_path,
    )  # fmt: skip
    rows = [row for row in run.rows if row.metric == "degenerate_chains"]
    assert [row.generation for row in rows] == [300, 600, 900, 1200, 1500]
    assert rows[0].value == 0
    assert rows[-1].value == 1
    assert run.about["degenerate"] == 50
    assert all(row.value is not None and np.isfinite(row.value) for row in run.rows)
    assert not [row for row in run.rows if row.metric == "variance" and row.generation == 1500]


def test_runs_are_found_by_the_beginning_of_their_name(tmp_path):
    one = lab.simulate(experiment(chains=2, generations=2), out=tmp_path)
    lab.simulate(experiment(chains=2, generations=2, policy="accumulate"), out=tmp_path)
    assert [run.about["name"] for run in lab.runs(tmp_path)] == [
        "gaussian-accumulate",
        "gaussian-replace",
    ]
    assert lab.find("gaussian-r", tmp_path) == lab.find(str(one.folder)) == one
    with pytest.raises(InputError, match="2 runs are called 'gaussian'"):
        lab.find("gaussian", tmp_path)
    with pytest.raises(InputError, match="0 runs are called 'kde'"):
        lab.find("kde", tmp_path)
    assert trajectory.read(one.folder / "trajectory.parquet") == one.rows
