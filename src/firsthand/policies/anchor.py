"""Anchor: the human data stay in every training set, in full; generated ones come on top.

Source: retraining on fixed real data mixed with generated ones stays near the first model if the
real share is large enough (Bertrand et al. 2023, arXiv:2310.00429); with a small share it only
slows the loss (Alemohammad et al. 2023, arXiv:2307.01850). `docs/demo.md` has shares and numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from firsthand.errors import InputError
from firsthand.recursion import Recipe, require


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """All human data are kept; generated data fill the rest. Few human data may count for more.

    >>> Anchor().compose(900, 1200)
    Recipe(human=900, made=300)
    >>> Anchor(weight=2.5).compose(100, 1200)
    Recipe(human=100, made=1100, human_weight=2.5)
    """

    name: str = "anchor"
    question: str = "What is lost when the human data stay and generated data come on top?"
    weight: float = 1.0  # of a human sample, where a generated one counts 1

    def __post_init__(self) -> None:
        fits = 0 < self.weight < float("inf")
        require(fits, "weight", self.weight, "a number above 0")

    def compose(self, human: int, budget: int) -> Recipe:
        """All human samples, and generated ones up to the budget.

        Raises:
            InputError: there are no human data, or more than the budget holds, so that some of
                them would have to go.
        """
        if not 0 < human <= budget:
            raise InputError(
                f"{human} human samples for a training set of {budget}",
                expected="at least 1 human sample, and room for all of them",
                todo="Raise the budget to at least the number of human samples.",
            )
        return Recipe(human=human, made=budget - human, human_weight=self.weight)


component = Anchor()
