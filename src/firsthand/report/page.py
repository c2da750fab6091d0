"""The frame of every offline HTML page: our style, and a policy that forbids all else.

Nothing is fetched, no script runs, and no style but the one named by its digest is applied.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib import resources

from firsthand.messages import Language

_STYLE = re.compile("<style>.*?</style>", re.DOTALL)
PICTURES = "\n.sheet { max-width: 100%; height: auto; }\n.paper { fill: var(--card); }"


def page(title: str, body: str, lang: Language) -> str:
    """A whole document.

    Args:
        title: as data: it is escaped here.
        body: markup. Sheets of charts in it take their style from the page.
        lang: of the text.

    >>> "&lt;b&gt;" in page("<b>", "", "en"), "<script" in page("", "", "en")
    (True, False)
    """
    style = css() + PICTURES
    return (
        f'<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy(style))}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{_STYLE.sub('', body)}</main></body></html>\n"
    )


def css() -> str:
    """The style that all pages and pictures share."""
    return resources.files("firsthand.report").joinpath("report.css").read_text(encoding="utf-8")


def policy(style: str) -> str:
    """A content security policy that allows this style and embedded pictures only."""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    kept = f"style-src 'sha256-{digest}'; img-src data:"
    return f"default-src 'none'; {kept}; base-uri 'none'; form-action 'none'"
