"""What small networks that generate by class have in common: PyTorch itself, a device, one-hot.

PyTorch is imported when a network is trained. A GPU is used where there is one; results then
differ from those of a CPU in the last digits.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.errors import MissingExtra
from firsthand.types import FloatArray

Labels = NDArray[np.int64]


class Scaled(NamedTuple):
    """Labelled points as a network takes them, and the way back."""

    classes: Labels  # (c,)
    shares: FloatArray  # (c,)
    middle: FloatArray  # (d,)
    scale: float

    @classmethod
    def of(cls, features: FloatArray, labels: Labels) -> Scaled:
        """Of (n, d) points and (n,) classes: mean 0, and one scale for all features."""
        classes, counts = np.unique(labels, return_counts=True)
        scale = float(features.std()) or 1.0
        return cls(classes, counts / counts.sum(), features.mean(axis=0), scale)

    def tensors(self, torch: Any, features: FloatArray, labels: Labels) -> tuple[Any, Any]:
        """Scaled points (n, d) and one-hot classes (n, c)."""
        kinds = np.eye(len(self.classes))[np.searchsorted(self.classes, labels)]
        return tensor(torch, (features - self.middle) / self.scale), tensor(torch, kinds)

    def kinds(self, torch: Any, n: int, rng: np.random.Generator) -> tuple[Labels, Any]:
        """So many classes by their shares, also as one-hot (n, c)."""
        which = rng.choice(len(self.classes), size=n, p=self.shares)
        return self.classes[which], tensor(torch, np.eye(len(self.classes))[which])

    def back(self, points: Any) -> FloatArray:
        """A tensor of points in the units of the data."""
        return np.asarray(self.middle + self.scale * points.cpu().numpy().astype(float))


def torch_for(model: str) -> Any:
    """PyTorch.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        return importlib.import_module("torch")
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the model {model}", "torch", "torch") from error


def device(torch: Any) -> str:
    """A GPU where there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def tensor(torch: Any, values: FloatArray) -> Any:
    """Single precision, on the device."""
    return torch.as_tensor(np.asarray(values, np.float32), device=device(torch))


@contextmanager
def seeded(torch: Any, rng: np.random.Generator) -> Iterator[None]:
    """PyTorch draws from `rng` within; afterwards it goes on as if nothing had been."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**31)))
        yield


def train(torch: Any, network: Any, loss: Callable[[], Any], steps: int, rate: float) -> None:
    """AdamW with a rate that falls to 0 as a cosine; `loss` draws its own batch."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        found = loss()
        optimiser.zero_grad()
        found.backward()
        optimiser.step()
        decay.step()
