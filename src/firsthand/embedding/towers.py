"""Vision models of the transformers library, each by what its points are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import Embedder
from firsthand.embedding import pictures, remembering, torched, transformer, weights
from firsthand.types import Dataset


class Kind(NamedTuple):
    """Which vision models an embedder takes, and what of them is the point."""

    types: frozenset[str]  # "model_type" in config.json
    loader: str  # class of the transformers library
    size: str  # what config.json calls the number of dimensions
    point: Callable[[Any, Any], Any]  # model and (b, 3, h, w) pictures to (b, d), as tensors


def opened(component: Embedder, model: str, kind: Kind) -> Embedder:
    """The embedder of one vision model; its weights are loaded when the first image needs them.

    Args:
        component: the one that stands for all models of this kind.
        model: a folder, or a name on the hub.
        kind: what the component takes.

    Raises:
        InputError: there is no such model, or it is of another kind.
        MissingExtra: transformers is not installed.
    """
    found = weights.find(model, transformer.TRANSFORMERS.extra)
    config = weights.settings(found.folder, "config.json")
    size = config.get(kind.size) if config.get("model_type") in kind.types else None
    one = torched.described(component, found, transformer.TRANSFORMERS, size)
    recipe = pictures.recipe_of(found.folder)

    @cache
    def ask() -> torched.Ask:
        loaded = transformer.load(found, kind.loader, f"the embedder {component.name}")
        return torched.asked(loaded, lambda tower, given: kind.point(tower, given["pixels"]))

    def embed(dataset: Dataset) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        return pictures.embedded(dataset, recipe, lambda batch: ask()({"pixels": batch}))

    return remembering(replace(one, embed=embed))
