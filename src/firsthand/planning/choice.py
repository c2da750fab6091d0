"""One way to make every training set, and what becomes of a class that way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from firsthand.planning.target import HumanClass, Target
from firsthand.theory.keeping import Mix, accumulated_kept_probability, kept_probability
from firsthand.theory.mixing import best_weight

Way = Literal["fresh", "quota", "weighted", "anchor", "accumulate", "replace", "filtered"]
WAYS: tuple[Way, ...] = get_args(Way)
FIXED = frozenset({"quota", "anchor"})  # ways whose human part holds each class in its human share
UNPRICED = frozenset({"accumulate", "replace", "filtered"})  # ways that no budget is spent on
SETTLED = 1000  # generations after which a pool that only grows has settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How many samples of each training set are human, and how much they count."""

    way: Way
    human: int  # samples a generation; of accumulate: at the start
    samples: int  # of each training set; of accumulate: that each generation adds
    part: float  # total weight of the human samples

    @property
    def made(self) -> int:
        """Generated samples in each training set."""
        return self.samples if self.way == "accumulate" else self.samples - self.human

    @property
    def weight(self) -> float:
        """Of one human sample, where a generated one has 1."""
        if not self.human or not self.made or self.way == "accumulate":
            return 1.0
        return self.part / (1 - self.part) * self.made / self.human

    def mix(self, draws: float) -> Mix:
        """The same in independent draws, of which one sample has so many."""
        human, made = (max(1, round(n * draws)) if n else 0 for n in (self.human, self.made))
        return Mix(human, made, self.part, self.way in FIXED)

    def probability(self, one: HumanClass, keep: float, generations: int | None) -> float:
        """How probable is it that a training set holds that part of a class's human share?"""
        if self.way == "accumulate":
            sizes = (max(1, round(n * one.draws)) for n in (self.human, self.samples))
            start, more = sizes
            turns = SETTLED if generations is None else generations
            return accumulated_kept_probability(one.share, keep, (start, more), turns)
        return kept_probability(one.share, keep, self.mix(one.draws), generations)

    def holds(self, one: HumanClass, target: Target) -> bool:
        """Is the target reached for this class?"""
        return self.probability(one, target.keep, target.generations) >= target.probability

    def part_at(self, one: HumanClass, probability: float, generations: int | None) -> float:
        """The largest part of its human share that a class keeps with this probability."""
        low, high = 1.0, 1 / one.share
        if self.probability(one, 1.0, generations) < probability:
            low, high = 0.0, 1.0
        while high - low > 1e-4 * max(1.0, low):
            middle = (low + high) / 2 if high <= 4 * max(low, 1) else 2 * low
            enough = self.probability(one, middle, generations) >= probability
            low, high = (middle, high) if enough else (low, middle)
        return low


def choose(way: Way, human: int, samples: int, part: float | None = None) -> Choice:
    """A way with its usual weights: best ones for `weighted`, else each sample counts the same."""
    made = samples - human
    if part is None:
        even = human / samples if way != "accumulate" else human / (human + samples)
        best = way == "weighted" and human and made
        part = float(best_weight(human, made)) if best else even
    return Choice(way=way, human=human, samples=samples, part=part)
