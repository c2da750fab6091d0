"""A training run on human images, epoch by epoch: curves as one SVG, and a page for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from math import nan

from firsthand.messages import Language, text
from firsthand.report.curves import Curve, Point, curves
from firsthand.report.page import page
from firsthand.report.sheet import Panel, note, sheet
from firsthand.report.svg import LINE, MARKS, WIDE, label, mark, shorten
from firsthand.report.words import part
from firsthand.types import ALL, Measurement, Slice, Undetermined, Verdict

Answers = Sequence[Measurement | Undetermined]

TALL = 210  # of a chart
MOST = 4


@dataclass(frozen=True, slots=True)
class Told:
    """What is shown of a run."""

    verdict: Verdict
    lines: tuple[str, ...]
    epochs: tuple[tuple[int, Answers], ...]  # recall after an epoch; 0 is before the first
    earlier: tuple[tuple[str, Answers], ...]  # recall of generation 0 and of the parent
    final: Answers
    left: Mapping[str, Answers] = field(default_factory=dict)  # of the recall of each of them


def svg(told: Told, lang: Language = "en") -> str:
    """Recall over epochs, one chart for each kind of slice; the band is generation 0's interval."""
    panels = [_panel(told, *panel, lang) for panel in _panels(told)]
    legend = [] if panels else [note(text("guard.no-curves", lang))]
    if told.earlier:
        model = text(f"guard.{told.earlier[0][0]}", lang)
        legend.append(note(text("guard.band", lang, model=model)))
    return sheet(text("guard.curves", lang), panels, legend, least=2, lang=lang)


def html(told: Told, lang: Language = "en") -> str:
    """The page: verdict, curves, and every number of the final model."""
    head, *rest = told.lines
    lines = "".join(f"<p>{escape(line)}</p>" for line in rest)
    body = f"<p><b>{escape(head)}</b></p>{lines}<section>{svg(told, lang)}</section>"
    body += f"<p>{escape(text('guard.how', lang))}</p>"
    body += f"<section>{_table(told, lang)}</section>"
    return page(text("guard.title", lang), body, lang)


def _panels(told: Told) -> Iterator[tuple[str, list[Slice]]]:
    """Everything; classes; sizes; classes by size: at most four curves each, the lowest first."""
    seen: dict[Slice, float] = {}
    for _, answers in told.epochs:
        seen |= {one.slice: one.value for one in answers if isinstance(one, Measurement)}
    kinds: dict[tuple[str, ...], list[Slice]] = {}
    for one in sorted(seen, key=lambda which: seen[which]):
        kinds.setdefault(tuple(key for key, _ in one), []).append(one)
    for keys in sorted(kinds, key=len):
        yield "guard.panel-" + ("-".join(keys) or "all"), kinds[keys][:MOST]


def _panel(told: Told, code: str, shown: list[Slice], lang: Language) -> Panel:
    """A chart with a line of legend for each of its curves below it."""
    series = [Curve(part(one, lang) if one else "", _points(told, one)) for one in shown]
    if len(series) > 1:  # bands of several would hide each other
        series = [Curve(one.label, tuple(map(_unbanded, one.points))) for one in series]
    title = text(code, lang)
    ends = "; ".join(f"{one.label} {one.points[-1].value:.2f}" for one in series)
    axis = (text("guard.axis", lang), lambda tick: f"{tick:g}")
    chart = curves(series, title, ends, axis)
    body, tall = f'<svg width="{WIDE}" height="{TALL}">{chart}</svg>', TALL
    for at, one in enumerate(series if shown != [ALL] else []):
        tall += LINE + 2
        body += mark(6, tall - 4, at % len(MARKS))
        body += label(18, tall, shorten(one.label, WIDE - 18))
    return Panel(title, body, tall + LINE)


def _points(told: Told, which: Slice) -> tuple[Point, ...]:
    before = _found(told.earlier[0][1], which) if told.earlier else None
    band = (nan, nan) if before is None else (before.low, before.high)
    found = [(epoch, _found(answers, which)) for epoch, answers in told.epochs]
    return tuple(
        Point(epoch, one.value, one.low, one.high, *band) for epoch, one in found if one is not None
    )


def _unbanded(point: Point) -> Point:
    return replace(point, null_low=nan, null_high=nan)


def _found(answers: Answers, which: Slice) -> Measurement | None:
    return next(
        (one for one in answers if one.slice == which and isinstance(one, Measurement)), None
    )


def _table(told: Told, lang: Language) -> str:
    heads = ["", text("guard.objects", lang), text("guard.final", lang)]
    for role, _ in told.earlier:
        heads += [text(f"guard.{role}", lang), text("guard.left", lang)]
    rows = []
    for one in told.final:
        name = part(one.slice, lang) if one.slice else text("guard.panel-all", lang)
        found = _found(told.final, one.slice)
        cells = ["–" if found is None else f"{found.n_reference:,}", _cell(told.final, one.slice)]
        for role, answers in told.earlier:
            cells += [_cell(answers, one.slice), _cell(told.left.get(role, ()), one.slice)]
        rows.append("".join(f"<td>{escape(cell)}</td>" for cell in (name, *cells)))
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    return f"<table><tr>{head}</tr>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


def _cell(answers: Answers, which: Slice) -> str:
    one = _found(answers, which)
    if one is None:
        return "–"
    return f"{one.value:.2f} [{max(one.low, 0.0):.2f}, {one.high:.2f}]"
