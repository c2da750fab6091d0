"""Soft: everything above the floor is a label, with the weight of its probability of being right.

For trainers that take a weight a box, or a confidence as a target; those that do not would take
every prediction for a fact, so label files alone say too much: the weights stand in the side file.
Weights are calibrated on an anchor where there is one, else they are the confidences.

Source: soft targets keep what a detector is unsure of (Hinton et al. 2015, arXiv:1503.02531; soft
teachers for detection, Xu et al. 2021, arXiv:2106.09018).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firsthand.detections.choosing import FLOOR, Anchor, Chosen, Expected, candidates
from firsthand.detections.objects import Objects
from firsthand.detections.probability import confidence, learn
from firsthand.recursion import require


@dataclass(frozen=True, kw_only=True)
class Soft:
    """All labels above the floor, weighted."""

    name: str = "soft"
    question: str = "How much should each prediction count, if all of them are kept?"
    floor: float = FLOOR

    def __post_init__(self) -> None:
        require(0 < self.floor < 1, "floor", self.floor, "a confidence between 0 and 1")

    def choose(
        self,
        pool: Objects,
        reference: Expected,
        rng: np.random.Generator,  # noqa: ARG002
        anchor: Anchor | None = None,
    ) -> Chosen:
        """Keep all, weigh each."""
        pool = candidates(pool, self.floor)
        weigh = confidence if anchor is None else learn(anchor, reference.cells)
        kept = np.ones(len(pool), bool)
        thresholds = np.full(len(reference.cells), self.floor)
        return Chosen(pool, kept, weigh(pool), ~kept, thresholds, weigh)


component = Soft()
