"""The loop itself: fit, draw, compose, again, for all chains of a cell at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from firsthand.engine import Arrays, Cell
from firsthand.lab.alone import Alone
from firsthand.lab.human import population
from firsthand.lab.spec import Experiment, opened, placeless
from firsthand.recursion import Chains, Ingredients, Recipe, Setting, composed

NEVER = -1


def compute(cell: Cell) -> Arrays:
    """The records of the chains of one cell: see `follow`."""
    experiment, compiled = opened(cell)
    return follow(chains_of(experiment, compiled), experiment, placeless(cell).swift())


def chains_of(experiment: Experiment, compiled: bool) -> Chains:
    """The chains of an experiment: of a family, or of a model that knows only one chain."""
    family: Any = experiment.family()
    recipe = experiment.recipe
    setting = Setting(
        chains=experiment.chains,
        recipe=recipe,
        sampling=experiment.sampling,
        picks=recipe.picks(experiment.first),
        compiled=compiled,
        human=population(experiment.data, getattr(family, "takes", "points")),
    )
    chains: Chains | None = family.chains(setting) if hasattr(family, "chains") else None
    return Alone(family, setting) if chains is None else chains


def follow(chains: Chains, experiment: Experiment, rng: np.random.Generator) -> Arrays:
    """All generations of all chains.

    Returns:
        `died` (chains,): the first recorded generation at which a chain had degenerated, or -1.
        One array (recorded generations, chains) for each number of the family. Generation g is
        what the model says after g fits, and what the data of generation g are drawn from. Where
        the family knows classes, `alive` (recorded generations, classes, chains).
    """
    loop = _Loop(chains, experiment.recipe, experiment.first, rng)
    died = np.full(experiment.chains, NEVER)
    records, living = [], []
    alive = getattr(chains, "alive", None)
    with np.errstate(all="ignore"):  # of chains that degenerate; what comes out is looked at
        for number in range(1, experiment.generations + 1):
            state = loop.fit()
            if number in experiment.recorded:
                records.append(chains.measure(state, rng))
                dead = ~np.all([np.isfinite(values) for values in records[-1].values()], axis=0)
                died[dead & (died == NEVER)] = number
                living += [alive(state)] if alive else []
            if number < experiment.generations:
                loop.compose(state)
    found = {name: np.array([one[name] for one in records]) for name in records[0]}
    return {"died": died, **found, **({"alive": np.array(living)} if alive else {})}


class _Loop:
    """What there is at one generation: the data to train on, and all that may be drawn from."""

    def __init__(
        self, chains: Chains, recipe: Recipe, first: int, rng: np.random.Generator
    ) -> None:
        self.chains, self.recipe, self.size, self.rng = chains, recipe, first, rng
        self.first = self.data = self.pool = chains.human(first, rng)

    def fit(self) -> Any:
        """Train on the current data."""
        return self.chains.fit(self.data, self.rng)

    def compose(self, state: Any) -> None:
        """Make the next training set by the recipe."""
        recipe, rng = self.recipe, self.rng
        parts = Ingredients(
            made=self.chains.sample(state, recipe.made, rng),
            human=self.first,
            humans=self.size,
            fresh=self.chains.human(recipe.fresh, rng) if recipe.fresh else None,
            earlier=self.pool,
        )
        self.data, self.pool = composed(recipe, parts, rng)
