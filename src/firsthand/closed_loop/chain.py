"""The generations of one arm and one seed; what is there already is not made again."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from firsthand.closed_loop import gate
from firsthand.closed_loop.arms import Arm
from firsthand.closed_loop.composing import Ground, Taught, at_most, composed, drawn, tail
from firsthand.closed_loop.detector import Detector
from firsthand.closed_loop.generation import (
    ADDED,
    ITEMS,
    WEIGHTS,
    Generation,
    keep_found,
    made,
)
from firsthand.closed_loop.items import Item, items_of, save
from firsthand.closed_loop.pictures import Pictures, labelled_pictures
from firsthand.closed_loop.spec import Loop, Training
from firsthand.closed_loop.teaching import look
from firsthand.closed_loop.writing import write
from firsthand.detections import Cells, Objects, cells_of, gather
from firsthand.detections.choosing import anchor_of, expected
from firsthand.engine import Cell
from firsthand.errors import InputError
from firsthand.recursion import Recipe

FORMAT = 1  # raised when the same spec would give other results
WIDER = 10  # pictures that a search for the tail looks at, for each that people label
TWICE = 2  # as many pictures are labelled as come in, where some of them are preferred
PEER = 1  # what is added to the training seed of the other generation 0 that teaches, too

Progress = Callable[[str], None]


class Step(NamedTuple):
    """One generation of one arm and seed. Generation 0 is the same for all arms of a seed."""

    arm: Arm
    seed: int
    number: int
    generation: Generation


@cache
def pictures(path: str, test: bool = False) -> Pictures:
    """A data set, read once."""
    return labelled_pictures(path, test=test)


@dataclass(frozen=True)
class Chain:
    """The generations of one arm and one seed."""

    loop: Loop
    out: Path
    arm: Arm
    seed: int
    progress: Progress = lambda _: None
    make: bool = True  # what is not there; else it is an error

    @classmethod
    def of(cls, loop: Loop, seed: int, out: Path = Path()) -> Chain:
        """Any chain of a seed: what is the same for all arms can be asked of it."""
        return cls(loop, out, loop.arms[0], seed)

    def steps(self) -> Iterator[Step]:
        """Generation 0, and each after it."""
        parent = first = self.first()
        earlier: list[Item] = first.items()
        yield Step(self.arm, self.seed, 0, first)
        for number in range(1, self.loop.generations + 1):
            parent = self._next(number, parent, first, earlier)
            earlier += parent.added()
            yield Step(self.arm, self.seed, number, parent)

    def first(self, other: int = 0) -> Generation:
        """Generation 0: trained on people's pictures alone; another one with another seed."""
        cell = Cell.of(
            {**self._common, "generation": 0, "training": asdict(self.loop.first), "other": other}
        )

        def fill(folder: Path) -> dict[str, Any]:
            self.progress(f"seed {self.seed} generation 0")
            self._train(folder, self._human_items, self.loop.start, self.loop.first, cell)
            return {"accepted": True}

        return made(cell, self.out, fill if self.make else None)

    def _next(
        self, number: int, parent: Generation, first: Generation, earlier: list[Item]
    ) -> Generation:
        cell = Cell.of(
            {
                **self._common,
                "generation": number,
                "training": asdict(self.loop.then),
                "images": self.loop.images,
                "pool": self.ground.pool.digest,
                "anchor": self._anchor.digest if self.arm.anchored and self._anchor else "",
                "arm": self.arm.decided(),
                "parent": parent.digest,
            }
        )

        def fill(folder: Path) -> dict[str, Any]:
            self.progress(f"seed {self.seed} {self.arm.name} generation {number}")
            added, told = self._composed(number, parent, first)
            save(added, folder / ADDED)
            items = at_most([*earlier, *added] if self.recipe.earlier else added, self.recipe, cell)
            start = {"parent": parent.weights, "first": first.weights, "start": self.loop.start}
            self._train(folder, items, start[self.arm.student], self.loop.then, cell)
            return told | self._judged(folder, parent, first)

        return made(cell, self.out, fill if self.make else None)

    def _composed(
        self, number: int, parent: Generation, first: Generation
    ) -> tuple[list[Item], dict[str, Any]]:
        """All arms of a seed draw the same pictures and random numbers in a generation."""
        draws = Cell.of({"draws": FORMAT, "seed": self.seed, "generation": number})
        recipe = self.recipe
        teaches = self.arm.labelling() is not None and recipe.made > 0
        seeking = self.arm.fresh == "tail"
        wider, labelled = WIDER if seeking else 1, TWICE if self.arm.balance else 1
        new = recipe if teaches else replace(recipe, made=0)  # people's labels need no new picture
        pictures, fresh = drawn(self.ground, new, draws, wider, labelled)
        taught = None
        if teaches:
            teachers = self._teachers(parent, first)
            found = look(self.detector, teachers, pictures, self.arm.views)
            taught = Taught(pictures, found, self._answered(teachers))
        if seeking and recipe.fresh:
            seen = look(self.detector, self._teachers(parent, first), fresh, self.arm.views)
            fresh = fresh.only(tail(seen, self.ground.expected, recipe.fresh))
        return composed(self.arm, self.ground, recipe, taught, fresh, draws)

    def _teachers(self, parent: Generation, first: Generation) -> list[Path]:
        """Whose answers are averaged."""
        if self.arm.teacher == "first":
            return [first.weights]
        if self.arm.teacher == "both" and parent != first:
            return [parent.weights, first.weights]
        if self.arm.teacher == "peers":
            return [parent.weights, self.first(PEER).weights]
        return [parent.weights]

    def _train(
        self, folder: Path, items: list[Item], start: Path, training: Training, cell: Cell
    ) -> None:
        """Train, and look at the test pictures; only what is kept is left in the folder."""
        data = write(items, self._human_items, self.ground.humans.classes, folder / "data")
        seed = int(np.random.default_rng([self.seed, cell.spec["generation"]]).integers(2**31))
        seed += cell.spec.get("other", 0)
        self.detector.train(
            start, data, folder / WEIGHTS, epochs=training.epochs, rate=training.rate, seed=seed
        )
        shutil.rmtree(folder / "data")
        save(items, folder / ITEMS)
        found = gather(self.detector.predict(folder / WEIGHTS, self._test.pixels()))
        keep_found(found, folder)

    def _judged(self, folder: Path, parent: Generation, first: Generation) -> dict[str, Any]:
        """Whether a gate lets the child pass; if not, its weights are its parent's."""
        if not self.arm.gate or self._anchor is None:
            return {"accepted": True}
        human = self._anchor.objects
        before, after = (
            gate.found_of(human, self._seen(weights))
            for weights in (first.weights, folder / WEIGHTS)
        )
        lost = gate.losses(human, before, after, self.ground.cells)
        accepted = gate.passes(lost)
        if not accepted:
            shutil.copyfile(parent.weights, folder / WEIGHTS)
            keep_found(parent.found(self._test.objects), folder)
        return {"accepted": accepted, "gate": [one._asdict() for one in lost]}

    def _seen(self, weights: Path) -> Objects:
        assert self._anchor is not None
        return gather(self.detector.predict(weights, self._anchor.pixels()))

    def _answered(self, teachers: list[Path]) -> Any:
        """The teachers on the anchor, for ways of labelling that calibrate on it."""
        if self._anchor is None or not self.arm.calibrate:
            return None
        return anchor_of(
            self._anchor.objects, look(self.detector, teachers, self._anchor, self.arm.views)
        )

    @cached_property
    def recipe(self) -> Recipe:
        """What each training set after the first is made of."""
        return self.arm.recipe(len(self.ground.humans), self.loop.images)

    @cached_property
    def detector(self) -> Detector:
        """The detector with its options."""
        return self.loop.detector()

    @cached_property
    def ground(self) -> Ground:
        """Whose labels are known is drawn by the seed; fewer humans are among more humans."""
        people = pictures(self.loop.human)
        order = Cell.of({"humans": FORMAT, "seed": self.seed}).rng().permutation(len(people))
        if self.loop.humans > len(people):
            raise InputError(
                f"{self.loop.humans:,} of people's pictures are asked for, and there are "
                f"{len(people):,}",
                expected="labelled pictures for all of them",
                todo="Lower humans, or label more pictures.",
                where=self.loop.human,
            )
        humans = people.only(order[: self.loop.humans])
        rest = people.only(order[self.loop.humans :])
        pool = pictures(self.loop.pool) if self.loop.pool else rest
        cells = self._cells(humans)
        return Ground(humans, pool, cells, expected(humans.objects, cells))

    def _cells(self, humans: Pictures) -> Cells:
        if self.loop.small:
            return Cells(humans.classes, (self.loop.small**2,), ("small", "large"))
        return cells_of(humans.objects, humans.classes)

    @property
    def _test(self) -> Pictures:
        return pictures(self.loop.test, True)

    @property
    def _anchor(self) -> Pictures | None:
        return pictures(self.loop.anchor, True) if self.loop.anchor else None

    @cached_property
    def _human_items(self) -> list[Item]:
        return items_of(self.ground.humans, self.ground.humans.objects, "human")

    @cached_property
    def _common(self) -> dict[str, Any]:
        """What all generations of the chain have in common."""
        return {
            "loop": FORMAT,
            "model": self.loop.model,
            "options": {
                k: v for k, v in vars(self.detector).items() if k != "question" and v is not None
            },
            "start": hashlib.sha256(self.loop.start.read_bytes()).hexdigest(),
            "humans": self.ground.humans.digest,
            "cells": [*self.ground.cells.edges],
            "test": self._test.digest,
            "seed": self.seed,
        }
