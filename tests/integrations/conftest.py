"""A place of its own for each training."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """An empty working folder, away from any ledger."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def coco8(place, real_data) -> Path:
    """The eight pictures of the seed example, where Ultralytics finds them by name."""
    shutil.copytree(real_data("coco8"), place / "coco8")
    told = (place / "coco8" / "coco8.yaml").read_text()
    (place / "coco8.yaml").write_text(told.replace("path: #", "path: coco8 #"))
    return place / "coco8.yaml"
