"""How many kinds are there, and how evenly are they spread? At equal sizes, for all splits at once.

The kinds that the reference shows most are counted one by one. Where there are too many others,
those with the smallest hashes are counted, the same ones on both sides, and stand for the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BUCKETS, CategoriesView, Draws, Splits
from firsthand.numerics.halves import Found, Halves, match, nothing, ratio_draws, too_few
from firsthand.numerics.once import Once
from firsthand.numerics.spectrum import by_count, seen_after_thinning
from firsthand.types import BoolArray, FloatArray, Shared, Slice, Undetermined

FREQUENT = 4096
SAMPLED = 4096
CHUNK = 64  # splits counted at a time
LEAST = (20, 10)  # groups on each side, objects in a human half

Counts = NDArray[np.float32]


class Side(NamedTuple):
    """Objects of one side, by bucket."""

    kinds: Counts  # (64, kinds) the same kinds on both sides
    size: FloatArray  # (64,) all objects, also of kinds that were not kept


class Tables(NamedTuple):
    """Objects of both sides."""

    reference: Side
    candidate: Side
    frequent: int  # so many kinds are counted one by one; each of the others
    weight: float  # stands for so many


class Diversity(NamedTuple):
    """Three ways to count kinds: by presence, by information, by meeting."""

    seen: FloatArray  # kinds
    entropy: FloatArray  # nats
    differ: FloatArray  # probability that two objects are of different kinds


class Compared(NamedTuple):
    """Diversity of every part, (splits,) each."""

    human: Diversity
    candidate: Diversity
    one: Diversity
    other: Diversity
    parts: Halves
    shared: Shared


Wanted = Callable[[Diversity], FloatArray]
"""The (splits, slices) numbers that a metric is about."""
Whole = Callable[[FloatArray], FloatArray]
"""The (slices,) numbers as they are defined, from the count of every kind that is there."""


def draws(
    name: str,
    slices: tuple[Slice, ...],
    wanted: Wanted,
    whole: Whole,
    sides: tuple[CategoriesView, CategoriesView],
    splits: Splits,
) -> Draws:
    """A measure of diversity of the candidate as a share of that of a second human sample.

    Args:
        name: of the metric.
        slices: what `wanted` gives, in its order.
        wanted: the measure.
        whole: the same of all of the candidate, without what evens out sizes.
        sides: reference and candidate.
        splits: rows as in every other metric.
    """
    groups = min(side.groups for side in sides)
    objects = min(len(side.label) for side in sides) / 2
    problem = too_few(name, groups, objects, LEAST)
    if problem is not None:
        return nothing(splits, groups, problem)
    compared = COMPARED(*sides, splits)
    found = Found(*(wanted(side) for side in compared[:4]))
    if not _comparable(found):
        return nothing(splits, groups, Undetermined(metric=name, reason="nothing-to-compare"))
    counts = np.bincount(sides[1].label).astype(np.float64)
    absolute = whole(counts[counts > 0])
    return ratio_draws(slices, found, compared.parts, compared.shared, groups, absolute=absolute)


def shannon(counts: FloatArray) -> float:
    """The entropy of (kinds,) counts above 0, in nats.

    >>> round(float(np.exp(shannon(np.array([3.0, 3, 3])))), 9)
    3.0
    """
    share = counts / counts.sum()
    return float(-(share * np.log(share)).sum())


def _comparable(found: Found) -> bool:
    """Is there a number everywhere, and any diversity in the reference?"""
    human = (found.human, found.one + found.other)
    return all(np.isfinite(part).all() for part in found) and all(
        (part.mean(axis=0) > 0).all() for part in human
    )


def _compared(reference: CategoriesView, candidate: CategoriesView, splits: Splits) -> Compared:
    found = tables(reference, candidate)
    ours, theirs = found.reference, found.candidate
    parts = match(splits, ours.size, theirs.size)
    same = np.array_equal(ours.kinds, theirs.kinds) and np.array_equal(ours.size, theirs.size)
    sizes = len(reference.label), len(candidate.label)
    # The same text has the same words; the same picture may have been labelled anew, which is noise
    # too, and of an unknown size: labels count as drawn anew unless all of them are the same.
    written = reference.names.dtype.kind == "u"
    shared = splits.overlap(*sizes) if written else Shared(*sizes, 0)
    return Compared(
        *_pair(found, (ours, parts.human), (theirs, parts.candidate)),
        *_pair(found, (ours, parts.one), (ours, parts.other)),
        parts=parts,
        shared=Shared(*sizes, sizes[1]) if same else shared,
    )


COMPARED = Once(_compared)
"""Metrics that ask about the same two views share one pass over them."""


def _pair(
    found: Tables, one: tuple[Side, BoolArray], other: tuple[Side, BoolArray]
) -> tuple[Diversity, Diversity]:
    """Both parts, the larger one as if objects were left out of it until both are equal."""
    size = np.minimum(*(part @ side.size for side, part in (one, other)))
    return _of(found, *one, size), _of(found, *other, size)


def _of(found: Tables, side: Side, part: BoolArray, size: FloatArray) -> Diversity:
    """Diversity of each part, with kinds seen as if it had that size at most. (splits,)."""
    total = part @ side.size
    kept = np.divide(size, total, out=np.ones_like(size), where=total > size)
    harmonic = np.cumsum(1.0 / np.arange(1, side.size.sum() + 2))
    # Entry c is c (1 + 1/2 + ... + 1/(c - 1)).
    surprise = np.arange(len(harmonic)) * np.concatenate([[0.0, 0.0], harmonic[:-2]])
    out = Diversity(*np.empty((3, len(part))))
    for start in range(0, len(part), CHUNK):
        rows = slice(start, start + CHUNK)
        each = part[rows].astype(np.float32) @ side.kinds
        n = np.maximum(total[rows], 2.0)
        out.seen[rows] = _weighted(found, each, partial(_seen, kept=kept[rows]))
        known = _weighted(found, each, _sum) * harmonic[n.astype(np.int64) - 2]
        guessed = _weighted(found, surprise[each.astype(np.int32)], _sum)
        out.entropy[rows] = (known - guessed) / n
        out.differ[rows] = 1.0 - _weighted(found, each * (each - 1), _sum) / (n * (n - 1))
    return out


def _seen(each: Counts, kept: FloatArray) -> FloatArray:
    return seen_after_thinning(by_count(each), kept)


def _sum(values: Counts) -> FloatArray:
    return np.asarray(values.sum(axis=1, dtype=np.float64))


def _weighted(found: Tables, each: Counts, of: Callable[[Counts], FloatArray]) -> FloatArray:
    """A sum over all kinds, from those counted one by one and those that stand for the rest."""
    frequent = of(each[:, : found.frequent])
    if found.frequent == each.shape[1]:
        return frequent
    return np.asarray(frequent + found.weight * of(each[:, found.frequent :]))


def tables(
    reference: CategoriesView,
    candidate: CategoriesView,
    frequent: int = FREQUENT,
    sampled: int = SAMPLED,
) -> Tables:
    """Count the kinds of both sides.

    Args:
        reference: objects.
        candidate: objects.
        frequent: how many of the reference's most frequent kinds are counted one by one.
        sampled: how many of the others stand for the rest.
    """
    sides = (reference, candidate)
    kinds, place = np.unique(np.concatenate([s.names for s in sides]), return_inverse=True)
    places = np.split(place.reshape(-1), [len(reference.names)])
    labels = [at[side.label] for at, side in zip(places, sides, strict=True)]
    chosen, exact, weight = _chosen(kinds, labels, frequent, sampled)
    column = np.full(len(kinds), -1)
    column[chosen] = np.arange(len(chosen))
    ours, theirs = (
        _side(side.bucket, column[label], len(chosen))
        for side, label in zip(sides, labels, strict=True)
    )
    return Tables(ours, theirs, exact, weight)


def _chosen(
    kinds: NDArray[np.str_] | NDArray[np.uint64],
    labels: list[NDArray[np.int64]],
    frequent: int,
    sampled: int,
) -> tuple[NDArray[np.int64], int, float]:
    """Which kinds are counted, how many of them one by one, and what each of the others weighs."""
    ours, theirs = (np.bincount(label, minlength=len(kinds)) for label in labels)
    present = np.flatnonzero(ours + theirs)
    hashes = _hashes(kinds[present]) if len(present) > frequent + sampled else present
    order = np.lexsort((hashes, -ours[present]))
    if len(present) <= frequent + sampled:
        return present[order], len(present), 1.0
    rest = order[frequent:]
    rest = rest[np.argsort(hashes[rest], kind="stable")]
    share = float(hashes[rest[sampled]]) / 2.0**64
    return present[np.concatenate([order[:frequent], rest[:sampled]])], frequent, 1.0 / share


def _hashes(kinds: NDArray[np.str_] | NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Words are hashes already; names are hashed here."""
    if kinds.dtype.kind == "u":
        return np.asarray(kinds, dtype=np.uint64)
    digests = b"".join(hashlib.blake2b(n.encode(), digest_size=8).digest() for n in kinds.tolist())
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def _side(bucket: NDArray[np.int64], column: NDArray[np.int64], kinds: int) -> Side:
    known = column >= 0
    cells = bucket[known] * kinds + column[known]
    table = np.bincount(cells, minlength=BUCKETS * kinds).reshape(BUCKETS, kinds)
    size = np.bincount(bucket, minlength=BUCKETS).astype(np.float64)
    return Side(table.astype(np.float32), size)
