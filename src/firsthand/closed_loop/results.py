"""What a closed loop found: every generation measured, and arms held against each other.

Recall and precision are at an operating confidence, as a detector is used. An arm is held against
generation 0 or against a control on the same test pictures and seeds (`detections.compare`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from firsthand.closed_loop.chain import Chain, Step, pictures
from firsthand.closed_loop.spec import Loop
from firsthand.detections import Cells, average_precision, compare, measure, score
from firsthand.detections.scoring import Scored
from firsthand.errors import InputError
from firsthand.trajectory import Row, rows
from firsthand.trajectory import Step as At
from firsthand.types import Measurement, Slice, Undetermined

Answer = Measurement | Undetermined
CONFIDENCES = (0.25, 0.5)
COUNTS = ("labels", "expected", "truth", "right", "found")


@dataclass(frozen=True)
class Results:
    """The generations of a loop, measured on its test pictures."""

    loop: Loop
    steps: Sequence[Step]

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of arms, in the order in which they ran."""
        return tuple(dict.fromkeys(step.arm.name for step in self.steps))

    def whole(self) -> Results:
        """Of each arm the seeds that got to the last generation; all of an arm where none has.

        Means over other seeds at one generation than at the next would show steps that no seed has.
        """
        ended = {(s.arm.name, s.seed) for s in self.steps if s.number == self.loop.generations}
        arms = {arm for arm, _ in ended}
        kept = [s for s in self.steps if s.arm.name not in arms or (s.arm.name, s.seed) in ended]
        return Results(self.loop, kept)

    def seeds(self, arm: str, number: int) -> list[int]:
        """For which seeds an arm has got so far."""
        return sorted(one for name, one, at in self.scored if (name, at) == (arm, number))

    @cached_property
    def scored(self) -> Mapping[tuple[str, int, int], Scored]:
        """By arm, seed and generation: who found what on the test pictures."""
        test = pictures(self.loop.test, True).objects
        cells = {
            seed: Chain.of(self.loop, seed).ground.cells for seed in {s.seed for s in self.steps}
        }
        done: dict[str, Scored] = {}
        for step in self.steps:
            name = step.generation.digest
            if name not in done:
                done[name] = score(test, step.generation.found(test), cells[step.seed])
        return {(s.arm.name, s.seed, s.number): done[s.generation.digest] for s in self.steps}

    def against(
        self,
        arm: str,
        number: int,
        other: tuple[str, int],
        name: str = "recall",
        confidence: float = 0.25,
        how: str = "ratio",
    ) -> dict[Slice, Answer]:
        """A generation of an arm over, or minus, another one, by slice: the mean over seeds.

        Args:
            arm: which arm.
            number: its generation.
            other: the arm and generation that it is held against.
            name: recall, precision or average_precision.
            confidence: from which on a prediction counts.
            how: "ratio" or "difference".

        Raises:
            InputError: no seed has got so far in both.
        """
        both = sorted({*self.seeds(arm, number)} & {*self.seeds(*other)})
        if not both:
            raise InputError(
                f"no seed has generation {number} of {arm} and generation {other[1]} of {other[0]}",
                expected="a loop that ran so far",
            )
        before = [self.scored[other[0], seed, other[1]] for seed in both]
        after = [self.scored[arm, seed, number] for seed in both]
        found = compare(before, after, name, confidence, how=how)  # type: ignore[arg-type]
        return {each.slice: each for each in found}

    def labels(self, arm: str, number: int, part: Slice) -> list[tuple[int, float]]:
        """Labels made in a slice over those that people's count gives, for each seed."""
        found = []
        for step in self.steps:
            told = step.generation.about
            if (step.arm.name, step.number) == (arm, number) and "labels" in told:
                cells = Chain.of(self.loop, step.seed).ground.cells
                parts, members = cells.slices()
                here = members[parts.index(part)]
                made, expected = (np.array(told[name])[here].sum() for name in COUNTS[:2])
                found.append((step.seed, float(made / expected)))
        return found

    @cached_property
    def _cells(self) -> Cells:
        return Chain.of(self.loop, self.loop.seeds[0]).ground.cells

    @property
    def rarest(self) -> Slice:
        """The class that the spec names, or of which people labelled least."""
        ground = Chain.of(self.loop, self.loop.seeds[0]).ground
        rare = int(np.argmin(ground.expected.by_class))
        return (("class", self.loop.rare or self._cells.classes[rare]),)

    @property
    def smallest(self) -> Slice:
        """Objects of the smallest size."""
        return (("size", self._cells.sizes[0]),)

    @property
    def largest(self) -> Slice:
        """Objects of the largest size."""
        return (("size", self._cells.sizes[-1]),)

    def rows(self) -> list[Row]:
        """The trajectory: each arm, seed and generation by class and size."""
        return [row for step in self.steps for row in self._rows(step)]

    def _rows(self, step: Step) -> Iterator[Row]:
        scored = self.scored[step.arm.name, step.seed, step.number]
        at = At("closed_loop", step.seed, step.arm.name, step.number)
        for confidence in CONFIDENCES:
            for name in ("recall", "precision"):
                found = measure(scored, name, confidence)
                for row in rows(at, found):
                    yield row._replace(metric=f"{name}@{confidence:g}")
        yield from rows(at, average_precision(scored, replicates=100))
        yield from self._counts(step, at)

    def _counts(self, step: Step, at: At) -> Iterator[Row]:
        """Labels by class and size, beside what people label on as many pictures."""
        told = step.generation.about
        if "labels" not in told:
            return
        cells = Chain.of(self.loop, step.seed).ground.cells
        for place, part in enumerate(cells_slices(cells.classes, cells.sizes)):
            for name in COUNTS:
                value = float(told[name][place])
                nothing = (None, None, None, None)
                unit, n = "objects", int(told["images"])
                yield Row(*at, f"labels:{name}", part, value, *nothing, unit, n, step.seed)


