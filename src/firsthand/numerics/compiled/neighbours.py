"""Compiled passes over pairs of points: which lie near enough to be worth an exact distance.

What they compute is said, and computed without a compiler, in `numerics/screening.py`. Products of
bytes have no counterpart there: they are four times as fast as those of floats, on processors that
have an instruction for them (AVX-512 VNNI), and only ever rule pairs out.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np
from numba import njit
from numpy.typing import NDArray

from firsthand.numerics.compiled.vectors import dots, ones, reaches
from firsthand.numerics.pairs import Edges, Limits, Pairs, Tally
from firsthand.numerics.screening import LARGE, TALL, UNIT, WIDE
from firsthand.types import FloatArray

Array = NDArray[Any]
Floats = NDArray[np.float32]


SMALL = 1e-30
BAND = 384  # rows that a panel is met with: pairs come out in an order that suits the cache

_compile = njit(nogil=True, cache=True)
_reordered = njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})  # sums in any order


def has_byte_products() -> bool:
    """Whether this processor multiplies and adds 64 bytes in one instruction."""
    return bool(llvmlite.binding.get_host_cpu_features().get("avx512vnni"))


@_compile
def _look(
    values: int, place: tuple[int, int], edges: Edges, tally: Tally, pairs: Pairs, found: int
) -> int:
    """Count what is surely inside and list what may be, among WIDE products of one row.

    `values` is the address of the products, `place` their row and their first column.
    """
    i, first = place
    rows, columns = edges
    unsure = np.uint64(0)
    kinds = (np.uint64(0), np.uint64(0))
    for ball in range(2):
        near = reaches(values, columns[ball, first:].ctypes.data, rows[ball, i])
        if near:
            sure = reaches(values, columns[2 + ball, first:].ctypes.data, rows[2 + ball, i])
            if sure:
                tally[0][ball, i] += np.int64(ones(sure))
                _add(tally[1][ball, first : first + WIDE], sure)
            kinds = (near ^ sure, kinds[1]) if ball == 0 else (kinds[0], near ^ sure)
            unsure |= near ^ sure
    while unsure:
        lowest = unsure & (~unsure + np.uint64(1))
        if found < len(pairs):
            pairs[found, 0] = i
            pairs[found, 1] = first + np.int64(ones(lowest - np.uint64(1)))
            pairs[found, 2] = (kinds[0] & lowest != 0) + 2 * (kinds[1] & lowest != 0)
        found += 1
        unsure ^= lowest
    return found


@_compile
def _add(counts: Array, bits: np.uint64) -> None:
    for at in range(WIDE):
        counts[at] += np.int64((bits >> np.uint64(at)) & np.uint64(1))


@_compile
def _multiply(mine: Array, top: int, panel: Array, products: Array) -> None:
    """Products of TALL rows from the top with the columns of a panel."""
    depth = mine.shape[1]
    here, columns = mine[top:].ctypes.data, panel.ctypes.data
    dots(here, depth, columns, depth // 4, products.ctypes.data)


@_compile
def screen_bytes(
    mine: Array, panels: Array, edges: Edges, tally: Tally, pairs: Pairs, triangle: bool
) -> int:
    """As `pairs.screen_floats`, for products of rows of bytes with panels of columns of bytes.

    Args:
        mine: (m, depth) signed bytes; m a multiple of TALL, depth of 4.
        panels: (n / WIDE, depth / 4, WIDE * 4) unsigned bytes.
        edges: (4, m) and (4, n) int32.
        tally: (2, m) and (2, n) counts, added to.
        pairs: (room, 3) written to.
        triangle: whether pairs of a row with an earlier column may be left out.

    Returns:
        How many pairs there are; more than there is room for if it stopped early.
    """
    products = np.empty((TALL, WIDE), np.int32)
    found = 0
    for band in range(0, len(mine), BAND):
        for panel in range(band // WIDE if triangle else 0, len(panels)):
            for top in range(band, min(band + BAND, len(mine)), TALL):
                _multiply(mine, top, panels[panel], products)
                found = _look_at(products, (top, panel * WIDE), edges, tally, pairs, found)
            if found > len(pairs):
                return found
    return found


@_compile
def _look_at(
    products: Array, place: tuple[int, int], edges: Edges, tally: Tally, pairs: Pairs, found: int
) -> int:
    for row in range(TALL):
        at = (place[0] + row, place[1])
        found = _look(products[row].ctypes.data, at, edges, tally, pairs, found)
    return found


@_compile
def screen_floats(products: Floats, edges: Edges, tally: Tally, pairs: Pairs) -> int:
    """As `pairs.screen_floats`, where there are a multiple of WIDE columns."""
    found = 0
    for row in range(len(products)):
        for first in range(0, products.shape[1], WIDE):
            values = products[row, first:].ctypes.data
            found = _look(values, (row, first), edges, tally, pairs, found)
    return found


@_reordered
def quantise(
    points: Floats, frame: tuple[Floats, float, float], mine: Array, panels: Array, facts: Array
) -> None:
    """Centred points as bytes, with what was lost.

    Args:
        points: (n, d).
        frame: (d,) centre, which is subtracted; scale, then multiplied; size of a byte's unit.
        mine, panels: written to, as `screen_bytes` wants them.
        facts: (3, n) written to: squared norm, squared norm of what was lost, sum of bytes.
    """
    centre, scale, step = frame
    inverse = np.float32(1) / step
    for row in range(len(points)):
        norm = lost = 0.0
        total = np.int64(0)
        for at in range(points.shape[1]):
            value = (points[row, at] - centre[at]) * scale
            byte = min(max(np.rint(value * inverse), np.float32(-127)), np.float32(127))
            rest = np.float64(value) - np.float64(byte) * np.float64(step)
            norm += np.float64(value) * np.float64(value)
            lost += rest * rest
            total += np.int64(byte)
            mine[row, at] = np.int8(byte)
        facts[0, row], facts[1, row], facts[2, row] = norm, lost, total
        panel, place = panels[row // WIDE], row % WIDE * 4
        for at in range(points.shape[1]):
            panel[at // 4, place + at % 4] = np.uint8(mine[row, at] + 128)


@_reordered
def _squared(one: Floats, other: Floats) -> float:
    total = 0.0
    for at in range(len(one)):
        gap = np.float64(one[at]) - np.float64(other[at])
        total += gap * gap
    return total


@_reordered
def _roughly(one: Floats, other: Floats) -> np.float32:
    total = np.float32(0)
    for at in range(len(one)):
        gap = one[at] - other[at]
        total += gap * gap
    return total


@_compile
def squared(
    points: tuple[Floats, Floats], pairs: Pairs, limits: Limits, compared: bool
) -> FloatArray:
    """As `pairs.squared`: in float32 where that shows on which side of the limits it is."""
    ours, theirs = points
    out = np.empty(len(pairs))
    error = 1 + (ours.shape[1] + 16) * UNIT
    for at in range(len(pairs)):
        i, j = pairs[at, 0], pairs[at, 1]
        low, high = min(limits[0][i], limits[1][j]), max(limits[0][i], limits[1][j])
        if compared and pairs[at, 2] < 3:
            low = high = limits[0][i] if pairs[at, 2] == 1 else limits[1][j]
        rough = np.float64(_roughly(ours[i], theirs[j]))
        shown = rough > high * error or (compared and rough * error < low)
        # Sums too large or too small for float32 show nothing.
        if shown and SMALL < rough < LARGE:
            out[at] = rough
        else:
            out[at] = _squared(ours[i], theirs[j])
    return out


@_compile
def insert(nearest: FloatArray, rows: Array, distances: FloatArray) -> None:
    """Put each distance into the rising list of its row, if it belongs there."""
    for at in range(len(rows)):
        _insert(nearest, rows[at], distances[at])


@_compile
def _insert(nearest: FloatArray, row: int, value: float) -> None:
    place = nearest.shape[1] - 1
    if value < nearest[row, place]:
        while place > 0 and nearest[row, place - 1] > value:
            nearest[row, place] = nearest[row, place - 1]
            place -= 1
        nearest[row, place] = value


@_compile
def least_by_bytes(
    mine: Array, panels: Array, added: FloatArray, unit: float, nearest: FloatArray
) -> None:
    """The smallest numbers of columns, less products in units, of each row.

    Args:
        mine, panels: as `screen_bytes` takes them.
        added: (n,) of each column.
        unit: of the products.
        nearest: (m, k) rising, inserted into.
    """
    products = np.empty((TALL, WIDE), np.int32)
    for panel in range(len(panels)):
        for top in range(0, len(mine), TALL):
            _multiply(mine, top, panels[panel], products)
            values = added[panel * WIDE : (panel + 1) * WIDE]
            for row in range(min(TALL, len(nearest) - top)):
                _insert_all(nearest, top + row, values, unit * products[row])


@_compile
def _insert_all(nearest: FloatArray, row: int, added: FloatArray, less: FloatArray) -> None:
    for at in range(len(added)):
        _insert(nearest, row, added[at] - less[at])
