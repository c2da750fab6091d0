"""What has the candidate lost against the reference? Every metric that fits, each with its null."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from firsthand import registry
from firsthand.contracts import Draws, Embedder, Metric, Profile, Splits
from firsthand.numerics.multiplicity import family_wise
from firsthand.numerics.resampling import SPLITS, Pair, draw, keep, make_splits
from firsthand.numerics.tokens import tokens_view
from firsthand.numerics.views import boxes_view, features_view
from firsthand.types import Dataset, FloatArray, Measurement, Sample, Shared, Undetermined

LEVEL = 0.95
Report = Callable[[str], None]


class Measured(NamedTuple):
    """All numbers of one comparison, and all that no number could be given for."""

    measurements: tuple[Measurement, ...]
    undetermined: tuple[Undetermined, ...]
    shared: Shared


def measure(
    reference: Dataset,
    candidate: Dataset,
    *,
    metrics: Sequence[str] | None = None,
    seed: int = 0,
    splits: int = SPLITS,
    report: Report = lambda _name: None,
) -> Measured:
    """What has the candidate lost against the reference?

    Args:
        reference: the human-verified data to preserve.
        candidate: the data to judge. Samples of the reference in it are compared paired.
        metrics: names; all that fit the task if None.
        seed: of the random splits and bootstrap replicates.
        splits: how many of each; a p-value is at least 1 / (splits + 1).
        report: called with each metric's name before it is computed.

    Returns:
        Measurements whose `adjusted_p` controls the chance that any of them looks this bad on a
        second human sample, over all of them together.

    Raises:
        UnknownComponent: a name in `metrics` is no metric.
    """
    views = _Views(reference, candidate)
    plan = make_splits(seed, views.shared, splits)
    found: list[tuple[Metric, Draws]] = []
    for metric in _fitting(reference, candidate, metrics):
        report(metric.name)
        found.append((metric, _finite(metric, _draws(metric, views, plan))))
    undetermined = [note for _, draws in found for note in draws.undetermined]
    tried = {metric.name for metric, _ in found}
    undetermined += [
        Undetermined(metric=name, reason="not-this-task")
        for name in metrics or ()
        if name not in tried
    ]
    return Measured(_measurements(found, seed, views.shared), tuple(undetermined), views.shared)


def overlap(reference: Dataset, candidate: Dataset) -> Shared:
    """How many samples are on both sides, by media digest?"""
    known = {sample.media for sample in reference.samples}
    both = sum(sample.media in known for sample in candidate.samples)
    return Shared(len(reference.samples), len(candidate.samples), both)


def _fitting(
    reference: Dataset, candidate: Dataset, names: Sequence[str] | None
) -> tuple[Metric, ...]:
    """The metrics for a task; in a fixed order, since the family is one."""
    chosen: tuple[Metric, ...] = (
        tuple(registry.load_all("metrics").values())
        if names is None
        else tuple(registry.load("metrics", name) for name in names)
    )
    tasks = {reference.task, candidate.task}
    return tuple(metric for metric in chosen if tasks <= metric.tasks)


class _Views:
    """Views of both sides, each built once and only when a metric asks for it."""

    def __init__(self, reference: Dataset, candidate: Dataset) -> None:
        self.shared = overlap(reference, candidate)
        self._sides = {"reference": reference, "candidate": candidate}
        if self.shared.both:
            self._sides |= _shared_sides(reference, candidate)
        self._made: dict[tuple[str, str], object] = {}

    def view(self, side: str, name: str) -> object:
        """The view `name` of one side."""
        if (side, name) not in self._made:
            self._made[side, name] = _view(self._sides[side], name)
        return self._made[side, name]

    def profile(self, metric: Metric, side: str) -> Profile | None:
        """The metric's sums over one side; None where there is no such side."""
        if side not in self._sides or metric.profile is None:
            return None
        return metric.profile(self.view(side, metric.view))


def _shared_sides(reference: Dataset, candidate: Dataset) -> dict[str, Dataset]:
    """The same media with the reference's labels and with the candidate's, sample by sample."""
    by_media = {sample.media: sample for sample in reference.samples}
    pairs = [
        (by_media[sample.media], sample) for sample in candidate.samples if sample.media in by_media
    ]
    before, after = zip(*pairs, strict=True)
    return {
        "reference_shared": _only(reference, before),
        "candidate_shared": _only(candidate, after),
    }


