"""Nothing is wrong: training set and samples are human data of the reference's law."""

from __future__ import annotations

from firsthand.cases.case import Case, Failure, Hand


def make(hand: Hand, n: int, strength: float) -> Case:  # noqa: ARG001
    """Four sets of one law."""
    return hand.show(
        "healthy",
        reference=hand.deal(n),
        train=hand.deal(n),
        samples=hand.deal(n),
        heldout=hand.deal(n),
    )


component = Failure(
    name="healthy",
    question="Is nothing wrong?",
    cause="healthy",
    dial="no dial",
    strengths=(0.0,),
    low=0.0,
    high=0.0,
    make=make,
)
