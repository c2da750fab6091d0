"""What a plan says: needs, the way that was chosen, and what it makes of each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from firsthand.planning.checking import Checked
from firsthand.planning.choice import UNPRICED, Choice, choose
from firsthand.planning.needs import Need
from firsthand.planning.target import HumanClass, People, Target
from firsthand.planning.verifier import Quality, Verifier
from firsthand.types import ALL, Undetermined, Verdict

SHARES = (0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)  # of a training set, that other budgets are


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of one class under the chosen way."""

    name: str
    probability: float  # of the target
    kept: bool  # whether that reaches the target's probability
    part: float  # of its human share that it keeps with the target's probability
    low: float  # of the 95 % interval of the part that it has in one such training set
    median: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """What it takes, by class, and what the chosen way makes of it."""

    target: Target
    people: People
    choice: Choice
    budget: int | None
    needs: tuple[Need, ...]
    outcomes: tuple[Outcome, ...]
    diversity: float  # fresh samples that keep the same part of the heterozygosity on average
    given: Verifier  # what was said of one
    verifier: Quality  # what one has to reach
    undetermined: tuple[Undetermined, ...] = ()
    checked: tuple[Checked, ...] = ()
    seed: int = 0

    @property
    def lost(self) -> tuple[Outcome, ...]:
        """Classes that the chosen way does not keep, the worst first."""
        found = (one for one in self.outcomes if not one.kept)
        return tuple(sorted(found, key=lambda one: one.probability))

    @property
    def verdict(self) -> Verdict:
        """Of the check, where there was one: pass, block where it contradicts, or cannot say."""
        if any(one.contradicts for one in self.checked):
            return "block"
        unsure = any(not one.tells for one in self.checked) or not self.outcomes
        unsaid = any(one.slice == ALL for one in self.undetermined)
        return "cannot-say" if unsure or unsaid else "pass"


def outcome(one: HumanClass, target: Target, choice: Choice) -> Outcome:
    """What becomes of one class?"""
    turns = target.generations
    probability = choice.probability(one, target.keep, turns)
    parts = [choice.part_at(one, at, turns) for at in (target.probability, 0.975, 0.5, 0.025)]
    return Outcome(
        name=one.name,
        probability=probability,
        kept=probability >= target.probability,
        part=min(parts[0], 1.0),
        low=parts[1],
        median=parts[2],
        high=parts[3],
    )


@dataclass(frozen=True, slots=True)
class Step:
    """What a number of human samples a generation buys."""

    human: int
    parts: tuple[float, ...]  # of each class, kept with the target's probability; 1 at most


def effort(found: Plan, budgets: Sequence[int] | None = None) -> tuple[Step, ...]:
    """What would other budgets buy, class by class in the order of `found.outcomes`?

    Args:
        found: a plan, whose way is kept.
        budgets: human samples a generation; by default from none to all of a training set, with
            the one that was chosen. To keep, there are no more than there are. Empty for
            ways that spend none.
    """
    if found.choice.way in UNPRICED:
        return ()
    target, names = found.target, [one.name for one in found.outcomes]
    wanted = [one for one in found.people.classes if one.name in names]
    most = found.people.samples if found.choice.way == "anchor" else target.samples
    steps = {round(target.samples * share) for share in SHARES}
    chosen = sorted({*steps, found.choice.human}) if budgets is None else budgets
    return tuple(Step(human, _bought(found, wanted, human)) for human in chosen if human <= most)


def _bought(found: Plan, wanted: Sequence[HumanClass], human: int) -> tuple[float, ...]:
    target = found.target
    chosen = human == found.choice.human
    choice = found.choice if chosen else choose(found.choice.way, human, target.samples)
    parts = (choice.part_at(one, target.probability, target.generations) for one in wanted)
    return tuple(min(part, 1.0) for part in parts)
