"""What a person reads, by code and language. Sentences stand in the two catalogues, nowhere else.

A message is a pattern with parameters: `{name}`, `{share, percent}`, `{count, integer}`,
`{value, number}` and `{count, plural, one {# image} other {# images}}`. Parameters are data: they
are put in once and never read as patterns, so a class may be called `{x}` or `<script>`.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Literal, cast

from firsthand.errors import InputError

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

_FIELD = re.compile(r"\{(\w+)(?:, (\w+)(?:, one \{([^{}]*)\} other \{([^{}]*)\})?)?\}")


def text(code: str, lang: Language = "en", /, **params: object) -> str:
    """What does this code say to a person? A parameter that is not given stays visible as {name}.

    >>> text("unit.samples", "en", count=1234)
    '1,234 samples'
    >>> text("unit.samples", "zh", count=1234)
    '1,234 个样本'

    Raises:
        KeyError: the catalogue has no such code; ask `has` first where that can be.
    """
    return _FIELD.sub(lambda field: _filled(field, params), catalogue(lang)[code])


def has(code: str) -> bool:
    """Does the catalogue say something for this code?"""
    return code in catalogue("en")


@cache
def catalogue(lang: Language) -> Mapping[str, str]:
    """Every pattern of one language by dotted code."""
    return _flat(_json(f"{lang}.json"))


def language(choice: str | None = None, environ: Mapping[str, str] = os.environ) -> Language:
    """Which language to speak: the one asked for, else the one of the locale, else English.

    >>> language(None, {"LANG": "zh_CN.UTF-8"}), language("zh-CN"), language(None, {})
    ('zh', 'zh', 'en')

    Raises:
        InputError: a language was asked for that there is no catalogue of.
    """
    if choice:
        wanted = _base(choice)
        if wanted not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise InputError(f"there is no language {choice!r}", expected=f"one of {known}")
        return wanted
    # The order of POSIX: LC_ALL beats LC_MESSAGES beats LANG.
    said = next((environ[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(key)), "")
    return "zh" if _base(said) == "zh" else "en"


def advice_for(finding: str) -> tuple[str, ...]:
    """Which advice goes with a finding that brings none of its own?"""
    table = cast(dict[str, list[str]], _json("commands.json")["advice"])
    return tuple(table.get(finding, table["default"]))


def advice_for_missing(reason: str) -> tuple[str, ...]:
    """Which advice goes with something that could not be determined? Often there is none."""
    table = cast(dict[str, list[str]], _json("commands.json")["undetermined"])
    return tuple(table.get(reason, ()))


def command(advice: str, audit: Sequence[str]) -> str:
    """The command to type for an advice, quoted for a shell. Empty where there is none.

    Args:
        advice: its code.
        audit: the words of the audit that it is about.

    >>> command("see-report", ["firsthand", "audit", "my set", "--reference", "human"])
    "firsthand audit 'my set' --reference human --report report.html"
    """
    pattern = cast(dict[str, str], _json("commands.json")["commands"]).get(advice, "")
    return pattern.replace("{audit}", shlex.join(audit))


def number(value: float) -> str:
    """A number with three significant digits and thousands apart.

    >>> number(0.61234), number(12345.6), number(0.0)
    ('0.612', '12,346', '0')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def percent(value: float) -> str:
    """A share as percent, with one decimal where a whole number would hide what matters.

    >>> percent(0.613), percent(0.004), percent(0.978), percent(0.9997), percent(1.0)
    ('61%', '0.4%', '97.8%', '99.9%', '100%')
    >>> percent(-0.0001)
    '0%'
    """
    points = 100 * value
    if abs(points) < 0.05:
        return "0%"
    if 99.9 < points < 100:
        return "99.9%"
    fine = abs(points) < 10 or 95 < points < 105
    return f"{points:.1f}".removesuffix(".0") + "%" if fine else f"{points:.0f}%"


def _filled(field: re.Match[str], params: Mapping[str, object]) -> str:
    name, kind, one, other = field.groups()
    if name not in params:
        return field[0]
    value = params[name]
    if kind is None or not isinstance(value, int | float):
        return str(value)
    if kind == "plural":
        return (one if value == 1 else other).replace("#", f"{value:,.0f}")
    return {"percent": percent, "number": number, "integer": "{:,.0f}".format}[kind](value)


def _base(tag: str) -> str:
    return re.split(r"[-_.@]", tag.strip().lower())[0]


@cache
def _json(name: str) -> dict[str, object]:
    source = resources.files("firsthand.messages").joinpath(name)
    return cast(dict[str, object], json.loads(source.read_text(encoding="utf-8")))


def _flat(tree: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = str(value)
    return found
