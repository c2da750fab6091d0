"""What cannot be summed is compared between halves: the reference's own, and the candidate's.

In split s, part A is half of the reference's buckets. What A finds in the *other* buckets of the
reference is what a second human sample shows; what it finds in those buckets of the candidate is
what the candidate shows. A and what it is compared with never share a group, also where candidate
and reference share samples.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firsthand.contracts import BUCKETS, Draws, Splits
from firsthand.numerics.resampling import noise_scale
from firsthand.types import BoolArray, FloatArray, Shared, Slice, Undetermined

LEAST_ROWS = 256
WORTH_SECONDS = 10.0


class Halves(NamedTuple):
    """Buckets of each part in each split, (splits, 64) each."""

    first: BoolArray  # the reference's part A
    human: BoolArray  # the reference's part B, disjoint from A
    candidate: BoolArray  # the candidate's part, as large as B
    one: BoolArray  # half of B, and
    other: BoolArray  # the other half: two second human samples, independent of each other


def match(splits: Splits, reference: FloatArray, candidate: FloatArray) -> Halves:
    """Parts of equal size: the larger of B and the candidate's part gives up whole buckets.

    Args:
        splits: the random halves that every metric shares.
        reference: (64,) size of each bucket: samples or tokens, whatever has to be equal.
        candidate: (64,) the same of the candidate.
    """
    rest = ~splits.half
    target = np.minimum(rest @ reference, rest @ candidate)
    human = thin(rest, reference, target, splits.seed)
    one = thin(human, reference, human @ reference / 2, splits.seed + 1)
    return Halves(
        first=splits.half,
        human=human,
        candidate=thin(rest, candidate, target, splits.seed + 2),
        one=one,
        other=human & ~one,
    )


def thin(pool: BoolArray, sizes: FloatArray, target: FloatArray, seed: int) -> BoolArray:
    """A random part of the pool's buckets whose total size comes nearest to the target.

    Args:
        pool: (splits, 64) buckets to choose from.
        sizes: (64,) size of each bucket.
        target: (splits,) wanted total.
        seed: of the order in which buckets are taken.

    >>> kept = thin(np.ones((1, 64), bool), np.ones(64), np.array([10.0]), 0)
    >>> int(kept.sum())
    10
    """
    rng = np.random.Generator(np.random.Philox(key=seed, counter=3))
    order = rng.permuted(np.tile(np.arange(BUCKETS), (len(pool), 1)), axis=1)
    taken = np.take_along_axis(np.where(pool, sizes, 0.0), order, axis=1)
    # A bucket is kept if its middle lies before the target: rounds to the nearest whole bucket.
    kept = taken.cumsum(axis=1) - taken / 2 <= target[:, None]
    out = np.empty_like(pool)
    np.put_along_axis(out, order, kept, axis=1)
    return np.asarray(out & pool)


class Found(NamedTuple):
    """What part A finds in each other part, (splits, slices) each."""

    human: FloatArray  # at equal size to
    candidate: FloatArray
    one: FloatArray  # at equal size to
    other: FloatArray


def ratio_draws(
    slices: tuple[Slice, ...],
    found: Found,
    parts: Halves,
    shared: Shared,
    groups: int,
    undetermined: tuple[Undetermined, ...] = (),
    *,
    absolute: FloatArray | None = None,
    alone: FloatArray | None = None,
) -> Draws:
    """The candidate's score as a share of what a second human sample scores; 1 is no difference.

    The null is how far two human samples are apart that were compared with the same part A: A
    itself cancels, as it does in the value. Two such samples are quarters of the reference. Where a
    score looks at nothing but its own part, halves tell the same at the size of the value, so that
    nothing is concluded from smaller parts, in which points or words matter otherwise. The spread
    is estimated from 64 buckets, so that it is Student's, not a normal.

    Args:
        slices: names, k of them.
        found: scores, all human means above 0; of all splits, or of the first R of them, where
            one costs much (see `rows`).
        parts: which buckets were in each part.
        shared: sizes of both sides in what was matched, and of their overlap.
        groups: independent groups on the smaller side.
        undetermined: slices that were given up, with the reason.
        absolute: (slices,) the metric itself on all rows, for people to compare with other tools.
        alone: (64,) size of each bucket of the reference, if a score does not look at A.
    """
    human = found.human.mean(axis=0)
    value = found.candidate.mean(axis=0) / human
    if alone is None:
        apart = 2 * (found.one - found.other) / (found.one + found.other).mean(axis=0)
        null = _spread(apart, parts.one.astype(float) - parts.other, 3 / 4) * _scale(parts, shared)
    else:
        signs = np.where(parts.human, 1.0, -1.0)
        null = _spread(found.human / human, signs, 1 / 3, alone) * _scale_alone(parts, shared)
    null *= _student(null.shape, BUCKETS if alone is None else int((alone > 0).sum()))
    difference = (found.candidate - value * found.human) / human
    around = _spread(difference, np.where(parts.first, 1.0, -1.0), 1 / 3)
    return Draws(
        slices=slices,
        value=value,
        null=np.maximum(1.0 + null, 0.0),
        bootstrap=np.maximum(value + around, 0.0),
        n_reference=shared.reference,
        n_candidate=shared.candidate,
        groups=groups,
        method="paired-half-samples" if shared.both else "half-samples",
        undetermined=undetermined,
        absolute=absolute,
    )


def rows(splits: int, seconds: float) -> int:
    """How many splits are worth computing when one takes this long?

    All of them within ten seconds; of a costly metric 256, four for each of the 64 buckets whose
    parts in it have to be told apart.

    >>> rows(1999, 0.001), rows(1999, 0.2), rows(199, 0.2)
    (1999, 256, 199)
    """
    return min(splits, max(LEAST_ROWS, int(WORTH_SECONDS / max(seconds, 1e-9))))


def _scale(parts: Halves, shared: Shared) -> float:
    """From two samples of a quarter of the buckets to this reference and this candidate.

    Means of two samples of n t / 2 differ by 4 s^2 / (n t), t the share of buckets that both hold
    together; `noise_scale` is the target in units of 4 s^2 / n.
    """
    held = float((parts.one | parts.other).mean())
    return noise_scale(shared) * float(np.sqrt(held))


def _scale_alone(parts: Halves, shared: Shared) -> float:
    """From parts of a share t, whose mean varies by s^2 (1 - t) / (n t), to both samples."""
    held = float(parts.human.mean())
    return 2 * noise_scale(shared) * float(np.sqrt(held / (1 - held)))


def _student(shape: tuple[int, ...], filled: int) -> FloatArray:
    """Factors that turn normal numbers into Student's, whose spread so many buckets told."""
    freedom = max(filled - 1, 1)
    rng = np.random.Generator(np.random.Philox(key=freedom, counter=7))
    return np.sqrt(freedom / rng.chisquare(freedom, size=shape))


