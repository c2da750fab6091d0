"""The collapse profile as one offline page: all eight senses of the word, measured or not."""

from __future__ import annotations

from html import escape
from importlib import resources

from firsthand.report.diagnosed import Told, definition, head


def page(told: Told) -> str:
    """Title, two sentences, and a table with a row for each sense. Nothing is fetched."""
    css = resources.files("firsthand.report").joinpath("report.css").read_text(encoding="utf-8")
    title = escape(told.say("profile"))
    rows = "".join(_row(definition(told, one)) for one in told.found.profile)
    said = "".join(f"<p>{escape(line)}</p>" for line in head(told).splitlines() if line)
    return (
        f'<!doctype html>\n<html lang="{told.lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{css}</style></head>"
        f"<body><main><h1>{title}</h1>{said}"
        f"<table><tbody>{rows}</tbody></table></main></body></html>\n"
    )


def _row(cells: list[str]) -> str:
    first, *rest = (escape(cell) for cell in cells)
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>\n'
