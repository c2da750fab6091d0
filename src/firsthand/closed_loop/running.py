"""Runs every arm for every seed, and enters each generation in a ledger where one is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from firsthand.closed_loop.chain import Chain, Progress, Step
from firsthand.closed_loop.generation import Unfinished
from firsthand.closed_loop.items import Item
from firsthand.closed_loop.recorded import enter, opened
from firsthand.closed_loop.spec import Loop
from firsthand.errors import InputError

if TYPE_CHECKING:
    from firsthand.ledger import Ledger


def run(loop: Loop, out: str | Path, progress: Progress = lambda _: None) -> list[Step]:
    """Run every arm for every seed; a run that was stopped goes on where it was.

    Args:
        loop: what is run.
        out: folder of generations, which other runs may share.
        progress: is told what is made next.

    Raises:
        InputError: the data do not fit the loop.
    """
    _check_rare(loop)
    ledger = opened(loop.ledger) if loop.ledger else None
    found: list[Step] = []
    for chain in (Chain(loop, Path(out), a, s, progress) for s in loop.seeds for a in loop.arms):
        found += chain.steps() if ledger is None else _entered(chain, ledger)
    return found


def _check_rare(loop: Loop) -> None:
    """Before anything is trained: a misspelt name would be found in the table only."""
    classes = Chain.of(loop, loop.seeds[0]).ground.humans.classes
    if loop.rare and loop.rare not in classes:
        raise InputError(f"rare is {loop.rare!r}", expected="one of " + ", ".join(classes))


def _entered(chain: Chain, ledger: Ledger) -> Iterator[Step]:
    """The steps of a chain, each in the ledger as soon as it is there.

    What a gate did not let pass is no model: its parent goes on labelling.
    """
    name = f"{chain.loop.name}-{chain.arm.name}-{chain.seed}"
    classes = chain.ground.humans.classes
    labeller: str | None = None
    before: list[Item] = []
    for step in chain.steps():
        if step.generation.about["accepted"]:
            items = step.generation.items()
            again = items == before
            labeller = enter(ledger, name, step.number, items, classes, labeller, again=again)
            before = items
        yield step


def finished(loop: Loop, out: str | Path) -> list[Step]:
    """The generations that are there already; nothing is made."""
    chains = (Chain(loop, Path(out), arm, s, make=False) for s in loop.seeds for arm in loop.arms)
    return [step for chain in chains for step in _so_far(chain)]


def _so_far(chain: Chain) -> Iterator[Step]:
    with suppress(Unfinished):
        yield from chain.steps()
