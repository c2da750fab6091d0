"""Models that are really trained, each with a known fault or none, and what they put out.

MNIST test digits (28 x 28), as the eight leading principal components of their 7 x 7 block means,
scaled to one variance, or as images; the ring of tests/rings.py for the GAN. Settings were chosen
on seed 0. Nothing here runs by itself: diagnosis_models.py and the slow tests use it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import real_sets
from PIL import Image

from firsthand.models.flow import FlowMatching
from firsthand.models.gan import Adversarial
from firsthand.models.vae import Autoencoder

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import rings

COMPONENTS = 8
WIDE = {"low": -1e9, "high": 1e9}  # components have no bounds
GENERATIONS = 4
HALF = 5  # digits of which a classifier is trained on

Sets = dict[str, Any]  # reference, train, samples, heldout: points, or folders of images


class Trained(NamedTuple):
    """One row of the table: a model, and what a person who saw it trained would call it."""

    name: str
    truth: str  # nothing: what is seen on the ring says it
    make: Callable[[int, Path], Sets]
    origin: str = "human"


@cache
def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Components, classes and pixels of the digits."""
    pixels, classes = real_sets.digits()
    blocks = pixels.reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49) / 255
    components = real_sets.leading(blocks, COMPONENTS)(blocks).astype(float)
    return components / components.std(axis=0), classes, pixels


def dealt(seed: int, *sizes: int) -> tuple[np.random.Generator, list[np.ndarray]]:
    """Rows of digits, none twice."""
    rng = np.random.default_rng(seed)
    return rng, np.split(rng.permutation(len(digits()[0]))[: sum(sizes)], np.cumsum(sizes)[:-1])


def generative(model: Any, n: int) -> Callable[[int, Path], Sets]:
    """A model of n digits, by class; as many samples, and people's beside."""

    def make(seed: int, _folder: Path) -> Sets:
        points, classes, _ = digits()
        rng, (reference, train, heldout) = dealt(seed, n, n, n)
        samples, _ = model.sample(model.fit(points[train], classes[train], rng), n, rng)
        return {"reference": points[reference], "train": points[train], "samples": samples,
                "heldout": points[heldout]}  # fmt: skip

    return make


def chain(model: Any, n: int) -> Callable[[int, Path], Sets]:
    """Each generation trains on what the one before drew; nothing human is left after the first."""

    def make(seed: int, _folder: Path) -> Sets:
        points, classes, _ = digits()
        rng, (reference, first) = dealt(seed, n, n)
        made, labels = points[first], classes[first]
        for _ in range(GENERATIONS):
            made, labels = model.sample(model.fit(made, labels, rng), n, rng)
        state = model.fit(made, labels, rng)
        samples, _ = model.sample(state, n, rng)
        return {"reference": points[reference], "train": made, "samples": samples}

    return make


def ring(steps: int, n: int = 1000) -> Callable[[int, Path], Sets]:
    """A GAN of twenty modes, stopped early or late."""

    def make(seed: int, _folder: Path) -> Sets:
        rng = np.random.default_rng(seed)
        reference, train, heldout = (rings.drawn(n, rng) for _ in range(3))
        model = Adversarial(low=-2.0, high=2.0, steps=steps)
        samples, _ = model.sample(model.fit(train, np.zeros(n, int), rng), n, rng)
        return {"reference": reference, "train": train, "samples": samples, "heldout": heldout}

    return make


def modes_lost(samples: np.ndarray) -> int:
    """Modes of the ring with less than a quarter of the samples of their share."""
    away = np.linalg.norm(samples[:, None] - rings.CENTRES, axis=2)
    mode = away.argmin(axis=1)[away.min(axis=1) < 4 * rings.WIDTH]
    found = np.bincount(mode, minlength=rings.MODES)
    return int((found < rings.SHARES * len(samples) / 4).sum())


def classifier(kept: int, n: int = 1000) -> Callable[[int, Path], Sets]:
    """A classifier of all digits that is trained on with the first `kept` of them; what it says.

    Everything is human but the labels of `samples`: people's images as the classifier calls them.
    """

    def make(seed: int, folder: Path) -> Sets:
        _, classes, pixels = digits()
        rng, (reference, old, new, pool) = dealt(seed, n, 2 * n, 3 * n, n)
        new = new[classes[new] < kept][:n]
        network = _fitted(None, pixels[old], classes[old], rng)
        said = _said(_fitted(network, pixels[new], classes[new], rng), pixels[pool])
        sets = {"reference": (reference, classes[reference]), "train": (new, classes[new]),
                "samples": (pool, said)}  # fmt: skip
        return {role: _images(folder / role, *each) for role, each in sets.items()}

    return make


def _fitted(
    network: Any, pixels: np.ndarray, classes: np.ndarray, rng: Any, steps: int = 400
) -> Any:
    """A network of one hidden layer, from the start or trained on."""
    import torch

    torch.manual_seed(int(rng.integers(2**31)))
    layers = torch.nn
    network = network or layers.Sequential(
        layers.Flatten(), layers.Linear(784, 128), layers.ReLU(), layers.Linear(128, 10)
    )
    data, aim = torch.as_tensor(pixels / 255, dtype=torch.float32), torch.as_tensor(classes)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(steps):
        rows = torch.randint(len(data), (128,))
        optimiser.zero_grad()
        layers.functional.cross_entropy(network(data[rows]), aim[rows]).backward()
        optimiser.step()
    return network


def _said(network: Any, pixels: np.ndarray) -> np.ndarray:
    import torch

    with torch.no_grad():
        return network(torch.as_tensor(pixels / 255, dtype=torch.float32)).argmax(1).numpy()


def _images(folder: Path, rows: np.ndarray, classes: np.ndarray) -> str:
    """One folder a class."""
    pixels = digits()[2]
    for row, label in zip(rows, classes, strict=True):
        place = folder / str(int(label))
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[row]).save(place / f"{row}.png")
    return str(folder)


FLOW = FlowMatching(steps=800, hidden=128, euler=50, **WIDE)
MODELS = (
    Trained("flow, 1,000 digits, 800 steps", "healthy", generative(FLOW, 1000)),
    Trained(
        "flow, 200 digits, 3,000 steps", "overfitting",
        generative(FlowMatching(steps=3000, hidden=256, batch=64, euler=50, **WIDE), 200),
    ),
    Trained(
        "VAE with its noise, 1,000 digits, 8,000 steps", "healthy",
        generative(Autoencoder(noise=True, steps=8000, hidden=128, latent=8, **WIDE), 1000),
    ),
    Trained(
        "VAE without noise, 1,000 digits, 1,000 steps", "mode-collapse",
        generative(Autoencoder(steps=1000, hidden=128, latent=8, **WIDE), 1000),
    ),
    Trained(
        "VAE, 200 digits, 4,000 steps", "overfitting",
        generative(Autoencoder(steps=4000, hidden=256, batch=64, latent=8, **WIDE), 200),
    ),
    Trained("GAN, ring, 600 steps", "", ring(600)),
    Trained("GAN, ring, 3,000 steps", "", ring(3000)),
    Trained("classifier, then trained on five digits", "catastrophic-forgetting", classifier(HALF)),
    Trained("classifier, then trained on all digits", "healthy", classifier(10)),
    Trained(
        "replace chain of flows, 4 generations", "model-collapse", chain(FLOW, 1000), "synthetic",
    ),
    Trained(
        "replace chain of VAEs, 4 generations", "model-collapse",
        chain(Autoencoder(noise=True, steps=2000, hidden=128, latent=8, **WIDE), 1000), "synthetic",
    ),
)  # fmt: skip
