"""The operator that tests lend torchvision does what its own does."""

from __future__ import annotations

import sys

import pytest

import torchvision_shim


@pytest.mark.slow
def test_ultralytics_can_be_imported_offline(ultralytics):
    from ultralytics.utils import ONLINE

    assert ultralytics.YOLO
    assert not ONLINE
    assert not ultralytics.settings["sync"]
    assert "torchvision" in sys.modules


def test_suppression_keeps_the_best_of_what_overlaps():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    boxes = [[0, 0, 10, 10], [0, 0, 9, 10], [20, 20, 30, 30], [0, 0, 4, 10]]
    scores = [0.5, 0.9, 0.1, 0.6]
    kept = torchvision_shim._suppressed(
        torch.tensor(boxes, dtype=torch.float), torch.tensor(scores), 0.5
    )
    # 0 overlaps 1 by 0.9; 3 overlaps 1 by 4/9, which is not more than half
    assert kept.tolist() == [1, 3, 2]
    none = torchvision_shim._suppressed(torch.zeros(0, 4), torch.zeros(0), 0.5)
    assert none.tolist() == []
