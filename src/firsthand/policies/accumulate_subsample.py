"""Accumulate and subsample: all data are kept, and a sample of constant size is trained on.

For those who keep everything but cannot pay for training on it: between replace and accumulate, and
it levels off (Kazdan et al. 2024, arXiv:2410.16713).
"""

from __future__ import annotations

from dataclasses import dataclass

from firsthand.recursion import Recipe


@dataclass(frozen=True, kw_only=True)
class AccumulateSubsample:
    """A sample of the budget's size, from all data so far.

    >>> AccumulateSubsample().compose(900, 900)
    Recipe(made=900, earlier=True, at_most=900)
    """

    name: str = "accumulate_subsample"
    question: str = "What is lost when a sample of everything so far is trained on?"

    def compose(self, human: int, budget: int) -> Recipe:  # noqa: ARG002
        """Adds `budget` generated samples to all data, and trains on as many of them all."""
        return Recipe(made=budget, earlier=True, at_most=budget)


component = AccumulateSubsample()
