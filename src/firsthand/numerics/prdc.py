"""How much of each set lies within reach of the other? Precision, recall, density and coverage.

A point's ball ends at its k-th neighbour on its own side. One pass over the pairs of each side
finds the balls, half of the pairs being enough, and one over the pairs across counts for all four
numbers at once. Nothing of the size of all pairs is ever held: memory is that of a few blocks.

Source: Kynkäänniemi et al. 2019 (arXiv:1904.06991), precision and recall; Naeem et al. 2020
(arXiv:2002.09797), density and coverage. A point on the edge of a ball is inside (Naeem et al.
define it so with "at most"; their package compares with "less than", which calls identical sets
entirely different). How many decisions hang on that is counted.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.errors import InputError, MissingExtra
from firsthand.numerics import pairs
from firsthand.numerics.balls import KEEP, Balls, Pair, workers
from firsthand.numerics.screening import Cloud, Floats, evenly, frame_of, gathered
from firsthand.types import BoolArray, FloatArray

BLOCK = 2112
COMPILED = "firsthand.numerics.compiled.neighbours"
WORTH_COMPILING = 1e10  # multiplications; below, loading the compiler costs more than it saves
MOST_DIMENSIONS = 8192  # of bytes, whose products would overflow
TRIED = 8192  # points of each side that a time is estimated from
Progress = Callable[[int, int], None]


class Scores(NamedTuple):
    """Shares of points; density is a mean count over k and can exceed 1."""

    precision: float  # of the candidate's points that lie in some ball of the reference
    recall: float  # of the reference's points that lie in some ball of the candidate
    density: float  # balls of the reference that a candidate's point lies in, over k
    coverage: float  # of the reference's balls that hold some point of the candidate


class Counts(NamedTuple):
    """How many balls or points, for each point."""

    inside: NDArray[np.int64]  # (m,) balls of the reference that a candidate's point lies in
    covered: NDArray[np.int64]  # (n,) points of the candidate in a reference point's ball
    recalled: NDArray[np.int64]  # (n,) balls of the candidate that a reference point lies in
    held: NDArray[np.int64]  # (m,) points of the reference in a candidate point's ball

    def scores(self, k: int) -> Scores:
        """What these counts come to."""
        return Scores(
            precision=float((self.inside > 0).mean()),
            recall=float((self.recalled > 0).mean()),
            density=float(self.inside.mean() / k),
            coverage=float((self.covered > 0).mean()),
        )


@dataclass(frozen=True, slots=True, eq=False)
class PRDC:
    """The four scores, and what they are made of, point by point.

    >>> line = np.arange(20, dtype=np.float32)[:, None]
    >>> found = prdc(line, line[:10], k=1)
    >>> found.scores
    Scores(precision=1.0, recall=0.55, density=2.9, coverage=0.55)
    >>> int(found.counts.covered[15]), int(found.ties.covered[9])
    (0, 1)
    """

    k: int
    reference_radius: FloatArray  # (n,) distance to the k-th neighbour on its own side
    candidate_radius: FloatArray  # (m,)
    counts: Counts
    ties: Counts  # of these, how many lie exactly on the edge

    @property
    def scores(self) -> Scores:
        """With the edge inside: identical sets are wholly within reach of each other."""
        return self.counts.scores(self.k)

    @property
    def strict(self) -> Scores:
        """With the edge outside, as some packages have it: differs from `scores` only by ties."""
        both = zip(self.counts, self.ties, strict=True)
        return Counts(*(count - tie for count, tie in both)).scores(self.k)

    @property
    def precise(self) -> BoolArray:
        """Which of the candidate's points lie in some ball of the reference? (m,)."""
        return self.counts.inside > 0

    @property
    def recalled(self) -> BoolArray:
        """Which of the reference's points lie in some ball of the candidate? (n,)."""
        return self.counts.recalled > 0

    @property
    def covered(self) -> BoolArray:
        """Which of the reference's balls hold a point of the candidate? (n,)."""
        return self.counts.covered > 0

    @property
    def decided_by_ties(self) -> int:
        """How many points' answers would change if the edge were outside."""
        both = zip(self.counts[:3], self.ties[:3], strict=True)
        return sum(int(((count > 0) & (count == tie)).sum()) for count, tie in both)


def prdc(
    reference: Floats,
    candidate: Floats,
    *,
    k: int = 5,
    block: int = BLOCK,
    backend: str = "auto",
    progress: Progress = lambda _done, _of: None,
) -> PRDC:
    """How much of each set lies within reach of the other?

    Args:
        reference: (n, d) points, float32; a `np.memmap` is read by blocks.
        candidate: (m, d) points.
        k: which neighbour on its own side a point's ball ends at.
        block: points at a time on each side; memory grows with its square, results do not change.
        backend: "bytes", "floats" (both need the extra [fast]), "numpy", or "auto" for the
            fastest that is there. All give the same result.
        progress: called with blocks of pairs done, and how many there are.

    Distances that decide are computed from differences in float64; everything else only rules
    pairs out. Identical and duplicate points count as inside each other's balls.

    Raises:
        InputError: k or fewer points on a side, sides of different d, or values not finite.
    """
    ours, theirs = _checked("reference", reference, k), _checked("candidate", candidate, k)
    if ours.shape[1] != theirs.shape[1]:
        raise InputError(
            f"the reference has {ours.shape[1]} features, the candidate {theirs.shape[1]}",
            expected="the same features on both sides",
        )
    with Balls(*_sides(ours, theirs, block, backend), progress) as balls:
        radii = balls.radii(balls.sides[0], k), balls.radii(balls.sides[1], k)
        found = [
            Counts(columns[0], rows[0], rows[1], columns[1])
            for rows, columns in balls.across(radii)
        ]
    scale = balls.sides[0].frame.scale
    return PRDC(k, np.sqrt(radii[0]) / scale, np.sqrt(radii[1]) / scale, *found)


