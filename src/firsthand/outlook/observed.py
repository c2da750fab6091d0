"""A forecast from generations that were seen: fitted, and carried on with all its uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from firsthand.errors import InputError
from firsthand.numerics.domain import whole
from firsthand.outlook.fitting import Posterior, fit
from firsthand.outlook.passages import (
    Passages,
    bands_of,
    endangered,
    passages,
    told,
    unreported,
)
from firsthand.outlook.process import Process
from firsthand.outlook.speed import ALARM, drift_of, speed_of
from firsthand.outlook.steps import Steps, steps_of
from firsthand.outlook.values import Band, ClassForecast, Forecast, Speed, When, clustering
from firsthand.theory.effective_size import EffectiveSize
from firsthand.theory.extinction import extinction_generation
from firsthand.types import FloatArray, Undetermined

FEWEST = 3  # generations
FEW = 10  # objects a generation that two classes or groups of rare ones have to have
SURE = 0.95  # of the lower bound where no loss was seen
LONGEST, MOST = 1000, 10**7  # generations and draws for which that bound is worked out


@dataclass(frozen=True, kw_only=True)
class History:
    """Counts of some generations, and what is known about them."""

    names: tuple[str, ...]
    counts: FloatArray  # (generations, classes)
    design_effect: float = float("nan")  # objects of one independent draw; NaN: nothing says it
    measured: bool = False  # rows are samples of each generation, not the whole training sets


def observed(
    history: History,
    *,
    horizon: int = 10,
    level: float = 0.9,
    seed: int = 0,
    report: Callable[[int, int], None] = unreported,
) -> Forecast:
    """Carry on what was seen.

    Args:
        history: three or more generations, the human data first.
        horizon: how many generations to look ahead.
        level: of the intervals.
        seed: of fit and futures.
        report: called with generations carried on and to carry on.

    Returns:
        The forecast, or one that says in `undetermined` why there is none.

    Raises:
        InputError: counts that are no whole numbers or negative, a generation without any.
    """
    counts = _checked(history)
    base = _Told(history, counts, horizon, level, seed, report)
    if len(counts) < FEWEST:
        return base.nothing("too-few-generations", generations=len(counts), needed=FEWEST)
    there = counts[0] > 0  # what was not in the human data has no share to lose
    if there.sum() < 2:
        return base.nothing("single-class", classes=int(there.sum()))
    known = counts[:, there]
    if (known.sum(axis=1) == 0).any():
        return base.nothing("all-classes-new")
    return _forecast(base, known, there)


@dataclass(frozen=True)
class _Told:
    """What every forecast from a history says, whatever comes of it."""

    history: History
    counts: FloatArray
    horizon: int
    level: float
    seed: int
    report: Callable[[int, int], None]

    @property
    def now(self) -> int:
        return len(self.counts) - 1

    @property
    def nested(self) -> bool:
        """Does every generation hold all of the one before, and more?"""
        grown = np.diff(self.counts, axis=0)
        return not self.history.measured and bool((grown >= 0).all() and (grown.sum(1) > 0).all())

    def nothing(self, reason: str, **params: float) -> Forecast:
        """No forecast, and why."""
        why = Undetermined(metric="forecast", reason=reason, params=params)
        return self.made((), (), None, (why,))

    def made(
        self,
        classes: tuple[ClassForecast, ...],
        left: tuple[Band, ...],
        speed: Speed | None,
        undetermined: tuple[Undetermined, ...],
        chains: int = 0,
        at_least: float = float("nan"),
    ) -> Forecast:
        """The forecast."""
        said = ["same-process", "measured" if self.history.measured else "whole-sets"]
        said += ["nothing-left-out"] * self.nested
        said.append(clustering(self.history.design_effect))
        return Forecast(
            kind="observed",
            now=self.now,
            horizon=self.now + self.horizon,
            level=self.level,
            classes=classes,
            left=left,
            speed=speed,
            method="fitted",
            policy="accumulate" if self.nested else "",
            objects=tuple(self.counts.sum(axis=1).tolist()),
            draws=speed.size.value if speed else float("nan"),
            design_effect=self.history.design_effect,
            assumptions=tuple(said),
            undetermined=undetermined,
            seed=self.seed,
            chains=chains,
            at_least=at_least,
        )


def _checked(history: History) -> FloatArray:
    counts = whole("a count", history.counts)
    if counts.ndim != 2 or counts.shape[1] != len(history.names):
        raise InputError(
            f"counts of shape {counts.shape} for {len(history.names)} classes",
            expected="a row for each generation and a column for each class",
        )
    empty = np.flatnonzero(counts.sum(axis=1) == 0)
    if empty.size:
        raise InputError(
            f"generation {empty[0]} holds no object of any class",
            expected="objects in each generation",
            todo="Leave it out if it failed; a set without labels cannot be forecast from.",
        )
    return counts


def _forecast(base: _Told, counts: FloatArray, there: np.ndarray) -> Forecast:
    rng = np.random.default_rng(base.seed)
    history = base.history
    steps = steps_of(counts, measured=history.measured, nested=base.nested)
    nominal = float(steps.sizes.mean() / np.nan_to_num(history.design_effect, nan=1.0))
    posterior = fit(steps, nominal, rng)
    drift = _drift(base, counts, posterior)
    new = _new_classes(history.names, there)
    if drift is None:
        return base.nothing("too-few-objects", needed=FEW, found=float(counts.mean(axis=0).max()))
    if not np.isfinite(drift.value):
        why = _unmoved(drift, counts)
        return base.made((), (), None, (why, *new), at_least=drift.low)
    known = float("nan") if history.measured else nominal
    speed = speed_of(steps, posterior, drift, known, base.level, rng)
    found = _futures(base, counts, steps, posterior, rng)
    classes = tuple(_class(base, counts, found, at, there) for at in endangered(found))
    left = bands_of(found.left, base.now)
    return base.made(classes, left, speed, new, chains=len(posterior.size))


def _drift(base: _Told, counts: FloatArray, posterior: Posterior) -> EffectiveSize | None:
    """Draws a generation. Where each generation holds the last one, those of what was added."""
    level = 1 - 2 * ALARM / 3
    if not base.nested:
        return drift_of(counts, measured=base.history.measured, level=level)
    middle, low, high = np.quantile(posterior.size, [0.5, (1 - level) / 2, (1 + level) / 2])
    return EffectiveSize(float(middle), float(low), float(high), counts.shape[1], level)


def _futures(
    base: _Told, counts: FloatArray, steps: Steps, posterior: Posterior, rng: np.random.Generator
) -> Passages:
    sizes = counts.sum(axis=1)
    process = Process(
        posterior.size,
        posterior.exponent,
        posterior.inflow,
        posterior.favour[:, steps.group],
        pool=float(sizes[-1]) if base.nested else 0.0,
        added=float(steps.sizes.mean()) if base.nested else 0.0,
    )
    home = counts[0] / sizes[0]
    start = _start(base, counts, process, home, rng)
    futures: Iterator[FloatArray] = process.futures(start, home, base.horizon, rng)
    span = (base.now, base.now + base.horizon)
    return passages(futures, home, span, base.level, base.report)


def _start(
    base: _Told, counts: FloatArray, process: Process, home: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """The last generation: as it is, or as it may be where only a sample of it is known."""
    chains, sizes = len(process.size), counts.sum(axis=1)
    last = np.repeat((counts[-1] / sizes[-1])[None], chains, axis=0)
    if not base.history.measured:
        return last
    before = np.repeat((counts[-2] / sizes[-2])[None], chains, axis=0)
    worth = 1 / (1 / process.size + 1 / sizes[-2])  # draws that the generation before stands for
    weight = counts[-1] + worth[:, None] * process.expected(before, home)
    drawn = rng.standard_gamma(np.maximum(weight, 1e-12))
    drawn = np.where(weight > 0, drawn, 0.0)
    return np.asarray(drawn / drawn.sum(axis=1, keepdims=True))


def _class(
    base: _Told, counts: FloatArray, found: Passages, at: int, there: np.ndarray
) -> ClassForecast:
    shares = counts[:, at] / counts.sum(axis=1)
    seen = shares <= shares[0] / 2 + 1e-12
    lost = shares <= 0
    certain = not base.history.measured  # what is missing from a sample may still be there
    return ClassForecast(
        name=base.history.names[np.flatnonzero(there)[at]],
        counts=tuple(counts[:, at].tolist()),
        half=_happened(seen) if certain and seen.any() else told(found.half[at]),
        gone=_happened(lost) if certain and lost.any() else told(found.gone[at]),
        bands=bands_of(found.bands[:, :, at], base.now),
        shares=tuple(shares.tolist()),
    )


def _happened(seen: Sequence[bool] | np.ndarray) -> When:
    return When(*[float(np.argmax(seen))] * 3)


def _new_classes(names: tuple[str, ...], there: np.ndarray) -> tuple[Undetermined, ...]:
    return tuple(
        Undetermined(metric="forecast", reason="not-in-generation-0", slice=(("class", names[at]),))
        for at in np.flatnonzero(~there)
    )


def _unmoved(drift: EffectiveSize, counts: FloatArray) -> Undetermined:
    """No drift shows; with copies of one set there is not even a bound on what it may be."""
    if not np.isfinite(drift.low):
        return Undetermined(metric="forecast", reason="no-change")
    said = _lasting(drift, counts)
    return Undetermined(metric="forecast", reason="no-loss-seen", params=said)


def _lasting(drift: EffectiveSize, counts: FloatArray) -> dict[str, float]:
    """How long the rarest class lasts at least, were drift as fast as the data allow."""
    rarest = counts[-1][counts[-1] > 0].min() / counts[-1].sum()
    size = int(np.clip(drift.low, 1, MOST))
    soonest = extinction_generation(float(rarest), size, 1 - SURE, LONGEST)[0, 0]
    return {"draws": drift.low, "lasts": float(min(soonest - 1, LONGEST)) + len(counts) - 1}
