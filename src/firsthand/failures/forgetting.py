"""Catastrophic forgetting: training went on with human data of some modes only."""

from __future__ import annotations

from firsthand.cases.case import Case, Failure, Hand


def make(hand: Hand, n: int, strength: float) -> Case:
    """Training set and samples of some modes only, chosen at random."""
    kept = hand.some_modes(strength)
    return hand.show(
        "catastrophic-forgetting",
        reference=hand.deal(n),
        train=hand.deal(n, kept),
        samples=hand.deal(n, kept),
        heldout=hand.deal(n, kept),
    )


component = Failure(
    name="forgetting",
    question="Is a part of the old data no longer trained on?",
    cause="catastrophic-forgetting",
    dial="share of classes dropped",
    strengths=(0.25, 0.5, 0.8),
    low=0.0,
    high=1.0,
    make=make,
)
