"""What embedders that take a model share: finding it, asking it, and remembering what it said."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from firsthand.content.feature_cache import FeatureCache
from firsthand.contracts import Embedder
from firsthand.errors import InputError
from firsthand.types import Dataset, Sample, Task

CHUNK = 256
"""Samples after which what was made is kept, so that little is lost when a run is stopped."""

IMAGES: frozenset[Task] = frozenset({"detect", "segment", "oriented", "classify"})
"""Tasks whose media are images."""

Floats = NDArray[np.float32]
Embed = Callable[[Dataset], tuple[Floats, NDArray[np.int64]]]


def needs_model(name: str) -> Embed:
    """What an embedder does that was given no model: refuse, and say how to give one."""

    def embed(_dataset: Dataset) -> tuple[Floats, NDArray[np.int64]]:
        raise InputError(
            f"the embedder {name} needs a model",
            expected=f"{name}=PATH or {name}=NAME",
            todo="Give the folder of a model, or its name on the Hugging Face hub.",
        )

    return embed


def remembering(made: Embedder) -> Embedder:
    """The same embedder, with a cache: only content that it has not seen is embedded."""
    cache = FeatureCache(f"{made.name}@{made.version}")

    def embed(dataset: Dataset) -> tuple[Floats, NDArray[np.int64]]:
        known = cache.get([sample.media for sample in dataset.samples])
        new = {s.media: s for s in dataset.samples if s.media not in known}
        for part in _shown(tuple(new.values()), made.name):
            points, at = made.embed(replace(dataset, samples=part))
            if len(at):
                media = [part[index].media for index in at]
                known.update(zip(media, _checked(points, made), strict=True))
                cache.put(media, points)
        rows = [at for at, sample in enumerate(dataset.samples) if sample.media in known]
        width = next((len(point) for point in known.values()), made.dimensions)
        points = np.zeros((len(rows), width), np.float32)
        for row, sample in enumerate(rows):
            points[row] = known[dataset.samples[sample].media]
        return points, np.array(rows, np.int64)

    return replace(made, embed=embed)


def _checked(points: Floats, made: Embedder) -> Floats:
    if points.ndim == 2 and made.dimensions in {0, points.shape[1]}:
        return points
    raise InputError(
        f"the model of the embedder {made.name} gives points of the shape {points.shape[1:]}",
        expected=f"({made.dimensions},), as its config.json says",
    )


def _shown(samples: tuple[Sample, ...], name: str) -> Iterator[tuple[Sample, ...]]:
    """Chunks of samples, with a bar on stderr where somebody is looking."""
    chunks = [samples[at : at + CHUNK] for at in range(0, len(samples), CHUNK)]
    if not (chunks and sys.stderr.isatty()):
        yield from chunks
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(chunks, f"Embedding with {name}", console=Console(stderr=True), transient=True)