def _only(dataset: Dataset, samples: tuple[Sample, ...]) -> Dataset:
    return Dataset(dataset.name, dataset.task, dataset.classes, samples)


def _view(dataset: Dataset, name: str) -> object:
    if name == "boxes":
        return boxes_view(dataset)
    if name == "tokens":
        return tokens_view(dataset)
    embedders: dict[str, Embedder] = registry.load_all("features")
    embedder = next(each for each in embedders.values() if dataset.task in each.tasks)
    return features_view(dataset, embedder)


def _draws(metric: Metric, views: _Views, plan: Splits) -> Draws:
    if metric.compare is not None:
        theirs, ours = (views.view(side, metric.view) for side in ("reference", "candidate"))
        return metric.compare(theirs, ours, plan)
    reference, candidate = (views.profile(metric, side) for side in ("reference", "candidate"))
    assert reference is not None
    assert candidate is not None
    before, after = (
        views.profile(metric, side) for side in ("reference_shared", "candidate_shared")
    )
    return draw(metric, Pair(reference, candidate, views.shared, before, after), plan)


def _finite(metric: Metric, draws: Draws) -> Draws:
    """Leave out slices whose value or null is not a number, by name."""
    if not draws.slices:
        return draws
    fine = np.isfinite(draws.value) & np.isfinite(draws.null).all(axis=0)
    if fine.all():
        return draws
    gone = tuple(
        Undetermined(metric=metric.name, reason="not-finite", slice=draws.slices[at])
        for at in np.flatnonzero(~fine)
    )
    return keep(draws, fine, gone)


def _measurements(
    found: list[tuple[Metric, Draws]], seed: int, shared: Shared
) -> tuple[Measurement, ...]:
    """Intervals, null bands and p-values, corrected over everything that was found."""
    found = [(metric, draws) for metric, draws in found if draws.slices]
    if not found:
        return ()
    signs = [-1.0 if metric.worse == "down" else 1.0 for metric, _ in found]
    badness = [sign * draws.value for sign, (_, draws) in zip(signs, found, strict=True)]
    null = [sign * draws.null for sign, (_, draws) in zip(signs, found, strict=True)]
    chance = family_wise(np.concatenate(badness), np.concatenate(null, axis=1))
    out: list[Measurement] = []
    for metric, draws in found:
        low, high = _interval(metric, draws)
        band = np.quantile(draws.null, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
        for at, part in enumerate(draws.slices):
            out.append(
                Measurement(
                    metric=metric.name,
                    slice=part,
                    value=float(draws.value[at]),
                    low=float(low[at]),
                    high=float(high[at]),
                    null_low=float(band[0, at]),
                    null_high=float(band[1, at]),
                    unit=metric.unit,
                    worse=metric.worse,
                    n_reference=draws.n_reference,
                    n_candidate=draws.n_candidate,
                    groups=draws.groups,
                    seed=seed,
                    method=draws.method,
                    level=LEVEL,
                    paired=shared.both > 0 and metric.mergeable,
                    p_value=float(chance.alone[len(out)]),
                    adjusted_p=float(chance.family[len(out)]),
                    absolute=None if draws.absolute is None else float(draws.absolute[at]),
                )
            )
    return tuple(out)


def _interval(metric: Metric, draws: Draws) -> tuple[FloatArray, FloatArray]:
    """Percentile interval of the bootstrap, moved onto the value, within the metric's range.

    Where a ratio is 0 no resample can show anything else; then 3 / expected bounds it, the upper
    95 % limit of a Poisson mean when none was seen (Hanley & Lippman-Hand 1983).
    """
    boot = np.where(np.isfinite(draws.bootstrap), draws.bootstrap, np.nan)
    low, high = np.nanquantile(boot, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    if not metric.size_free:
        shift = draws.value - np.nanmean(boot, axis=0)
        low, high = low + shift, high + shift
    if draws.expected is not None and metric.worse == "down":
        vanished = draws.value == 0
        high = np.where(vanished, 3.0 / np.maximum(draws.expected, 1e-9), high)
    low = np.clip(np.minimum(low, draws.value), *metric.range)
    return low, np.clip(np.maximum(high, draws.value), *metric.range)
