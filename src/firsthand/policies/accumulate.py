"""Accumulate: nothing is ever thrown away; each generation adds what the newest model made.

Keeps a regular maximum-likelihood fit within a constant factor, pi^2 / 6, of the first model
(Gerstgrasser et al. 2024, arXiv:2404.01413); not one that grows by itself, as a density estimate of
fixed bandwidth does.
"""

from __future__ import annotations

from dataclasses import dataclass

from firsthand.recursion import Recipe


@dataclass(frozen=True, kw_only=True)
class Accumulate:
    """As many generated samples as the budget says are added to all earlier data.

    >>> Accumulate().compose(900, 900)
    Recipe(made=900, earlier=True)
    """

    name: str = "accumulate"
    question: str = "What is lost when generated data are added and nothing is thrown away?"

    def compose(self, human: int, budget: int) -> Recipe:  # noqa: ARG002
        """Everything from before, and `budget` generated samples."""
        return Recipe(made=budget, earlier=True)


component = Accumulate()
