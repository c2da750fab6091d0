"""Generative adversarial network: one network draws, another tells draws from data. Needs PyTorch.

Nothing in its training asks for all modes: a generator that shows a few well can win for a while,
and whether it comes back to the others depends on the seed. That is mode collapse in one training,
which no chain of generations is needed for. Conditioned on the class, as its neighbours are; small
on purpose: a ring of 20 modes takes seconds on one CPU core.

Source: Goodfellow et al. 2014, arXiv:1406.2661 (the loss that does not saturate).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from firsthand.numerics.networks import Labels, Scaled, device, seeded, tensor, torch_for
from firsthand.recursion import require
from firsthand.types import FloatArray

MOMENTUM = (0.5, 0.999)  # Radford et al. 2015, arXiv:1511.06434: with 0.9 both go round in circles


class State(NamedTuple):
    """A trained generator, and how data are scaled."""

    generator: Any
    scaled: Scaled


@dataclass(frozen=True, kw_only=True)
class Adversarial:
    """Two layers a side; draws are clipped to `low`, `high`."""

    name: str = "gan"
    question: str = "Which modes does a generator leave out that only has to look right?"
    latent: int = 8
    hidden: int = 128
    steps: int = 2000  # of training, of both networks
    batch: int = 256
    rate: float = 1e-3
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        for option in ("latent", "hidden", "steps", "batch"):
            value = getattr(self, option)
            require(value >= 1, option, value, "1 or more")
        require(self.rate > 0, "rate", self.rate, "a number above 0")

    def fit(self, features: FloatArray, labels: Labels, rng: np.random.Generator) -> State:
        """Learn to draw (n, d) points of (n,) classes."""
        torch = torch_for(self.name)
        scaled = Scaled.of(features, labels)
        data, kinds = scaled.tensors(torch, features, labels)
        wide, classes = data.shape[1], kinds.shape[1]
        with seeded(torch, rng):
            generator = self._layers(torch, self.latent + classes, wide)
            critic = self._layers(torch, wide + classes, 1)
            for _, rows in zip(range(self.steps), self._batches(torch, data), strict=False):
                self._step(torch, (generator, critic), data[rows], kinds[rows])
        return State(generator[0], scaled)

    def sample(self, state: State, n: int, rng: np.random.Generator) -> tuple[FloatArray, Labels]:
        """Draw from noise. (n, d) and (n,)."""
        torch = torch_for(self.name)
        labels, kinds = state.scaled.kinds(torch, n, rng)
        noise = tensor(torch, rng.standard_normal((n, self.latent)))
        with torch.no_grad():
            drawn = state.generator(torch.cat([noise, kinds], 1))
        return np.clip(state.scaled.back(drawn), self.low, self.high), labels

    def _step(self, torch: Any, both: tuple[Any, Any], real: Any, kinds: Any) -> None:
        """One step of the critic, then one of the generator."""
        (generator, improve), (critic, judge) = both
        distance = torch.nn.functional.softplus
        noise = torch.randn(len(real), self.latent).to(real.device)
        made = generator(torch.cat([noise, kinds], 1))
        told = critic(torch.cat([made.detach(), kinds], 1))
        wrong = distance(told) + distance(-critic(torch.cat([real, kinds], 1)))
        _improve(judge, wrong.mean())
        _improve(improve, distance(-critic(torch.cat([made, kinds], 1))).mean())

    def _batches(self, torch: Any, data: Any) -> Any:
        while True:
            yield torch.randint(len(data), (self.batch,)).to(data.device)

    def _layers(self, torch: Any, wide: int, out: int) -> tuple[Any, Any]:
        """A network and what improves it."""
        nn = torch.nn
        network = nn.Sequential(
            nn.Linear(wide, self.hidden), nn.LeakyReLU(0.2),
            nn.Linear(self.hidden, self.hidden), nn.LeakyReLU(0.2),
            nn.Linear(self.hidden, out),
        ).to(device(torch))  # fmt: skip
        return network, torch.optim.Adam(network.parameters(), lr=self.rate, betas=MOMENTUM)


def _improve(optimiser: Any, loss: Any) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


component = Adversarial()
