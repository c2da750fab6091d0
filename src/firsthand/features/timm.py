"""What does a network see that was trained to tell images apart? Any model of the timm library.

Points are what the network hands to its classifier. Needs `firsthand[timm]` and a model: the name
of one, as in `timm=resnet18`, or a folder that timm saved (config.json and model.safetensors).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import Embedder
from firsthand.embedding import IMAGES, needs_model, pictures, remembering, torched, weights
from firsthand.errors import InputError
from firsthand.types import Dataset

FEATURE = "the embedder timm"
TIMM = torched.Library("timm", "timm")
FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
"""Pillow's numbers of the filters that timm knows by name."""


def open_model(model: str) -> Embedder:
    """The embedder of one timm model, by folder, by its name in timm, or by its name on the hub."""
    path_or_hub = Path(model).exists() or "/" in model
    found = weights.find(model if path_or_hub else _on_hub(model), TIMM.extra)
    if found.pickled:
        raise torched.unusable(found.folder, "its weights are pickled")
    config = weights.settings(found.folder, "config.json")
    one = torched.described(component, found, TIMM, config.get("num_features"))
    recipe = recipe_of(config.get("pretrained_cfg", config), found.folder)

    @cache
    def ask() -> torched.Ask:
        return torched.asked(_load(found.folder), lambda network, given: network(given["pixels"]))

    def embed(dataset: Dataset) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        return pictures.embedded(dataset, recipe, lambda batch: ask()({"pixels": batch}))

    # Some models put a layer between their features and the classifier: num_features is not it.
    return remembering(replace(one, dimensions=0, embed=embed))


def _on_hub(name: str) -> str:
    """Where timm keeps the weights of one of its models.

    Raises:
        InputError: timm has no such model, or no weights of it.
    """
    timm = weights.package("timm", FEATURE, TIMM.extra)
    try:
        found = timm.get_pretrained_cfg(name)
    except RuntimeError:  # the architecture is known, the tag behind its dot is not
        found = None
    if found is None or not found.hf_hub_id:
        raise InputError(
            f"timm has no weights for a model named {name!r}",
            expected="a name that timm.list_pretrained() lists, or a folder that timm saved",
        )
    return str(found.hf_hub_id)


def recipe_of(found: Mapping[str, Any], folder: Path) -> pictures.Recipe:
    """How timm makes pictures ready for a model, from its own configuration."""
    try:
        height, width = map(int, found["input_size"][1:])
        share = float(found.get("crop_pct") or 1)
        wide = (math.floor(height / share), math.floor(width / share))
        squeezed = found.get("crop_mode") == "squash" or height != width
        return pictures.Recipe(
            resize=wide if squeezed else wide[0],
            crop=(height, width),
            resample=FILTERS[found["interpolation"]],
            scale=1 / 255,
            mean=tuple(map(float, found["mean"])),
            deviation=tuple(map(float, found["std"])),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise pictures.unprepared(
            folder, error, "input_size, mean and std in config.json"
        ) from error


def _load(folder: Path) -> Any:
    timm = weights.package("timm", FEATURE, TIMM.extra)
    damaged = weights.package("safetensors", FEATURE, TIMM.extra).SafetensorError
    try:
        # With its head: asked for none, timm would also take a file that lacks other weights.
        network = timm.create_model(f"local-dir:{folder}", pretrained=True)
        network.reset_classifier(0)
    except (OSError, ValueError, RuntimeError, LookupError, TypeError, damaged) as error:
        raise torched.unusable(folder, str(error)) from error
    return network


component = Embedder(
    name="timm",
    version="1",
    question="What does a timm network see that was trained to tell images apart?",
    dimensions=0,
    tasks=IMAGES,
    embed=needs_model("timm"),
    open=open_model,
)
