"""How far apart are two columns? Rows are counted in cells that the reference sets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BUCKETS, Column
from firsthand.numerics.columns import as_category
from firsthand.types import FloatArray

CELLS = 32  # of a column of numbers
LEVELS = 64  # of a column of categories
LEAST = 10  # rows of the reference in a cell


class Cells(NamedTuple):
    """Rows of one column by bucket and cell."""

    ordered: bool  # all cells but the first, of no value, follow each other as numbers do
    reference: FloatArray  # (64, cells)
    candidate: FloatArray  # (64, cells)
    most: int  # rows of the reference with its most frequent value, or range of values, or none


def count(
    reference: Column,
    candidate: Column,
    buckets: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> Cells:
    """Count the rows of both sides in the reference's cells; sums of shards are the whole.

    Numbers fall between the reference's own quantiles, 32 of them or as many as keep 10 rows
    apart. A number with at most 32 different values is a category. Of categories those with at
    least 10 rows have a cell each, at most 64 of them, and all others share one, with those that
    the reference never shows. No value is a cell of its own. What is no number in the candidate's
    column of numbers is no value.
    """
    ours, theirs = _numbers(reference), _numbers(candidate)
    given = ours[~np.isnan(ours)]
    ordered = reference.kind == "number" and len(np.unique(given)) > CELLS
    if ordered:
        edges = _edges(given)
        cells = [_between(edges, values) for values in (ours, theirs)]
        size = len(edges) + 2
    else:
        names = [_categories(column) for column in (reference, candidate)]
        levels = _levels(names[0])
        cells = [_level(levels, each) for each in names]
        size = len(levels) + 2
    tables = [_table(*side, size) for side in zip(buckets, cells, strict=True)]
    rows = tables[0].sum(axis=0)
    most = int(rows[[0, *range(1 if ordered else 2, size)]].max())
    return Cells(ordered, *_with_floor(tables[0], tables[1], ordered), most)


def _numbers(column: Column) -> FloatArray:
    if column.kind == "number":
        return np.asarray(column.values, dtype=np.float64)
    out = np.full(len(column.values), np.nan)
    for at, value in enumerate(column.values.tolist()):
        try:
            out[at] = float(value)
        except ValueError:
            continue
    return out


def _categories(column: Column) -> NDArray[np.str_]:
    if column.kind == "category":
        return np.asarray(column.values, dtype=np.str_)
    return np.array([as_category(value) for value in column.values.tolist()], dtype=np.str_)


def _edges(given: FloatArray) -> FloatArray:
    """Lower ends of all cells but the first."""
    cells = min(CELLS, len(given) // LEAST)
    shares = np.arange(1, cells) / max(cells, 1)
    return np.unique(np.quantile(given, shares, method="higher")) if cells else np.zeros(0)


def _between(edges: FloatArray, values: FloatArray) -> NDArray[np.int64]:
    """0 for no value, then in order."""
    return np.where(np.isnan(values), 0, 1 + np.searchsorted(edges, values, side="right"))


def _levels(names: NDArray[np.str_]) -> NDArray[np.str_]:
    """The reference's frequent categories, sorted."""
    found, rows = np.unique(names[names != ""], return_counts=True)
    often = np.argsort(-rows, kind="stable")[:LEVELS]
    return np.sort(found[often[rows[often] >= LEAST]])


def _level(levels: NDArray[np.str_], names: NDArray[np.str_]) -> NDArray[np.int64]:
    """0 for no value, 1 for any other, then the frequent ones."""
    at = np.minimum(np.searchsorted(levels, names), max(len(levels) - 1, 0))
    known = levels[at] == names if len(levels) else np.zeros(len(names), dtype=bool)
    return np.where(names == "", 0, np.where(known, at + 2, 1))


def _table(bucket: NDArray[np.int64], cell: NDArray[np.int64], cells: int) -> FloatArray:
    rows = np.bincount(bucket * cells + cell, minlength=BUCKETS * cells)
    return rows.reshape(BUCKETS, cells).astype(np.float64)


def _with_floor(
    reference: FloatArray, candidate: FloatArray, ordered: bool
) -> tuple[FloatArray, FloatArray]:
    """Ten rows more on both sides, in buckets of their own, where the reference shows too few.

    They take nothing from the difference, whose shares they enter alike. They are there for the
    noise: that the reference happens to show no missing value, or no new category, does not mean
    that a second human sample shows none.
    """
    ratio = candidate.sum() / max(reference.sum(), 1.0)
    reference, candidate = reference.copy(), candidate.copy()
    for cell in (0,) if ordered else (0, 1):
        if reference[:, cell].sum() < LEAST:
            buckets = np.arange(cell, BUCKETS, BUCKETS // LEAST)[:LEAST]
            reference[buckets, cell] += 1
            candidate[buckets, cell] += ratio
    return reference, candidate


def interval_distance(difference: FloatArray) -> FloatArray:
    """The most that any range of values, with or without the missing ones, gained or lost.

    Kuiper's statistic. Kolmogorov and Smirnov look at ranges that begin at the smallest value;
    any range also sees values move from both ends to the middle. (..., cells) to (...).

    >>> float(interval_distance(np.array([0.0, -0.25, 0.25, 0.25, -0.25])))
    0.5
    """
    return np.asarray(np.ptp(np.cumsum(difference, axis=-1), axis=-1))  # the last sum is 0


def set_distance(difference: FloatArray) -> FloatArray:
    """The most that any set of categories gained or lost: total variation. (..., cells) to (...).

    >>> float(set_distance(np.array([0.25, -0.5, 0.25])))
    0.5
    """
    return np.asarray(np.abs(difference).sum(axis=-1) / 2)
