"""Charts of one audit, drawn in Python: intervals against a null band, and a provenance bar.

Everything a chart shows also stands in a table behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite
from typing import NamedTuple
from zlib import crc32

from firsthand.report.svg import LINE, WIDE, frame, label, mark, shorten, ticks, width
from firsthand.types import ProvenanceClass

TOP = 4
PITCH = 2 * LINE + 6  # a line for the label, which may use the whole width, and one for the plot
SHAPES = {"block": 1, "watch": 3}  # a square and a triangle: severity is told by shape too
HATCHED: tuple[ProvenanceClass, ...] = ("own-output", "unknown")


@dataclass(frozen=True, slots=True)
class Interval:
    """One row of an interval chart."""

    label: str
    shown: str  # the value as every other surface shows it
    value: float
    low: float
    high: float
    null_low: float
    null_high: float
    severity: str = ""  # of the finding that names it, "" where none does


class Scale(NamedTuple):
    """What the axis of a chart means."""

    neutral: float | None = None
    tick: Callable[[float], str] = "{:g}".format
    ends: tuple[float, float] | None = None  # of the axis, where charts are to share one


def intervals(rows: Sequence[Interval], title: str, desc: str, scale: Scale) -> str:
    """Each value with its interval over the band in which human samples differ.

    Args:
        rows: at least one; drawn in the order given.
        title: what is shown, for readers of the screen.
        desc: the same as a sentence with numbers.
        scale: value of no change, drawn as a line, and how ticks are written.
    """
    low, high = scale.ends or domain(rows, scale.neutral)
    tall = height(len(rows))
    numbers = any(isfinite(row.value) for row in rows)  # an axis without them would say 0
    body = [_axis((low, high), tall - LINE - 2, scale, TOP)] if numbers else []
    for at, row in enumerate(rows):
        body.append(_interval(row, TOP + at * PITCH, low, high))
    return frame(tall, title, desc, "".join(body))


def height(rows: int) -> float:
    """How tall an interval chart is, in chart units."""
    return TOP + PITCH * rows + LINE + 4


def composition(parts: Sequence[tuple[ProvenanceClass, int]], title: str, desc: str) -> str:
    """One stacked bar, nearest to reality first; the two doubtful classes are hatched as well."""
    total = sum(found for _, found in parts)
    hatch = f"hatch{crc32(title.encode()):08x}"
    body = [
        f'<defs><pattern id="{hatch}" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect width="2.4" height="6" class="hatch"/></pattern>'
        "</defs>",
    ]
    x = 0.0
    for name, found in parts:
        wide = WIDE * found / total
        place = f'x="{x:.2f}" y="2" width="{wide:.2f}" height="28"'
        body.append(f'<rect {place} class="p-{name} part"/>')
        if name in HATCHED:
            body.append(f'<rect {place} fill="url(#{hatch})"/>')
        x += wide
    return frame(32, title, desc, "".join(body))


def swatch(name: ProvenanceClass) -> str:
    """The colour of a class for its line in the legend."""
    lines = '<path d="M-2 8 8 -2M2 14 14 2M-2 14 14 -2" class="hatch-line"/>'
    return (
        '<svg class="swatch" viewBox="0 0 12 12" aria-hidden="true">'
        f'<rect width="12" height="12" class="p-{name}"/>{lines if name in HATCHED else ""}</svg>'
    )


def domain(rows: Sequence[Interval], neutral: float | None) -> tuple[float, float]:
    """Room for every value and band; an interval may reach half as far again, then it is cut."""
    inner = [end for row in rows for end in (row.value, row.null_low, row.null_high)]
    inner = [end for end in inner if isfinite(end)] + ([] if neutral is None else [neutral])
    low, high = min(inner, default=0.0), max(inner, default=1.0)
    room = high - low
    if room <= 1e-6 * max(abs(low), abs(high), 1e-9):  # all alike: no axis could tell them apart
        room = max(abs(low), abs(high))
        room = room if room > 1e-9 else 1.0  # all 0: ticks around it that can be told apart
    ends = [end for row in rows for end in (row.low, row.high) if isfinite(end)]
    low = max(low - room / 2, min([low, *ends]))
    high = min(high + room / 2, max([high, *ends]))
    return low - room * 0.03, high + room * 0.03


def _interval(row: Interval, top: float, low: float, high: float) -> str:
    def x(value: float) -> float:
        return 4 + (WIDE - 8) * (min(max(value, low), high) - low) / (high - low)

    middle = top + LINE + 9
    if not isfinite(row.value):  # said where the mark would be: there is no number to place
        said = shorten(row.label, WIDE - 8), shorten(row.shown, WIDE - 8)
        lines = label(4, top + 11, said[0]) + label(4, middle + 4, said[1], kind="tick")
        return f"<g><title>{escape(row.label)}: {escape(row.shown)}</title>{lines}</g>"
    parts = [
        label(4, top + 11, shorten(row.label, WIDE - 24 - width(row.shown))),
        label(WIDE - 4, top + 11, row.shown, "end", "label number"),
    ]
    if isfinite(row.null_low) and isfinite(row.null_high):
        wide = max(x(row.null_high) - x(row.null_low), 1)
        parts.append(
            f'<rect x="{x(row.null_low):.1f}" y="{middle - 7:.1f}" width="{wide:.1f}" '
            'height="14" class="band"/>'
        )
    kind = f" {row.severity}" if row.severity else ""
    if isfinite(row.low) and isfinite(row.high):
        parts.append(
            f'<path d="M{x(row.low):.1f} {middle:.1f}H{x(row.high):.1f}" class="whisker{kind}"/>'
        )
    parts.append(mark(x(row.value), middle, SHAPES.get(row.severity, 0), kind="value" + kind))
    return f"<g><title>{escape(row.label)}: {escape(row.shown)}</title>{''.join(parts)}</g>"


def _axis(ends: tuple[float, float], y: float, scale: Scale, top: float) -> str:
    low, high = ends

    def x(value: float) -> float:
        return 4 + (WIDE - 8) * (value - low) / (high - low)

    parts = [f'<path d="M4 {y:.1f}H{WIDE - 4}" class="axis"/>']
    if scale.neutral is not None:
        parts.append(f'<path d="M{x(scale.neutral):.1f} {top}V{y:.1f}" class="neutral"/>')
    for tick in ticks(low, high):
        words = scale.tick(tick)
        at = min(max(x(tick), 4 + width(words) / 2), WIDE - 4 - width(words) / 2)
        parts.append(f'<path d="M{x(tick):.1f} {y:.1f}v3" class="axis"/>')
        parts.append(label(at, y + LINE - 1, words, "middle", "tick"))
    return "".join(parts)
