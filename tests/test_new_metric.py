"""The promise of CONTRIBUTING.md, kept word for word: a metric is one file, and nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import made

ROOT = Path(__file__).parent.parent
NAME = "crowded_images"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scratch checkout with the metric of CONTRIBUTING.md dropped in."""
    folder = tmp_path_factory.mktemp("scratch")
    leave = shutil.ignore_patterns("__pycache__")
    for name in ("src", "tests", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=leave)
    shutil.copy(ROOT / "pyproject.toml", folder)
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    (folder / "src" / "firsthand" / "metrics" / f"{NAME}.py").write_text(code)
    return folder


def run(scratch: Path, *arguments: str, expect: int = 0) -> str:
    """Run Python in the scratch checkout, with its package and no other."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=scratch,
        env={**os.environ, "PYTHONPATH": str(scratch / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout


def test_it_is_listed(scratch):
    assert NAME in run(scratch, "-m", "firsthand", "metrics")


def test_it_is_tested(scratch):
    arguments = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_conformance.py")
    said = run(scratch, *arguments, "-k", NAME)
    passed = re.search(r"(\d+) passed", said)
    assert passed is not None
    assert int(passed[1]) >= 15


def test_it_is_documented(scratch):
    run(scratch, "docs/generate.py")
    page = (scratch / "docs" / "metrics.md").read_text()
    assert f"## {NAME}\n\nAre crowded images disappearing?" in page


def test_it_is_used_by_the_audit(scratch, tmp_path):
    human = made.yolo(tmp_path / "human", 150, seed=1)
    candidate = made.yolo(tmp_path / "candidate", 150, seed=2)
    command = ("-m", "firsthand", "audit", str(candidate), "--reference", str(human), "--json")
    said = json.loads(run(scratch, *command, expect=3))
    assert NAME in {each["metric"] for each in said["measurements"]}
