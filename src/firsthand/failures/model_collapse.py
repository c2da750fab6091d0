"""Model collapse: the training set is generation G of a chain that trains on what it made."""

from __future__ import annotations

from firsthand.cases.case import Case, Failure, Hand
from firsthand.provenance import declare
from firsthand.recursion import Sampling

COLD = Sampling(temperature=0.9)


def make(hand: Hand, n: int, strength: float) -> Case:
    """Replace: each model is fitted anew to what the one before said, at temperature 0.9."""
    pool, rng = hand.pool, hand.rng
    reference, before, history = hand.deal(n), hand.deal(n), []
    for _ in range(round(strength)):
        history.append(before)
        before = pool.learnt(history[-1], n, COLD, rng)
    samples, heldout = (pool.learnt(history[-1], n, COLD, rng) for _ in range(2))
    return hand.show(
        "model-collapse",
        reference=reference,
        train=before,
        samples=samples,
        heldout=heldout,
        history=[*history[1:], before],
        train_origin=declare("synthetic"),
    )


component = Failure(
    name="model_collapse",
    question="Did models make the training set, generation by generation?",
    cause="model-collapse",
    dial="generations",
    strengths=(3.0, 8.0, 25.0),
    low=1.0,
    high=1000.0,
    make=make,
)
