"""What a history of looks says: the alarm first, then what each question has seen."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from firsthand import __version__
from firsthand.messages import Language, number, text
from firsthand.monitor import Began, Monitored, Watched
from firsthand.report.curves import Curve, Point, curves
from firsthand.report.left_out import missing
from firsthand.report.plain import plain
from firsthand.report.sheet import Panel, key, notes, shade, sheet
from firsthand.report.words import amount, clean, facts, part
from firsthand.types import Undetermined

SHOWN = 8  # questions in a table or picture; those with most evidence first
TALL = 210
MUCH = 1e6


@dataclass(frozen=True)
class Told:
    """A history with the language it is told in and the command that asked."""

    found: Monitored
    again: Sequence[str]  # words of the command that looks again, for "next"
    latest: str  # the set that was looked at last; empty where only numbers are known
    reference: str
    lang: Language = "en"

    def say(self, code: str, **params: object) -> str:
        """A text of the monitor in its language."""
        return text(f"monitor.{code}", self.lang, **params)

    @property
    def ranked(self) -> list[Watched]:
        """Alarms first, then by evidence."""
        return sorted(
            self.found.watched, key=lambda one: (one.alarm is None, -max(one.adjusted, default=0))
        )


def render(told: Told) -> str:
    """Verdict, why, and what to do next."""
    blocks = [_verdict(told), told.say("why", alpha=told.found.alpha)]
    if told.found.watched:
        blocks.append("\n".join(_table(told)))
    blocks += [gone] if (gone := _missing(told)) else []
    return "\n\n".join([*blocks, _next(told)]) + "\n"


def document(told: Told) -> str:
    """The same for programs: codes and numbers, no sentences."""
    said = {"schema": told.found.schema, "tool_version": __version__} | plain(told.found)
    return json.dumps(said, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def picture(told: Told) -> str:
    """Evidence over the looks, and the questions with most of it, each before its null band."""
    found = told.found
    panels = [_evidence(told)] if found.generations else []
    panels += [_question(told, one) for one in told.ranked[:SHOWN]]
    legend = [key(0, told.say("anything")), key(1, told.say("needed"), marked=False)]
    legend += [shade(told.say("head.null")), *notes(told.say("why", alpha=found.alpha))]
    return sheet(_verdict(told).splitlines()[0], panels, legend, lang=told.lang)


def _verdict(told: Told) -> str:
    found = told.found
    if not found.watched:
        return told.say("nothing")
    looks = len(found.generations)
    if found.blind:
        return told.say("blind", generation=found.unseen[-1][0], looks=looks)
    if found.alarm is None:
        return told.say("quiet", looks=looks, alpha=found.alpha)
    named = [one for one in told.ranked if one.alarm is not None]
    first = told.say("alarm", generation=found.alarm)
    lines = [_sentence(told, one) for one in named[:SHOWN]]
    return "\n".join([first, *(lines or [told.say("together")])])


def _sentence(told: Told, one: Watched) -> str:
    assert one.began is not None
    return told.say(
        f"worse-{one.worse}",
        question=_name(told, one),
        value=amount(one.values[-1], one.unit),
        generation=one.generations[-1],
        alarm=one.alarm,
        began=_since(one.began),
    )


def _since(began: Began) -> str:
    return f"{began.generation} [{began.low}, {began.high}]"


def _name(told: Told, one: Watched) -> str:
    return f"{clean(one.metric)}, {part(one.slice, told.lang)}"


def _table(told: Told) -> Iterator[str]:
    heads = [told.say(f"head.{name}") for name in ("question", "now", "null", "evidence", "alarm")]
    rows = [_row(told, one) for one in told.ranked[:SHOWN]]
    widths = [max(_wide(row[at]) for row in [heads, *rows]) for at in range(len(heads))]
    for row in [heads, *rows]:
        cells = (cell + " " * (wide - _wide(cell)) for cell, wide in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
    if len(told.found.watched) > SHOWN:
        yield told.say("more", count=len(told.found.watched) - SHOWN)


def _row(told: Told, one: Watched) -> list[str]:
    low, high = (amount(end, one.unit) for end in one.null[-1])
    return [
        _name(told, one),
        amount(one.values[-1], one.unit),
        f"{low} – {high}",
        f"{_evidence_of(one)} / {number(1 / told.found.alpha)}",
        told.say("no-alarm") if one.alarm is None else str(one.alarm),
    ]


def _evidence_of(one: Watched) -> str:
    """E-values grow without end; a million says all."""
    return number(one.adjusted[-1]) if one.adjusted[-1] < MUCH else f"> {number(MUCH)}"


def _wide(words: str) -> int:
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in words)


def _missing(told: Told) -> str:
    """Reasons and what they keep from being watched; a trajectory does not keep what each needs."""
    lines = []
    for generation, reason in told.found.unseen[:SHOWN]:
        why = missing((Undetermined(metric="", reason=reason),), told.lang)[0].reason
        lines.append(f"? {told.say('unseen', generation=generation, reason=why)}")
    lines += _gaps(told)
    for each in missing(told.found.undetermined, told.lang):
        what = "; ".join(f"{metric}: {parts}" if parts else metric for metric, parts in each.what)
        lines.append(f"? {each.reason} ({what})")
    return "\n".join(lines)


def _gaps(told: Told) -> Iterator[str]:
    """Questions that have no answer in some of the generations that others saw."""
    for one in told.ranked[:SHOWN]:
        gone = sorted(set(told.found.generations) - set(one.generations))
        if gone:
            listed = ", ".join(str(each) for each in gone)
            yield f"? {told.say('gap', question=_name(told, one), generations=listed)}"


def _next(told: Told) -> str:
    if told.found.alarm is not None and told.latest:
        words = ["firsthand", "audit", told.latest, "--reference", told.reference]
        return text("label.next", told.lang, command=shlex.join(words))
    return told.say("next-look", command=shlex.join(told.again))


def _evidence(told: Told) -> Panel:
    from math import log10, nan

    found = told.found
    points = tuple(
        Point(generation, log10(min(value, MUCH)), nan, nan, nan, nan)
        for generation, value in zip(found.generations, found.combined, strict=True)
    )
    bar = log10(1 / found.alpha)
    line = tuple(Point(each.x, bar, nan, nan, nan, nan, marked=False) for each in points)
    series = [Curve("anything", points), Curve("alarm", line)]
    desc = told.say("evidence-desc", last=number(found.combined[-1]), bar=number(1 / found.alpha))
    axis = (text("chart.curves.axis", told.lang), lambda value: f"10^{value:g}")
    return Panel(told.say("evidence"), curves(series, told.say("evidence"), desc, axis), TALL)


def _question(told: Told, one: Watched) -> Panel:
    from math import nan

    points = tuple(
        Point(generation, value, nan, nan, *band)
        for generation, value, band in zip(one.generations, one.values, one.null, strict=True)
    )
    name, question = _name(told, one), facts(one.metric, told.lang)[0]
    axis = (text("chart.curves.axis", told.lang), lambda value: amount(value, one.unit))
    return Panel(name, curves([Curve(name, points)], name, question, axis), TALL)
