"""Over-dispersion: samples are spread wider than the training set."""

from __future__ import annotations

from firsthand.cases.case import Case, Failure, Hand


def make(hand: Hand, n: int, strength: float) -> Case:
    """Deviations from the middle times a factor; documents at that temperature."""
    reference, train, fresh, heldout = (hand.deal(n) for _ in range(4))
    return hand.show(
        "over-dispersion",
        reference=reference,
        train=train,
        samples=hand.pool.wider(train, fresh, strength, hand.rng),
        heldout=heldout,
    )


component = Failure(
    name="over_dispersion",
    question="Are samples spread wider than what the model was trained on?",
    cause="over-dispersion",
    dial="factor of the deviation; temperature of words",
    strengths=(1.2, 1.5, 2.0),
    low=1.0,
    high=100.0,
    make=make,
    kinds=frozenset({"points", "documents"}),
)
