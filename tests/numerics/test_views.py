"""Areas and shapes of polygons and rotated boxes against geometry done by hand."""

from __future__ import annotations

import numpy as np
import pytest

from firsthand.numerics.views import boxes_view
from firsthand.types import Boxes, Dataset, Sample


def test_a_classified_image_is_one_box_over_all_of_it() -> None:
    view = boxes_view(Dataset("d", "classify", ("a", "b"), (Sample("k", bytes(32), category=1),)))
    assert view.label.tolist() == [1]
    assert view.area.tolist() == [1.0]


def test_area_of_a_triangle() -> None:
    triangle = np.array([[0.0, 0.0], [0.4, 0.0], [0.0, 0.2]])
    boxes = Boxes(np.array([0], np.int32), np.array([[0.2, 0.1, 0.4, 0.2]]), (triangle,))
    view = boxes_view(Dataset("d", "segment", ("a",), (Sample("k", bytes(32), boxes=boxes),)))
    assert view.area[0] == pytest.approx(0.04)


def test_sides_of_a_rotated_box() -> None:
    # Sides two to one, at 45 degrees.
    turned = np.array([[0.5, 0.1], [0.9, 0.5], [0.7, 0.7], [0.3, 0.3]])
    boxes = Boxes(np.array([0], np.int32), np.array([[0.6, 0.4, 0.6, 0.6]]), (turned,))
    view = boxes_view(Dataset("d", "oriented", ("a",), (Sample("k", bytes(32), boxes=boxes),)))
    assert view.aspect[0] == pytest.approx(2.0)
