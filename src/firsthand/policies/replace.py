"""Replace: each model trains only on what the model before it produced.

The fastest way to lose the tails, and what happens by itself when human data are not kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from firsthand.errors import InputError
from firsthand.recursion import Recipe


@dataclass(frozen=True, kw_only=True)
class Replace:
    """All of the next training set is generated.

    >>> Replace().compose(900, 900).made
    900
    """

    name: str = "replace"
    question: str = "What is lost when a model trains only on the output of the one before?"

    def compose(self, human: int, budget: int) -> Recipe:
        """Nothing but generated samples.

        Raises:
            InputError: the budget or the number of human samples is negative.
        """
        if budget < 0 or human < 0:
            raise InputError(
                f"a training set of {budget} samples next to {human} human ones",
                expected="numbers of 0 or more",
                todo="Check the budget.",
            )
        return Recipe(made=budget)


component = Replace()
