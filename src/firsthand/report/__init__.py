"""One audit as text, HTML, JSON, JUnit, Markdown or GitHub annotations.

A format is a module of this folder with `render(audit, lang, **options)`; all of them lay out the
same `story`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Literal, cast, get_args

from firsthand.messages import Language, language
from firsthand.types import Audit

Format = Literal["text", "json", "junit", "markdown", "github", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)


def render(audit: Audit, format: Format = "text", lang: Language = "en", **options: object) -> str:
    """Write an audit out.

    Args:
        audit: what to tell.
        format: text for a terminal, json for programs, junit and github for continuous
            integration, markdown for a pull request, html for people.
        lang: language of everything but data; JSON has codes and needs none.
        options: `colour` and `report` (path to name) for text; `trajectory` (rows) for html.
    """
    module = importlib.import_module(f"firsthand.report.as_{format}")
    return cast(Callable[..., str], module.render)(audit, lang, **options)


def write(
    audit: Audit,
    path: str | Path,
    lang: Language = "en",
    *,
    trajectory: Sequence[object] = (),
) -> Path:
    """Write the offline HTML report, and say where.

    Args:
        audit: what to tell.
        path: the file to write; it is replaced.
        lang: language of everything but data.
        trajectory: rows of a trajectory table, drawn as curves over generations.
    """
    path = Path(path)
    path.write_text(render(audit, "html", lang, trajectory=trajectory), encoding="utf-8")
    return path


def notebook(audit: Audit, lang: Language | None = None) -> str:
    """The report as one cell of a notebook: a frame of its own, so that no style leaks in or out.

    Args:
        audit: what to tell.
        lang: the language of the locale if None.
    """
    page = escape(render(audit, "html", lang or language()))
    return f'<iframe sandbox="" srcdoc="{page}" width="100%" height="640" frameborder="0"></iframe>'
