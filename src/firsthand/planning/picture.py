"""What human samples buy, as a picture: the part of its share that each class keeps, by budget."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import numpy as np

from firsthand.messages import Language, percent
from firsthand.planning.answer import Plan, Step, effort
from firsthand.planning.shown import Told
from firsthand.report.curves import Curve, Plot, Point
from firsthand.report.sheet import Panel, key, sheet
from firsthand.report.svg import LINE, MARKS, WIDE, frame, label
from firsthand.report.words import clean

STEPS = 24  # budgets on a curve
ROOM = 1.06  # so that the last number stands inside
AHEAD = 3  # times the chosen number, up to which the curve goes


def picture(found: Plan, lang: Language = "en") -> str:
    """The document; its curves are of the neediest classes. Ways without a budget have no curve."""
    told = Told(found, lang)
    steps = effort(found, _budgets(found))
    names = [one.name for one in found.outcomes]
    neediest = sorted(range(len(names)), key=lambda at: found.outcomes[at].probability)
    some = neediest[: len(MARKS)] if steps else []
    legend = [key(at, clean(names[where])) for at, where in enumerate(some)]
    panels = [_panel(told, steps, names, some)] if some else []
    return sheet(told.say("plot.title"), panels, legend, lang=lang)


def _budgets(found: Plan) -> list[int]:
    """From none to some times what was chosen, closer to each other where they are few."""
    size, human = found.target.samples, found.choice.human
    last = min(size, max(AHEAD * human, size // 20, 2))
    even = np.linspace(0, 1, STEPS) ** 2 * last
    return sorted({*even.round().astype(int).tolist(), min(human, last)})


def _panel(told: Told, steps: Sequence[Step], names: Sequence[str], some: Sequence[int]) -> Panel:
    found = told.found
    most = steps[-1].human
    least = min(step.parts[at] for step in steps for at in some)
    low = np.floor(10 * min(least, found.target.keep)) / 10
    plot = Plot((0, int(ROOM * most) + 1), (float(low), 1.0), percent)
    series = [_curve(found, steps, names[at], at) for at in some]
    body = [plot.axes(told.say("plot.axis", what=told.say(f"plot.{found.choice.way}")))]
    body += _marked(plot, told)
    body += [plot.line(one.points, at) for at, one in enumerate(series)]
    title = told.say("plot.up")
    desc = " ".join(_described(told, steps, names[at], at) for at in some)
    return Panel(title, frame(plot.TALL, title, desc, "".join(body)), plot.TALL)


def _marked(plot: Plot, told: Told) -> list[str]:
    """The target as a line across, the chosen number as a line up."""
    x, y = plot.x(told.found.choice.human), plot.y(told.target.keep)
    floor, right = plot.TALL - plot.BOTTOM, WIDE - plot.RIGHT
    left_of = x > WIDE / 2
    chosen = told.say("plot.chosen", human=told.found.choice.human)
    return [
        f'<path d="M{plot.LEFT} {y:.1f}H{right}" class="neutral"/>',
        f'<path d="M{x:.1f} {plot.TOP}V{floor}" class="neutral"/>',
        label(x + (-5 if left_of else 5), floor - 6, chosen, "end" if left_of else "start", "tick"),
        label(right, y + LINE - 2, told.say("plot.goal"), "end", "tick"),
    ]


def _described(told: Told, steps: Sequence[Step], name: str, at: int) -> str:
    human = told.found.choice.human
    chosen = next(step for step in steps if step.human == human)
    return told.say(
        "plot.desc",
        name=clean(name),
        human=human,
        most=steps[-1].human,
        first=percent(steps[0].parts[at]),
        chosen=percent(chosen.parts[at]),
        last=percent(steps[-1].parts[at]),
    )


def _curve(found: Plan, steps: Sequence[Step], name: str, at: int) -> Curve:
    """A mark stands at what was chosen."""
    points = (
        Point(
            step.human, step.parts[at], nan, nan, nan, nan, marked=step.human == found.choice.human
        )
        for step in steps
    )
    return Curve(name, tuple(points))