class Estimate(NamedTuple):
    """What a comparison would cost on this machine."""

    seconds: float
    memory: float  # bytes, beside the points themselves


def estimate(
    reference: Floats, candidate: Floats, *, k: int = 5, backend: str = "auto"
) -> Estimate:
    """How long would `prdc` take, and how much memory? From a few thousand points of each side.

    The sample has more pairs in reach, for its number, than the whole: the time is rather too long.
    """
    ours, theirs = _checked("reference", reference, k), _checked("candidate", candidate, k)
    few = [evenly(side, TRIED) for side in (ours, theirs)]
    work = _pairs(len(ours), len(theirs)) * (ours.shape[1] + 100)
    backend = _backend(backend, work, ours.shape[1])
    prdc(few[0][: 10 * k], few[1][: 10 * k], k=k, backend=backend)  # compiles
    began = time.perf_counter()
    prdc(few[0], few[1], k=k, backend=backend)
    took = time.perf_counter() - began
    pairs = _pairs(len(ours), len(theirs)) / _pairs(len(few[0]), len(few[1]))
    points = len(ours) + len(theirs)
    kept = min(2 * points * ours.shape[1], KEEP) if backend == "bytes" else 0
    tiles = 2 * workers() * BLOCK * (5 * BLOCK + 8 * ours.shape[1])
    return Estimate(took * pairs, float(kept + tiles + points * (8 * k + 100)))


def _pairs(n: int, m: int) -> float:
    return n * n / 2 + m * m / 2 + float(n) * m


class Sampled(NamedTuple):
    """Scores of random parts, which are those of sets of their size rather than of the whole."""

    middle: Scores  # median of the draws
    low: Scores  # the least of them; with the most, holds the median of all such parts in 99 % of
    high: Scores  # cases for 8 draws, 1 - 2^(1 - draws) in general
    size: int


def sampled(
    reference: Floats, candidate: Floats, *, size: int, draws: int = 8, k: int = 5, seed: int = 0
) -> Sampled:
    """What do parts of both sides show, where the whole would take too long?

    Args:
        reference: (n, d) points.
        candidate: (m, d) points.
        size: points taken from each side at a time, without replacement.
        draws: how often; at least 2.
        k: as in `prdc`.
        seed: of the choice.

    The scores depend on how many points there are, so compare them only at the same size.

    Raises:
        InputError: a side has fewer points than `size`, or there are fewer than 2 draws.
    """
    if size > min(len(reference), len(candidate)) or draws < 2:
        raise InputError(
            f"{draws} draws of {size} from {len(reference)} and {len(candidate)} points",
            expected="two draws or more, of no more points than there are",
        )
    rng = np.random.Generator(np.random.Philox(seed))
    found = []
    for _ in range(draws):
        parts = [
            gathered(side, np.sort(rng.choice(len(side), size, replace=False)))
            for side in (reference, candidate)
        ]
        found.append(prdc(parts[0], parts[1], k=k).scores)
    middle, low, high = (Scores(*of(found, axis=0)) for of in (np.median, np.min, np.max))
    return Sampled(middle, low, high, size)


def _checked(name: str, points: Floats, k: int) -> Floats:
    if points.ndim != 2 or len(points) <= k:
        raise InputError(
            f"the {name} is an array of shape {points.shape}",
            expected=f"(n, d) with n above k = {k}",
            todo="Give more points, or a smaller k.",
        )
    return np.ascontiguousarray(points, dtype=np.float32)


def _sides(ours: Floats, theirs: Floats, block: int, backend: str) -> tuple[Pair, Any]:
    """Both sides brought to one scale, and the module that looks at their pairs."""
    work = _pairs(len(ours), len(theirs)) * (ours.shape[1] + 100)
    backend = _backend(backend, work, ours.shape[1])
    kernels: Any = pairs if backend == "numpy" else importlib.import_module(COMPILED)
    frame = frame_of(ours, theirs, with_bytes=backend == "bytes")
    quantise = kernels.quantise if backend == "bytes" else None
    sides = [Cloud(side, frame, _even(len(side), block), quantise) for side in (ours, theirs)]
    return (sides[0], sides[1]), kernels


def _backend(asked: str, work: float, dimensions: int) -> str:
    """The fastest that is there and worth its loading, or the one asked for."""
    there = importlib.util.find_spec("numba") is not None
    if asked not in {"auto", "bytes", "floats", "numpy"}:
        raise InputError(f"backend {asked!r}", expected="auto, bytes, floats or numpy")
    if asked == "auto" and not (there and (work > WORTH_COMPILING or COMPILED in sys.modules)):
        return "numpy"
    if asked == "numpy":
        return asked
    if not there:
        raise MissingExtra(f"the backend {asked}", "numba", "fast")
    kernels = importlib.import_module(COMPILED)
    fits = kernels.has_byte_products() and dimensions <= MOST_DIMENSIONS
    if asked == "bytes" and not fits:
        raise InputError(
            f"no products of bytes on this processor, or of {dimensions} features",
            expected=f"AVX-512 VNNI, and at most {MOST_DIMENSIONS} features",
            todo="Leave the choice to backend='auto'.",
        )
    return "bytes" if fits and asked != "floats" else "floats"


def _even(n: int, block: int) -> int:
    """A size of blocks, at most the one asked for, that leaves no small rest."""
    return -(-n // -(-n // block))
