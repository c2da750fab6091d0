"""Mixed: a share of every training set is drawn from the first human data, the rest is generated.

Source: Shumailov et al. 2024, doi:10.1038/s41586-024-07566-y, who kept a random tenth of the
original data in each generation. Which samples are kept is drawn anew each time.
"""

from __future__ import annotations

from dataclasses import dataclass

from firsthand.recursion import Recipe, require


@dataclass(frozen=True, kw_only=True)
class Mixed:
    """The given share is human, as far as there are so many; generated data fill the rest.

    >>> Mixed(share=0.2).compose(900, 1000)
    Recipe(human=200, made=800)
    """

    name: str = "mixed"
    question: str = "What is lost when a share of every training set stays human?"
    share: float = 0.1

    def __post_init__(self) -> None:
        require(0 <= self.share <= 1, "share", self.share, "a share from 0 to 1")

    def compose(self, human: int, budget: int) -> Recipe:
        """Human samples, rounded to the nearest whole number, and generated ones."""
        kept = min(round(self.share * budget), human)
        return Recipe(human=kept, made=budget - kept)


component = Mixed()
