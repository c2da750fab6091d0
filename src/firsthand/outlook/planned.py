"""A forecast from a plan: a policy, sizes and the counts of today; nothing was seen yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from firsthand import registry
from firsthand.errors import InputError
from firsthand.models.categorical import Categorical, CategoricalChains, Counts
from firsthand.numerics.domain import number, whole
from firsthand.outlook.passages import (
    Passages,
    bands_of,
    endangered,
    passages,
    told,
    unreported,
    when,
)
from firsthand.outlook.values import Check, ClassForecast, Forecast, clustering
from firsthand.recursion import Counted, Ingredients, Recipe, Sampling, Setting, composed
from firsthand.theory.extinction import extinct_by
from firsthand.theory.halving import reduced_by
from firsthand.types import FloatArray, Undetermined

NUMBERS = 2_000_000  # chains times classes that are simulated at once, about
FEWEST, FEW, MOST = 200, 1000, 4000  # chains
DIFFERENT = 100  # counts for which the closed form is worked out; more take longer than simulating
CLOSED, SIMULATED = "wright-fisher", "simulated"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is going to be done, generation after generation."""

    names: tuple[str, ...]
    counts: FloatArray  # (classes,) objects of generation 0
    policy: str = "replace"
    options: dict[str, Any] = field(default_factory=dict)
    objects: int = 0  # wanted of each later generation; 0: as many as in generation 0
    sampling: Sampling = Sampling()
    design_effect: float = float("nan")  # objects of one independent draw; NaN: nothing says it


