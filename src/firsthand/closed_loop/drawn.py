"""Arms over the generations as one offline SVG: what is left of recall, what labels are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from firsthand.closed_loop.results import Results
from firsthand.errors import InputError
from firsthand.messages import number
from firsthand.report.curves import Curve, Point, curves
from firsthand.report.sheet import Panel as Drawn
from firsthand.report.sheet import key, note, sheet
from firsthand.report.svg import MARKS
from firsthand.types import Measurement, Slice

TALL = 210
STYLE = "\n.edge { fill: none; stroke-width: 1; opacity: .55; }"
NOTE = "Means over seeds; bands: 95 %, over test pictures and seeds. Generation 0 is human labels."
Values = Callable[[Results, str, int], tuple[float, float, float]]


@dataclass(frozen=True)
class Panel:
    """One number over the generations."""

    title: str
    start: float  # what it is at generation 0
    values: Values  # of an arm at a generation: value and both ends; NaN: cannot say


def recall_left(part: Slice, confidence: float = 0.25) -> Panel:
    """Recall of a slice over that of generation 0."""

    def values(results: Results, arm: str, number: int) -> tuple[float, float, float]:
        found = results.against(arm, number, (arm, 0), "recall", confidence)
        return _ends(found[part])

    said = ", ".join(value for _, value in part) or "all"
    return Panel(f"recall at {confidence:g} over generation 0: {said}", 1.0, values)


def moved(name: str, title: str) -> Panel:
    """A quantity minus that of generation 0."""

    def values(results: Results, arm: str, number: int) -> tuple[float, float, float]:
        return _ends(results.against(arm, number, (arm, 0), name, how="difference")[()])

    return Panel(f"{title} minus generation 0", 0.0, values)


def labels_made(part: Slice) -> Panel:
    """Labels of a class or size that were made, over what people would have labelled, by count."""

    def values(results: Results, arm: str, number: int) -> tuple[float, float, float]:
        each = [one for _, one in results.labels(arm, number, part)]
        return (float(np.mean(each)), min(each), max(each)) if each else (nan, nan, nan)

    said = ", ".join(value for _, value in part) or "all"
    return Panel(f"labels made over expected: {said} (band: all seeds)", 1.0, values)


def usual(results: Results) -> list[Panel]:
    """The rarest class, small and large objects, labels of the rarest class, mAP50, precision."""
    rare, small, large = results.rarest, results.smallest, results.largest
    return [
        recall_left(rare),
        recall_left(small),
        recall_left(large),
        labels_made(rare),
        moved("average_precision", "mAP50"),
        moved("precision", "precision at 0.25"),
    ]


def picture(results: Results, arms: Sequence[str] = (), panels: Sequence[Panel] = ()) -> str:
    """Panels two abreast, a line an arm.

    Args:
        results: a loop that ran, or a part of it.
        arms: which; the first four unless told.
        panels: which; `usual` unless told.

    Raises:
        InputError: more arms than a picture can tell apart.
    """
    arms = arms or results.arms[: len(MARKS)]
    if len(arms) > len(MARKS):
        raise InputError(f"{len(arms)} arms in one picture", expected=f"at most {len(MARKS)}")
    results = results.whole()
    wanted = panels or usual(results)
    filled = ((panel, _lines(results, arms, panel)) for panel in wanted)
    drawn = [_panel(panel, lines) for panel, lines in filled if any(one.points for one in lines)]
    last = results.loop.generations
    legend = [key(at, f"{arm} ({_seeds(results, arm, last)})") for at, arm in enumerate(arms)]
    return sheet("A detector on labels of its own", drawn, [*legend, note(NOTE)], style=STYLE)


def _lines(results: Results, arms: Sequence[str], panel: Panel) -> list[Curve]:
    """A curve an arm; one without points where there is nothing, so that each keeps its mark."""
    lines = [Curve(arm, tuple(_points(results, arm, panel))) for arm in arms]
    return [line if len(line.points) > 1 else Curve(line.label, ()) for line in lines]


def _panel(panel: Panel, lines: Sequence[Curve]) -> Drawn:
    ends = [f"{one.label} ends at {number(one.points[-1].value)}" for one in lines if one.points]
    body = curves(lines, panel.title, "; ".join(ends), ("generation", number), edges=True)
    return Drawn(panel.title, body, TALL)


def _points(results: Results, arm: str, panel: Panel) -> Iterator[Point]:
    yield Point(0, panel.start, panel.start, panel.start, nan, nan)
    for at in range(1, results.loop.generations + 1):
        if results.seeds(arm, at):
            value, low, high = panel.values(results, arm, at)
            if isfinite(value):
                yield Point(at, value, low, high, nan, nan)


def _ends(answer: object) -> tuple[float, float, float]:
    if isinstance(answer, Measurement):
        return answer.value, answer.low, answer.high
    return nan, nan, nan


def _seeds(results: Results, arm: str, last: int) -> str:
    many = len(results.seeds(arm, last))
    return f"{many} seed{'s' * (many != 1)}"
