"""One victim a format, written once a module."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from victims import Victim


@pytest.fixture(scope="module")
def victims(tmp_path_factory) -> Callable[[str], Victim]:
    made: dict[str, Victim] = {}

    def find(name: str) -> Victim:
        if name not in made:
            made[name] = Victim(name, tmp_path_factory.mktemp(name) / "a 数据")
        return made[name]

    return find
