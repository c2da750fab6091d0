"""What would chance alone have shown? Null distributions from the reference, and intervals.

Everything is drawn by bucket, so that samples of one group stay together. The null never looks at
how the candidate is spread: it asks what a second human sample of the candidate's size, sharing as
many samples with the reference as the candidate does, would have shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from firsthand.contracts import BUCKETS, Draws, Frame, Metric, Part, Profile, Splits
from firsthand.types import FloatArray, Shared, Undetermined

SPLITS = 1999
"""Random splits of the reference. A p-value is at least 1/2000, below 0.05 over 100 slices."""

MOST_STRETCH = 4.0
"""By how much a spread may come out too small: beyond, a draw left out what there is to see."""


class Pair(NamedTuple):
    """Both sides of a comparison, with the samples that are on both sides kept apart.

    `reference_shared` and `candidate_shared` describe the same media, with the reference's labels
    and with the candidate's: what differs between them is labelling, not sampling.
    """

    reference: Profile
    candidate: Profile
    shared: Shared
    reference_shared: Profile | None = None
    candidate_shared: Profile | None = None


def make_splits(seed: int, shared: Shared, splits: int = SPLITS) -> Splits:
    """Random splits that every metric shares, row by row.

    Parts A and B of the reference are disjoint and as large as can be while the candidate still
    has a part as large as B: m = min(candidate, reference // 2) samples, in whole buckets.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    order = rng.permuted(np.tile(np.arange(BUCKETS), (splits, 1)), axis=1)
    m = min(shared.candidate, shared.reference // 2)
    width = _whole_buckets(m, shared.reference)
    taken = _whole_buckets(m, shared.candidate)
    candidate = rng.permuted(np.tile(np.arange(BUCKETS), (splits, 1)), axis=1) < taken
    weights = rng.multinomial(BUCKETS, np.full(BUCKETS, 1 / BUCKETS), size=splits)
    return Splits(
        half=order < BUCKETS // 2,
        first=order < width,
        second=(order >= BUCKETS // 2) & (order < BUCKETS // 2 + width),
        candidate=candidate,
        weights=weights.astype(np.float64),
        seed=seed,
        shared=shared,
    )


def _whole_buckets(m: int, n: int) -> int:
    return int(np.clip(round(BUCKETS * m / max(n, 1)), 1, BUCKETS))


def draw(metric: Metric, pair: Pair, splits: Splits) -> Draws:
    """Value, null and bootstrap of one summed metric, for every slice that its frame names.

    Slices with too few objects on either side become Undetermined, never a number.
    """
    assert metric.frame is not None
    assert metric.value is not None
    frame = metric.frame(with_columns_of(pair.candidate, pair.reference))
    if min(pair.reference.groups, pair.candidate.groups) < metric.min_groups or not frame.slices:
        return _nothing(metric, pair, frame)
    reference, candidate = _strata(pair.reference, frame), _strata(pair.candidate, frame)
    value = _bind(metric.value, frame)
    if metric.size_free:
        found = value(_whole(reference), _whole(candidate))
        null = value(_whole(reference), _null_candidate(pair, frame, splits))
    else:
        found, null = _matched(value, reference, candidate, splits)
    boot = value(_weighted(reference, splits.weights), _weighted(candidate, splits.weights))
    draws = Draws(
        slices=frame.slices,
        value=np.asarray(found, dtype=np.float64).reshape(-1),
        null=np.asarray(null),
        bootstrap=np.asarray(boot),
        n_reference=int(reference.samples.sum()),
        n_candidate=int(candidate.samples.sum()),
        groups=min(pair.reference.groups, pair.candidate.groups),
        method="paired-bootstrap" if pair.shared.both else "bootstrap",
        undetermined=frame.undetermined,
        expected=_expected(metric, frame, pair),
    )
    return _with_support(metric, draws)


def with_columns_of(candidate: Profile, reference: Profile) -> Profile:
    """The reference with a column, of zeros, for whatever only the candidate shows.

    A frame sorts columns into strata. Without these, objects of a size that the reference happens
    not to show would be left out of the candidate's count and look lost.
    """
    columns = tuple(sorted({*reference.columns, *candidate.columns}))
    return Profile(columns, reference.aligned(columns), reference.samples, reference.groups)


def noise_scale(shared: Shared) -> float:
    """How far apart are candidate and reference by chance, against two halves of the reference?

    A mean over the reference has variance s²/n. With o of the candidate's c samples in the
    reference of r, the difference of means has variance
    s² [o (1/c - 1/r)² + (r - o)/r² + (c - o)/c²]; between two halves it is 4 s²/r. This is the
    square root of their ratio: 0 for identical sets, 1 for two sets of half the size.

    >>> noise_scale(Shared(100, 100, 100))
    0.0
    >>> round(noise_scale(Shared(100, 100, 0)), 4)
    0.7071
    """
    r, c, o = (float(each) for each in shared)
    variance = o * (1 / c - 1 / r) ** 2 + max(r - o, 0.0) / r**2 + max(c - o, 0.0) / c**2
    return float(np.sqrt(variance / (4 / r)))


def _null_candidate(pair: Pair, frame: Frame, splits: Splits) -> Part:
    """Second human samples, written at the reference's size: its sums plus what chance adds.

    Labels that differ on shared media are noise too if each could as well have gone the other way,
    so their differences are flipped by fair coins (a sign-flip test by bucket).
    """
    reference = _strata(pair.reference, frame)
    n = reference.samples.sum()
    noise = _studentised(reference, pair.shared, splits.weights)
    if pair.reference_shared is not None and pair.candidate_shared is not None:
        before, after = (
            _strata(each, frame).totals for each in (pair.reference_shared, pair.candidate_shared)
        )
        coins = _coins(splits)
        noise = noise + (coins @ (after - before)) * (n / pair.shared.candidate)
    totals = reference.totals.sum(axis=0) + noise
    return Part(totals, np.full(len(totals), n))


def _studentised(reference: Part, shared: Shared, weights: FloatArray) -> FloatArray:
    """By how much the candidate's sums differ from the reference's by chance, (splits, strata).

    A reference that shows few of something by chance shows little spread of it too, so that an
    ordinary candidate looks far above it, and the fewer there are the more. So each row draws a
    reference and a candidate from the buckets (bootstrap), and their difference is stretched by how
    much too small that reference's own spread came out (bootstrap-t; Hall 1988, Ann. Stat. 16:927).

    Args:
        reference: sums by bucket.
        shared: how the sides overlap: what is on both is in both draws.
        weights: (splits, 64) bootstrap multiplicities; the next row's make the candidate.
    """
    filled = max(int((reference.samples > 0).sum()), 2)
    centred = _from_mean(reference)
    drawn = (weights - 1.0) @ centred * np.sqrt(filled / (filled - 1))
    # Of c samples o are shared: the difference goes against the reference by 1 - o / c, and its
    # variance is 4 noise_scale² that of the reference's sums.
    against = 1.0 - shared.both / shared.candidate
    apart = max(4 * noise_scale(shared) ** 2 - against**2, 0.0)
    noise = np.sqrt(apart) * np.roll(drawn, 1, axis=0) - against * drawn
    spread = (centred**2).sum(axis=0)
    found = _spread_of(reference, centred, weights)
    least = np.maximum(found, spread / MOST_STRETCH)
    stretch = np.divide(spread, least, out=np.ones_like(least), where=least > 0)
    return np.asarray(noise * np.sqrt(stretch))


def _from_mean(part: Part) -> FloatArray:
    """Sums of each bucket less those that its size leads to expect, (64, strata)."""
    mean = part.totals.sum(axis=0) / part.samples.sum()
    return np.asarray(part.totals - np.outer(part.samples, mean))


def _spread_of(part: Part, centred: FloatArray, weights: FloatArray) -> FloatArray:
    """Sum of squares of the buckets that each row drew, about the mean of that row."""
    moved = weights @ centred / (weights @ part.samples)[:, None]
    both, size = weights @ (centred * part.samples[:, None]), weights @ part.samples**2
    return np.asarray(weights @ centred**2 - 2 * moved * both + moved**2 * size[:, None])


def _coins(splits: Splits) -> FloatArray:
    rng = np.random.Generator(np.random.Philox(key=splits.seed, counter=2))
    return rng.choice(np.array([-1.0, 1.0]), size=(len(splits.first), BUCKETS))


def _matched(
    value: Callable[[Part, Part], FloatArray],
    reference: Part,
    candidate: Part,
    splits: Splits,
) -> tuple[FloatArray, FloatArray]:
    """Values at equal size: the mean over splits for the candidate, every split for the null."""
    first = _weighted(reference, splits.first.astype(np.float64))
    second = _weighted(reference, splits.second.astype(np.float64))
    other = _weighted(candidate, splits.candidate.astype(np.float64))
    return value(first, other).mean(axis=0), value(first, second)


def _strata(profile: Profile, frame: Frame) -> Part:
    totals = profile.aligned(frame.columns)
    if frame.strata is not None:
        totals = totals @ frame.strata
    return Part(totals, profile.samples)


def _whole(part: Part) -> Part:
    return Part(part.totals.sum(axis=0), part.samples.sum(axis=0))


def _weighted(part: Part, weights: FloatArray) -> Part:
    return Part(weights @ part.totals, weights @ part.samples)


def _bind(
    value: Callable[[Frame, Part, Part], FloatArray], frame: Frame
) -> Callable[[Part, Part], FloatArray]:
    return lambda reference, candidate: value(frame, reference, candidate)


def _expected(metric: Metric, frame: Frame, pair: Pair) -> FloatArray | None:
    """Objects behind each slice on the thinner side, under the null. (slices,).

    For what gets worse by rising, objects of the candidate count too, and none on either side is
    an answer: nothing rose.
    """
    if frame.support is None:
        return None
    ratio = pair.candidate.samples.sum() / max(pair.reference.samples.sum(), 1.0)
    expected = frame.support * min(ratio, 1.0)
    if metric.worse == "up":
        seen = _strata(pair.candidate, frame).totals.sum(axis=0)
        expected = np.where(seen == 0, np.inf, np.maximum(expected, seen))
    return np.asarray(expected)


def _with_support(metric: Metric, draws: Draws) -> Draws:
    """Leave out slices that too few objects stand behind, by name."""
    if draws.expected is None or (draws.expected >= metric.min_objects).all():
        return draws
    few = draws.expected < metric.min_objects
    gone = tuple(
        Undetermined(
            metric=metric.name,
            reason="too-few-objects",
            slice=draws.slices[at],
            params={"found": round(float(draws.expected[at]), 1), "needed": metric.min_objects},
        )
        for at in np.flatnonzero(few)
    )
    return keep(draws, ~few, gone)


def keep(draws: Draws, kept: np.ndarray, gone: tuple[Undetermined, ...] = ()) -> Draws:
    """The same draws restricted to some slices, (slices,) bool."""
    return Draws(
        slices=tuple(part for part, stays in zip(draws.slices, kept, strict=True) if stays),
        value=draws.value[kept],
        null=draws.null[:, kept],
        bootstrap=draws.bootstrap[:, kept],
        n_reference=draws.n_reference,
        n_candidate=draws.n_candidate,
        groups=draws.groups,
        method=draws.method,
        undetermined=(*draws.undetermined, *gone),
        expected=None if draws.expected is None else draws.expected[kept],
        absolute=None if draws.absolute is None else draws.absolute[kept],
    )


def _nothing(metric: Metric, pair: Pair, frame: Frame) -> Draws:
    found = min(pair.reference.groups, pair.candidate.groups)
    reason = "too-few-groups" if found < metric.min_groups else "nothing-to-compare"
    note = Undetermined(
        metric=metric.name,
        reason=reason,
        params={"found": found, "needed": metric.min_groups},
    )
    empty = np.zeros((0, 0))
    return Draws((), np.zeros(0), empty, empty, 0, 0, found, "none", (*frame.undetermined, note))
