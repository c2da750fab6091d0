"""If I go on like this, what is gone, and when?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from firsthand.class_counts import ClassCounts, class_counts, typed
from firsthand.errors import InputError
from firsthand.numerics.domain import whole
from firsthand.outlook.clusters import overall_effect
from firsthand.outlook.observed import History, observed
from firsthand.outlook.passages import unreported
from firsthand.outlook.planned import Plan, planned
from firsthand.outlook.values import ClassForecast, Forecast
from firsthand.read import read
from firsthand.recursion import Sampling
from firsthand.types import Dataset, FloatArray

FURTHEST = 10_000  # generations ahead

Counted = str | Path | Dataset | ClassCounts | Mapping[str, int]


class Table(NamedTuple):
    """Counts of generations beside each other."""

    names: tuple[str, ...]
    counts: FloatArray  # (generations, classes)
    design_effect: float  # of generation 0
    samples: tuple[int, ...]  # of each generation


def forecast(
    *generations: Counted,
    policy: str | None = None,
    options: Mapping[str, Any] | None = None,
    samples: int = 0,
    sampling: Sampling | None = None,
    measured: bool = False,
    horizon: int = 10,
    level: float = 0.9,
    seed: int = 0,
    check: bool = False,
    then: Sequence[Counted] = (),
    split: str = "train",
    strict: bool = False,
    report: Callable[[int, int], None] = unreported,
) -> Forecast:
    """What will the next generations lose, and by when?

    Args:
        generations: class counts, human data first: one set to forecast a plan from, or three or
            more that follow each other to carry on what was seen. Each is a path, a ledger version,
            samples that were read, class counts, or a mapping of names to counts.
        policy: of a plan, how each next training set is made; replace if not said.
        options: of that policy.
        samples: of a plan, size of each later training set, in samples (images) as `plan` and `mix`
            take it, each with as many objects as one of the first set; 0: as many as there. A
            sample of typed counts is one object.
        sampling: of a plan, how a model is drawn from where that is not as it was learnt.
        measured: generations that were seen are samples of what models put out, not the whole sets
            from which the next models learnt.
        horizon: how many generations to look ahead, 1 or more.
        level: of all intervals, in (0, 1).
        seed: of everything random.
        check: of a plan, hold the closed form against the simulation.
        then: what happened afterwards; it is shown, and not used.
        split: of samples that have a split, those of this one are counted; "" counts all.
        strict: bad content in a set that is read is an error instead of a counted skip.
        report: called with generations simulated and to simulate.

    Returns:
        For each class the generation by which it is half gone and the one by which it has vanished,
        each with an interval, and bands of its share; the most endangered class first. Where the
        data do not carry that, `undetermined` says why and what it needs.

    Objects of one image are drawn together: all numbers count independent draws, fewer than objects
    by the design effect of generation 0, where its images are known.

    Raises:
        InputError: a set cannot be read or has no classes, no class is in all of them, a count is
            negative or not whole, a generation is empty, or options of a plan come with several.

    >>> found = forecast({"common": 990, "rare": 10}, horizon=500)
    >>> found.classes[0].name, found.classes[0].half, found.classes[0].gone
    ('rare', When(value=8.0, low=1.0, high=200.0), When(value=28.0, low=6.0, high=417.0))
    """
    if not generations:
        raise InputError("nothing to forecast from", expected="a set, or counts of classes")
    _check(horizon, level, seed)
    sets = [counted(each, split=split, strict=strict) for each in generations]
    later = [counted(each, split=split, strict=strict) for each in then]
    table = table_of(sets)
    if len(generations) > 1:
        _refuse(policy, options, samples, sampling, check)
        history = History(
            names=table.names,
            counts=table.counts,
            design_effect=table.design_effect,
            measured=measured,
        )
        found = observed(history, horizon=horizon, level=level, seed=seed, report=report)
    else:
        plan = Plan(
            names=table.names,
            counts=table.counts[0],
            policy=policy or "replace",
            options=dict(options or {}),
            objects=_objects(samples, table),
            sampling=sampling or Sampling(),
            design_effect=table.design_effect,
        )
        found = planned(plan, horizon=horizon, level=level, seed=seed, check=check, report=report)
    found = _with_left_out(found, (*sets, *later))
    return _with_later(replace(found, samples=table.samples), later)


def counted(source: Counted, *, split: str = "train", strict: bool = False) -> ClassCounts:
    """Class counts of whatever names them; of a dataset, those of a split."""
    if isinstance(source, ClassCounts):
        return source
    if isinstance(source, Mapping):
        names, numbers = tuple(source), whole("a count", list(source.values()))
        return typed(names, [int(each) for each in numbers])
    dataset = source if isinstance(source, Dataset) else read(source, strict=strict)
    return class_counts(dataset, split=split)


def table_of(sets: Sequence[ClassCounts]) -> Table:
    """Generations beside each other, by class name.

    Raises:
        InputError: two that follow each other have no class name in common.
    """
    for number, (before, after) in enumerate(zip(sets, sets[1:], strict=False), start=1):
        if not set(before.names) & set(after.names):
            raise InputError(
                f"generation {number} has the classes {_some(after.names)}",
                expected=f"names such as those of generation {number - 1}: {_some(before.names)}",
                todo="Give all generations the same class names.",
            )
    names = tuple(dict.fromkeys(name for each in sets for name in each.names))
    at = {name: place for place, name in enumerate(names)}
    counts = np.zeros((len(sets), len(names)))
    for row, each in zip(counts, sets, strict=True):
        np.add.at(row, [at[name] for name in each.names], each.objects)
    return Table(names, counts, overall_effect(sets[0]), tuple(each.samples for each in sets))


def _objects(samples: int, table: Table) -> int:
    """Objects in so many samples like those of generation 0."""
    wanted = float(whole("samples", samples))
    each = float(table.counts[0].sum()) / max(table.samples[0], 1)
    return max(1, round(wanted * each)) if wanted else 0


def _with_left_out(found: Forecast, sets: Sequence[ClassCounts]) -> Forecast:
    return replace(
        found,
        other_split=sum(each.other_split for each in sets),
        skips=tuple(skip for each in sets for skip in each.skips),
    )


def _with_later(found: Forecast, sets: Sequence[ClassCounts]) -> Forecast:
    """Shares that were seen afterwards, for a picture."""
    rows = [dict(zip(each.names, each.shares.tolist(), strict=True)) for each in sets]

    def later(one: ClassForecast) -> ClassForecast:
        return replace(one, later=tuple(row.get(one.name, 0.0) for row in rows))

    return replace(found, classes=tuple(later(one) for one in found.classes))


def _check(horizon: int, level: float, seed: int) -> None:
    whole("the horizon", horizon, 1)
    if horizon > FURTHEST:
        raise InputError(
            f"a horizon of {horizon:,} generations",
            expected=f"at most {FURTHEST:,}, each of which is simulated",
        )
    whole("the seed", seed)
    if not 0 < level < 1:
        raise InputError(f"the level is {level}", expected="a number between 0 and 1")


def _refuse(
    policy: str | None,
    options: Mapping[str, Any] | None,
    samples: int,
    sampling: Sampling | None,
    check: bool,
) -> None:
    """What belongs to a plan, where what was seen is carried on instead."""
    given = {
        "a policy": policy,
        "options": options,
        "samples": samples,
        "sampling": sampling,
        "a check": check,
    }
    named = [name for name, value in given.items() if value]
    if named:
        raise InputError(
            f"{' and '.join(named)} beside several generations",
            expected="one set with a plan, or three or more generations that were seen",
            todo="Leave the plan out to carry on what was seen.",
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") or "none"
