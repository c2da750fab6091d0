"""What a forecast says, as values. Generations count from the human data, which are 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from firsthand.types import Skip, Undetermined

Cause = Literal["noise", "fewer-draws", "biased", "selective", "slower"]
"""Chance alone; as if there were fewer samples; frequent classes favoured; some classes lost
faster than others; slower than chance."""


class When(NamedTuple):
    """By which generation something has happened; infinite where not within the horizon."""

    value: float  # in half of what may come
    low: float  # the ends of the interval
    high: float


class Band(NamedTuple):
    """Where a class's share may lie in one generation."""

    generation: int
    mean: float
    value: float  # median
    low: float
    high: float
    there: float  # probability that the class still has a sample


class Estimate(NamedTuple):
    """A number with its interval."""

    value: float
    low: float
    high: float


def clustering(design_effect: float) -> str:
    """What is assumed of how objects are clustered, as a code."""
    if design_effect != design_effect:
        return "independent"
    return "clustered" if design_effect > 1 else "even"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassForecast:
    """What becomes of one class.

    `half` is the first generation with at most half of the share in generation 0, `gone` the first
    without a sample. Where that was seen already, both ends of the interval are the generation.
    """

    name: str
    counts: tuple[float, ...]  # of each generation that was seen
    half: When
    gone: When
    bands: tuple[Band, ...]  # of the generations to come
    shares: tuple[float, ...]  # of each generation that was seen
    later: tuple[float, ...] = ()  # shares that were seen afterwards and not used


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast classes were lost, and whether chance explains it."""

    cause: Cause
    size: Estimate  # draws a generation that explain the change by chance alone
    nominal: float  # independent draws a generation that there were; NaN where nobody knows
    exponent: Estimate  # above 1: frequent classes gain
    inflow: Estimate  # part of each generation that is pulled back to generation 0
    p_biased: float  # how often chance alone favours frequent classes as much
    p_selective: float  # how often chance alone moves classes as steadily
    alarm: float  # how often chance alone is called faster, by construction


class Check(NamedTuple):
    """Closed form beside simulation, for one class."""

    name: str
    what: Literal["half", "gone"]
    closed: When
    simulated: When


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What the next generations lose, class by class, the most endangered first."""

    kind: Literal["planned", "observed"]
    now: int  # the last generation that was seen
    horizon: int  # the last that is spoken of
    level: float  # of all intervals
    classes: tuple[ClassForecast, ...]
    left: tuple[Band, ...]  # how many classes still have a sample
    speed: Speed | None  # only of what was seen
    method: str  # code: which closed form or simulation
    policy: str
    objects: tuple[float, ...]  # of each generation that was seen
    draws: float  # independent draws a generation that were assumed, or estimated
    design_effect: float  # objects that one independent draw stands for; NaN: nothing says it
    assumptions: tuple[str, ...]  # codes
    undetermined: tuple[Undetermined, ...]
    seed: int
    chains: int
    check: tuple[Check, ...] = ()
    at_least: float = float("nan")  # where nothing can be said: draws a generation, or more
    options: Mapping[str, float | str] = field(default_factory=dict)
    samples: tuple[int, ...] = ()  # that hold the objects; empty where nobody knows
    other_split: int = 0  # samples that were left out, as they are not of the split asked for
    skips: tuple[Skip, ...] = ()  # what was left out while reading
    schema: str = "firsthand.forecast/1"
