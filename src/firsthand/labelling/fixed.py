"""Fixed: what is at least so sure becomes a label, everything else is background.

The usual way, and the control of every other: rare and small objects, of which a detector is less
sure, turn into background, and the next detector learns that they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firsthand.detections.choosing import (
    FLOOR,
    Anchor,
    Chosen,
    Expected,
    above,
    candidates,
    doubtful,
)
from firsthand.detections.objects import Objects
from firsthand.recursion import require


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """One threshold of confidence for everything."""

    name: str = "fixed"
    question: str = "Which labels are at least so sure?"
    confidence: float = 0.5
    floor: float = FLOOR  # below it, a prediction is not even unsure

    def __post_init__(self) -> None:
        require(0 <= self.floor < 1, "floor", self.floor, "a confidence from 0 to below 1")
        fits = self.floor <= self.confidence <= 1
        require(fits, "confidence", self.confidence, f"a confidence from {self.floor} to 1")

    def choose(
        self,
        pool: Objects,
        reference: Expected,
        rng: np.random.Generator,  # noqa: ARG002
        anchor: Anchor | None = None,  # noqa: ARG002
    ) -> Chosen:
        """Everything at or above the confidence."""
        pool = candidates(pool, self.floor)
        kept = pool.confidence >= self.confidence
        thresholds = np.full(len(reference.cells), self.confidence)
        chance = above(thresholds, reference.cells)
        return Chosen(pool, kept, chance(pool), doubtful(pool, kept), thresholds, chance)


component = Fixed()
