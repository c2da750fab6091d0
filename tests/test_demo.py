"""`make demo` says what its README says, on real handwriting, with several seeds and models."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
SCRIPT = Path(__file__).parent.parent / "examples" / "handwriting.py"


def demo(out, *arguments):
    command = [sys.executable, str(SCRIPT), "--out", str(out), *map(str, arguments)]
    threads = {"OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **threads}
    )


def told(out, *arguments):
    done = demo(out, "--json", *arguments)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)["policies"]


@pytest.mark.slow
def test_the_whole_demo(tmp_path):
    out = tmp_path / "demo-out"
    done = demo(out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\x1b[" not in done.stdout
    replace, anchor = done.stdout.splitlines()[-2:]
    assert replace.startswith("replace  BLOCKED    without limits on composition: BLOCKED")
    assert anchor.startswith("anchor   PASS       without limits on composition: PASS")
    for policy, verdict in (("replace", "BLOCKED"), ("anchor", "PASS")):
        report = (out / f"{policy}.html").read_text(encoding="utf-8")
        assert verdict in report
        assert len(report) < 400_000
    commands = [
        line.split()[1:] for line in done.stdout.splitlines() if line.startswith("  firsth")
    ]
    assert len(commands) == 3
    for command in commands:
        code = "import sys; from firsthand.cli import main; sys.exit(main())"
        again = subprocess.run(
            [sys.executable, "-c", code, *command], cwd=out, capture_output=True, text=True
        )
        assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "setting",
    [
        ("--seed", 21),
        ("--seed", 22, "--components", 3, "--ridge", 1e-3),
        ("--seed", 23, "--components", 5, "--generated", 0.1),
    ],
)
def test_replace_is_blocked_by_its_tails_and_anchor_passes(tmp_path, setting):
    code, found = told(tmp_path / "out", "--generations", 3, *setting)
    replace, anchor = found["replace"], found["anchor"]
    assert (replace["verdict"], replace["verdict_without_composition"]) == ("block", "block")
    assert ["tail-coverage-lost", {"stratum": "rarest-tenth"}] in replace["blocking"]
    assert replace["tail_coverage"][-1] < replace["null_low"][-1]
    assert replace["tail_coverage"][-1] < anchor["tail_coverage"][-1]
    assert (anchor["verdict"], anchor["verdict_without_composition"]) == ("pass", "pass")
    assert code == 0


@pytest.mark.slow
def test_the_outcome_is_not_written_into_the_script(tmp_path):
    """Four generated pictures on top of every human one are too many, and the script says so."""
    code, found = told(tmp_path / "out", "--generations", 3, "--generated", 4)
    assert found["anchor"]["verdict"] == "block"
    assert code == 1


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    done = demo(tmp_path)
    assert done.returncode == 2
    assert "something that this script did not write" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
