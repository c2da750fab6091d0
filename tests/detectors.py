"""A simulated detector: rare and small objects are found less often and less surely."""

from __future__ import annotations

import numpy as np

from firsthand.detections import Cells, Objects

NAMES = ("disk", "box", "star")
RATES = (1.5, 1.2, 0.2)  # objects an image
CELLS = Cells(NAMES, (0.01,), ("small", "large"))
FALSE = 4  # false boxes an image, nearly all of little confidence


def scenes(
    rng: np.random.Generator,
    images: int,
    rates: tuple[float, ...] = RATES,
    *,
    skill: float = 1.0,
    prefix: str = "",
) -> tuple[Objects, Objects]:
    """What is there and what the detector says, on so many images.

    A real object is seen with a confidence that grows with its area and falls with rarity; the
    class of a false box is drawn alike.
    """
    image, label = _placed(rng, images, rates)
    xywh = _boxes(rng, len(image))
    clarity = skill + 2.0 * np.log(xywh[:, 2] / 0.1) - 1.5 * (label == 2)
    moved = xywh + rng.normal(0, 0.05, xywh.shape) * xywh[:, [2, 3, 2, 3]]
    false, kind = _placed(rng, images, (FALSE / len(NAMES),) * len(NAMES))
    sure = np.r_[rng.normal(clarity, 1.0), rng.normal(-2.5, 1.0, len(false))]
    keys = tuple(f"{prefix}{at}" for at in range(images))
    human = _objects(keys, image, label, xywh, np.ones(len(image)))
    found = _objects(
        keys,
        np.r_[image, false],
        np.r_[label, kind],
        np.r_[moved, _boxes(rng, len(false))],
        1 / (1 + np.exp(-sure)),
    )
    return human, found


def _placed(rng, images, rates):
    counts = rng.poisson(rates, (images, len(rates)))
    image, label = (index.ravel() for index in np.indices(counts.shape))
    return np.repeat(image, counts.ravel()), np.repeat(label, counts.ravel())


def _boxes(rng, n):
    side = np.exp(rng.uniform(np.log(0.04), np.log(0.3), n))
    return np.c_[rng.uniform(0.15, 0.85, (n, 2)), side, side]


def _objects(keys, image, label, xywh, confidence):
    n = len(keys)
    media = np.zeros(n, "S32")
    return Objects(keys, media, image, label, xywh, confidence, np.arange(n), np.ones(n))
