"""What a user gets: the built wheel, alone in an empty environment, run from the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import made
from firsthand import __version__

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow


def call(*command: str | Path, expect: int = 0, cwd: Path | None = None) -> str:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [str(each) for each in command],
        cwd=cwd,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    # hatchling is a development dependency, so nothing is fetched to build.
    call(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", out, ROOT)
    [built] = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def firsthand(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The console script in an environment that holds the wheel and what it requires."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    pip = (folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "-q")
    call(*pip, "-c", ROOT / "constraints.txt", wheel)
    return folder / "bin" / "firsthand"


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"firsthand", f"{wheel.name.partition('-py3')[0]}.dist-info"}
    for needed in ("py.typed", "messages/en.json", "messages/zh.json"):
        assert f"firsthand/{needed}" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_version_and_help(firsthand):
    assert call(firsthand, "--version").split()[-1] == __version__
    said = call(firsthand, "--help")
    assert "audit" in said
    assert "gate" in said


def test_every_metric_can_be_listed(firsthand):
    said = call(firsthand, "metrics")
    for path in (ROOT / "src" / "firsthand" / "metrics").glob("[a-z]*.py"):
        assert path.stem in said


def test_audit(firsthand, tmp_path):
    human = made.yolo(tmp_path / "human", 60, seed=1)
    candidate = made.yolo(tmp_path / "candidate", 60, seed=2)
    command = (firsthand, "audit", candidate, "--reference", human, "--json")
    said = json.loads(call(*command, expect=3, cwd=tmp_path))
    assert said["schema"] == "firsthand.audit/1"
    assert said["verdict"] == "cannot-say"
    assert said["composition"]["total"] == 60


def test_ledger(firsthand, tmp_path):
    made.yolo(tmp_path / "human", 30, seed=1)
    call(firsthand, "init", cwd=tmp_path)
    call(firsthand, "add", tmp_path / "human" / "data.yaml", "--origin", "human", cwd=tmp_path)
    call(firsthand, "commit", "-m", "first", cwd=tmp_path)
    assert "first" in call(firsthand, "log", cwd=tmp_path)
    call(firsthand, "verify", cwd=tmp_path)
