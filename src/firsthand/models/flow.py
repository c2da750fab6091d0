"""Flow matching: a network that moves noise into data, conditioned on the class. Needs PyTorch.

It learns the velocity of straight lines from normal noise to samples and is then integrated by
Euler steps. Small on purpose: 8 x 8 digits take ten seconds a generation on one CPU core.

Source: Lipman et al. 2022, arXiv:2210.02747.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from firsthand.numerics.networks import Labels, Scaled, device, seeded, tensor, torch_for, train
from firsthand.recursion import require
from firsthand.types import FloatArray


class State(NamedTuple):
    """A trained network, and how data are scaled for it."""

    network: Any
    scaled: Scaled


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
        torch = torch_for(self.name)
        scaled = Scaled.of(features, labels)
        data, kinds = scaled.tensors(torch, features, labels)
        wide = data.shape[1]
        with seeded(torch, rng):
            network = self._network(torch, wide + 1 + kinds.shape[1], wide).to(device(torch))

            def loss() -> Any:
                rows = torch.randint(len(data), (self.batch,)).to(data.device)
                aim = data[rows]
                noise = torch.randn(aim.shape).to(data.device)
                time = torch.rand(self.batch, 1).to(data.device)
                found = network(torch.cat([noise + time * (aim - noise), time, kinds[rows]], 1))
                return ((found - (aim - noise)) ** 2).mean()

            train(torch, network, loss, self.steps, self.rate)
        return State(network, scaled)

    def sample(self, state: State, n: int, rng: np.random.Generator) -> tuple[FloatArray, Labels]:
        """Move noise along the learnt velocity. (n, d) and (n,)."""
        torch = torch_for(self.name)
        labels, kinds = state.scaled.kinds(torch, n, rng)
        x = tensor(torch, rng.standard_normal((n, len(state.scaled.middle))))
        with torch.no_grad():
            for step in range(self.euler):
                time = torch.full((n, 1), step / self.euler, device=x.device)
                x = x + state.network(torch.cat([x, time, kinds], 1)) / self.euler
        return np.clip(state.scaled.back(x), self.low, self.high), labels

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


component = FlowMatching()
