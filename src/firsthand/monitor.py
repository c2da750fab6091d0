"""Has something got worse over the generations, although one looks after each of them?

Every number of every generation is set against what a second human sample would show, and the
evidence of all generations is put together by an e-process, so that the chance of a false alarm is
at most alpha however often one looks. What each question says alone is corrected for how many are
asked. See numerics/e_process.py for the mathematics and what it assumes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from firsthand import registry, trajectory
from firsthand.contracts import BUCKETS
from firsthand.errors import InputError
from firsthand.measure import audited, measure
from firsthand.numerics.e_process import Evidence, Looks, adjusted, e_process
from firsthand.numerics.special import normal_quantile
from firsthand.sources import check_comparable, side_of
from firsthand.trajectory import Row, Step
from firsthand.types import FloatArray, Slice, Undetermined, Worse

ALPHA = 0.05
BAND = 0.95  # of the null bands in a trajectory
BEGAN = 0.9  # probability of the interval of looks within which a change began
SHARES = (0.0, 0.25, 0.5, 0.75, 0.95)
"""Parts of the null's variance that the reference may be behind, where nobody knows which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """The generation at which a change began, most likely, and the interval; up to the alarm."""

    generation: int
    low: int
    high: int
    probability: float = BEGAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One question over the generations. All sequences have an entry a look."""

    metric: str
    slice: Slice
    unit: str
    worse: Worse
    generations: tuple[int, ...]
    n: tuple[int, ...]  # samples that were looked at
    n_reference: int  # 0 where nobody wrote it down
    values: tuple[float, ...]
    null: tuple[tuple[float, float], ...]
    e_values: tuple[float, ...]  # of this question alone
    adjusted: tuple[float, ...]  # valid for all questions together
    alarm: int | None  # the first generation at which `adjusted` reached 1 / alpha
    began: Began | None  # where there is an alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitored:
    """Whether anything got worse, and since when."""

    alpha: float
    generations: tuple[int, ...]
    combined: tuple[float, ...]  # e-value that anything at all got worse, a generation
    alarm: int | None  # the first generation at which it or any question reached 1 / alpha
    watched: tuple[Watched, ...]
    undetermined: tuple[Undetermined, ...]
    seed: int  # of the null bands
    unseen: tuple[tuple[int, str], ...] = ()  # generations of which nothing is known, and why
    schema: str = "firsthand.monitor/1"

    @property
    def blind(self) -> bool:
        """Is the last generation, or everything, out of sight, and no alarm before it?"""
        last = max((generation for generation, _ in self.unseen), default=None)
        late = last is not None and last > max(self.generations, default=last - 1)
        return self.alarm is None and (late or not self.watched)


def monitor(rows: Sequence[Row], *, alpha: float = ALPHA) -> Monitored:
    """Has anything got worse, at a chance of a false alarm of at most alpha over all looks?

    Args:
        rows: a trajectory of one chain, each number with its null band, all of them against one
            reference; see `observe`.
        alpha: chance that a history in which nothing ever changes raises any alarm, ever.

    Raises:
        InputError: alpha is no probability, the rows are of several chains, a question is answered
            twice in one generation, or a number is not finite.
    """
    if not 0 < alpha < 1:
        raise InputError(f"alpha is {alpha!r}", expected="a probability between 0 and 1")
    chains = {row[:3] for row in rows}
    if len(chains) > 1:
        told = ", ".join(sorted(f"{run}/{policy}/{chain}" for run, chain, policy in chains)[:5])
        raise InputError(
            f"the trajectory holds {len(chains)} chains: {told}",
            expected="one",
            todo="Name its policy, run or chain.",
        )
    trajectory.check_looks(rows)
    asked: dict[tuple[str, Slice], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.generation):
        asked[row.metric, row.slice].append(row)
    seen = {key: usable for key, found in asked.items() if (usable := _usable(found))}
    gone = [_unseen(key, found) for key, found in asked.items() if key not in seen]
    found = _judged(seen, tuple(gone), alpha, max((row.seed for row in rows), default=0))
    return replace(found, unseen=_out_of_sight(rows))


def _out_of_sight(rows: Sequence[Row]) -> tuple[tuple[int, str], ...]:
    """Generations of which no question has an answer; one that did not move at all has."""
    same = (row for row in rows if row.value is not None and row.null_low == row.null_high)
    known = {row.generation for row in _usable(rows)}
    known |= {row.generation for row in same if row.value == row.null_low}
    reasons: dict[int, str] = {}
    for row in rows:
        if row.generation not in known:
            reasons[row.generation] = reasons.get(row.generation) or row.reason
    return tuple((one, reason or "no-null-band") for one, reason in sorted(reasons.items()))


def observe(
    sources: Sequence[str | Path],
    reference: str | Path,
    *,
    metrics: Sequence[str] | None = None,
    also: Sequence[str] = (),
    features: str | None = None,
    seed: int = 0,
    report: Callable[[str], None] = lambda _name: None,
) -> list[Row]:
    """Measure each of several sets, in their order, against one reference: generations 1, 2, ...

    Without `metrics` it asks what every audit asks, and `also` where the data can answer it: each
    further question costs the others power.
    """
    human = side_of(reference, features)
    rows: list[Row] = []
    for number, source in enumerate(sources, start=1):
        report(str(source))
        candidate = side_of(source, features)
        check_comparable(candidate, human)
        asked = (*audited(human, candidate), *also) if metrics is None else metrics
        found = measure(human, candidate, metrics=asked, seed=seed)
        step = Step(str(reference), 0, "measured", number)
        many = len(candidate.media)
        rows += trajectory.rows(step, [*found.measurements, *found.undetermined], n=many)
    return rows


def _usable(rows: Sequence[Row]) -> list[Row]:
    """Those with a number and a null band that has a width."""
    return [row for row in rows if row.value is not None and _spread(row) > 0]


def _spread(row: Row) -> float:
    if row.null_low is None or row.null_high is None:
        return 0.0
    return (row.null_high - row.null_low) / (2 * float(normal_quantile((1 + BAND) / 2)))


def _unseen(key: tuple[str, Slice], rows: Sequence[Row]) -> Undetermined:
    reason = next((row.reason for row in rows if row.reason), "no-null-band")
    if all(row.value is not None and row.value == row.null_low == row.null_high for row in rows):
        reason = "unchanged"
    return Undetermined(metric=key[0], slice=key[1], reason=reason)


def _judged(
    seen: dict[tuple[str, Slice], list[Row]],
    gone: tuple[Undetermined, ...],
    alpha: float,
    seed: int,
) -> Monitored:
    generations = tuple(sorted({row.generation for rows in seen.values() for row in rows}))
    found = {key: _evidence(rows) for key, rows in seen.items()}
    table = np.ones((len(generations), len(seen)))  # 1 until a question has been answered
    for at, (key, rows) in enumerate(seen.items()):
        table[:, at] = _carried(rows, found[key], generations)
    fair = adjusted(table) if seen else table
    combined = table.mean(axis=1) if seen else np.ones(0)
    watched = tuple(
        _watched(key, rows, found[key], fair[:, at], generations, alpha)
        for at, (key, rows) in enumerate(seen.items())
    )
    alarms = [one.alarm for one in watched] + [_first(combined, generations, alpha)]
    return Monitored(
        alpha=alpha,
        generations=generations,
        combined=tuple(combined.tolist()),
        alarm=min((each for each in alarms if each is not None), default=None),
        watched=watched,
        undetermined=gone,
        seed=seed,
    )


def _evidence(rows: Sequence[Row]) -> Evidence:
    """Of one question, under the share of the reference that leaves the least of it."""
    sign = -1.0 if _worse(rows[0].metric) == "down" else 1.0
    centre = np.array([((row.null_low or 0.0) + (row.null_high or 0.0)) / 2 for row in rows])
    values = sign * (np.array([row.value for row in rows], dtype=np.float64) - centre)
    spread = np.array([_spread(row) for row in rows])
    groups = min((row.groups for row in rows if row.groups), default=BUCKETS)
    freedom = min(groups, BUCKETS) - 1
    found = [e_process(_looks(values, spread, share, freedom)) for share in _shares(rows)]
    least = np.min([each.e_value for each in found], axis=0)
    weakest = min(found, key=lambda each: float(each.e_value[-1]))
    return Evidence(least, weakest.began)


def _shares(rows: Sequence[Row]) -> list[FloatArray]:
    """The part of the variance at each look that comes from the reference.

    For independent samples the variance is s²/N + s²/n: the reference has n / (N + n) of it. Where
    the two share samples, or sizes are not known, several parts are tried.
    """
    known = all(row.n_reference > 0 and row.n > 0 and row.paired is False for row in rows)
    if known:
        return [np.array([row.n / (row.n_reference + row.n) for row in rows])]
    return [np.full(len(rows), share) for share in SHARES]


def _looks(values: FloatArray, spread: FloatArray, share: FloatArray, freedom: int) -> Looks:
    common = float(np.median(share * spread**2))
    own = np.maximum(spread**2 - common, 0.05 * spread**2)
    return Looks(values, own, common, max(freedom, 1))


def _worse(metric: str) -> Worse:
    component = registry.load("metrics", metric)
    return component.worse  # type: ignore[no-any-return]


def _carried(rows: Sequence[Row], found: Evidence, generations: Sequence[int]) -> FloatArray:
    """E-values at all generations: between its looks a question says what it last said."""
    at = np.searchsorted([row.generation for row in rows], generations, side="right")
    return np.asarray(np.concatenate([[1.0], found.e_value])[at])


def _first(e_values: FloatArray, generations: Sequence[int], alpha: float) -> int | None:
    reached = np.flatnonzero(e_values >= 1 / alpha)
    return generations[reached[0]] if len(reached) else None


def _watched(
    key: tuple[str, Slice],
    rows: Sequence[Row],
    found: Evidence,
    fair: FloatArray,
    generations: Sequence[int],
    alpha: float,
) -> Watched:
    own = [row.generation for row in rows]
    at = np.searchsorted(generations, own)
    alarm = _first(fair, generations, alpha)
    return Watched(
        metric=key[0],
        slice=key[1],
        unit=rows[0].unit,
        worse=_worse(key[0]),
        generations=tuple(own),
        n=tuple(row.n for row in rows),
        n_reference=rows[-1].n_reference,
        values=tuple(float(row.value or 0.0) for row in rows),
        null=tuple((float(row.null_low or 0.0), float(row.null_high or 0.0)) for row in rows),
        e_values=tuple(found.e_value.tolist()),
        adjusted=tuple(fair[at].tolist()),
        alarm=alarm,
        began=None if alarm is None else _began(found, own, alarm),
    )


def _began(found: Evidence, generations: Sequence[int], alarm: int) -> Began:
    """From all looks: the likeliest generation up to the alarm, and the central interval."""
    until = int(np.searchsorted(generations, alarm, side="right"))
    chance = found.began[-1, :until]  # what set off an alarm had begun by then
    if not chance.sum() > 0:
        chance = found.began[until - 1, :until]
    chance = chance / chance.sum()
    low, high = np.searchsorted(np.cumsum(chance), [(1 - BEGAN) / 2, (1 + BEGAN) / 2])
    last = until - 1
    return Began(
        generation=generations[int(np.argmax(chance))],
        low=generations[min(int(low), last)],
        high=generations[min(int(high), last)],
    )
