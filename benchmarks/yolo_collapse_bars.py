"""What was asked of a policy beforehand, and what it reached: a table of yolo_collapse.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from firsthand.closed_loop.results import Results
from firsthand.types import ALL, Measurement, Slice


class Bar(NamedTuple):
    """One number that was asked for: at least so much, and the lower end of its interval too."""

    said: str
    part: str  # rarest, smallest, largest, or everything
    least: float
    lower: float | None = None  # of the interval
    name: str = "recall"
    confidence: float = 0.25
    how: str = "ratio"
    control: str = ""  # held against it at the same generation, not against generation 0


BARS = (
    Bar("rare r@.25", "rarest", 1.00, 0.90),
    Bar("small r@.25", "smallest", 1.00, 0.90),
    Bar("rare r@.5", "rarest", 1.00, confidence=0.5),
    Bar("small r@.5", "smallest", 0.85, confidence=0.5),
    Bar("large r@.25", "largest", 0.93),
    Bar("mAP50, change", "", -0.01, name="average_precision", how="difference"),
    Bar("precision@.25, change", "", -0.05, name="precision", how="difference"),
    Bar("rare r@.25 over Z0", "rarest", 0.90, control="Z0"),
    Bar("small r@.25 over Z0", "smallest", 0.90, control="Z0"),
)


def table(every: Sequence[tuple[str, Results]], arm: str) -> Iterator[list[str]]:
    """A line a bar: what was asked, and for each loop what was reached."""
    there = [(name, each) for name, each in every if each.seeds(arm, each.loop.generations)]
    yield ["asked", "at least", *(f"{name}, {_seeds(each, arm)}" for name, each in there)]
    for bar in BARS:
        least = f"{bar.least:+.2f}" if bar.how == "difference" else f"{bar.least:.2f}"
        lower = "" if bar.lower is None else f", interval from {bar.lower:.2f}"
        yield [bar.said, least + lower, *(_reached(each, arm, bar) for _, each in there)]


def _seeds(results: Results, arm: str) -> str:
    seeds = results.seeds(arm, results.loop.generations)
    return f"{len(seeds)} seed{'s' * (len(seeds) != 1)}"


def _reached(results: Results, arm: str, bar: Bar) -> str:
    last = results.loop.generations
    other = (bar.control, last) if bar.control else (arm, 0)
    found = results.against(arm, last, other, bar.name, bar.confidence, bar.how)
    part: Slice = getattr(results, bar.part) if bar.part else ALL
    answer = found[part]
    if not isinstance(answer, Measurement):
        return "cannot say"
    met = answer.value >= bar.least and (bar.lower is None or answer.low >= bar.lower)
    sign = "+" if bar.how == "difference" else ""
    fine = 3 if not met and round(answer.value, 2) >= bar.least else 2
    ends = (format(one, f"{sign}.{fine}f") for one in (answer.value, answer.low, answer.high))
    value, low, high = ends
    return f"{value} [{low}, {high}]{'' if met else ' **missed**'}"
