"""Values over generations as curves with their intervals, before a band of human samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import isfinite

from firsthand.report.svg import LINE, MARKS, WIDE, frame, label, mark, ticks

LABEL = 30  # room that a generation's number takes


@dataclass(frozen=True, slots=True)
class Point:
    """One generation of a curve; what is not finite is left out."""

    x: int
    value: float
    low: float
    high: float
    null_low: float
    null_high: float
    marked: bool = field(default=True, kw_only=True)  # whether a mark stands on the line here


@dataclass(frozen=True, slots=True)
class Curve:
    """One series over generations."""

    label: str
    points: tuple[Point, ...]


def curves(
    series: Sequence[Curve],
    title: str,
    desc: str,
    axis: tuple[str, Callable[[float], str]],
    *,
    edges: bool = False,
) -> str:
    """Values over generations, each with its interval; the null band of the first behind them.

    With `edges` the ends of each interval are drawn as well, dashed as its line is: bands that lie
    over each other can then be told apart without colours.
    """
    points = [point for curve in series for point in curve.points]
    span = (min(p.x for p in points), max(p.x for p in points))
    ends = [
        end
        for p in points
        for end in (p.value, p.low, p.high, p.null_low, p.null_high)
        if isfinite(end)
    ]
    plot = Plot(span, (min(ends), max(ends)), axis[1])
    body = [plot.axes(axis[0]), plot.band(series[0].points, "band", null=True)]
    for at, curve in enumerate(series):
        body.append(plot.band(curve.points, f"spread s{at % len(MARKS)}"))
        if edges:
            body.append(plot.edges(curve.points, at % len(MARKS)))
        body.append(plot.line(curve.points, at % len(MARKS)))
    return frame(plot.TALL, title, desc, "".join(body))


def swatch(at: int) -> str:
    """The mark of a series for its line in the legend."""
    drawn = mark(6, 6, at % len(MARKS), big=True)
    return f'<svg class="swatch" viewBox="0 0 12 12" aria-hidden="true">{drawn}</svg>'


class Plot:
    """The frame of a chart over generations, and what is drawn in it."""

    TALL = 210
    LEFT, RIGHT, TOP, BOTTOM = 44, 10, 10, 36

    def __init__(
        self, across: tuple[int, int], up: tuple[float, float], tick: Callable[[float], str]
    ) -> None:
        room = (up[1] - up[0]) or abs(up[1]) or 1.0
        self.across, self.tick = across, tick
        self.up = (up[0] - 0.05 * room, up[1] + 0.05 * room)

    def x(self, generation: int) -> float:
        first, last = self.across
        inner = WIDE - self.LEFT - self.RIGHT
        return self.LEFT + inner * ((generation - first) / (last - first) if last > first else 0.5)

    def y(self, value: float) -> float:
        low, high = self.up
        return (
            self.TALL
            - self.BOTTOM
            - (self.TALL - self.BOTTOM - self.TOP) * (value - low) / (high - low)
        )

    def axes(self, name: str) -> str:
        floor, right = self.TALL - self.BOTTOM, WIDE - self.RIGHT
        parts = [f'<path d="M{self.LEFT} {self.TOP}V{floor}H{right}" class="axis"/>']
        for tick in ticks(*self.up):
            parts.append(
                f'<path d="M{self.LEFT} {self.y(tick):.1f}H{right}" class="grid"/>'
                + label(self.LEFT - 5, self.y(tick) + 4, self.tick(tick), "end", "tick")
            )
        for at in self._generations():
            parts.append(label(self.x(at), floor + LINE, str(at), "middle", "tick"))
        middle = (self.LEFT + right) / 2
        return "".join(parts) + label(middle, self.TALL - 5, name, "middle", "tick")

    def _generations(self) -> Iterator[int]:
        first, last = self.across
        most = (WIDE - self.LEFT - self.RIGHT) // LABEL
        step = next(k for k in _round_numbers() if (last - first) <= k * most)
        return iter(range(first, last + 1, step))

    def band(self, points: Sequence[Point], kind: str, *, null: bool = False) -> str:
        ends = [
            (p.x, p.null_low, p.null_high) if null else (p.x, p.low, p.high)
            for p in sorted(points, key=lambda each: each.x)
        ]
        ends = [each for each in ends if isfinite(each[1]) and isfinite(each[2])]
        there = [f"{self.x(x):.1f} {self.y(high):.1f}" for x, _, high in ends]
        back = [f"{self.x(x):.1f} {self.y(low):.1f}" for x, low, _ in reversed(ends)]
        return f'<path d="M{"L".join(there + back)}z" class="{kind}"/>' if len(ends) > 1 else ""

    def edges(self, points: Sequence[Point], at: int) -> str:
        """Both ends of a band as thin lines."""
        ends = ([(p.x, p.low) for p in points], [(p.x, p.high) for p in points])
        drawn = (self._path(each) for each in ends if any(isfinite(y) for _, y in each))
        return "".join(f'<path d="{path}" class="edge line s{at}"/>' for path in drawn)

    def path(self, points: Sequence[Point]) -> str:
        """A line through the values, in the order of generations."""
        return self._path((p.x, p.value) for p in points)

    def line(self, points: Sequence[Point], at: int) -> str:
        """Through the values, with a mark on each that has one."""
        known = sorted((p for p in points if isfinite(p.value)), key=lambda each: each.x)
        line = f'<path d="{self.path(known)}" class="line s{at}"/>' if len(known) > 1 else ""
        return line + "".join(mark(self.x(p.x), self.y(p.value), at) for p in known if p.marked)

    def _path(self, places: Iterable[tuple[int, float]]) -> str:
        ends = sorted((x, y) for x, y in places if isfinite(y))
        return "M" + "L".join(f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in ends)


def _round_numbers() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50 ..."""
    return (first * 10**power for power in count() for first in (1, 2, 5))
