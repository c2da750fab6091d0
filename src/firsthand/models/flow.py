"""Flow matching: a network that moves noise into data, conditioned on the class. Needs PyTorch.

It learns the velocity of straight lines from normal noise to samples and is then integrated by
Euler steps. Small on purpose: 8 x 8 digits take ten seconds a generation on one CPU core. A GPU is
used where there is one; results then differ from those of a CPU in the last digits.

Source: Lipman et al. 2022, arXiv:2210.02747.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.errors import MissingExtra
from firsthand.recursion import require
from firsthand.types import FloatArray

Labels = NDArray[np.int64]


class State(NamedTuple):
    """A trained network, and how data are scaled for it."""

    network: Any
    classes: Labels  # (c,)
    shares: FloatArray  # (c,)
    middle: FloatArray  # (d,)
    scale: float


@dataclass(frozen=True, kw_only=True)
class FlowMatching:
    """A class-conditional flow through a residual network; draws are clipped to `low`, `high`."""

    name: str = "flow"
    question: str = "What does a flow lose that trains on what it drew?"
    hidden: int = 256
    blocks: int = 3
    steps: int = 500  # of training
    batch: int = 256
    rate: float = 2e-3
    euler: int = 20  # steps from noise to data
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        for option in ("hidden", "blocks", "steps", "batch", "euler"):
            value = getattr(self, option)
            require(value >= 1, option, value, "1 or more")
        require(self.rate > 0, "rate", self.rate, "a number above 0")

    def fit(self, features: FloatArray, labels: Labels, rng: np.random.Generator) -> State:
        """Learn the velocity from noise to (n, d) points of (n,) classes."""
        torch = _torch()
        classes, index, counts = np.unique(labels, return_inverse=True, return_counts=True)
        middle, scale = features.mean(axis=0), float(features.std()) or 1.0
        device = _device(torch)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**31)))
            network = self._network(torch, features.shape[1] + 1 + len(classes), features.shape[1])
            network = network.to(device)
            data = _tensor(torch, (features - middle) / scale, device)
            kinds = torch.nn.functional.one_hot(torch.as_tensor(index), len(classes)).float()
            self._train(torch, network, (data, kinds.to(device)))
        return State(network, classes, counts / counts.sum(), middle, scale)

    def sample(self, state: State, n: int, rng: np.random.Generator) -> tuple[FloatArray, Labels]:
        """Move noise along the learnt velocity. (n, d) and (n,)."""
        torch = _torch()
        device = _device(torch)
        which = rng.choice(len(state.classes), size=n, p=state.shares)
        kinds = _tensor(torch, np.eye(len(state.classes))[which], device)
        x = _tensor(torch, rng.standard_normal((n, len(state.middle))), device)
        with torch.no_grad():
            for step in range(self.euler):
                time = torch.full((n, 1), step / self.euler, device=device)
                x = x + state.network(torch.cat([x, time, kinds], 1)) / self.euler
        drawn = state.middle + state.scale * x.cpu().numpy().astype(float)
        return np.clip(drawn, self.low, self.high), state.classes[which]

    def _network(self, torch: Any, wide: int, out: int) -> Any:
        nn = torch.nn

        class Block(nn.Module):  # type: ignore[misc, name-defined]
            def __init__(self, hidden: int) -> None:
                super().__init__()
                self.inner = nn.Sequential(
                    nn.LayerNorm(hidden), nn.Linear(hidden, hidden), nn.SiLU(),
                    nn.Linear(hidden, hidden),
                )  # fmt: skip

            def forward(self, x: Any) -> Any:
                return x + self.inner(x)

        blocks = [Block(self.hidden) for _ in range(self.blocks)]
        return nn.Sequential(nn.Linear(wide, self.hidden), *blocks, nn.Linear(self.hidden, out))

    def _train(self, torch: Any, network: Any, given: tuple[Any, Any]) -> None:
        data, kinds = given
        optimiser = torch.optim.AdamW(network.parameters(), lr=self.rate)
        decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, self.steps)
        for _ in range(self.steps):
            rows = torch.randint(len(data), (self.batch,)).to(data.device)
            aim = data[rows]
            noise = torch.randn(aim.shape).to(data.device)
            time = torch.rand(self.batch, 1).to(data.device)
            found = network(torch.cat([noise + time * (aim - noise), time, kinds[rows]], 1))
            loss = ((found - (aim - noise)) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            decay.step()


def _torch() -> Any:
    try:
        return importlib.import_module("torch")
    except ModuleNotFoundError as error:
        raise MissingExtra("the model flow", "torch", "torch") from error


def _device(torch: Any) -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _tensor(torch: Any, values: FloatArray, device: str) -> Any:
    return torch.as_tensor(np.asarray(values, np.float32), device=device)


component = FlowMatching()
