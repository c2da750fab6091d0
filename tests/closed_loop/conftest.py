"""A world of squares, and loops over it."""

import pytest
import squares
from blobs import Blobs

from firsthand import closed_loop


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    return folder, squares.world(folder)


@pytest.fixture
def spec(world, monkeypatch):
    """A loop of the world, with what is changed."""
    folder, values = world
    monkeypatch.setattr("firsthand.closed_loop.spec.load_any", lambda *_: Blobs())
    monkeypatch.setattr(Blobs, "trained", [])

    def made(arms, **changes):
        return closed_loop.parse(values | {"arms": arms} | changes, folder)

    return made
