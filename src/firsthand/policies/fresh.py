"""Fresh human inflow: in each generation some people write something new.

What keeps diversity is the number of fresh samples a generation, much more than their share.
Source: Alemohammad et al. 2023, arXiv:2307.01850 (the fresh data loop).
"""

from __future__ import annotations

from dataclasses import dataclass

from firsthand.recursion import Recipe, require


@dataclass(frozen=True, kw_only=True)
class Fresh:
    """The given share of every training set is new human data, the rest is generated.

    >>> Fresh(share=0.25).compose(900, 1000)
    Recipe(fresh=250, made=750)
    """

    name: str = "fresh"
    question: str = "What is kept by a steady inflow of new human data?"
    share: float = 0.1

    def __post_init__(self) -> None:
        require(0 <= self.share <= 1, "share", self.share, "a share from 0 to 1")

    def compose(self, human: int, budget: int) -> Recipe:  # noqa: ARG002
        """New human samples, rounded to the nearest whole number, and generated ones."""
        fresh = round(self.share * budget)
        return Recipe(fresh=fresh, made=budget - fresh)


component = Fresh()
