"""With what probability is a prediction right? Learnt from an anchor that people labelled.

A logistic curve in the logit of the confidence (Platt 1999), with an offset for each class and for
each size: detectors are sure of what is frequent and large. Offsets are drawn towards 0 as if each
had been seen `PRIOR` times more, so that a class of three predictions does not get one of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from firsthand.detections.cells import Cells
from firsthand.detections.objects import Objects
from firsthand.types import BoolArray, FloatArray

PRIOR = 1.0  # precision of the offsets' normal prior
STEPS = 50
EDGE = 1e-6


class Labelled(Protocol):
    """Predictions of which it is known whether they are right."""

    @property
    def found(self) -> Objects:
        """The predictions."""
        ...

    @property
    def right(self) -> BoolArray:
        """Whether each found an object."""
        ...


def learn(anchor: Labelled, cells: Cells) -> Callable[[Objects], FloatArray]:
    """A function from predictions to the probability that each finds an object, (n,) 0..1.

    Args:
        anchor: predictions of the same detector on images that people labelled.
        cells: classes by sizes.
    """
    weights = anchor.found.weight[anchor.found.image]
    slopes = fit(_design(anchor.found, cells), anchor.right.astype(np.float64), weights)
    return lambda found: _sigmoid(_design(found, cells) @ slopes)


def confidence(found: Objects) -> FloatArray:
    """Confidence taken for a probability, where nothing better is known."""
    return found.confidence


def fit(design: FloatArray, right: FloatArray, weights: FloatArray) -> FloatArray:
    """Logistic regression by Newton's method with a normal prior on all but two columns. (k,).

    Args:
        design: (n, k); the first two columns, 1 and the logit, are not drawn to 0 but to the
            identity: without any evidence confidence is taken for a probability.
        right: (n,) 0 or 1.
        weights: (n,).
    """
    prior = np.full(design.shape[1], PRIOR)
    prior[:2] = EDGE
    centre = np.zeros(design.shape[1])
    centre[1] = 1.0
    slopes: FloatArray = centre.copy()
    for _ in range(STEPS):
        sure = _sigmoid(design @ slopes)
        gradient = design.T @ (weights * (right - sure)) - prior * (slopes - centre)
        curvature = (design * (weights * sure * (1 - sure))[:, None]).T @ design
        step = np.linalg.solve(curvature + np.diag(prior), gradient)
        slopes = slopes + step * min(1.0, 5.0 / max(float(np.abs(step).max()), EDGE))
        if np.abs(step).max() < EDGE:
            break
    return np.asarray(slopes)


def _design(objects: Objects, cells: Cells) -> FloatArray:
    """1, the logit of the confidence, and which class and size it is. (n, 2 + classes + sizes)."""
    sure = np.clip(objects.confidence, EDGE, 1 - EDGE)
    classes = np.eye(len(cells.classes))[objects.label]
    sizes = np.eye(len(cells.sizes))[cells.size(objects)]
    return np.column_stack([np.ones(len(objects)), np.log(sure / (1 - sure)), classes, sizes])


def _sigmoid(x: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))), np.float64)
