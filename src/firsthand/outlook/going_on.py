"""What an audit can say about the next generations, from what it has read anyway.

The most telling source that there is: the versions of a ledger that lead to the set, the
generations inside the set, or what would follow if every next set replaced it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite
from typing import Literal

import numpy as np

from firsthand.class_counts import CLASSLESS, class_counts
from firsthand.outlook.clusters import overall_effect
from firsthand.outlook.observed import FEWEST, History, observed
from firsthand.outlook.planned import Plan, planned
from firsthand.outlook.values import Forecast
from firsthand.types import Composition, Dataset, FloatArray

HORIZON = 10
CLASSES = 500  # more take too long beside an audit

Basis = Literal["ledger", "generations", "plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingOn:
    """A forecast, and what it was made from."""

    basis: Basis
    forecast: Forecast


def going_on(
    judged: Dataset, human: Dataset, composition: Composition, seed: int
) -> GoingOn | None:
    """What happens if they go on like this? None where that cannot be said, or nothing is at risk.

    Args:
        judged: the set that is audited.
        human: the reference.
        composition: of the set.
        seed: of fits and futures.
    """
    made = any(name.isdigit() and int(name) > 0 for name in composition.by_generation)
    if not made or judged.task in CLASSLESS or not 1 < len(judged.classes) <= CLASSES:
        return None
    for basis, history in _histories(judged, composition):
        found = observed(history, horizon=HORIZON, seed=seed)
        if found.classes:
            return GoingOn(basis=basis, forecast=found)
    return _replacing(judged, human, seed)


def _histories(judged: Dataset, composition: Composition) -> Iterator[tuple[Basis, History]]:
    seen = _versions(judged)
    if seen is not None:
        yield "ledger", seen
    if "unknown" not in composition.by_generation and len(composition.by_generation) >= FEWEST:
        inside = _inside(judged)
        if inside is not None:
            yield "generations", inside


def _versions(judged: Dataset) -> History | None:
    """Classes in the last version of each generation that leads to this one."""
    if judged.format != "ledger":
        return None
    from firsthand.ledger import Ledger

    rows: dict[int, dict[str, int]] = {}
    for version in reversed(Ledger.open(judged.root).log(judged.name)):
        known = [int(each) for each in version.composition.by_generation if each.isdigit()]
        labels = version.composition.by_label
        if known and labels:
            rows[max(known)] = {name: sum(each.values()) for name, each in labels.items()}
    if sorted(rows) != list(range(len(rows))) or len(rows) < FEWEST:
        return None
    names = tuple(dict.fromkeys(name for at in sorted(rows) for name in rows[at]))
    counts = [[float(rows[at].get(name, 0)) for name in names] for at in sorted(rows)]
    return History(names=names, counts=np.array(counts))


def _inside(judged: Dataset) -> History | None:
    """Generations that lie in one set: each came on top of those before."""
    sets: dict[int, FloatArray] = {}
    for generation in sorted({one.provenance.generation or 0 for one in judged.samples}):
        part = (one for one in judged.samples if one.provenance.generation == generation)
        sets[generation] = class_counts(replace(judged, samples=tuple(part))).objects
    if list(sets) != list(range(len(sets))) or any(each.sum() == 0 for each in sets.values()):
        return None
    return History(names=judged.classes, counts=np.cumsum(list(sets.values()), axis=0))


def _replacing(judged: Dataset, human: Dataset, seed: int) -> GoingOn | None:
    """What would follow if every next set replaced this one, which has changed already."""
    ours, theirs = class_counts(judged), class_counts(human)
    if ours.total < 1 or theirs.total < 1:
        return None
    before = dict(zip(theirs.names, theirs.shares.tolist(), strict=True))
    shares = zip(ours.names, ours.shares.tolist(), strict=True)
    if all(before.get(name) == share for name, share in shares):
        return None
    plan = Plan(names=ours.names, counts=ours.objects, design_effect=overall_effect(ours))
    found = planned(plan, horizon=HORIZON, seed=seed, quick=True)
    near = any(isfinite(one.half.low) for one in found.classes)
    return GoingOn(basis="plan", forecast=found) if near else None
