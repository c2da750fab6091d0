"""Variational autoencoder: a code of a few numbers and back, conditioned on the class. PyTorch.

Its decoder is a normal law around what it decodes, as wide as its own errors are (sigma-VAE), so
that no weight has to be set between errors and codes. What it draws is the middle of that law,
without the noise, as is usual for pictures: every generation is smoother than what it saw, and that
alone narrows data. `noise=True` draws from the whole law.

Source: Kingma and Welling 2013, arXiv:1312.6114; spread: Rybkin et al. 2020, arXiv:2006.13202.
Recursively trained by Shumailov et al. 2024, doi:10.1038/s41586-024-07566-y.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from firsthand.numerics.networks import Labels, Scaled, device, seeded, tensor, torch_for, train
from firsthand.recursion import require
from firsthand.types import FloatArray

LEAST = 1e-6  # of the mean squared error, whose logarithm is taken


class State(NamedTuple):
    """A trained decoder, the spread around it in scaled units, and how data are scaled."""

    decoder: Any
    spread: float
    scaled: Scaled


@dataclass(frozen=True, kw_only=True)
class Autoencoder:
    """A class-conditional autoencoder of two layers a side; draws are clipped to `low`, `high`."""

    name: str = "vae"
    question: str = "What does an autoencoder lose that trains on what it drew?"
    latent: int = 10
    hidden: int = 256
    steps: int = 600  # of training
    batch: int = 128
    rate: float = 2e-3
    noise: bool = False
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        for option in ("latent", "hidden", "steps", "batch"):
            value = getattr(self, option)
            require(value >= 1, option, value, "1 or more")
        require(self.rate > 0, "rate", self.rate, "a number above 0")

    def fit(self, features: FloatArray, labels: Labels, rng: np.random.Generator) -> State:
        """Learn to code and decode (n, d) points of (n,) classes."""
        torch = torch_for(self.name)
        scaled = Scaled.of(features, labels)
        data, kinds = scaled.tensors(torch, features, labels)
        wide, classes = data.shape[1], kinds.shape[1]
        with seeded(torch, rng):
            encoder = self._layers(torch, wide + classes, 2 * self.latent)
            decoder = self._layers(torch, self.latent + classes, wide)
            both = torch.nn.ModuleList([encoder, decoder]).to(device(torch))

            def loss() -> Any:
                rows = torch.randint(len(data), (self.batch,)).to(data.device)
                errors, code = self._passed(torch, both, data[rows], kinds[rows])
                return wide / 2 * torch.log(errors + LEAST) + code

            train(torch, both, loss, self.steps, self.rate)
            with torch.no_grad():
                errors, _ = self._passed(torch, both, data, kinds)
        return State(decoder, float(errors) ** 0.5, scaled)

    def sample(self, state: State, n: int, rng: np.random.Generator) -> tuple[FloatArray, Labels]:
        """Decode normal codes. (n, d) and (n,)."""
        torch = torch_for(self.name)
        labels, kinds = state.scaled.kinds(torch, n, rng)
        code = tensor(torch, rng.standard_normal((n, self.latent)))
        with torch.no_grad():
            drawn = state.decoder(torch.cat([code, kinds], 1))
        if self.noise:
            drawn = drawn + tensor(torch, state.spread * rng.standard_normal(drawn.shape))
        return np.clip(state.scaled.back(drawn), self.low, self.high), labels

    def _passed(self, torch: Any, both: Any, data: Any, kinds: Any) -> tuple[Any, Any]:
        """Mean squared error of what comes back, and what the code costs, in nats a sample."""
        middle, log_variance = both[0](torch.cat([data, kinds], 1)).chunk(2, 1)
        drawn = torch.randn(middle.shape).to(middle.device)
        code = middle + torch.exp(log_variance / 2) * drawn
        errors = ((both[1](torch.cat([code, kinds], 1)) - data) ** 2).mean()
        cost = (middle**2 + torch.exp(log_variance) - 1 - log_variance).sum(1).mean() / 2
        return errors, cost

    def _layers(self, torch: Any, wide: int, out: int) -> Any:
        nn = torch.nn
        return nn.Sequential(
            nn.Linear(wide, self.hidden), nn.SiLU(), nn.Linear(self.hidden, self.hidden), nn.SiLU(),
            nn.Linear(self.hidden, out),
        )  # fmt: skip


component = Autoencoder()
