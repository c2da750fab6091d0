"""Charts beside and below each other on one offline SVG page, light or dark as the reader's is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from firsthand.report.page import css
from firsthand.report.svg import LINE, WIDE, label, mark, shorten, width

GAP = 24
_WORDS = re.compile(r"[\u2e80-\uffff]|[^\s\u2e80-\uffff]+\s*|\s+")


class Panel(NamedTuple):
    """One chart under its heading."""

    heading: str
    svg: str  # made by `frame`
    tall: float
    unit: str = ""  # told beside the heading


def key(at: int, words: str, *, marked: bool = True) -> str:
    """A line of the legend: the line and mark of curve number `at` and what it stands for."""
    drawn = f'<path d="M0 -4H28" class="line s{at}"/>' + mark(14, -4, at, big=True) * marked
    return drawn + label(36, 0, words)


def shade(words: str) -> str:
    """A line of the legend: the grey band and what it stands for."""
    return '<rect y="-11" width="28" height="14" class="band"/>' + label(36, 0, words)


def note(words: str) -> str:
    """A line of small text above the charts."""
    return label(0, 0, words, kind="tick")


def notes(words: str, room: float = 2 * WIDE + GAP) -> list[str]:
    """The same in as many lines as it takes; broken at spaces, or in Chinese at any character.

    >>> len(notes("a sentence", 40)), len(notes("一个句子", 33))
    (2, 2)
    """
    lines = [""]
    for word in _WORDS.findall(words):
        if lines[-1] and width(lines[-1] + word.rstrip()) > room:
            lines.append("")
        lines[-1] += word
    return [note(line.strip()) for line in lines]


def sheet(
    title: str,
    panels: Sequence[Panel],
    legend: Sequence[str] = (),
    *,
    across: int = 2,
    least: int = 1,
    desc: str = "",
    style: str = "",
    lang: str = "en",
) -> str:
    """The page: title, legend, charts `across` abreast, on a page for `least` of them or wider.

    Nothing is fetched. `desc` tells those who do not see it what there is.

    >>> sheet("Nothing yet", []).startswith("<svg")
    True
    """
    wide = GAP + max(min(across, len(panels)), least) * (WIDE + GAP)
    lines = [label(0, 0, shorten(title, wide - 2 * GAP), kind="label number"), *legend]
    body = [
        f'<g transform="translate({GAP} {GAP + (LINE + 3) * at})">{line}</g>'
        for at, line in enumerate(lines)
    ]
    y = GAP + (LINE + 3) * len(lines)
    for start in range(0, len(panels), across):
        beside = panels[start : start + across]
        body += [_placed(one, GAP + at * (WIDE + GAP), y) for at, one in enumerate(beside)]
        y += int(max(one.tall for one in beside)) + LINE + GAP
    said = {"title": title, "desc": desc, "lang": lang}
    return _document(said, (wide, y), "".join(body), style)


def _placed(one: Panel, x: float, y: float) -> str:
    said = label(0, LINE - 4, shorten(one.heading, WIDE), kind="label number")
    if one.unit:
        begins = 1.1 * width(shorten(one.heading, WIDE)) + 8  # bold letters are wider
        said += label(begins, LINE - 4, shorten(one.unit, WIDE - begins), kind="tick")
    chart = f'<svg y="{LINE}" width="{WIDE}" height="{one.tall:g}">{one.svg}</svg>'
    return f'<g transform="translate({x} {y})">{said}{chart}</g>'


def _document(said: dict[str, str], size: tuple[float, float], body: str, style: str) -> str:
    wide, tall = size
    own = f"\n.sheet {{ width: {wide:g}px; max-width: 100%; }}\n.paper {{ fill: var(--card); }}"
    more = f'<desc id="desc">{escape(said["desc"])}</desc>' if said["desc"] else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart sheet" viewBox="0 0 {wide:g} '
        f'{tall:g}" width="{wide:g}" height="{tall:g}" role="group" '
        f'aria-labelledby="title{" desc" if more else ""}" lang="{said["lang"]}">'
        f'<title id="title">{escape(said["title"])}</title>{more}'
        f"<style>{escape(css() + own + style, quote=False)}</style>"
        f'<rect width="100%" height="100%" class="paper"/>{body}</svg>\n'
    )
