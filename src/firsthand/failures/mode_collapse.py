"""The model leaves modes out that its training set has; inside those it keeps it is fair."""

from __future__ import annotations

from firsthand.cases.case import Case, Failure, Hand


def make(hand: Hand, n: int, strength: float) -> Case:
    """Samples of some modes only, chosen at random."""
    kept = hand.some_modes(strength)
    return hand.show(
        "mode-collapse",
        reference=hand.deal(n),
        train=hand.deal(n),
        heldout=hand.deal(n),
        samples=hand.deal(n, kept),
    )


component = Failure(
    name="mode_collapse",
    question="Does the model leave modes out?",
    cause="mode-collapse",
    dial="share of modes lost",
    strengths=(0.25, 0.5, 0.8),
    low=0.0,
    high=1.0,
    make=make,
)
