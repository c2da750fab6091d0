"""What keeps the classes: how many fresh human samples, what mix, or how good a verifier?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from firsthand.class_counts import ClassCounts
from firsthand.errors import InputError
from firsthand.numerics.domain import whole
from firsthand.planning.answer import Plan, outcome
from firsthand.planning.checking import Checked, check
from firsthand.planning.choice import UNPRICED, WAYS, Choice, Way, choose
from firsthand.planning.needs import need_of, smallest
from firsthand.planning.target import HumanClass, People, Target, people_of
from firsthand.planning.verifier import Verifier, quality
from firsthand.types import HUMAN, Dataset, Undetermined


def plan(
    source: str | Path | Dataset | ClassCounts,
    *,
    samples: int | None = None,
    generations: int | None = None,
    keep: float = 0.9,
    probability: float = 0.95,
    budget: int | None = None,
    policy: str = "fresh",
    classes: Sequence[str] = (),
    verifier: Verifier | None = None,
    simulate: bool = False,
    chains: int | None = None,
    seed: int = 0,
    split: str = "train",
    report: Callable[[int, int], None] = lambda _done, _of: None,
) -> Plan:
    """What keeps every class, and what does a budget buy?

    Args:
        source: human data: a dataset, a path or ledger version, or counts of classes.
        samples: size of every training set, in samples (images, not objects); as many as there are
            human ones if None.
        generations: how many training sets follow the human data, the last being looked at; None
            looks at any one of them once the process has settled.
        keep: part of its human share that each class is to have, in [0, 1]; 0 asks that it occurs.
        probability: with which it is to have that, class by class, strictly between 0 and 1.
        budget: human samples a generation that there are; as many as are needed if None.
        policy: `fresh`, `quota` (fresh, so chosen that each class has its human share), `weighted`
            (fresh with the best weight), `anchor` (the same human samples each time), `accumulate`,
            `replace`, or `filtered`.
        classes: only these are to be kept; all that occur if none is named.
        verifier: what is known of one, and of the labels that it looks at.
        simulate: check the plan by simulated chains.
        chains: of that check; by default as many as are quick.
        seed: of that check.
        split: of human samples that have a split, those of this one count, as in `mix`; "" counts
            all.
        report: called with generations simulated and to simulate.

    Raises:
        InputError: a number is out of range, a class, policy or split is unknown, the budget is
            more than a training set holds or than there are samples to keep, or is given to a
            policy that spends none, or fewer than two classes occur.

    >>> from firsthand.class_counts import parse_counts
    >>> found = plan(parse_counts("cell=900,star=100"), samples=5000, keep=0.7)
    >>> found.choice.human, [round(need.fresh) for need in found.needs]
    (119, [3, 119])
    """
    people = people_of(_opened(source), split)
    size = people.samples if samples is None else samples
    target = Target(samples=size, generations=generations, keep=keep, probability=probability)
    way = _way(policy)
    wanted = _wanted(people, classes)
    choice = _chosen(way, target, people, wanted, _affordable(way, budget, target, people))
    given = verifier or Verifier()
    undetermined = _unsaid(people, way, given)
    checked: tuple[Checked, ...] = ()
    if simulate and way == "filtered":
        undetermined += (Undetermined(metric="check", reason="plan-filter-check"),)
    elif simulate:
        checked = check(people, target, choice, chains=chains, seed=seed, report=report)
    human = 0.0 if way in UNPRICED else choice.part
    return Plan(
        target=target,
        people=people,
        choice=choice,
        budget=budget,
        needs=tuple(need_of(one, target, people.samples) for one in wanted),
        outcomes=tuple(outcome(one, target, choice) for one in wanted),
        diversity=_diversity(target),
        given=given,
        verifier=quality(people, target, given, human),
        undetermined=undetermined,
        checked=tuple(one for one in checked if one.name in {each.name for each in wanted}),
        seed=seed,
    )


def _opened(source: str | Path | Dataset | ClassCounts) -> Dataset | ClassCounts:
    if isinstance(source, Dataset | ClassCounts):
        return source
    from firsthand.read import read

    return read(source, declared=HUMAN)


def _way(policy: str) -> Way:
    for way in WAYS:
        if way == policy:
            return way
    raise InputError(f"there is no policy {policy!r} to plan", expected="one of " + ", ".join(WAYS))


def _wanted(people: People, names: Sequence[str]) -> tuple[HumanClass, ...]:
    known = [one.name for one in people.classes]
    for name in names:
        if name not in known and name not in people.absent:
            raise InputError(
                f"there is no class {name!r}",
                expected="one of " + ", ".join((*known, *people.absent)),
            )
    return tuple(one for one in people.classes if not names or one.name in names)


def _affordable(way: Way, budget: int | None, target: Target, people: People) -> int | None:
    if budget is None:
        return None
    whole("budget", budget)
    if way in UNPRICED:
        raise InputError(
            f"a budget of {budget} for the policy {way}",
            expected="a policy that spends human samples: fresh, quota, weighted or anchor",
            todo="Leave the budget away.",
        )
    if budget > target.samples:
        raise InputError(
            f"a budget of {budget} human samples for training sets of {target.samples}",
            expected="at most as many as a training set holds",
            todo="Raise the size of the training sets.",
        )
    if way == "anchor" and budget > people.samples:
        raise InputError(
            f"a budget of {budget} human samples to keep, and there are {people.samples}",
            expected="at most as many as there are",
            todo="Leave the budget away to give them a weight, or plan fresh ones.",
        )
    return budget


def _chosen(
    way: Way, target: Target, people: People, wanted: Sequence[HumanClass], budget: int | None
) -> Choice:
    if way == "accumulate":
        return choose(way, people.samples, target.samples)
    if way in UNPRICED:
        return choose(way, 0, target.samples)
    if budget is not None:
        return choose(way, budget, target.samples)
    needed = [smallest(way, one, target) for one in wanted]
    possible = [int(one) for one in needed if math.isfinite(one)]
    human = max(possible, default=target.samples)
    if way == "anchor" and human > people.samples:
        return _weighed(target, people, wanted)
    return choose(way, human, target.samples)


def _weighed(target: Target, people: People, wanted: Sequence[HumanClass]) -> Choice:
    """All human samples that there are, with the weight that the neediest class asks for."""
    weights = [need_of(one, target, people.samples).kept_weight for one in wanted]
    weight = max((one for one in weights if math.isfinite(one)), default=1.0)
    heavy = people.samples * weight
    part = heavy / (heavy + target.samples - people.samples)
    return choose("anchor", people.samples, target.samples, part)


def _diversity(target: Target) -> float:
    from firsthand.theory.inflow import fresh_for_diversity

    return math.inf if target.keep == 1 else float(fresh_for_diversity(target.samples, target.keep))


def _unsaid(people: People, way: Way, verifier: Verifier) -> tuple[Undetermined, ...]:
    found = [
        Undetermined(metric="plan", reason="plan-class-absent", slice=(("class", name),))
        for name in people.absent
    ]
    if way == "filtered" and verifier.wrong is None:
        found.append(Undetermined(metric="plan", reason="plan-wrong-unknown"))
    return tuple(found)
