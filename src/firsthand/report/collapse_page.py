"""The collapse profile as one offline page: all eight senses of the word, measured or not."""

from __future__ import annotations

from html import escape

from firsthand.report.diagnosed import Told, definition, head
from firsthand.report.page import page as framed


def page(told: Told) -> str:
    """Title, two sentences, and a table with a row for each sense. Nothing is fetched."""
    rows = "".join(_row(definition(told, one)) for one in told.found.profile)
    said = "".join(f"<p>{escape(line)}</p>" for line in head(told).splitlines() if line)
    table = f"<table><tbody>{rows}</tbody></table>"
    return framed(told.say("profile"), said + table, told.lang)


def _row(cells: list[str]) -> str:
    first, *rest = (escape(cell) for cell in cells)
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>\n'
