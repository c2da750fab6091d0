"""Which points lie in which balls? Radii and counts, by tiles of the pairs of two sides.

A tile is a block of rows by a block of columns. Threads work on tiles and hand back what they
found; one thread puts it together, so that nothing depends on who was faster.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from firsthand.numerics.pairs import Limits, Pairs, Tally
from firsthand.numerics.screening import (
    TINY,
    UNIT,
    Cloud,
    as_floats,
    as_words,
    gathered,
    release,
    swapped,
)
from firsthand.types import FloatArray

SEEDS = 1024  # points that a first bound of every radius is found among
ROOM = 16  # of so many pairs one may be unsure in bytes; more cost more than products in floats
KEEP = 2**30  # memory for points that are kept as bytes, on both sides together

Tile = tuple[int, int]
Pair = tuple[Cloud, Cloud]
Task = TypeVar("Task")
Result = TypeVar("Result")


class Balls:
    """Passes over the pairs of two sides, on as many threads as there are cores."""

    def __init__(self, sides: Pair, kernels: Any, progress: Callable[[int, int], None]) -> None:
        self.sides, self.kernels = sides, kernels
        self._in_bytes = bool(sides[0].frame.step)
        self._pool = ThreadPoolExecutor(workers())
        self._blas = Lock()  # a product of floats takes all cores by itself
        own = [len(side.blocks) * (len(side.blocks) + 1) // 2 for side in sides]
        self._done, self._of = 0, sum(own) + len(sides[0].blocks) * len(sides[1].blocks)
        self._progress = progress
        self._prepare()

    def __enter__(self) -> Balls:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def radii(self, side: Cloud, k: int) -> FloatArray:
        """Squared distance to the k-th neighbour on a point's own side, scaled. (n,)."""
        nearest = np.full((len(side.features), k), np.inf)
        bound = self._seeded(side, k)

        def look(tile: Tile) -> tuple[Tile, Pairs, FloatArray]:
            limits = (bound[side.rows(tile[0])], bound[side.rows(tile[1])])
            pairs, _ = self._screened(tile, (side, side), limits, counted=False)
            if tile[0] == tile[1]:
                pairs = pairs[pairs[:, 0] < pairs[:, 1]]
            return tile, pairs, self._squared(tile, (side, side), pairs, limits, compared=False)

        tiles = [(a, b) for a in side.blocks for b in side.blocks[a:]]
        for tile, pairs, squared in self._each(look, tiles):
            for block, rows in zip(tile, (pairs[:, 0], pairs[:, 1]), strict=True):
                part = side.rows(block)
                self.kernels.insert(nearest[part], rows, squared)
                bound[part] = np.minimum(bound[part], nearest[part, -1])
            self._advance()
        return nearest[:, -1].copy()

    def across(self, radii: Limits) -> tuple[Tally, Tally]:
        """How many of the other side are in each ball, and in how many balls is each point?

        Returns:
            Two pairs of (2, n) and (2, m): of each point of the first side how many points are in
            its ball and how many balls it is in; of each point of the second side in how many
            balls it is and how many points are in its ball. The second pair counts those that
            lie exactly on the edge, which the first takes in.
        """
        sizes = [len(side.features) for side in self.sides]
        counts, ties = _nothing(sizes), _nothing(sizes)

        def look(tile: Tile) -> tuple[Tile, Tally, Tally]:
            parts = [side.rows(block) for side, block in zip(self.sides, tile, strict=True)]
            limits = (radii[0][parts[0]], radii[1][parts[1]])
            pairs, tally = self._screened(tile, self.sides, limits, counted=True)
            squared = self._squared(tile, self.sides, pairs, limits, compared=True)
            return tile, *_decided(pairs, squared, limits, tally)

        first, second = self.sides
        tiles = [(a, b) for a in first.blocks for b in second.blocks]
        for tile, inside, on_edge in self._each(look, tiles):
            for whole, part in ((counts, inside), (ties, on_edge)):
                for at, side in enumerate(self.sides):
                    rows = side.rows(tile[at])
                    whole[at][:, rows] += part[at][:, : rows.stop - rows.start]
            self._advance()
        return counts, ties

    def _prepare(self) -> None:
        """Norms of all points, and what bytes lose of them as a rule."""
        spare = KEEP
        todo: list[tuple[Cloud, int, bool]] = []
        for side in self.sides:
            for block in side.blocks:
                spare -= 2 * side.size * side.features.shape[1]
                todo.append((side, block, spare >= 0))
        for _ in self._each(lambda task: task[0].prepare(task[1], keep=task[2]), todo):
            pass
        norm = sum(float(side.half.sum()) for side in self.sides) * 2
        lost = sum(float(side.lost.sum()) for side in self.sides)
        for side in self.sides:
            side.bound(float(np.sqrt(max(lost, TINY) / max(norm, TINY))))

    def _seeded(self, side: Cloud, k: int) -> FloatArray:
        """An upper bound of each radius, from a few points that lie evenly in the order given."""
        n = len(side.features)
        wanted = max(4 * (k + 1), min(n // 12, SEEDS))
        chosen = np.linspace(0, n - 1, min(n, wanted)).astype(np.int64)
        bound = np.full(n, np.inf)
        if len(chosen) <= k:  # a point itself may be among them
            return bound
        look = self._seeds_by_bytes if self._in_bytes else self._seeds_by_floats
        for block, least in zip(
            side.blocks, self._each(look(side, chosen, k), side.blocks), strict=True
        ):
            bound[side.rows(block)] = least
        return bound * (1 + 16 * UNIT)

    def _seeds_by_bytes(
        self, side: Cloud, chosen: NDArray[np.int64], k: int
    ) -> Callable[[int], FloatArray]:
        unit = 2 * side.frame.step**2
        _, panels, _ = side.quantised(gathered(side.features, chosen))
        norms = side.norms(in_bytes=True)

        def look(block: int) -> FloatArray:
            part = side.rows(block)
            nearest = np.full((part.stop - part.start, k + 1), np.inf)
            mine = side.as_bytes(block)[0]
            self.kernels.least_by_bytes(mine, panels, norms[chosen], unit, nearest)
            return np.asarray(nearest[:, k] + norms[part] + 128 * unit * side.total[part])

        return look

    def _seeds_by_floats(
        self, side: Cloud, chosen: NDArray[np.int64], k: int
    ) -> Callable[[int], FloatArray]:
        sample = (-2 * side.centred(gathered(side.features, chosen))).T
        norms = side.norms(in_bytes=False)

        def look(block: int) -> FloatArray:
            part = side.rows(block)
            with self._blas:
                far = side.centred(side.features[part]) @ sample
            far += np.nextafter(norms[chosen].astype(np.float32), np.float32(np.inf))
            return np.asarray(np.partition(far, k, axis=1)[:, k] + norms[part])

        return look

    def _screened(
        self, tile: Tile, sides: Pair, limits: Limits, *, counted: bool
    ) -> tuple[Pairs, Tally]:
        """Pairs that need an exact distance, and how many of the others are surely inside."""
        found = self._by_bytes(tile, sides, limits, counted) if self._in_bytes else None
        pairs, tally = found or self._by_floats(tile, sides, limits, counted)
        sizes = [len(limit) for limit in limits]
        if any(pairs[:, at].max(initial=0) >= size for at, size in enumerate(sizes)):
            # Seldom: what pads a tile is in doubt where a ball has no bound.
            pairs = pairs[(pairs[:, :2] < sizes).all(axis=1)]
        return pairs, tally

    def _by_bytes(
        self, tile: Tile, sides: Pair, limits: Limits, counted: bool
    ) -> tuple[Pairs, Tally] | None:
        (mine, _), (_, panels) = (
            side.as_bytes(block) for side, block in zip(sides, tile, strict=True)
        )
        rows, columns = self._edges(tile, sides, limits, counted=counted, in_bytes=True)
        unit = sides[0].frame.step ** 2
        offset = 128 * sides[0].total[sides[0].rows(tile[0])]
        edges = (as_words(rows, unit, offset), as_words(columns, unit, None))
        tally = _nothing(each.shape[1] for each in edges)
        pairs = np.empty((edges[0].shape[1] * edges[1].shape[1] // ROOM, 3), np.int32)
        triangle = sides[0] is sides[1] and tile[0] == tile[1]
        found = self.kernels.screen_bytes(mine, panels, edges, tally, pairs, triangle)
        return (pairs[:found], tally) if found <= len(pairs) else None

    def _by_floats(
        self, tile: Tile, sides: Pair, limits: Limits, counted: bool
    ) -> tuple[Pairs, Tally]:
        mine, other = (side.floats(block) for side, block in zip(sides, tile, strict=True))
        rows, columns = self._edges(tile, sides, limits, counted=counted, in_bytes=False)
        edges = (as_floats(rows, columns=False), as_floats(columns, columns=True))
        tally = _nothing(each.shape[1] for each in edges)
        with self._blas:
            products = mine[: rows.shape[1]] @ other.T
        pairs = np.empty((products.size, 3), np.int32)  # memory is taken as it is written to
        found = self.kernels.screen_floats(products, edges, tally, pairs)
        return pairs[:found], tally

    def _edges(
        self, tile: Tile, sides: Pair, limits: Limits, *, counted: bool, in_bytes: bool
    ) -> tuple[FloatArray, FloatArray]:
        rows, columns = (
            side.edges(block, limit, in_bytes=in_bytes)
            for side, block, limit in zip(sides, tile, limits, strict=True)
        )
        if not counted:  # every pair in doubt is wanted, those surely inside as well
            rows[2:] = np.inf
        return rows, swapped(columns)

    def _squared(
        self, tile: Tile, sides: Pair, pairs: Pairs, limits: Limits, *, compared: bool
    ) -> FloatArray:
        first, second = (
            side.features[side.rows(block)] for side, block in zip(sides, tile, strict=True)
        )
        scale = sides[0].frame.scale ** 2
        unscaled = limits[0] / scale, limits[1] / scale
        return np.asarray(self.kernels.squared((first, second), pairs, unscaled, compared) * scale)

    def _each(self, work: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Results in the order of the tasks, with few of them waiting."""
        waiting: deque[Future[Result]] = deque()
        for task in tasks:
            waiting.append(self._pool.submit(work, task))
            if len(waiting) > 2 * workers():
                yield waiting.popleft().result()
                for side in self.sides:
                    release(side.features)
        while waiting:
            yield waiting.popleft().result()

    def _advance(self) -> None:
        self._done += 1
        self._progress(self._done, self._of)


def _nothing(sizes: Iterable[int]) -> Tally:
    rows, columns = (np.zeros((2, size), np.int64) for size in sizes)
    return rows, columns


def _decided(
    pairs: Pairs, squared: FloatArray, limits: Limits, tally: Tally
) -> tuple[Tally, Tally]:
    """Add the pairs that were in doubt to what was sure; and count those on the edge."""
    ties = (np.zeros_like(tally[0]), np.zeros_like(tally[1]))
    for ball in range(2):
        asked = (pairs[:, 2] >> ball & 1).astype(bool)
        radius = limits[ball][pairs[:, ball]]
        for counts, hit in ((tally, squared <= radius), (ties, squared == radius)):
            for at, each in enumerate(counts):
                each[ball] += np.bincount(pairs[asked & hit, at], minlength=each.shape[1])
    return tally, ties


def workers() -> int:
    """How many threads: the cores that we may use, or as many as OMP_NUM_THREADS says."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(int(wanted), cores or 1) if wanted.isdigit() else cores or 1)
