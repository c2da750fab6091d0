"""How good must a verifier be, so that a class is kept?

Looked at are labels: of the generated samples a share has a wrong one, and what a class loses is
what carries another's name. Sampling noise, which no verifier takes back, comes on top.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from firsthand.errors import InputError
from firsthand.numerics.domain import number
from firsthand.planning.target import People, Target
from firsthand.theory.verifier import error_threshold, needed_selectivity, wrong_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """What passes, if it is known: shares in [0, 1]."""

    wrong: float | None = None  # share of wrong labels among generated samples, before it
    keep_right: float | None = None  # of right labels, that pass
    keep_wrong: float | None = None  # of wrong ones

    def __post_init__(self) -> None:
        given = (self.wrong, self.keep_right, self.keep_wrong)
        for name, value in zip(("wrong", "keep_right", "keep_wrong"), given, strict=True):
            if value is not None:
                number(name, value, 0, 1)
        if (self.keep_right is None) != (self.keep_wrong is None):
            raise InputError(
                "one of keep_right and keep_wrong is given", expected="both, or neither"
            )
        if self.wrong == 1.0:
            raise InputError("wrong is 1", expected="some right labels for a verifier to find")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What a verifier has to reach. None where it was not said what would tell."""

    allowed: float  # share of wrong labels among those that pass, in every generation
    selectivity: float | None  # keep_right / keep_wrong that leads there; 1 or less: none needed
    reached: float | None  # share of wrong labels among those that pass this verifier
    threshold: float | None  # share of wrong labels up to which this verifier helps at all
    pass_ratios: dict[str, float]
    """By class: smallest pass rate, over that of the other classes, that still keeps it."""


def quality(people: People, target: Target, given: Verifier, human: float = 0.0) -> Quality:
    """What a verifier has to reach, so that right labels and every class are kept on average.

    Args:
        people: the classes.
        target: `keep` by the last generation; without generations nothing but a human part holds.
        given: what is known of the verifier and of what it looks at.
        human: share of each training set that people labelled, in [0, 1].

    Source: the share of right labels s' = human + (1 - human) (1 - allowed) s, from 1; the odds of
    a class are multiplied by its pass ratio (`theory.verifier.filtered_shares`). Derived here.

    >>> from firsthand.class_counts import parse_counts
    >>> from firsthand.planning.target import people_of
    >>> found = quality(people_of(parse_counts("a=90,b=10")), Target(samples=100, generations=10),
    ...     Verifier(wrong=0.2))
    >>> round(found.allowed, 4), round(found.selectivity, 1), round(found.pass_ratios["b"], 3)
    (0.0105, 23.6, 0.988)
    """
    allowed = allowed_wrong(target, human)
    selectivity = reached = threshold = None
    if given.wrong is not None:
        safe = min(max(allowed, 1e-9), 1 - 1e-9)
        selectivity = float(needed_selectivity(given.wrong, safe))
    if given.keep_right is not None and given.keep_wrong is not None:
        threshold = float(error_threshold(given.keep_right, given.keep_wrong))
        if given.wrong is not None:
            reached = float(wrong_after(given.wrong, given.keep_right, given.keep_wrong))
    return Quality(
        allowed=allowed,
        selectivity=selectivity,
        reached=reached,
        threshold=threshold,
        pass_ratios={one.name: _pass_ratio(one.share, target) for one in people.classes},
    )


def allowed_wrong(target: Target, human: float) -> float:
    """The largest share of wrong labels a generation that leaves `keep` of the right ones."""
    if target.generations is None:
        right = human / (1 - human) * (1 / target.keep - 1) if 0 < human < 1 and target.keep else 0
        return 1.0 if human == 1 or target.keep == 0 else min(1.0, float(right))
    low, high = 0.0, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if _right(middle, target, human) else (low, middle)
    return low


def _right(wrong: float, target: Target, human: float) -> bool:
    stays = (1 - human) * (1 - wrong)
    settled = human / (1 - stays) if stays < 1 else 0.0
    left = settled + (1 - settled) * math.pow(stays, target.generations or 0)
    return left >= target.keep


def _pass_ratio(share: float, target: Target) -> float:
    if target.generations is None:
        return 1.0
    odds = target.keep * (1 - share) / (1 - target.keep * share)
    return math.pow(odds, 1 / target.generations)
