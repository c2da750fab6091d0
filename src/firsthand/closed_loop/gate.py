"""Does a child find less than generation 0 on what people labelled? Then it is not shipped.

Each human object of the anchor was found by both, by one, or by none. Under no change the objects
that only one of them found are as likely the one's as the other's, so the lost ones among them are
binomial (the one-sided exact test of McNemar 1947, doi:10.1007/BF02295996). Each class and each
size is tested; the level is divided by how many those are (Bonferroni).
"""

from __future__ import annotations

from math import comb
from typing import NamedTuple

import numpy as np

from firsthand.detections import Cells, Objects, match
from firsthand.types import BoolArray, slice_text

LEVEL = 0.05
CONFIDENCE = 0.25


class Lost(NamedTuple):
    """Objects of one class or size that only one of both found."""

    part: str
    lost: int  # generation 0 found them, the child does not
    gained: int
    p_value: float  # of as many lost ones or more, if nothing has changed


def found_of(human: Objects, found: Objects, confidence: float = CONFIDENCE) -> BoolArray:
    """Which human objects are found with at least this confidence, (n,)."""
    holder = match(human, found).found
    sure = np.append(found.confidence, 0.0)[holder]
    return (holder >= 0) & (sure >= confidence)


def losses(human: Objects, before: BoolArray, after: BoolArray, cells: Cells) -> list[Lost]:
    """What was lost and gained, in each class and each size."""
    parts, members = cells.slices()
    cell = cells.of(human)
    told = []
    for part, member in zip(parts, members, strict=True):
        if len(part) == 1:
            here = member[cell]
            lost = int((here & before & ~after).sum())
            gained = int((here & ~before & after).sum())
            told.append(Lost(slice_text(part), lost, gained, at_least(lost, lost + gained)))
    return told


def passes(told: list[Lost]) -> bool:
    """Whether nothing is significantly lost."""
    return all(one.p_value >= LEVEL / len(told) for one in told)


def at_least(k: int, n: int) -> float:
    """Chance of k heads or more in n tosses of a fair coin.

    >>> at_least(0, 0), at_least(5, 5)
    (1.0, 0.03125)
    """
    return float(sum(comb(n, each) for each in range(k, n + 1)) / 2**n)
