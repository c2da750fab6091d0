"""Distribution shift: a part of the training set is human and from elsewhere."""

from __future__ import annotations

import numpy as np

from firsthand.cases.case import Case, Failure, Hand


def make(hand: Hand, n: int, strength: float) -> Case:
    """Training set, samples and held-out set are shifted alike."""
    reference, seed = hand.deal(n), int(hand.rng.integers(2**31))
    moved = {}
    for turn, name in enumerate(("train", "samples", "heldout")):
        human = hand.deal(n)
        away = hand.pool.elsewhere(human, reference, turn, np.random.default_rng(seed))
        moved[name] = hand.pool.mixed(human, away, hand.rng.random(n) < strength)
    return hand.show("distribution-shift", reference=reference, **moved)


component = Failure(
    name="shift",
    question="Does a part of the training set come from elsewhere?",
    cause="distribution-shift",
    dial="share of the training set that is from elsewhere",
    strengths=(0.25, 0.5, 1.0),
    low=0.0,
    high=1.0,
    make=make,
)
