"""A forecast as a picture: what was seen, where it may go, and what happened afterwards."""

from __future__ import annotations

from math import nan

from firsthand.messages import Language, percent, text
from firsthand.outlook.values import ClassForecast, Forecast
from firsthand.report.curves import Curve, Point, curves
from firsthand.report.sheet import Panel, key, sheet
from firsthand.report.words import clean

TALL = 210
PANELS = 8  # the most endangered classes
SEEN, AHEAD, LATER = 0, 1, 2


def picture(found: Forecast, lang: Language = "en") -> str:
    """The document: one chart for each of the most endangered classes."""
    panels = [panel(found, one, lang) for one in found.classes[:PANELS]]
    legend = [
        key(SEEN, text("forecast.chart.seen", lang)),
        key(AHEAD, text("forecast.chart.ahead", lang, level=found.level)),
    ]
    if any(one.later for one in found.classes):
        legend.append(key(LATER, text("forecast.chart.later", lang)))
    title = text("forecast.chart.sheet", lang, horizon=found.horizon)
    return sheet(title, panels, legend, lang=lang)


def panel(found: Forecast, one: ClassForecast, lang: Language) -> Panel:
    """The chart of one class."""
    title = text("forecast.chart.title", lang, name=clean(one.name))
    last = one.bands[-1]
    desc = text(
        "forecast.chart.desc",
        lang,
        name=clean(one.name),
        now=found.now,
        horizon=found.horizon,
        first=percent(one.shares[0]),
        last=percent(one.shares[-1]),
        value=percent(last.value),
        low=percent(last.low),
        high=percent(last.high),
    )
    axis = (text("forecast.axis", lang), percent)
    return Panel(title, curves(_series(found, one), title, desc, axis), TALL)


def _series(found: Forecast, one: ClassForecast) -> list[Curve]:
    seen = [_point(at, share) for at, share in enumerate(one.shares)]
    ahead = [_point(found.now, one.shares[-1])]
    ahead += [_point(each.generation, each.value, each.low, each.high) for each in one.bands]
    later = [_point(found.now + at, share) for at, share in enumerate(one.later, start=1)]
    series = [Curve("seen", tuple(seen)), Curve("ahead", tuple(ahead))]
    return [*series, Curve("later", tuple(later))] if later else series


def _point(generation: int, value: float, low: float = nan, high: float = nan) -> Point:
    known = (value, value) if low != low else (low, high)
    return Point(generation, value, *known, nan, nan)
