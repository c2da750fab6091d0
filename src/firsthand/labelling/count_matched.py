"""Count-matched: take as many labels of each class and size as people would have drawn.

One threshold of confidence loses small and rare objects, of which a detector is never sure. Here
every class-by-size cell has a threshold of its own: the confidence of the N-th surest prediction,
where N is what people label on as many images. Of boxes of two classes on one object the one that
clears its threshold by the larger factor stays; what a cell loses that way is asked for again.

Fails where the pool holds another mix than the reference: it then makes labels up, or leaves
objects out. With an anchor that is noticed and bounded (`detections.mix`), `cap` bounds it in any
case, and the check list of `firsthand label` names the class.

Source: class-balanced thresholds of Zou et al. 2018 (arXiv:1810.07911) and LabelMatch (Chen et al.
2022, arXiv:2206.06608), here by size as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from firsthand.detections.choosing import (
    CONFLICT,
    FLOOR,
    Anchor,
    Chosen,
    Expected,
    above,
    candidates,
    doubtful,
)
from firsthand.detections.mix import mix
from firsthand.detections.objects import Objects
from firsthand.detections.overlaps import Pairs, clashing, survivors
from firsthand.recursion import require
from firsthand.types import BoolArray, FloatArray

CORRECTIONS = 5
MOST = 3.0
"""A cell that loses boxes to overlaps may ask for this many times its count, not more."""


@dataclass(frozen=True, kw_only=True)
class CountMatched:
    """Thresholds by class and size that give the reference's counts an image."""

    name: str = "count_matched"
    question: str = "Which labels give as many objects of each class and size as people draw?"
    floor: float = FLOOR  # nothing less sure becomes a label
    cap: Mapping[str, float] = field(default_factory=dict)  # class -> most labels an image
    bounded: bool = True  # by what the anchor says can be there, where there is an anchor

    def __post_init__(self) -> None:
        require(0 <= self.floor < 1, "floor", self.floor, "a confidence from 0 to below 1")
        require(isinstance(self.cap, Mapping), "cap", self.cap, "labels an image by class")
        for name, most in self.cap.items():
            require(most >= 0, f"cap of {name}", most, "0 or more labels an image")

    def choose(
        self,
        pool: Objects,
        reference: Expected,
        rng: np.random.Generator,  # noqa: ARG002
        anchor: Anchor | None = None,
    ) -> Chosen:
        """As many labels in each cell as the reference has, as far as predictions reach.

        With an anchor a class that is rarer in the pool than in the reference, beyond chance, gets
        no more labels than the upper end of what the anchor says there can be.
        """
        pool = candidates(pool, self.floor)
        cell = reference.cells.of(pool)
        rates = self._rates(reference, self._at_most(pool, reference, anchor))
        wanted = np.rint(rates * pool.images)
        conflicts = clashing(pool, CONFLICT, by_class=False)
        conflicts = conflicts.only(pool.label[conflicts.first] != pool.label[conflicts.second])
        asked = wanted.copy()
        for _ in range(CORRECTIONS):
            thresholds = _thresholds(pool.confidence, cell, asked)
            kept = _without_conflicts(pool.confidence, thresholds[cell], conflicts)
            missing = wanted - np.bincount(cell[kept], minlength=len(wanted))
            more = np.minimum(asked + np.maximum(missing, 0), MOST * wanted)
            if (more == asked).all():
                break
            asked = more
        kept = _at_most(kept, pool.confidence, cell, wanted)
        unsure = doubtful(pool, kept)
        chance = above(thresholds, reference.cells)
        return Chosen(pool, kept, kept.astype(np.float64), unsure, thresholds, chance)

    def _at_most(self, pool: Objects, reference: Expected, anchor: Anchor | None) -> FloatArray:
        """Most labels an image of each class, (classes,): what was told, and what can be there."""
        names = reference.cells.classes
        for name in self.cap:
            require(name in names, "cap", name, "one of " + ", ".join(names))
        told = np.array([self.cap.get(name, np.inf) for name in names])
        if anchor is None or not self.bounded:
            return told
        high = mix(pool, reference, anchor).high
        bound = np.where(high < 1, high * reference.by_class, np.inf)
        return np.asarray(np.minimum(told, bound))

    def _rates(self, reference: Expected, most: FloatArray) -> FloatArray:
        """Objects an image wanted of each cell, (cells,)."""
        rate = reference.by_class
        factor = np.minimum(1.0, np.divide(most, rate, out=np.ones_like(rate), where=rate > 0))
        return np.asarray(reference.rate * np.repeat(factor, len(reference.cells.sizes)))


component = CountMatched()


def _thresholds(confidence: FloatArray, cell: np.ndarray, asked: FloatArray) -> FloatArray:
    """The confidence of the N-th surest prediction of each cell, (cells,).

    Infinite where none is asked for; the lowest there is where there are fewer than N.
    """
    order = np.lexsort((-confidence, cell))
    counts = np.bincount(cell, minlength=len(asked))
    start = np.cumsum(counts) - counts
    taken = np.minimum(asked, counts).astype(np.int64)
    out = np.full(len(asked), np.inf)
    some = taken > 0
    out[some] = confidence[order[(start + taken - 1)[some]]]
    return out


def _without_conflicts(
    confidence: FloatArray, threshold: FloatArray, conflicts: Pairs
) -> BoolArray:
    """What clears its threshold, and of two that overlap the one that clears it more clearly."""
    clears = confidence >= threshold
    live = clears[conflicts.first] & clears[conflicts.second]
    margin = confidence / np.maximum(threshold, np.finfo(np.float64).tiny)
    rank = np.empty(len(confidence), np.int64)
    rank[np.lexsort((-confidence, -margin))] = np.arange(len(confidence))
    return clears & survivors(conflicts.only(live), rank)


def _at_most(
    kept: BoolArray, confidence: FloatArray, cell: np.ndarray, wanted: FloatArray
) -> BoolArray:
    """No more than wanted in any cell: of those at one confidence the earlier rows stay."""
    rows = np.flatnonzero(kept)
    rows = rows[np.lexsort((-confidence[rows], cell[rows]))]
    counts = np.bincount(cell[rows], minlength=len(wanted))
    place = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    out = np.zeros_like(kept)
    out[rows[place < wanted[cell[rows]]]] = True
    return out
