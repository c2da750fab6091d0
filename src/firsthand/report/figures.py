"""Which charts an audit has: the story's objects, drawn, each with the table behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan

from firsthand.messages import number, percent
from firsthand.outlook.values import ClassForecast, Forecast
from firsthand.report import ahead, charts, curves, fan
from firsthand.report.story import Story
from firsthand.report.words import amount, clean, facts, neutral, part
from firsthand.trajectory import Row
from firsthand.types import ALL, Measurement, Slice

Key = tuple[str, Slice, bool]

MOST_ROWS = 12
MOST_CURVES = 4
MOST_PANELS = 6


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart, what its colours mean, and its numbers."""

    svg: str
    title: str
    note: str
    legend: tuple[tuple[str, str], ...]  # swatch as SVG, words
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def composition(story: Story) -> Figure:
    """What the set is made of, as one bar."""
    parts = [(share.name, share.count) for share in story.shares]
    words = [f"{share.text} {percent(share.share)}" for share in story.shares]
    title = story.say("chart.composition.title", count=story.audit.composition.total)
    desc = story.say("chart.composition.desc", shares=", ".join(words))
    return Figure(
        svg=charts.composition(parts, title, desc),
        title=title,
        note=story.ancestry,
        legend=(),
        header=tuple(story.say(f"header.{name}") for name in ("class", "samples", "share")),
        rows=tuple((s.text, f"{s.count:,}", percent(s.share)) for s in story.shares),
    )


def tails(story: Story) -> tuple[Figure, ...]:
    """One chart a metric, those with the gravest findings first."""
    by_metric: dict[str, list[Measurement]] = {}
    for measured in story.audit.measurements:
        by_metric.setdefault(measured.metric, []).append(measured)
    named = severities(story)

    def gravity(each: Sequence[Measurement]) -> tuple[int, int]:
        found = [named.get(key(one)) for one in each]
        return -found.count("block"), -found.count("watch")

    return tuple(_intervals(story, each, named) for each in sorted(by_metric.values(), key=gravity))


def key(measured: Measurement) -> Key:
    """What tells one measurement of an audit from another."""
    return measured.metric, measured.slice, measured.paired


def severities(story: Story) -> dict[Key, str]:
    """How grave is the finding that names a measurement? Notes are left out."""
    return {
        key(told.finding.measurement): told.finding.severity
        for told in story.findings
        if told.finding.measurement is not None and told.finding.severity != "note"
    }


def ranked(measured: Sequence[Measurement], named: Mapping[Key, str]) -> list[Measurement]:
    """The gravest first, then by how unlikely chance is."""

    def order(each: Measurement) -> tuple[int, float, float]:
        p = [1.0 if value is None else value for value in (each.adjusted_p, each.p_value)]
        return {"block": 0, "watch": 1}.get(named.get(key(each), ""), 2), p[0], p[1]

    return sorted(measured, key=order)


def _intervals(story: Story, measured: Sequence[Measurement], named: Mapping[Key, str]) -> Figure:
    shown = ranked(measured, named)[:MOST_ROWS]
    metric, unit = shown[0].metric, shown[0].unit
    notes = [facts(metric, story.lang)[0]]
    notes += [story.say("label.paired")] if all(each.paired for each in shown) else []
    rows = [_row(story, each, named) for each in shown]
    outside = [f"{row.label} {row.shown}" for row in rows if row.severity]
    title = story.say("chart.intervals.title", metric=metric)
    nothing = story.say("chart.intervals.nothing")
    desc = story.say(
        "chart.intervals.desc",
        count=len(rows),
        level=shown[0].level,
        outside=", ".join(outside) or nothing,
    )
    left_out = len(measured) - len(shown)
    notes += [story.say("label.and-more", count=left_out)] if left_out else []
    return Figure(
        svg=charts.intervals(
            rows, title, desc, charts.Scale(neutral(metric), lambda tick: amount(tick, unit))
        ),
        title=title,
        note=" · ".join(notes),
        legend=(),
        header=tuple(
            story.say(f"header.{name}") for name in ("slice", "value", "interval", "null")
        ),
        rows=tuple(table_row(story, each)[1:5] for each in shown),
    )


def _row(story: Story, measured: Measurement, named: Mapping[Key, str]) -> charts.Interval:
    return charts.Interval(
        label=part(measured.slice, story.lang),
        shown=amount(measured.value, measured.unit),
        value=measured.value,
        low=measured.low,
        high=measured.high,
        null_low=measured.null_low,
        null_high=measured.null_high,
        severity=named.get(key(measured), ""),
    )


