"""What a model's samples reach of people's points that it never saw, set against other people's.

The numbers and the strata are those of the metrics of an audit (`numerics/prdc.py`,
`numerics/strata.py`), at one fixed split: half of the data is what is to be reached, and the half
that the model learns from is the second human sample, which says how much of it people reach.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firsthand.lab.human import People
from firsthand.numerics.prdc import PRDC, prdc
from firsthand.numerics.strata import strata_of
from firsthand.types import FloatArray

NEIGHBOURS = 5  # as in the metrics of an audit
LEAST = 10  # points in the rarest tenth; fewer say nothing
UNITS = {
    "precision": "share",
    "recall": "share",
    "density": "balls",
    "coverage": "share",
    "tail_recall": "share",  # recall of the loneliest tenth
    "tail_coverage": "share of what a second human sample reaches",  # of them, both ways
    "variance": "human variances",
}

Floats = NDArray[np.float32]


class Reference:
    """People's points, which of them are the loneliest tenth, and what other people reach of it.

    `size` points are compared with as many: all these numbers depend on how many there are.
    `truth` is what the second human sample scores.
    """

    def __init__(self, people: People) -> None:
        self.size = min(len(people.reference), len(people.features))
        self.points = _some(people.reference, self.size)
        second = _some(people.features, self.size)
        found = self._found(second)
        self.lonely = strata_of(found.reference_radius) == 0
        self.tail = self._both_ways(found)
        self.truth = self._scores(second, found)

    def scores(self, points: FloatArray) -> dict[str, float]:
        """The numbers of (size, d) points."""
        few = points.astype(np.float32)
        return self._scores(few, self._found(few))

    def _found(self, points: Floats) -> PRDC:
        return prdc(self.points, points, k=NEIGHBOURS)

    def _scores(self, points: Floats, found: PRDC) -> dict[str, float]:
        spread = float(points.var(axis=0).sum() / self.points.var(axis=0).sum())
        told = {**found.scores._asdict(), "variance": spread}
        if self.lonely.sum() < LEAST or not self.tail:
            return told
        tail = {
            "tail_recall": float(found.recalled[self.lonely].mean()),
            "tail_coverage": self._both_ways(found) / self.tail,
        }
        return told | tail

    def _both_ways(self, found: PRDC) -> float:
        return float((found.covered & found.recalled)[self.lonely].mean())


def _some(points: FloatArray, n: int) -> Floats:
    """So many rows, chosen once for all runs."""
    rows = np.random.Generator(np.random.Philox(key=0)).permutation(len(points))[:n]
    return points[np.sort(rows)].astype(np.float32)
