"""The model repeats its training samples: points moved by a hair, documents in long runs."""

from __future__ import annotations

from firsthand.cases.case import Case, Failure, Hand


def make(hand: Hand, n: int, strength: float) -> Case:
    """A part of the samples are copies, the rest is fair."""
    reference, train, fair, heldout = (hand.deal(n) for _ in range(4))
    copied = hand.rng.random(n) < strength
    samples = hand.pool.mixed(fair, hand.pool.copies(train, hand.rng), copied)
    return hand.show(
        "overfitting", reference=reference, train=train, samples=samples, heldout=heldout
    )


component = Failure(
    name="overfitting",
    question="Does the model repeat what it was trained on?",
    cause="overfitting",
    dial="share of samples that are copies",
    strengths=(0.25, 0.5, 0.9),
    low=0.0,
    high=1.0,
    make=make,
    kinds=frozenset({"points", "documents"}),
)
