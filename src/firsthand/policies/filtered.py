"""Filtered: a verifier looks at what was generated before it is trained on.

Which samples a verifier doubts is said by the model family: wrong labels, or what lies in the
outermost tenth of human data. A verifier that rejects more of the doubtful ones than of the others
helps against wrong labels and does harm to tails: which of the two it does depends on the family.
Sources: Feng et al. 2024, arXiv:2406.07515; Qiao et al. 2026, arXiv:2606.13732.
"""

from __future__ import annotations

from dataclasses import dataclass

from firsthand.recursion import Recipe, require


@dataclass(frozen=True, kw_only=True)
class Filtered:
    """Of what is generated, `keep` is kept, and `keep_doubtful` of what the verifier doubts.

    >>> Filtered(keep_doubtful=0.3).compose(900, 900)
    Recipe(made=900, keep_doubtful=0.3)
    """

    name: str = "filtered"
    question: str = "What is lost, or saved, when a verifier filters what is generated?"
    keep: float = 1.0
    keep_doubtful: float = 0.5

    def __post_init__(self) -> None:
        require(0 < self.keep <= 1, "keep", self.keep, "a share above 0, at most 1")
        good = 0 <= self.keep_doubtful <= 1
        require(good, "keep_doubtful", self.keep_doubtful, "a share from 0 to 1")

    def compose(self, human: int, budget: int) -> Recipe:  # noqa: ARG002
        """As many generated samples as the budget says, all of them through the verifier."""
        return Recipe(made=budget, keep=self.keep, keep_doubtful=self.keep_doubtful)


component = Filtered()
