"""What was in the training sets of one chain of a run? The same random numbers are drawn again."""

from __future__ import annotations

from typing import Any

import numpy as np

from firsthand.class_counts import ClassCounts, typed
from firsthand.engine import Cell
from firsthand.errors import InputError
from firsthand.lab.loop import chains_of, follow
from firsthand.lab.runs import Run
from firsthand.lab.spec import opened, placeless


def counts_of(run: Run, chain: int = 0) -> list[ClassCounts]:
    """Counts of each class in every training set of a chain, generation 0 first.

    Raises:
        InputError: there is no such chain, or the model family does not learn from counts.
    """
    cell, at = _cell(run, chain)
    experiment, compiled = opened(cell)
    kept = _Kept(chains_of(experiment, compiled), at)
    follow(kept, experiment, placeless(cell).swift())
    names = kept.names or tuple(f"symbol {number}" for number in range(1, kept.rows[0].size + 1))
    if any(np.any(row != np.floor(row)) for row in kept.rows):
        raise InputError(
            f"samples of {run.name} have weights, so that counts are not whole",
            expected="a policy without weights",
        )
    return [typed(names, [int(each) for each in row]) for row in kept.rows]


def _cell(run: Run, chain: int) -> tuple[Cell, int]:
    """The cell that holds a chain, and the chain's place in it."""
    begins = 0
    for text in run.about["cells"]:
        many = int(Cell(text).spec["chains"])
        if begins <= chain < begins + many:
            return Cell(text), chain - begins
        begins += many
    raise InputError(f"{run.name} has no chain {chain}", expected=f"0 to {begins - 1}")


class _Kept:
    """Chains that remember what one of them was fitted to."""

    def __init__(self, chains: Any, at: int) -> None:
        self._chains, self._at = chains, at
        self.rows: list[np.ndarray] = []
        given = chains.setting.human
        self.names: tuple[str, ...] = getattr(given, "names", ())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chains, name)

    def fit(self, data: Any, rng: np.random.Generator) -> Any:
        """Train, and remember."""
        if not hasattr(data, "counts"):
            raise InputError(
                "this model family does not learn from counts of classes",
                expected="a run of the model categorical",
            )
        self.rows.append(np.array(data.counts[self._at]))
        return self._chains.fit(data, rng)
