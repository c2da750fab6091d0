"""Models that PyTorch runs: what identifies one, and how it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import Embedder
from firsthand.embedding.weights import Weights, package, release
from firsthand.errors import InputError

Floats = NDArray[np.float32]
Ask = Callable[[Mapping[str, NDArray[Any]]], Floats]
"""Named arrays with one row a sample, to (b, d) points."""

Point = Callable[[Any, Mapping[str, Any]], Any]
"""From a model and named tensors to (b, d) points, all in PyTorch."""


class Library(NamedTuple):
    """What runs a model, and how one gets it."""

    name: str
    extra: str


def described(component: Embedder, found: Weights, by: Library, dimensions: object) -> Embedder:
    """The component as the embedder of one model: its version and how many dimensions it has.

    Args:
        component: the one that stands for all models of this kind.
        found: where the model lies.
        by: what runs it; its version is part of the embedder's.
        dimensions: how many config.json says that points have.

    Raises:
        InputError: config.json says no such number.
        MissingExtra: the library is not installed.
    """
    if not isinstance(dimensions, int) or dimensions < 1:
        raise InputError(
            f"config.json describes no model that {component.name} can use",
            expected="one that says how many dimensions its points have",
            todo="Name the embedder that fits the model; `docs/features.md` says which does.",
            where=str(found.folder),
        )
    number = release(by.name, f"the embedder {component.name}", by.extra)
    return replace(
        component,
        version=f"{component.version}-{by.name}{number}-{found.digest}",
        dimensions=dimensions,
        open=None,
    )


def asked(model: Any, point: Point) -> Ask:
    """A loaded model as a function of arrays, on the GPU where there is one."""
    torch = package("torch", "the model", "torch")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = model.eval().to(device)

    def ask(inputs: Mapping[str, NDArray[Any]]) -> Floats:
        with torch.inference_mode():
            given = {name: torch.from_numpy(each).to(device) for name, each in inputs.items()}
            points: Floats = point(model, given).float().cpu().numpy()
        return points

    return ask


def unusable(folder: Path, why: str) -> InputError:
    """The error of weights that are damaged, incomplete or of another kind."""
    return InputError(
        f"the model cannot be loaded: {why.strip().splitlines()[0][:300]}",
        expected="complete weights of this kind of model, as safetensors",
        todo="Name the embedder that fits the model, or save the model again.",
        where=str(folder),
    )
