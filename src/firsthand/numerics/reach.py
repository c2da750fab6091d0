"""Who reaches whom within k neighbours, for thousands of random parts at once.

Which part a point belongs to follows from its bucket, so one bit says for one split whether it
does, and one walk along each neighbour list answers for 64 splits a word: no distance is computed
twice and no split is looped over.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.numerics.neighbours import Points, nearest
from firsthand.types import BoolArray

Floats = NDArray[np.float32]
Bits = NDArray[np.uint64]


class Lists(NamedTuple):
    """Neighbour lists of n points, nearest first, one column a point."""

    distance: Floats  # (listed, n)
    rows: NDArray[np.int64]  # (listed, n) row among the points searched
    bucket: NDArray[np.int64]  # (listed, n) bucket of that row


class Side(NamedTuple):
    """What one side knows of its own neighbours."""

    closed: Bits  # (listed + 2, n, words) as `closed` gives it
    closer: NDArray[np.int16]  # (listed, n) row of it at which each pair's distance is passed


def lists_of(queries: Points, among: Points, listed: int) -> Lists:
    """The nearest independent neighbours of each query, as `neighbours.nearest` finds them."""
    found = nearest(queries, among, listed)
    rows = np.ascontiguousarray(found.rows.T)
    return Lists(np.ascontiguousarray(found.distance.T), rows, among.bucket[rows])


def pack(parts: BoolArray) -> Bits:
    """(splits, 64) membership as (64, words)."""
    words = -(-len(parts) // 64)
    padded = np.zeros((parts.shape[1], words * 64), bool)
    padded[:, : len(parts)] = parts.T
    return np.packbits(padded, axis=1).view(np.uint64)


def unpack(words: Bits, splits: int) -> BoolArray:
    """(n, words) as (n, splits)."""
    bits = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1, count=splits)
    return bits.view(bool)


def closed(lists: Lists, part: Bits, k: int) -> Bits:
    """In which splits do the first entries of a list hold k of a part? (listed + 2, n, words).

    Row r speaks of the first r entries. A distance beyond the last entry is out of reach, which
    the last row says for all splits.
    """
    listed, n = lists.distance.shape
    out = np.zeros((listed + 2, n, part.shape[1]), np.uint64)
    seen = np.zeros((k, n, part.shape[1]), np.uint64)  # bit: more than this many were passed
    for step in range(listed):
        carry = part[lists.bucket[step]]
        carry[np.isnan(lists.distance[step])] = 0
        for level in range(k):
            carry, seen[level] = carry & seen[level], seen[level] | carry
        out[step + 1] = seen[-1]
    out[-1] = ~np.uint64(0)
    return out


def closer(lists: Lists, among: Lists, rows: NDArray[np.int64]) -> NDArray[np.int16]:
    """How many entries of another list are closer than each entry of this one? (listed, n).

    Args:
        lists: distances to look up.
        among: lists to look in.
        rows: (listed, n) or (n,) which list of `among` each entry is looked up in.
    """
    listed = len(among.distance)
    out = np.zeros(lists.distance.shape, np.int16)
    for step in range(listed):
        out += among.distance[step, rows] < lists.distance
    last = among.distance[-1, rows]
    return np.where(lists.distance > last, listed + 1, out)


def reached(across: Lists, part: Bits, first: Side, searched: Side) -> Bits:
    """In which splits is a point reached both ways, as `both_ways` has it? (n, words)."""
    covered, recalled = both_ways(across, part, first, searched)
    return np.asarray(covered & recalled)


def both_ways(across: Lists, part: Bits, first: Side, searched: Side) -> tuple[Bits, Bits]:
    """In which splits does a point's ball hold one of a part, and one's ball hold the point?

    Args:
        across: neighbours of n points among the searched ones.
        part: which splits each bucket of the searched side belongs to, (64, words).
        first: of the n points.
        searched: of the searched points.

    Returns:
        Covered and recalled, (n, words) each.
    """
    own = np.arange(across.distance.shape[1])
    covered, recalled = np.zeros((2, len(own), part.shape[1]), np.uint64)
    for step, rows in enumerate(across.rows):
        belongs = part[across.bucket[step]]
        belongs[np.isnan(across.distance[step])] = 0
        covered |= belongs & ~first.closed[first.closer[step], own]
        recalled |= belongs & ~searched.closed[searched.closer[step], rows]
    return covered, recalled


def radius(lists: Lists, closed: Bits, splits: int) -> Floats:
    """Distance to the k-th entry of a part in each split, else to the last listed. (n, splits)."""
    n = lists.distance.shape[1]
    place = np.zeros((n, splits), np.uint8 if len(lists.distance) < 256 else np.int64)
    for words in closed[1:-2]:
        place += ~unpack(words, splits)
    return np.take_along_axis(lists.distance.T, place.astype(np.int64), axis=1)


def inside(lists: Lists, part: Bits, owners: Lists, balls: Bits) -> list[Bits]:
    """In how many balls of a part does each point lie? A binary number, lowest bit first.

    Args:
        lists: neighbours of n points among those who own balls.
        part: which splits each bucket of the owners belongs to, (64, words).
        owners: their neighbours of their own side.
        balls: where the owners' balls end, as `closed` gives it.

    Returns:
        Arrays (n, words), one for each binary digit of the number in every split.
    """
    within = closer(lists, owners, lists.rows)
    digits: list[Bits] = [np.zeros((lists.distance.shape[1], part.shape[1]), np.uint64)]
    for step, rows in enumerate(lists.rows):
        carry = part[lists.bucket[step]]
        carry[np.isnan(lists.distance[step])] = 0
        carry &= ~balls[within[step], rows]
        for at, digit in enumerate(digits):
            carry, digits[at] = carry & digit, digit ^ carry
        if carry.any():
            digits.append(carry)
    return digits


def by_bucket(words: Bits, bucket: NDArray[np.int64], splits: int) -> NDArray[np.int64]:
    """How many points of each bucket have their bit set? (splits, 64)."""
    order = np.argsort(bucket, kind="stable")
    start = np.searchsorted(bucket[order], np.arange(65))
    bits = unpack(words[order], splits)
    return np.stack([bits[a:b].sum(axis=0) for a, b in pairwise(start)], axis=1)
