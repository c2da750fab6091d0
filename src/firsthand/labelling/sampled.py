"""Sampled: each prediction becomes a label with the probability that it is right.

A threshold turns everything below it into background and everything above it into fact, and the
next detector learns both as certain. Sampling keeps the expected number of right labels of every
class and size; single labels are wrong as often as the detector is. Probabilities come from an
anchor: images that people labelled and the detector did not learn from.

Source: drawing what is missing from its probability instead of taking the likeliest value, as in
stochastic EM (Celeux and Diebolt 1985); calibration after Platt 1999.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firsthand.detections.choosing import (
    FLOOR,
    Anchor,
    Chosen,
    Expected,
    candidates,
    doubtful,
    needed,
)
from firsthand.detections.objects import Objects
from firsthand.detections.probability import learn
from firsthand.recursion import require


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """Labels drawn by their calibrated probability."""

    name: str = "sampled"
    question: str = "Which labels does a draw by their probability of being right give?"
    floor: float = FLOOR  # nothing less sure becomes a label

    def __post_init__(self) -> None:
        require(0 <= self.floor < 1, "floor", self.floor, "a confidence from 0 to below 1")

    def choose(
        self,
        pool: Objects,
        reference: Expected,
        rng: np.random.Generator,
        anchor: Anchor | None = None,
    ) -> Chosen:
        """Draw labels.

        Raises:
            InputError: there is no anchor.
        """
        pool = candidates(pool, self.floor)
        learnt = learn(needed(anchor, self.name), reference.cells)
        kept = rng.random(len(pool)) < learnt(pool)
        weight, unsure = kept.astype(np.float64), doubtful(pool, kept)
        thresholds = np.full(len(reference.cells), self.floor)
        return Chosen(pool, kept, weight, unsure, thresholds, learnt)


component = Sampled()
