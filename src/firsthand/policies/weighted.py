"""Weighted: human samples count more than generated ones, or less.

Where half of the data are fresh human ones, estimating a mean is best when these have a weight of
0.618 altogether, the inverse golden ratio (He, Xu and Cheng 2025, arXiv:2502.18049).
"""

from __future__ import annotations

from dataclasses import dataclass

from firsthand.recursion import Recipe, require


@dataclass(frozen=True, kw_only=True)
class Weighted:
    """A share of every training set is new human data, and has a total weight of `weight`.

    >>> Weighted(share=0.5, weight=0.8).compose(100, 200)
    Recipe(fresh=100, made=100, human_weight=4.0)
    """

    name: str = "weighted"
    question: str = "How much weight do human data need against generated ones?"
    share: float = 0.5
    weight: float = 0.618

    def __post_init__(self) -> None:
        require(0 < self.share < 1, "share", self.share, "a share between 0 and 1")
        require(0 < self.weight < 1, "weight", self.weight, "a weight between 0 and 1")

    def compose(self, human: int, budget: int) -> Recipe:  # noqa: ARG002
        """New human samples with their weight, and generated ones."""
        fresh = round(self.share * budget)
        made = budget - fresh
        odds = self.weight / (1 - self.weight)
        return Recipe(fresh=fresh, made=made, human_weight=round(odds * made / max(fresh, 1), 12))


component = Weighted()
