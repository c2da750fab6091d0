"""Answers of a model of Ultralytics become plain arrays: boxes, outlines, the surest first."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from PIL import Image

from firsthand.integrations.ultralytics import predict


class Tensor:
    """What answers of Ultralytics are made of, as far as it is asked."""

    def __init__(self, values):
        self.values = np.array(values, float)

    def cpu(self):
        return self

    def numpy(self):
        return self.values


def test_oriented_boxes_are_given_upright_and_the_surest_comes_first(tmp_path):
    tilted = [
        [[0.5, 0.3], [0.7, 0.5], [0.5, 0.7], [0.3, 0.5]],
        [[0, 0], [0.1, 0], [0.1, 1.2], [0, 1]],
    ]
    obb = SimpleNamespace(xyxyxyxyn=Tensor(tilted), conf=Tensor([0.4, 0.9]), cls=Tensor([0, 1]))
    answer = SimpleNamespace(probs=None, obb=obb)
    model = SimpleNamespace(predict=lambda *_, **__: [answer])
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    (found,) = predict.Predictor(model, {}, outlines=True)([tmp_path / "a.png"])
    assert found.classes.tolist() == [1, 0]
    assert found.confidence.tolist() == [0.9, 0.4]
    assert np.allclose(found.xywh[1], [0.5, 0.5, 0.4, 0.4])
    assert found.xywh.max() <= 1
    assert np.allclose(found.outlines[1], tilted[0])
    (plain,) = predict.Predictor(model, {})([tmp_path / "a.png"])
    assert plain.outlines == ()


def test_masks_are_given_with_their_outlines_or_their_box(tmp_path):
    boxes = SimpleNamespace(
        xywhn=Tensor([[0.5, 0.5, 0.2, 0.2], [0.2, 0.2, 0.2, 0.2]]),
        conf=Tensor([0.3, 0.6]),
        cls=Tensor([1, 0]),
    )
    shape = np.array([[0.4, 0.4], [0.6, 0.45], [0.5, 0.6]])
    masks = SimpleNamespace(xyn=[shape, np.zeros((0, 2))])
    answer = SimpleNamespace(probs=None, obb=None, boxes=boxes, masks=masks)
    model = SimpleNamespace(predict=lambda *_, **__: [answer])
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    (found,) = predict.Predictor(model, {}, outlines=True)([tmp_path / "a.png"])
    assert found.classes.tolist() == [0, 1]
    assert np.allclose(found.outlines[1], shape)
    assert np.allclose(found.outlines[0].min(axis=0), [0.1, 0.1])  # an empty mask