def planned(
    plan: Plan,
    *,
    horizon: int = 10,
    level: float = 0.9,
    seed: int = 0,
    check: bool = False,
    quick: bool = False,
    report: Callable[[int, int], None] = unreported,
) -> Forecast:
    """What will each generation lose?

    By closed form where there is one: `theory.extinction` and `theory.halving`, which hold when
    each set replaces the last, is as large, and is drawn without bias. By simulation else.

    Args:
        plan: policy, sizes and counts.
        horizon: how many generations to look ahead.
        level: of the intervals.
        seed: of the simulation.
        check: hold the closed form against the simulation.
        quick: simulate fewer chains, and work out no closed form.
        report: called with generations simulated and to simulate.

    Raises:
        InputError: counts that are no whole numbers or all 0, or a policy that refuses them.
    """
    counts, effect = _checked_counts(plan)
    generations = int(whole("the horizon", horizon, 1))
    there = counts > 0
    recipe = _recipe(plan, counts, effect)
    chains = int(np.clip(NUMBERS // there.sum(), FEWEST, FEW if quick else MOST))
    setting = Setting(
        chains=chains, recipe=recipe, sampling=plan.sampling, human=Counted(counts[there])
    )
    home, start = counts[there] / counts.sum(), _start(counts[there], effect, recipe)
    futures = _futures(setting, start, generations, np.random.default_rng(seed))
    simulated = passages(futures, home, (0, generations), level, report)
    closed = None if quick else _closed(plan, recipe, home, generations, level)
    found = simulated if closed is None else simulated._replace(half=closed[0], gone=closed[1])
    names = [plan.names[at] for at in np.flatnonzero(there)]
    order = endangered(found)
    said = ["as-planned", clustering(plan.design_effect)]
    said += ["fair"] * (not plan.sampling.biased and not recipe.verified)
    return Forecast(
        kind="planned",
        now=0,
        horizon=generations,
        level=level,
        classes=tuple(_class(names, counts[there], found, at) for at in order),
        left=bands_of(found.left, 0),
        speed=None,
        method=SIMULATED if closed is None else CLOSED,
        policy=plan.policy,
        objects=(float(counts.sum()),),
        draws=float(recipe.made),
        design_effect=plan.design_effect,
        assumptions=tuple(said),
        undetermined=_absent([plan.names[at] for at in np.flatnonzero(~there)]),
        seed=seed,
        chains=chains,
        check=_checked(names, closed, simulated, order) if check else (),
        options=dict(plan.options) | _set(plan.sampling),
    )


def _checked_counts(plan: Plan) -> tuple[FloatArray, float]:
    """Counts, and objects of one independent draw; 1 where nothing says it."""
    counts = whole("a count", plan.counts)
    known = plan.design_effect == plan.design_effect
    effect = number("the design effect", plan.design_effect if known else 1, 0, inside=True)
    if counts.ndim != 1 or len(counts) != len(plan.names) or not counts.sum() > 0:
        raise InputError(
            f"{counts.sum():g} objects of {len(plan.names)} classes",
            expected="a count for each class, and objects of some",
        )
    return counts, float(effect)


def _absent(names: list[str]) -> tuple[Undetermined, ...]:
    return tuple(
        Undetermined(metric="forecast", reason="no-objects", slice=(("class", name),))
        for name in names
    )


def _set(sampling: Sampling) -> dict[str, float]:
    return {name: float(vars(sampling)[name]) for name in sampling.biased}


def _recipe(plan: Plan, counts: FloatArray, effect: float) -> Recipe:
    """What each training set is made of, counted in independent draws."""
    policy = registry.with_options(registry.load("policies", plan.policy), plan.options)
    total = int(counts.sum())
    wanted = int(whole("objects", plan.objects or total, 1))
    recipe: Recipe = policy.compose(max(1, round(total / effect)), max(1, round(wanted / effect)))
    if recipe.made < 1:
        raise InputError(
            f"policy {plan.policy} makes nothing of {total} human objects and a wanted {wanted}",
            expected="at least one generated object",
            todo="Raise --samples.",
        )
    if plan.sampling.spread != 1 or plan.sampling.top_p > 1:
        raise InputError(
            f"sampling is {plan.sampling}", expected="a temperature, and a top_p of at most 1"
        )
    return recipe


def _start(counts: FloatArray, effect: float, recipe: Recipe) -> FloatArray:
    """Generation 0 in independent draws; whole numbers where single ones are picked."""
    fewer = counts / effect
    picked = recipe.at_most is not None or recipe.human < fewer.sum()
    return np.maximum(np.rint(fewer), 1.0) if picked else fewer


def _futures(
    setting: Setting, start: FloatArray, generations: int, rng: np.random.Generator
) -> Iterator[FloatArray]:
    """(chains, classes) shares of the training set of each generation."""
    chains: CategoricalChains = Categorical(symbols=len(start)).chains(setting)
    recipe = setting.recipe
    first = data = Counts(np.repeat(start[None], setting.chains, axis=0))
    pool: Counts | None = first
    for _ in range(generations):
        parts = Ingredients(
            made=chains.sample(data, recipe.made, rng),
            human=first,
            humans=round(start.sum()),
            fresh=chains.human(recipe.fresh, rng) if recipe.fresh else None,
            earlier=pool,
        )
        data, pool = composed(recipe, parts, rng)
        yield data.counts / data.counts.sum(axis=1, keepdims=True)


def _closed(
    plan: Plan, recipe: Recipe, home: FloatArray, horizon: int, level: float
) -> tuple[FloatArray, FloatArray] | None:
    """When classes are half gone and gone, by closed form; None where there is none."""
    different, place = np.unique(home, return_inverse=True)
    fair = recipe == Recipe(made=recipe.made) and not plan.sampling.biased
    if not fair or recipe.made < 2 or len(home) < 2 or len(different) > DIFFERENT:
        return None
    after, ends = np.arange(1, horizon + 1), [0.5, (1 - level) / 2, (1 + level) / 2]
    half = when(reduced_by(different, recipe.made, horizon), after, ends)
    gone = when(extinct_by(different, recipe.made, horizon), after, ends)
    return half[place], gone[place]


def _class(names: list[str], counts: FloatArray, found: Passages, at: int) -> ClassForecast:
    return ClassForecast(
        name=names[at],
        counts=(float(counts[at]),),
        half=told(found.half[at]),
        gone=told(found.gone[at]),
        bands=bands_of(found.bands[:, :, at], 0),
        shares=(float(counts[at] / counts.sum()),),
    )


def _checked(
    names: list[str],
    closed: tuple[FloatArray, FloatArray] | None,
    simulated: Passages,
    order: np.ndarray,
) -> tuple[Check, ...]:
    """Closed form beside simulation, class by class; nothing where there is no closed form."""
    if closed is None:
        return ()
    both = (("half", closed[0], simulated.half), ("gone", closed[1], simulated.gone))
    return tuple(
        Check(names[at], what, told(ours[at]), told(theirs[at]))  # type: ignore[arg-type]
        for at in order
        for what, ours, theirs in both
    )
