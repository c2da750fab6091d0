"""What several candidates measure against one reference, as tables for a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from firsthand.measure import LEVEL
from firsthand.messages import number
from firsthand.report.left_out import listed, missing
from firsthand.report.side_by_side import MARK, Cell, Compared, cell, slices
from firsthand.report.words import absolute_unit, clean, facts, part, width
from firsthand.types import Slice

WIDE = 100
LEAST_CELL, LEAST_NULL, MOST_LABEL = 20, 13, 30
GAP = "  "
WIDE_LETTER = "[\u2e80-\uffef]"  # a line may break before and after it
Rows = Sequence[tuple[str, Sequence[Cell]]]


def render(compared: Compared) -> str:
    """A table a metric, at most 100 columns wide; more candidates than fit go below."""
    blocks = ["\n".join(_sides(compared))]
    for metric, parts in slices(compared).items():
        blocks.append("\n".join(_metric(compared, metric, parts)))
    ends = (_notes(compared), _needs(compared), _skips(compared))
    blocks += ["\n".join(block) for lines in ends if (block := list(lines))]
    return "\n\n".join(blocks) + "\n"


def _sides(compared: Compared) -> Iterator[str]:
    given = compared.reference
    yield compared.say("measure.title", reference=clean(given.source), count=given.samples)
    for column in compared.columns:
        name, source = column.side.name, clean(column.side.source)
        told = source if name == source else f"{name} ({source})"
        side = compared.say("measure.side", name=told, count=column.side.samples)
        both = column.measured.shared.both
        shared = [compared.say("measure.shared", count=both)] if both else []
        yield "  " + compared.say("label.join").join([side, *shared])


def _metric(compared: Compared, metric: str, parts: Sequence[Slice]) -> Iterator[str]:
    question, unit = facts(metric, compared.lang)
    found = [each for column in compared.columns for each in column.measured.measurements]
    worse = next((each.worse for each in found if each.metric == metric), None)
    yield from _folded(f"{clean(metric)}: {question}", WIDE)
    if worse is not None:
        towards, own = compared.say(f"worse.{worse}"), absolute_unit(metric, compared.lang)
        code = "measure.unit-own" if own else "measure.unit"
        said = compared.say(code, unit=unit, worse=towards, own=own)
        yield from (f"  {line}" for line in _folded(said, WIDE - 2))
    yield from _pages(compared, _rows(compared, metric, parts))


def _rows(compared: Compared, metric: str, parts: Sequence[Slice]) -> Rows:
    return [
        (
            part(which, compared.lang),
            [cell(compared, each, metric, which) for each in compared.columns],
        )
        for which in parts
    ]


def _pages(compared: Compared, rows: Rows) -> Iterator[str]:
    """As many candidates beside each other as fit; each page has the labels and a common null."""
    names = [column.side.name for column in compared.columns]
    own, left = _own_null(rows), [["", *(name for name, _ in rows)]]
    if not own and any(one.null for _, row in rows for one in row):
        bands = [next((one.null for one in row if one.null), "") for _, row in rows]
        left.append([compared.say("header.null"), *bands])
    right = [
        [name, *(_shown(compared, row[at], own) for _, row in rows)]
        for at, name in enumerate(names)
    ]
    numbers = [width(one.words) for _, row in rows for one in row if one.number]
    least = max([LEAST_CELL, *numbers]) + len(GAP)
    taken = _left_widths(left, least * len(names))
    room = WIDE - sum(taken) - len(GAP) * len(left)
    fit = max(1, room // least)
    for first in range(0, len(names), fit):
        page = right[first : first + fit]
        widths = [*taken, *[room // len(page) - len(GAP)] * len(page)]
        yield from [""] if first else []
        for line in zip(*left, *page, strict=True):
            yield from _line(line, widths)


def _left_widths(left: Sequence[Sequence[str]], wanted: int) -> list[int]:
    """Labels are folded where that lets more candidates stand beside each other."""
    label, *null = [max(width(words) for words in column[1:]) for column in left]
    null = [max(LEAST_NULL, each) for each in null]
    tight = label + sum(null) + len(GAP) * len(left) + wanted > WIDE
    return [min(label, MOST_LABEL) if tight else label, *null]


def _own_null(rows: Rows) -> bool:
    """Do human samples differ by more for one candidate than for another? Its size decides."""
    return any(len({one.null for one in row if one.null}) > 1 for _, row in rows)


def _shown(compared: Compared, one: Cell, own: bool) -> str:
    lines = [one.words]
    lines += [f"({one.null})"] if own and one.null else []
    if one.number is not None and one.number.absolute is not None:
        lines.append(compared.say("measure.absolute", value=number(one.number.absolute)))
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    folded = [_folded(words, room) for words, room in zip(cells, widths, strict=True)]
    for lines in zip_longest(*folded, fillvalue=""):
        padded = [
            words + " " * (room - width(words)) for words, room in zip(lines, widths, strict=True)
        ]
        yield f"  {GAP.join(padded)}".rstrip()


def _folded(words: str, room: int) -> list[str]:
    """The words in lines of at most so many columns; Chinese may break at any character.

    A word that is longer than a line breaks after what joins the parts of names, if it has that.

    >>> _folded("too few objects", 8), _folded("目标太少", 4), _folded("abcdef", 4)
    (['too few', 'objects'], ['目标', '太少'], ['abcd', 'ef'])
    >>> _folded("run_12/generation-3", 12)
    ['run_12/', 'generation-3']
    """
    lines = []
    letter = rf"(?:(?!{WIDE_LETTER})\S)"
    fits = rf"{letter}{{1,{room}}}(?!{letter})"
    joined = rf"{letter}{{0,{room - 1}}}[-_/.]"
    for given in words.split("\n"):
        line = ""
        for piece in re.findall(rf"{WIDE_LETTER}|\s+|{fits}|{joined}|{letter}{{1,{room}}}", given):
            if line and width((line + piece).rstrip()) > room:
                lines.append(line.rstrip())
                line = ""
            line += piece if line else piece.lstrip()
        lines.append(line.rstrip())
    return lines


def _notes(compared: Compared) -> Iterator[str]:
    """How to read the table."""
    if compared.empty:
        yield compared.say("undetermined.nothing-measured.why")
        return
    yield from _folded(compared.say("measure.reading", level=LEVEL), WIDE)
    yield compared.say(
        "measure.marked",
        mark=MARK,
        outside=compared.say("measure.outside", rate=compared.rate),
    )
    if any(_own_null(_rows(compared, *each)) for each in slices(compared).items()):
        yield from _folded(compared.say("measure.own-null"), WIDE)
    if len(compared.columns) > 1:
        yield from _folded(compared.say("measure.family", count=len(compared.columns)), WIDE)


def _needs(compared: Compared) -> Iterator[str]:
    """What each missing number needs."""
    undetermined = [each for one in compared.columns for each in one.measured.undetermined]
    if undetermined:
        yield compared.say("section.undetermined")
    for told in missing(undetermined, compared.lang):
        yield f"  ? {told.reason}"
        needs = compared.say("label.needs", needs=told.needs)
        yield from (f"      {line}" for line in _folded(needs, WIDE - 6))


def _skips(compared: Compared) -> Iterator[str]:
    """What of any of the sets was left out."""
    sides = (compared.reference, *(column.side for column in compared.columns))
    skips = [skip for side in sides for skip in side.skips]
    if skips:
        yield compared.say("section.skips")
        yield from listed(skips, compared.lang)
