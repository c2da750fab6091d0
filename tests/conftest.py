"""What every test can ask for: real data, a seeded generator, a cache of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

import torchvision_shim

ROOT = Path(__file__).parent.parent
ABSENT = "real data absent"

# A test that fails here must fail everywhere; time limits only measure who else is on the machine.
settings.register_profile("house", deadline=None, derandomize=True, database=None)
settings.load_profile("house")


@pytest.fixture
def rng() -> np.random.Generator:
    """The same numbers in every run."""
    return np.random.default_rng(20260101)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or leaves digests in the cache of the person who runs it."""
    monkeypatch.setenv("FIRSTHAND_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(autouse=True)
def _own_print_options() -> Iterator[None]:
    """Ultralytics changes how numbers print, which doctests of the same process would see."""
    with np.printoptions():
        yield


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """`real_data("bccd")`: the folder of that data set, or skip and say what to set."""
    folder = Path(os.environ.get("FIRSTHAND_DATA") or ROOT.parent / "shared" / "data")

    def find(name: str) -> Path:
        if not (folder / name).exists():
            pytest.skip(f"{ABSENT}: {name} is not in FIRSTHAND_DATA={folder}")
        return folder / name

    return find


@pytest.fixture(scope="session")
def ultralytics(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The real package, offline, with settings and runs of its own; or skip and say what to do."""
    reason = "ultralytics is not installed: pip install 'firsthand[yolo-headless]'"
    pytest.importorskip("torch", reason=reason)
    try:
        with np.printoptions():  # see above; this runs before it
            return torchvision_shim.ultralytics(tmp_path_factory.mktemp("ultralytics"))
    except ImportError:
        pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count what was left out; `.ci/run` adds these lines up."""
    skipped = terminalreporter.stats.get("skipped", [])
    absent = sum(ABSENT in str(report.longrepr) for report in skipped)
    terminalreporter.write_line(f"real data: {absent} tests skipped")