def table_row(story: Story, measured: Measurement) -> tuple[str, ...]:
    """Metric, slice, value, interval, null, adjusted p, sizes, method."""

    def say(value: float) -> str:
        return amount(value, measured.unit)

    return (
        clean(measured.metric),
        part(measured.slice, story.lang),
        say(measured.value),
        f"[{say(measured.low)}, {say(measured.high)}]",
        f"{say(measured.null_low)} – {say(measured.null_high)}",
        "" if measured.adjusted_p is None else number(measured.adjusted_p),
        f"{measured.n_reference:,} / {measured.n_candidate:,}",
        measured.method + (f", {story.say('label.paired')}" if measured.paired else ""),
    )


def trajectory(story: Story, rows: Sequence[Row]) -> tuple[Figure, ...]:
    """Curves over generations: one chart a metric and slice, one curve a policy and chain."""
    panels: dict[tuple[str, Slice], list[Row]] = {}
    for row in rows:
        if row.value is not None:
            panels.setdefault((row.metric, row.slice), []).append(row)
    lost = {(metric, where) for metric, where, _ in severities(story)}
    chosen = sorted(panels, key=lambda panel: (panel not in lost, panel[1] != ALL))
    return tuple(_panel(story, panels[panel]) for panel in chosen[:MOST_PANELS])


def _panel(story: Story, rows: Sequence[Row]) -> Figure:
    first = rows[0]
    series: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        series.setdefault((row.policy, row.chain), []).append(row)
    chains = len({chain for _, chain in series}) > 1
    drawn = [
        curves.Curve(
            clean(f"{policy} {chain}" if chains else policy), tuple(_point(row) for row in each)
        )
        for (policy, chain), each in list(series.items())[:MOST_CURVES]
    ]
    ends = [
        story.say(
            "chart.curves.end",
            series=curve.label,
            first=amount(curve.points[0].value, first.unit),
            last=amount(curve.points[-1].value, first.unit),
        )
        for curve in drawn
    ]
    where = [part(first.slice, story.lang)] if first.slice else []
    what = story.say("slice.join").join([clean(first.metric), *where])
    title = story.say("chart.curves.title", metric=what)
    heads = ("series", "generation", "value", "interval", "null")
    return Figure(
        svg=curves.curves(
            drawn,
            title,
            story.say("chart.curves.desc", ends=story.say("label.join").join(ends)),
            (story.say("chart.curves.axis"), lambda tick: amount(tick, first.unit)),
        ),
        title=title,
        note=story.say("label.join").join(ends),
        legend=tuple((curves.swatch(at), curve.label) for at, curve in enumerate(drawn)),
        header=tuple(story.say(f"header.{name}") for name in heads),
        rows=tuple(_line(row) for row in rows),
    )


def _point(row: Row) -> curves.Point:
    ends = (row.value, row.low, row.high, row.null_low, row.null_high)
    return curves.Point(row.generation, *(nan if end is None else end for end in ends))


def _line(row: Row) -> tuple[str, ...]:
    value, low, high, null_low, null_high = (
        amount(end, row.unit) if isfinite(end) else "–"
        for end in (nan if end is None else end for end in row[6:11])
    )
    where = (row.policy, str(row.generation), value)
    return (*where, f"[{low}, {high}]", f"{null_low} – {null_high}")


def fans(story: Story) -> tuple[Figure, ...]:
    """What may become of the classes that go first."""
    if story.audit.ahead is None:
        return ()
    found = story.audit.ahead.forecast
    return tuple(_fan(story, found, one) for one in found.classes[: ahead.ASIDE])


def _fan(story: Story, found: Forecast, one: ClassForecast) -> Figure:
    drawn = fan.panel(found, one, story.lang)
    names = ("generation", "value", "interval")
    return Figure(
        svg=drawn.svg,
        title=drawn.heading,
        note="",
        legend=(
            (curves.swatch(fan.SEEN), story.say("forecast.chart.seen")),
            (curves.swatch(fan.AHEAD), story.say("forecast.chart.ahead", level=found.level)),
        ),
        header=tuple(story.say(f"header.{name}") for name in names),
        rows=tuple(
            (str(b.generation), percent(b.value), f"{percent(b.low)} – {percent(b.high)}")
            for b in one.bands
        ),
    )
