"""A simulated detector: rare and small objects are found less often and less surely."""

from __future__ import annotations

import numpy as np

from firsthand.detections import Cells, Detections, Objects, gather

NAMES = ("disk", "box", "star")
RATES = (1.5, 1.2, 0.2)  # objects an image
CELLS = Cells(NAMES, (0.01,), ("small", "large"))


def scenes(
    rng: np.random.Generator,
    images: int,
    rates: tuple[float, ...] = RATES,
    *,
    skill: float = 1.0,
    prefix: str = "",
) -> tuple[Objects, Objects]:
    """What is there and what the detector says, on so many images.

    A real object is seen with a confidence that grows with its area and falls with rarity; beside
    them stand false boxes, nearly all of little confidence, whose class is drawn alike.
    """
    human, found = [], []
    for at in range(images):
        label = np.repeat(np.arange(len(rates)), rng.poisson(rates))
        side = np.exp(rng.uniform(np.log(0.04), np.log(0.3), len(label)))
        xywh = np.c_[rng.uniform(0.15, 0.85, (len(label), 2)), side, side]
        human.append(Detections(f"{prefix}{at}", label, xywh, np.ones(len(label))))
        found.append(_seen(rng, f"{prefix}{at}", label, xywh, skill))
    return gather(human), gather(found)


def _seen(rng, key, label, xywh, skill):
    clarity = skill + 2.0 * np.log(xywh[:, 2] / 0.1) - 1.5 * (label == 2)
    sure = 1 / (1 + np.exp(-rng.normal(clarity, 1.0)))
    moved = xywh + rng.normal(0, 0.05, xywh.shape) * xywh[:, [2, 3, 2, 3]]
    false = rng.poisson(4)
    side = np.exp(rng.uniform(np.log(0.04), np.log(0.3), false))
    invented = np.c_[rng.uniform(0.15, 0.85, (false, 2)), side, side]
    unsure = 1 / (1 + np.exp(-rng.normal(-2.5, 1.0, false)))
    classes = np.r_[label, rng.integers(0, len(NAMES), false)]
    return Detections(key, classes, np.r_[moved, invented], np.r_[sure, unsure])
