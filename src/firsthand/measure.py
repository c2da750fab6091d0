"""What has the candidate lost against the reference? Every metric that fits, each with its null."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from firsthand import registry
from firsthand.contracts import BoxesView, Draws, FeatureView, Metric, Profile, Splits, ViewName
from firsthand.errors import InputError
from firsthand.numerics.categories import kinds_of
from firsthand.numerics.multiplicity import family_wise
from firsthand.numerics.resampling import SPLITS, Pair, draw, keep, make_splits
from firsthand.numerics.views import thinned
from firsthand.sides import OFFERS, Side, in_training, overlap, paired
from firsthand.sources import Source, side_of
from firsthand.types import FloatArray, Measurement, Shared, Undetermined

LEVEL = 0.95
Report = Callable[[str], None]


class Measured(NamedTuple):
    """All numbers of one comparison, and all that no number could be given for."""

    measurements: tuple[Measurement, ...]
    undetermined: tuple[Undetermined, ...]
    shared: Shared


def measure(
    reference: Source,
    candidate: Source,
    *,
    metrics: Sequence[str] | None = None,
    features: str | None = None,
    at_most: int | None = None,
    seed: int = 0,
    splits: int = SPLITS,
    report: Report = lambda _name: None,
) -> Measured:
    """What has the candidate lost against the reference?

    Args:
        reference: the human-verified data to preserve: a dataset that was read, a path or ledger
            version, a saved profile, or (n, d) features.
        candidate: the data to judge. Samples of the reference in it are compared paired. Its val
            and test splits are left out, of the reference too.
        metrics: names; all that fit the data if None.
        features: what turns media into points, NAME or NAME=MODEL; by default what needs no model.
        at_most: points a side, of more a stable random part; all if None. Intervals and nulls
            look at no more than 5,000 anyway, only what a metric is in itself looks at all.
        seed: of the random splits and bootstrap replicates.
        splits: how many of each; a p-value is at least 1 / (splits + 1).
        report: called with each metric's name before it is computed.

    Returns:
        Measurements whose `adjusted_p` controls the chance that any of them looks this bad on a
        second human sample, over all of them together.

    Raises:
        UnknownComponent: a name in `metrics` is no metric.
        InputError: a set cannot be read, or features of one cannot be compared with the other's.
    """
    ours, theirs = in_training(*(side_of(each, features) for each in (reference, candidate)))
    views = _Views(ours, theirs, at_most)
    plan = make_splits(seed, views.shared, splits)
    found: list[tuple[Metric, Draws]] = []
    for metric in fitting(ours, theirs, metrics):
        report(metric.name)
        found.append((metric, _finite(metric, _draws(metric, views, plan))))
    undetermined = [note for _, draws in found for note in draws.undetermined]
    undetermined += _unasked(ours, theirs, metrics, {metric.name for metric, _ in found})
    return Measured(_measurements(found, seed, views.shared), tuple(undetermined), views.shared)


def fitting(
    reference: Side, candidate: Side, names: Sequence[str] | None = None
) -> tuple[Metric, ...]:
    """The metrics that both sides can answer; in a fixed order, since the family is one."""
    offered = reference.offers & candidate.offers
    return tuple(
        metric
        for metric in _named(names)
        if metric.view in offered and _meant_for(metric, reference, candidate)
    )


def audited(reference: Side, candidate: Side) -> tuple[str, ...]:
    """Names of the metrics that every audit asks of such data, also where a side cannot answer.

    Of points nobody knows what they stand for: they are asked what is asked of points.
    """
    kinds = {reference.task, candidate.task} - {"features"}
    views = OFFERS["features"] if "features" in (reference.task, candidate.task) else None
    return tuple(
        metric.name
        for metric in _named(None)
        if metric.audited and kinds <= metric.tasks and (views is None or metric.view in views)
    )


def _named(names: Sequence[str] | None) -> tuple[Metric, ...]:
    if names is None:  # the tails, which every audit asks for, first
        return tuple(sorted(registry.load_all("metrics").values(), key=lambda one: not one.audited))
    return tuple(registry.load("metrics", name) for name in names)


def _meant_for(metric: Metric, reference: Side, candidate: Side) -> bool:
    """Points are points, whatever they stand for, unless the metric reads those of one embedder."""
    if metric.embedder:
        sides = (reference, candidate)
        return all(side.embedder.partition("@")[0] == metric.embedder for side in sides)
    return metric.view == "features" or {reference.task, candidate.task} <= metric.tasks


def _unasked(
    reference: Side, candidate: Side, names: Sequence[str] | None, tried: set[str]
) -> list[Undetermined]:
    """What was asked for by name, or would fit but for a view that one side cannot give."""
    out = []
    for metric in _named(names):
        lacks = metric.view not in reference.offers & candidate.offers
        meant = {reference.task, candidate.task} <= metric.tasks
        if metric.name in tried or not (names or (lacks and meant)):
            continue
        reason, params = _why_not(metric, lacks=lacks, meant=meant)
        out.append(Undetermined(metric=metric.name, reason=reason, params=params))
    return out


def _why_not(metric: Metric, *, lacks: bool, meant: bool) -> tuple[str, dict[str, str]]:
    if meant and metric.embedder:
        return "other-embedder", {"embedder": metric.embedder}
    return ("no-such-view", {"view": metric.view}) if lacks and meant else ("not-this-task", {})


class _Views:
    """Views of both sides, and the labels of the media that are on both."""

    def __init__(self, reference: Side, candidate: Side, at_most: int | None = None) -> None:
        self.shared = overlap(reference, candidate)
        self._sides = {"reference": reference, "candidate": candidate}
        self._at_most = at_most
        self._points: dict[str, FeatureView] = {}
        self._paired: tuple[BoxesView, BoxesView] | None = None

    def view(self, side: str, name: ViewName) -> object:
        """The view `name` of one side."""
        return self._features(side) if name == "features" else self._sides[side].view(name)

    def _features(self, side: str) -> FeatureView:
        """The same object each time, so that metrics can tell that they are asked together."""
        if side not in self._points:
            self._check_features()
            view = self._sides[side].view("features")
            assert isinstance(view, FeatureView)
            self._points[side] = thinned(view, self._at_most) if self._at_most else view
        return self._points[side]

    def _check_features(self) -> None:
        made = {each.name: each.embedder for each in self._sides.values()}
        if len(set(made.values())) > 1:
            raise InputError(
                "features are of two kinds: "
                + ", ".join(f"{name} has {embedder}" for name, embedder in made.items()),
                expected="both sides from one embedder of one version",
                todo="Name what made the saved ones with --features, or make them anew.",
            )

    def profile(self, metric: Metric, side: str) -> Profile:
        """The metric's sums over one side."""
        assert metric.profile is not None
        return metric.profile(self.view(side, metric.view))

    def shared_profiles(self, metric: Metric) -> tuple[Profile | None, Profile | None]:
        """Its sums over the media on both sides, with either side's labels; None without any."""
        if not self.shared.both or not self._labelled(metric.view):
            return None, None
        if self._paired is None:
            self._paired = paired(self._sides["reference"], self._sides["candidate"])
        assert metric.profile is not None
        before, after = (
            metric.profile(view if metric.view == "boxes" else kinds_of(view))
            for view in self._paired
        )
        return before, after

    def _labelled(self, view: ViewName) -> bool:
        """Is the view made of labels, which may differ on the same media?"""
        labels = all("boxes" in side.offers for side in self._sides.values())
        return labels and view in {"boxes", "categories"}


def _draws(metric: Metric, views: _Views, plan: Splits) -> Draws:
    if metric.compare is not None:
        theirs, ours = (views.view(side, metric.view) for side in ("reference", "candidate"))
        return metric.compare(theirs, ours, plan)
    reference, candidate = (views.profile(metric, side) for side in ("reference", "candidate"))
    before, after = views.shared_profiles(metric)
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
                    absolute=_number(draws.absolute, at),
                )
            )
    return tuple(out)


def _number(values: FloatArray | None, at: int) -> float | None:
    """One of the values; None where there are none or it is no number."""
    return None if values is None or not np.isfinite(values[at]) else float(values[at])


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
