"""Pieces of a chart as SVG: frame, label, mark, ticks.

A chart is drawn 360 units wide, the width of a phone, and never shrunk below it, so that its text
stays readable. Colours come from CSS classes (report.css), and therefore follow the dark scheme.
"""

from __future__ import annotations

from html import escape
from zlib import crc32

WIDE = 360
LINE = 15
LETTER = 6.4  # a letter of 11 px sans-serif, rounded up; a Chinese character takes 11
MARKS = ("circle", "square", "diamond", "triangle")


def width(words: str) -> float:
    """How wide a label is at most, in chart units."""
    return sum(11.0 if ord(letter) > 0x2E7F else LETTER for letter in words)


def frame(tall: float, title: str, desc: str, body: str) -> str:
    """A chart with its title and description for those who do not see it."""
    name = f"c{crc32((title + body).encode()):08x}"
    return (
        f'<svg class="chart" viewBox="0 0 {WIDE} {tall:g}" role="img" '
        f'aria-labelledby="{name}t {name}d"><title id="{name}t">{escape(title)}</title>'
        f'<desc id="{name}d">{escape(desc)}</desc>{body}</svg>'
    )


def label(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    """A piece of text; its words are data."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind or "label"}">'
        f"{escape(words)}</text>"
    )


def shorten(words: str, room: float) -> str:
    """As much of a label as there is room for."""
    if width(words) <= room:
        return words
    while words and width(words) > room - LETTER:
        words = words[:-1]
    return words + "…"


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers inside a range.

    >>> ticks(0.0, 1.05)
    [0.0, 0.5, 1.0]
    """
    span = high - low
    power = 10.0 ** int(f"{span / most:e}".partition("e")[2])
    step = next(power * k for k in (1, 2, 5, 10, 20) if span / (power * k) <= most - 1)
    first = -int(-low // step)
    return [float(f"{at * step:.12g}") for at in range(first, int(high // step) + 1)]


def mark(x: float, y: float, at: int, kind: str = "", *, big: bool = False) -> str:
    """A series or a state is told by shape as well as by colour."""
    r = 5.0 if big else 4.0
    kind = kind or f"mark s{at}"
    if MARKS[at] == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:g}" class="{kind}"/>'
    turns = {
        "square": f"M{x - r:.1f} {y - r:.1f}h{2 * r:g}v{2 * r:g}h{-2 * r:g}z",
        "diamond": f"M{x:.1f} {y - r - 1:.1f}l{r + 1:g} {r + 1:g}l{-r - 1:g} {r + 1:g}"
        f"l{-r - 1:g} {-r - 1:g}z",
        "triangle": f"M{x:.1f} {y - r:.1f}l{r:g} {2 * r:g}h{-2 * r:g}z",
    }
    return f'<path d="{turns[MARKS[at]]}" class="{kind}"/>'
