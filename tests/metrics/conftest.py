"""Small labelled sets that a metric can be checked on by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from firsthand.content import media_digest
from firsthand.contracts import BoxesView
from firsthand.numerics.views import boxes_view
from firsthand.types import Boxes, Dataset, Sample

Row = tuple[int, float, float, float, float]


def sample(name: str, rows: Sequence[Row]) -> Sample:
    table = np.array(rows, dtype=float).reshape(-1, 5)
    return Sample(
        name,
        media_digest(name.encode()),
        label=b"x",
        boxes=Boxes(table[:, 0].astype(np.int32), table[:, 1:]),
    )


@pytest.fixture
def view() -> Callable[[Sequence[Sequence[Row]]], BoxesView]:
    """A view of images, each a list of (class, cx, cy, w, h); classes are a, b and c."""

    def build(images: Sequence[Sequence[Row]]) -> BoxesView:
        samples = tuple(sample(f"{at}", rows) for at, rows in enumerate(images))
        return boxes_view(Dataset("made", "detect", ("a", "b", "c"), samples))

    return build
