"""Models and pictures that the tests of this folder share, and no network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny import SAVERS, save_images

from firsthand.types import Dataset


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a connection fails."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something called home")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)


@pytest.fixture
def images(tmp_path: Path, rng: np.random.Generator) -> Dataset:
    """Six pictures of different sizes and shapes, and a file that is none."""
    return save_images(tmp_path / "图片", rng)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`models("clip")`: the folder of a tiny model of that kind."""
    made: dict[str, Path] = {}

    def find(kind: str) -> Path:
        if kind not in made:
            folder = tmp_path_factory.mktemp("模型") / kind
            SAVERS[kind](folder)
            made[kind] = folder
        return made[kind]

    return find
