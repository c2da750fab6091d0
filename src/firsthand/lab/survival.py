"""In which share of chains is each class still alive, and what says the closed form?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from firsthand.engine import Arrays
from firsthand.lab import table
from firsthand.lab.spec import Experiment
from firsthand.numerics.proportions import wilson
from firsthand.recursion import Classes, Recipe
from firsthand.theory.extinction import extinct_by
from firsthand.trajectory import Row
from firsthand.types import Slice

ALIVE = "alive"  # share of chains in which a class can still be drawn
LAW = "alive_by_law"  # its probability, where a closed form holds
UNIT = "share of chains"


def rows(experiment: Experiment, found: Arrays, classes: Classes) -> list[Row]:
    """Rows of each class: the share with its 95 % interval, and the closed form where it holds."""
    return [*shares(experiment, found, classes.names), *_law(experiment, classes)]


def shares(experiment: Experiment, found: Arrays, names: Sequence[str]) -> Iterator[Row]:
    """In which share of chains is each class alive? A chain that has degenerated keeps none.

    Generation 0 is the human population, where all are.
    """
    for part in _slices(names):
        yield table.row(experiment, 0, ALIVE, part, (1.0, 1.0, 1.0), UNIT)
    for number, alive in zip(experiment.recorded, found[ALIVE], strict=True):
        there = alive & table.healthy(found["died"], number)
        share = there.mean(axis=1)
        ends = np.array([share, *wilson(share, there.shape[1])]).T
        for part, (value, low, high) in zip(_slices(names), ends.tolist(), strict=True):
            yield table.row(experiment, number, ALIVE, part, (value, low, high), UNIT)


def _law(experiment: Experiment, classes: Classes) -> Iterator[Row]:
    if not has_law(experiment):
        return
    gone = extinct_by(classes.shares, experiment.samples, experiment.generations)
    for part, one in zip(_slices(classes.names), gone, strict=True):
        for number in (0, *experiment.recorded):
            ends = (1 - float(one[number - 1]) if number else 1.0, None, None)
            yield table.row(experiment, number, LAW, part, ends, UNIT)


def _slices(names: Sequence[str]) -> list[Slice]:
    return [(("class", name),) for name in names]


def has_law(experiment: Experiment) -> bool:
    """Whether generations are plain draws of one size from the shares of the one before."""
    plain = experiment.recipe == Recipe(made=experiment.samples)
    same = experiment.first == experiment.samples
    drawn = experiment.model == "categorical" and not experiment.sampling.biased
    return plain and same and drawn
