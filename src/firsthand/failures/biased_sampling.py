"""Biased sampling: the model is as it should be and its output is sharpened or cut."""

from __future__ import annotations

from math import ceil

from firsthand.cases.case import FAIR, Case, Failure, Hand
from firsthand.recursion import Sampling


def make(hand: Hand, n: int, strength: float) -> Case:
    """Samples at temperature 1 / strength, or below 1 from the top-p nucleus; and unfiltered."""
    bias = Sampling(temperature=1 / strength) if strength > 1 else Sampling(top_p=strength)
    reference, train, heldout, fair = (hand.deal(n) for _ in range(4))
    fresh = hand.deal(ceil(n / bias.top_p))
    pool, rng = hand.pool, hand.rng
    return hand.show(
        "biased-sampling",
        reference=reference,
        train=train,
        heldout=heldout,
        samples=pool.output(train, fresh, n, bias, rng),
        unfiltered=pool.output(train, fair, n, FAIR, rng),
    )


component = Failure(
    name="biased_sampling",
    question="Is the model's output sharpened or cut?",
    cause="biased-sampling",
    dial="exponent 1/T above 1, or top-p below 1",
    strengths=(1.1, 1.25, 2.0),
    low=0.1,
    high=20.0,
    make=make,
)
