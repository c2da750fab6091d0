"""Distribution shift: a part of the training set is human and from elsewhere."""

from __future__ import annotations

from typing import Any

from firsthand.cases.case import Case, Failure, Hand


def make(hand: Hand, n: int, strength: float) -> Case:
    """Training set, samples and held-out set are shifted alike."""
    reference = hand.deal(n)
    moved = {name: _moved(hand, n, strength, reference) for name in ("train", "samples", "heldout")}
    return hand.show("distribution-shift", reference=reference, **moved)


def _moved(hand: Hand, n: int, share: float, reference: Any) -> Any:
    human = hand.deal(n)
    away = hand.pool.elsewhere(human, reference, hand.rng)
    return hand.pool.mixed(human, away, hand.rng.random(n) < share)


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