def cells_slices(classes: Sequence[str], sizes: Sequence[str]) -> list[Slice]:
    """The cells, in the order of their numbers."""
    return [(("class", one), ("size", size)) for one in classes for size in sizes]


def table(results: Results) -> list[dict[str, Any]]:
    """The last generation of each arm over generation 0, for reading: one mapping an arm."""
    last = results.loop.generations
    return [_line(results, arm, last) for arm in results.arms if results.seeds(arm, last)]


def _line(results: Results, arm: str, last: int) -> dict[str, Any]:
    start = (arm, 0)
    recall = results.against(arm, last, start)
    said: dict[str, Any] = {"arm": arm, "seeds": results.seeds(arm, last), "generation": last}
    said["recall_ratio"] = _said(recall.values())
    for name in ("precision", "average_precision"):
        found = results.against(arm, last, start, name, how="difference")
        said[f"{name}_difference"] = _said([found[()]])
    return said


def _said(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    return [
        {"slice": dict(each.slice)}
        | (
            {"value": each.value, "low": each.low, "high": each.high}
            if isinstance(each, Measurement)
            else {"reason": each.reason}
        )
        for each in answers
    ]


WHY_NOT = (
    "cannot say: the test holds too few of these, or generation 0 finds none of them.\n"
    "Train it longer (first: epochs), or give a larger test."
)


def as_text(results: Results) -> str:
    """A table for a terminal: recall of each class and size over generation 0, with intervals."""
    lines = table(results)
    if not lines:
        return "no arm has run to its end yet\n"
    parts = [each["slice"] for each in lines[0]["recall_ratio"] if len(each["slice"]) == 1]
    head = ["arm", "seeds", *(next(iter(part.values())) for part in parts), "mAP50", "precision"]
    grid = [head] + [_cells(line, parts) for line in lines]
    wide = [max(len(row[at]) for row in grid) for at in range(len(head))]
    body = [
        "  ".join(cell.ljust(room) for cell, room in zip(row, wide, strict=True)) for row in grid
    ]
    told = (
        f"Generation {lines[0]['generation']}: recall at .25 over generation 0, [95 %]; mAP50 and"
    )
    said = [told, "precision minus those of generation 0.", "", *body]
    if any("cannot say" in row for row in grid):
        said += ["", WHY_NOT]
    return "\n".join(said) + "\n"


def _cells(line: Mapping[str, Any], parts: Sequence[Mapping[str, str]]) -> list[str]:
    recall = {tuple(each["slice"].items()): each for each in line["recall_ratio"]}
    cells = [_number(recall[tuple(part.items())], "") for part in parts]
    more = [
        _number(line[f"{name}_difference"][0], "+") for name in ("average_precision", "precision")
    ]
    return [line["arm"], str(len(line["seeds"])), *cells, *more]


def _number(told: Mapping[str, Any], sign: str) -> str:
    if "value" not in told:
        return "cannot say"
    value, low, high = (format(told[name], f"{sign}.2f") for name in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"
