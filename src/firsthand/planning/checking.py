"""Does a plan keep its promise? Thousands of simulated chains that follow it, sample by sample.

Kinds of samples are the symbols of a categorical chain: two images are of one kind if they hold the
same objects. Whole samples are drawn, so that clustered objects stay together, which a plan only
knows through its design effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from firsthand.errors import InputError
from firsthand.models.categorical import Categorical, CategoricalChains, Counts
from firsthand.planning.choice import FIXED, Choice
from firsthand.planning.target import People, Target, exact_interval
from firsthand.recursion import Counted, Ingredients, Recipe, Setting, composed
from firsthand.theory.keeping import variance
from firsthand.types import FloatArray

LEVEL = 0.95
SURE = 0.999  # of the interval that contradicts a promise: with 80 classes one in 25 checks errs
ERROR = 0.02  # of the promised probabilities themselves, as docs/plan.md finds
WIDE = 0.1  # an interval of this width tells too little
NUMBERS = 20_000_000  # that are kept in memory
FEWEST, MOST = 200, 4000  # chains
MOST_TURNS = 20_000  # generations that are simulated
LONGEST = 2000  # generations until a process is taken for settled

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One class: what was promised, and what became of it in the simulation."""

    name: str
    promised: float  # probability of the target
    hits: int  # chains that reached it
    chains: int
    low: float  # of the 95 % interval of the simulated probability
    high: float
    parts: tuple[float, float, float]  # 2.5, 50 and 97.5 % quantiles of the part kept
    contradicts: bool
    tells: bool  # whether the interval is narrow enough to say anything

    @property
    def reached(self) -> float:
        """Share of chains that reached the target."""
        return self.hits / self.chains


def check(
    people: People,
    target: Target,
    choice: Choice,
    *,
    chains: int | None = None,
    seed: int = 0,
    report: Report = lambda _done, _of: None,
) -> tuple[Checked, ...]:
    """Follow the plan and look, class by class.

    Args:
        people: the human data; chains begin with exactly these.
        target: what is to be kept; without generations, chains run until they have settled.
        choice: how every training set is made.
        chains: how many; by default as many as are quick, 200 to 4000.
        seed: of all random numbers.
        report: called with generations done and to do.

    Raises:
        InputError: more generations than can be simulated.
    """
    if (target.generations or 0) > MOST_TURNS:
        raise InputError(
            f"a check of {target.generations:,} generations",
            expected=f"at most {MOST_TURNS:,}, each of which is simulated",
            todo="Leave the generations away to ask for the settled process.",
        )
    count = chains or int(np.clip(NUMBERS // len(people.times), FEWEST, MOST))
    parts = simulated(people, target, choice, chains=count, seed=seed, report=report)
    return tuple(_judged(people, target, choice, at, parts) for at in range(len(people.classes)))


def _judged(people: People, target: Target, choice: Choice, at: int, parts: FloatArray) -> Checked:
    one, mine = people.classes[at], parts[:, at]
    good = mine > 0 if target.keep == 0 else mine >= target.keep - 1e-9
    hits, count = int(good.sum()), len(mine)
    promised = choice.probability(one, target.keep, target.generations)
    low, high = exact_interval(hits, count, LEVEL)
    quantiles = np.quantile(mine, [0.025, 0.5, 0.975])
    return Checked(
        name=one.name,
        promised=promised,
        hits=hits,
        chains=count,
        low=float(low),
        high=float(high),
        parts=(float(quantiles[0]), float(quantiles[1]), float(quantiles[2])),
        contradicts=bool(exact_interval(hits, count, SURE)[1] < promised - ERROR),
        tells=bool(high - low < WIDE),
    )


def simulated(
    people: People,
    target: Target,
    choice: Choice,
    *,
    chains: int,
    seed: int,
    report: Report = lambda _done, _of: None,
) -> FloatArray:
    """The part of its human share that each class has in the last training set. (chains, classes).

    A chain in which no object is left has nothing of any class.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    turns = target.generations or settling(people, choice)
    held = np.zeros((chains, len(people.classes)))
    for done, data in enumerate(_sets(people, choice, chains, turns, rng), start=1):
        report(done, turns)
        if done == turns:
            held = data.counts @ people.kinds
    whole = held.sum(axis=1, keepdims=True)
    human = people.times @ people.kinds
    shares = np.where(whole > 0, held / np.where(whole > 0, whole, 1), 0)
    return np.asarray(shares / (human / human.sum()))


def settling(people: People, choice: Choice) -> int:
    """After how many generations is the variance within 1 % of where it stays?"""
    if choice.way == "accumulate":
        return LONGEST // 10
    mix = choice.mix(max(one.draws for one in people.classes))
    last = variance(mix, None)
    return next((t for t in range(1, LONGEST) if variance(mix, t) >= 0.99 * last), LONGEST)


def _sets(
    people: People, choice: Choice, chains: int, turns: int, rng: np.random.Generator
) -> Iterator[Counts]:
    """Every training set after the human data, for all chains at once."""
    recipe = Recipe(
        fresh=0 if choice.way == "accumulate" else choice.human,
        made=choice.made,
        earlier=choice.way == "accumulate",
        human_weight=choice.weight if choice.made else 1.0,
    )
    setting = Setting(chains=chains, recipe=recipe, human=Counted(people.times))
    model = Categorical().chains(setting)
    shares = np.broadcast_to(people.times / people.times.sum(), (chains, len(people.times)))
    data = pool = Counts(shares * (choice.human or choice.samples))
    first = data
    for _ in range(turns):
        fresh = None
        if recipe.fresh:
            fresh = first if choice.way in FIXED else model.human(recipe.fresh, rng)
        made = _drawn(model, data, recipe.made, rng)
        parts = Ingredients(made, first, choice.human, fresh, pool if recipe.earlier else None)
        data, grown = composed(recipe, parts, rng)
        pool = pool if grown is None else grown
        yield data


def _drawn(model: CategoricalChains, data: Counts, n: int, rng: np.random.Generator) -> Counts:
    """What the model makes; nothing, where nothing is asked for."""
    return model.sample(data, n, rng) if n else Counts(np.zeros_like(data.counts))
