"""What does an image roughly look like? 16 x 16 grey values, coarse colour, and edge directions.

A fixed descriptor that needs no network and no training, so that tails can be measured on any
machine. It sees layout, brightness and colour; it does not know what is in the picture: two dogs
in different poses are far apart. Install a learnt embedder for that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firsthand.content.thumbnails import SIDE, Pixels, thumbnails
from firsthand.contracts import Embedder
from firsthand.types import Dataset

AT_MOST = 2000
"""Images looked at; of more, those with the smallest digests, a stable uniform sample."""

ANGLES = 8
DIMENSIONS = SIDE * SIDE + 4 * 4 * 2 + 4 * 4 * ANGLES

Floats = NDArray[np.float32]


def embed(dataset: Dataset) -> tuple[Floats, NDArray[np.int64]]:
    """Points for at most 2000 images of a dataset, with the indices of their samples.

    Images that cannot be decoded are absent, as are samples without a file.
    """
    # The first byte of a digest decides the bucket, so the sample is taken by the last ones.
    order = sorted(range(len(dataset.samples)), key=lambda at: dataset.samples[at].media[::-1])
    chosen = sorted(order[:AT_MOST])
    found = thumbnails(dataset, [dataset.samples[at] for at in chosen])
    return describe(found.pixels), np.array(chosen, np.int64)[found.rows]


def describe(pixels: Pixels) -> Floats:
    """Descriptors of small pictures.

    Args:
        pixels: (n, 16, 16, 3) red, green, blue, 0..255.

    Returns:
        (n, 416): 256 grey values in 0..1, two colour differences on a 4 x 4 grid, and the
        strength of edges in eight directions on a 4 x 4 grid. All three have about the same
        weight in a Euclidean distance for photographs.

    >>> describe(np.zeros((1, 16, 16, 3), np.uint8)).shape
    (1, 416)
    """
    rgb = pixels.astype(np.float32) / 255.0
    grey = rgb @ np.array([0.299, 0.587, 0.114], np.float32)
    colour = np.stack([rgb[..., 0] - grey, rgb[..., 2] - grey], axis=-1)
    parts = [grey, 4.0 * _grid(colour), 4.0 * _grid(_edges(grey))]
    flat = np.concatenate([part.reshape(len(pixels), -1) for part in parts], axis=1)
    return np.asarray(flat, dtype=np.float32)


def _edges(grey: Floats) -> Floats:
    """Gradient strength by direction, (n, 16, 16, 8)."""
    down, right = np.gradient(grey, axis=(1, 2))
    angle = np.floor((np.arctan2(down, right) / (2 * np.pi) + 0.5) * ANGLES).astype(np.int64)
    hit = angle[..., None] % ANGLES == np.arange(ANGLES)
    return np.asarray(hit * np.hypot(down, right)[..., None], dtype=np.float32)


def _grid(values: Floats) -> Floats:
    """Means over 4 x 4 cells, (n, 4, 4, channels)."""
    n, cell = len(values), SIDE // 4
    cells = values.reshape(n, 4, cell, 4, cell, values.shape[-1])
    return np.asarray(cells.mean(axis=(2, 4)), dtype=np.float32)


component = Embedder(
    name="pixels",
    version="1",
    question="What does an image roughly look like?",
    dimensions=DIMENSIONS,
    tasks=frozenset({"detect", "segment", "oriented", "classify"}),
    embed=embed,
)
