"""Which pairs of points may lie within each other's balls? Cheap products rule out all the rest.

With centred points |x - y|^2 = |x|^2 + |y|^2 - 2 x.y, so "y lies in the ball of x" says that a
product is at least a number of x plus a number of y. Both are known to lie off by no more than a
bound for rounding, so that a pair is surely inside, surely outside, or needs its distance from
differences in float64. Nothing is ever decided by a rounded number.

The bounds are split between the two points, |x||y| <= (|x|^2 + |y|^2) / 2, so that two numbers a
point are all that a pass over the products has to compare with. Products are of bytes where the
processor and the extra [fast] allow it, else, and where bytes leave too many pairs, of float32.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.errors import InputError
from firsthand.types import FloatArray

Floats = NDArray[np.float32]
Bytes = tuple[NDArray[np.int8], NDArray[np.uint8]]  # as rows, and as panels of columns

WIDE = 64  # columns that a compiled pass looks at together
TALL = 6  # and rows
UNIT = 2.0**-24  # relative error of one float32 operation
TINY = 1e-36  # scaled points are at most 1 from 0; below this, squares lose their digits
FAR = 2**28  # edges of bytes beyond this are not compared with, but taken as unsure
LARGE = 1e38  # differences of larger values are no float32
SAMPLE = 256  # points that the centre and the size of a byte are taken from
CHUNK = 2048  # points that are looked through at a time
FEW = 64  # points from here and there; the system may map two megabytes for each


class Frame(NamedTuple):
    """How both sides are brought to one scale."""

    centre: Floats  # (d,)
    scale: float  # a power of two, so that scaling is exact
    step: float  # of a byte, in scaled units; 0 where bytes are of no use


def frame_of(reference: Floats, candidate: Floats, *, with_bytes: bool) -> Frame:
    """A centre near the middle, a scale that keeps squares in range, and the size of a byte.

    Raises:
        InputError: a point is not finite, or further out than float32 can say.
    """
    extremes = [_extremes("reference", reference), _extremes("candidate", candidate)]
    sample = np.concatenate([evenly(reference, SAMPLE), evenly(candidate, SAMPLE)])
    centre = sample.mean(axis=0, dtype=np.float64).astype(np.float32)
    spread = max(float(np.abs(each - centre).max(initial=0.0)) for each in extremes)
    scale = 2.0 ** -min(max(np.ceil(np.log2(max(spread, 1e-300))), -126), 126)
    step = _step((sample - centre) * np.float32(scale)) if with_bytes else 0.0
    return Frame(centre, float(scale), step)


def evenly(points: Floats, wanted: int) -> Floats:
    """At least half of, and at most, so many rows that lie evenly in the order given."""
    return gathered(points, np.arange(0, len(points), -(-len(points) // wanted)))


def gathered(points: Floats, rows: NDArray[np.int64]) -> Floats:
    """Some rows. Of a mapped file few pages are held at a time, however far apart the rows lie."""
    out = np.empty((len(rows), points.shape[1]), np.float32)
    for start in range(0, len(rows), FEW):
        out[start : start + FEW] = points[rows[start : start + FEW]]
        release(points)
    return out


def _extremes(name: str, side: Floats) -> FloatArray:
    """The least and the largest value of each feature, (2, d)."""
    found = np.stack([side[0], side[0]]).astype(np.float64)
    for start in range(0, len(side), CHUNK):
        part = side[start : start + CHUNK]
        found = np.stack(
            [np.minimum(found[0], part.min(axis=0)), np.maximum(found[1], part.max(axis=0))]
        )
        if not (np.abs(found) < LARGE / 2).all():
            row = start + int(np.argmin((np.abs(part) < LARGE / 2).all(axis=1)))
            raise InputError(
                f"point {row} of the {name} has a feature that is NaN, infinite or above 5e37",
                expected="finite numbers",
                todo="Leave the point out, or compute its features again.",
            )
        release(side)
    return found


def _step(sample: Floats) -> float:
    """The size of a byte that loses least: large values are cut off where it pays for the rest."""
    size = np.abs(sample)
    steps = np.quantile(size, [0.999, 0.9999, 1.0]) / 127
    if not steps[0] > 0:
        return 0.0
    lost = [np.square(size - np.minimum(np.rint(size / step), 127) * step).mean() for step in steps]
    return float(np.float32(steps[int(np.argmin(lost))]))


class Cloud:
    """One side's points, by blocks: centred floats, bytes where they help, and norms."""

    def __init__(
        self, features: Floats, frame: Frame, size: int, quantise: Callable[..., None] | None
    ) -> None:
        self.features = np.asarray(features)
        self.frame, self.size, self._quantise = frame, size, quantise
        self.half = np.empty(len(features))  # half the squared norm of each point
        self.lost = np.zeros(len(features))  # squared norm of what its bytes do not hold
        self.total = np.zeros(len(features))  # sum of its bytes
        self._slack = np.empty((2, len(features)))  # of products of floats, and of bytes
        self._kept: dict[int, Bytes] = {}

    @property
    def blocks(self) -> range:
        """Which blocks there are."""
        return range(-(-len(self.features) // self.size))

    def rows(self, block: int) -> slice:
        """Which points are in a block."""
        return slice(block * self.size, min((block + 1) * self.size, len(self.features)))

    def prepare(self, block: int, *, keep: bool) -> None:
        """Learn norms and what bytes lose; keep the bytes if there is memory for them."""
        part = self.rows(block)
        if self.frame.step:
            made = self._as_bytes(block)
            if keep:
                self._kept[block] = made
            return
        points = self.floats(block)[: part.stop - part.start]
        self.half[part] = np.einsum("ij,ij->i", points, points, dtype=np.float64) / 2

    def floats(self, block: int) -> Floats:
        """Centred and scaled points, padded with zeros to a multiple of WIDE. (padded, d)."""
        points = self.features[self.rows(block)]
        out = np.zeros((padded(len(points), WIDE), points.shape[1]), np.float32)
        out[: len(points)] = self.centred(points)
        return out

    def centred(self, points: Floats) -> Floats:
        """Points less the centre, at most 1 from 0 along any axis."""
        out = points - self.frame.centre
        out *= np.float32(self.frame.scale)
        return out

    def as_bytes(self, block: int) -> Bytes:
        """The same as bytes, as rows and as panels of columns."""
        return self._kept.get(block) or self._as_bytes(block)

    def _as_bytes(self, block: int) -> Bytes:
        part = self.rows(block)
        mine, panels, facts = self.quantised(self.features[part])
        self.half[part], self.lost[part], self.total[part] = facts[0] / 2, facts[1], facts[2]
        return mine, panels

    def quantised(self, points: Floats) -> tuple[NDArray[np.int8], NDArray[np.uint8], FloatArray]:
        """As rows, as panels, and (3, n): squared norms, what is lost of them, sums of bytes."""
        assert self._quantise is not None
        depth = padded(points.shape[1], 4)
        mine = np.zeros((padded(len(points), TALL), depth), np.int8)
        panels = _aligned((padded(len(points), WIDE) // WIDE, depth // 4, WIDE * 4))
        facts = np.empty((3, len(points)))
        frame = (self.frame.centre, np.float32(self.frame.scale), np.float32(self.frame.step))
        self._quantise(points, frame, mine, panels, facts)
        return mine, panels, facts

    def edges(self, block: int, radius: FloatArray, *, in_bytes: bool) -> FloatArray:
        """Where products have to lie, as float64: own ball, the other's; then surely. (4, n).

        Args:
            block: which block.
            radius: (n,) squared radius of each point's ball, scaled.
            in_bytes: for products of bytes rather than of floats.
        """
        part = self.rows(block)
        half, slack = self.half[part], self._slack[int(in_bytes), part]
        own = half - radius / 2
        return np.stack([own - slack, half - slack, own + slack, half + slack])

    def norms(self, *, in_bytes: bool) -> FloatArray:
        """Squared norms, so large that no distance by products comes out too small. (n,)."""
        return np.asarray(2 * (self.half + self._slack[int(in_bytes)]))

    def bound(self, ratio: float) -> None:
        """Say how far off products may be: each point's part in it.

        Of floats |x||y| times a rounding error a dimension; of bytes x', y' for x, y no more than
        |x| |y - y'| + |x - x'| |y'|.

        Args:
            ratio: of what bytes lose to a point's norm, as a rule. Splits the bound evenly.
        """
        centring = 8 * UNIT * self.half + TINY
        self._slack[0] = centring + (self.features.shape[1] + 8) * UNIT * self.half
        norm = np.sqrt(2 * self.half) + np.sqrt(self.lost)
        self._slack[1] = centring + (ratio * norm**2 + self.lost / ratio) / 2


def release(points: Floats) -> None:
    """Let go of mapped pages, which count as this process's memory while they are mapped."""
    base: object = points
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def padded(n: int, to: int) -> int:
    """Up to the next multiple.

    >>> padded(7, 6), padded(12, 6)
    (12, 12)
    """
    return -(-n // to) * to


def _aligned(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Bytes that begin where a cache line does, each 128, which stands for 0."""
    size = int(np.prod(shape))
    raw = np.full(size + 64, 128, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].reshape(shape)


def swapped(edges: FloatArray) -> FloatArray:
    """Edges of rows as edges of columns: the row's ball is the other's."""
    return edges[[1, 0, 3, 2]]


def as_floats(edges: FloatArray, *, columns: bool) -> Floats:
    """Rounded to the side of doubt; columns beyond the last are never reached."""
    n = edges.shape[1]
    out = np.full((4, padded(n, WIDE) if columns else n), np.inf, np.float32)
    rounded = edges.astype(np.float32)
    out[:2, :n] = np.nextafter(rounded[:2], np.float32(-np.inf))
    out[2:, :n] = np.nextafter(rounded[2:], np.float32(np.inf))
    return out


def as_words(edges: FloatArray, unit: float, offset: FloatArray | None) -> NDArray[np.int32]:
    """Edges of products of bytes, in units of a byte squared; what is far out is unsure.

    Columns are bytes plus 128, which adds an `offset` to all products of a row; columns have none.
    """
    n = edges.shape[1]
    always, never = (-4 * FAR, 4 * FAR) if offset is None else (1 - 8 * FAR, 8 * FAR - 1)
    out = np.full((4, padded(n, WIDE if offset is None else TALL)), never, np.int32)
    added = 0.0 if offset is None else offset
    near, sure = np.floor(edges[:2] / unit), np.ceil(edges[2:] / unit) + 1
    out[:2, :n] = np.where(np.abs(near) < FAR, near + added, always)
    out[2:, :n] = np.where(np.abs(sure) < FAR, sure + added, never)
    return out
