"""How much of each means does a class need?"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from firsthand.planning.choice import Way, choose
from firsthand.planning.target import HumanClass, Target

LARGEST = 10**8  # samples: beyond, no training set is thought of


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What keeps one class at the target, each means by itself. Infinite: it cannot.

    Numbers are of samples of all classes in a generation, of which the class gets its share.
    """

    name: str
    unaided: float  # probability of the target without any human samples
    fresh: float  # new human samples, drawn as they occur
    fresh_low: float  # the same were the human share at the upper end of its interval
    fresh_high: float  # and at the lower end
    weighted: float  # new human samples with the best weight
    weight: float  # of one of them then, where a generated sample has 1; NaN where it cannot
    kept: float  # human samples that hold each class in its human share: kept, or new by quota
    kept_weight: float  # of each of those there are, if they are fewer than needed; else 1
    best: float  # probability of the target in a training set of human samples alone
    samples: float  # training set for which fresh samples suffice, where `fresh` cannot
    alone: int  # human objects of it that hold it where nothing else by people is added ...
    alone_share: float  # ... and the share that it then grows to


def need_of(one: HumanClass, target: Target, available: int) -> Need:
    """What it takes to keep one class.

    Args:
        one: the class.
        target: what is to be kept.
        available: human samples that there are.
    """
    fresh = smallest("fresh", one, target)
    weighted = smallest("weighted", one, target)
    kept = smallest("anchor", one, target)
    size = int(weighted) if math.isfinite(weighted) else 0
    alone, share = _alone(one, target)
    return Need(
        name=one.name,
        unaided=choose("replace", 0, target.samples).probability(
            one, target.keep, target.generations
        ),
        fresh=fresh,
        fresh_low=smallest("fresh", replace(one, share=one.high), target),
        fresh_high=smallest("fresh", replace(one, share=one.low), target),
        weighted=weighted,
        weight=choose("weighted", size, target.samples).weight if size else math.nan,
        kept=kept,
        kept_weight=_weight(one, target, available) if available < kept else 1.0,
        best=choose("fresh", target.samples, target.samples).probability(
            one, target.keep, target.generations
        ),
        samples=target.samples if math.isfinite(fresh) else _size(one, target),
        alone=alone,
        alone_share=share,
    )


def smallest(way: Way, one: HumanClass, target: Target) -> float:
    """The smallest number of human samples a generation that reaches the target; or infinity."""
    return _first(
        lambda human: choose(way, human, target.samples).holds(one, target), target.samples
    )


def _first(enough: Callable[[int], bool], most: int) -> float:
    """The smallest number from 0 to `most` that is enough, where more is never worse."""
    if enough(0):
        return 0
    if not enough(most):
        return math.inf
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _weight(one: HumanClass, target: Target, available: int) -> float:
    """How much the human samples that there are have to count; infinite if nothing else may."""
    even = available / target.samples
    steps = 1000

    def enough(step: int) -> bool:
        part = even + (1 - even) * step / steps
        return choose("anchor", available, target.samples, part).holds(one, target)

    found = _first(enough, steps - 1)
    if not math.isfinite(found):
        return math.inf
    part = even + (1 - even) * found / steps
    return choose("anchor", available, target.samples, part).weight


def _size(one: HumanClass, target: Target) -> float:
    """The smallest training set of which a purely human one reaches the target."""

    def enough(samples: int) -> bool:
        return samples > 0 and choose("fresh", samples, samples).holds(one, target)

    if target.keep == 1:  # half of all human samples have less than the mean, whatever their size
        return math.inf
    high = target.samples
    while high < LARGEST and not enough(high):
        high *= 2
    return _first(enough, high) if high < LARGEST else math.inf


def _alone(one: HumanClass, target: Target) -> tuple[int, float]:
    """Objects of this class only that hold it by themselves, and where its share goes then."""
    whole = target.samples * one.each
    quota = max(1, math.ceil(target.keep * one.share * whole - 1e-9))
    turns = math.inf if target.generations is None else target.generations
    return quota, 1 - (1 - quota / whole) ** turns * (1 - one.share)
