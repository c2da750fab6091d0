"""What model labels add to few human ones, as a picture: differences over Z0 by human pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan

from firsthand.closed_loop.drawn import STYLE
from firsthand.closed_loop.results import Results
from firsthand.detections.precision_curve import ap_values
from firsthand.detections.scoring import Scored
from firsthand.messages import number
from firsthand.report.curves import Curve, Point, curves
from firsthand.report.sheet import Panel, key, note, sheet
from firsthand.types import ALL, Measurement, Slice

ARMS = ["JCKT-balanced", "Z0K-balanced", "Z0K"]
NOTE = "Over Z0 after the last generation. Bands: 95 %, over test pictures and seeds together."
TALL = 210
Found = Callable[[str], Results]


def picture(found: Found, loops: dict[int, str]) -> str:
    """A panel a quantity; `loops` are names by how many pictures are people's. Empty: none ran."""
    there = {
        n: found(name)
        for n, name in loops.items()
        if found(name).seeds("JCKT-balanced", found(name).loop.generations)
    }
    if not there:
        return ""
    rare, small = (getattr(next(iter(there.values())), name) for name in ("rarest", "smallest"))
    wanted: list[tuple[str, str, Slice]] = [
        ("mAP50", "average_precision", ALL),
        (f"AP50: {rare[0][1]}", "average_precision", rare),
        (f"recall at .25: {rare[0][1]}", "recall", rare),
        ("recall at .25: small objects", "recall", small),
    ]
    panels = [_panel(there, title, quantity, part) for title, quantity, part in wanted]
    legend = [key(at, arm) for at, arm in enumerate(ARMS)]
    return sheet("Few human labels: more than Z0", panels, [*legend, note(NOTE)], style=STYLE)


def _panel(there: dict[int, Results], title: str, quantity: str, part: Slice) -> Panel:
    lines = [Curve(arm, tuple(_points(there, arm, quantity, part))) for arm in ARMS]
    said = "; ".join(_told(line) for line in lines)
    body = curves(lines, title, said, ("pictures that people labelled", number), edges=True)
    return Panel(f"{title}, minus Z0", body, TALL)


def _points(there: dict[int, Results], arm: str, quantity: str, part: Slice) -> Sequence[Point]:
    points = []
    for humans, results in there.items():
        last = results.loop.generations
        if not results.seeds(arm, last):
            continue
        one = results.against(arm, last, ("Z0", last), quantity, how="difference")[part]
        if isinstance(one, Measurement):
            points.append(Point(humans, one.value, one.low, one.high, nan, nan))
    return points


def _told(line: Curve) -> str:
    each = [f"{point.value:+.2f} with {point.x} pictures" for point in line.points]
    return f"{line.label}: {', '.join(each)}"


def room(found: Found, loops: dict[int, str]) -> tuple[list[str], list[list[str]]]:
    """Head and lines of a table: how good each arm is in the end, and people alone."""
    lines = []
    rare: Slice = ALL
    for humans, name in loops.items():
        results = found(name)
        last = results.loop.generations
        for arm in results.arms:
            scored = [results.scored[arm, seed, last] for seed in results.seeds(arm, last)]
            if scored:
                rare = results.rarest
                cells = [_level(scored, part) for part in (ALL, rare)]
                lines.append([f"{humans:,}", arm, str(len(scored)), *cells])
    head = ["people's pictures", "arm", "seeds", "mAP50"]
    return [*head, f"AP50 {rare[0][1] if rare else ''}".strip()], lines


def _level(scored: Sequence[Scored], part: Slice) -> str:
    """Mean over seeds, and from which seed to which."""
    each = []
    for one in scored:
        parts, values, _ = ap_values(one)
        each.append(float(values[parts.index(part)]))
    return f"{sum(each) / len(each):.2f} ({min(each):.2f} to {max(each):.2f})"