def _spread(
    scores: FloatArray, signs: FloatArray, stays: float, sizes: FloatArray | None = None
) -> FloatArray:
    """How the mean of (splits, slices) scores would vary between samples, around 0.

    Scores of random parts vary because buckets differ, which is what a new sample would do too,
    and because a part is only a part, which averages out in the value. Of the scores that are
    linear in which buckets are in (projection of Hájek 1968) the spread over halves is that of the
    whole sample (delete-half jackknife; Shao & Wu 1989). What depends on pairs of buckets averages
    out in part. Between halves a third of its variance stays (Hoeffding 1948: of order j, 2^-j
    stays and 1 - 2^-j is seen). Between two quarters against a half it is 16 s^2/n^2, of which
    `_scale` leaves 4 for equal sizes; a second sample would show 3: three quarters. A bootstrap
    with repetition fails for nearest neighbours and distinct counts (Abadie & Imbens 2008).

    Args:
        scores: one row a split, or one for each of the first splits. What is linear is then known
            for the others too; the rest is drawn again from the rows that were computed.
        signs: (splits, 64) 1 for buckets on one side, -1 for the other, 0 for neither.
        stays: share of the variance that is not linear and does not average out.
        sizes: (64,) of the buckets, if parts differ in size while what is compared does not: what
            goes with size is then left out.
    """
    known = len(scores)
    signs = signs - signs[:known].mean(axis=0)
    centred = scores - scores.mean(axis=0)
    seen = signs[:known]
    # Rows may sum to the same number, so that a column says nothing new: least norm. Normal
    # equations are exact enough for 64 nearly orthogonal columns of signs, and 20 times faster.
    inverse = np.linalg.pinv(seen.T @ seen, rcond=1e-10, hermitian=True)
    effect = inverse @ (seen.T @ centred)
    linear = signs @ effect
    rest = centred - linear[:known]
    if sizes is not None:
        linear -= np.outer(signs @ sizes, sizes @ effect / (sizes @ sizes))
    if known < len(signs):
        again = np.random.Generator(np.random.Philox(key=known, counter=4))
        more = again.integers(0, known, len(signs) - known)
        # A fit of 64 numbers to few rows takes some of the rest for its own.
        rest = np.concatenate([rest, rest[more]]) * np.sqrt(known / max(known - BUCKETS, 1))
    return np.asarray(linear + rest * np.sqrt(stays))


def nothing(splits: Splits, groups: int, *reasons: Undetermined) -> Draws:
    """No slice could be looked at, and why."""
    empty = np.zeros((len(splits.half), 0))
    return Draws((), np.zeros(0), empty, empty, 0, 0, groups, "none", reasons)


def too_few(
    metric: str, groups: int, objects: float, least: tuple[int, int]
) -> Undetermined | None:
    """Why nothing can be said: fewer than the least groups on a side, or objects in a human half.

    >>> too_few("missing_mass", 30, 4.24, (20, 10)).params
    {'found': 4.2, 'needed': 10}
    """
    asked = (("too-few-groups", groups), ("too-few-objects", objects))
    for (reason, found), needed in zip(asked, least, strict=True):
        if found < needed:
            params = {"found": round(found, 1), "needed": needed}
            return Undetermined(metric=metric, reason=reason, params=params)
    return None
