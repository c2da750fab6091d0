"""How data are put into words: slices, numbers with units, questions; nothing here decides."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import east_asian_width

from firsthand import registry
from firsthand.errors import FirsthandError
from firsthand.messages import Language, catalogue, has, number, percent, text
from firsthand.types import Measurement, Slice

# Control characters could repaint a terminal, direction marks could reverse a sentence.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SHARES = ("over reference", "share", "fraction", "probability")


def clean(data: object) -> str:
    r"""Data of a stranger as one harmless line.

    >>> clean("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return _UNSAFE.sub(lambda found: ascii(found[0])[1:-1], str(data))


def amount(value: float, unit: str) -> str:
    """A number as every surface shows it: percent where the unit is a share or a ratio of rates.

    >>> amount(0.61, "objects per sample, candidate over reference"), amount(0.61, "bits")
    ('61%', '0.61')
    """
    return percent(value) if any(word in unit for word in _SHARES) else number(value)


def part(which: Slice, lang: Language) -> str:
    """A slice in words.

    >>> part((("class", "Platelets"), ("size", "small")), "en")
    'class Platelets, small objects'
    >>> part((("class", "Platelets"), ("size", "small")), "zh")
    '类别 Platelets，小目标'
    """
    words = [_pair(key, value, lang) for key, value in which]
    return text("slice.join", lang).join(words) or text("label.whole", lang)


def _pair(key: str, value: str, lang: Language) -> str:
    said = f"slice-value.{key}.{value}"
    shown = text(said, lang) if has(said) else clean(value)
    code = f"slice.{key}"
    return text(code if has(code) else "slice.other", lang, key=clean(key), value=shown)


def facts(metric: str, lang: Language) -> tuple[str, str]:
    """The question and the unit that a metric declares, translated where the catalogue does.

    A metric of somebody else's, or of a newer version, is shown by its name.
    """
    try:
        declared = registry.load("metrics", metric)
        question, unit = str(declared.question), str(declared.unit)
    except (FirsthandError, AttributeError):
        question, unit = clean(metric), ""
    known = catalogue(lang)
    return (
        known.get(f"metric.{metric}.question", question),
        known.get(f"metric.{metric}.unit", unit),
    )


def absolute_unit(metric: str, lang: Language) -> str:
    """The unit of the number that other tools print; empty where there is none."""
    try:
        declared = str(registry.load("metrics", metric).absolute_unit)
    except (FirsthandError, AttributeError):
        return ""
    return catalogue(lang).get(f"metric.{metric}.absolute", declared)


def neutral(metric: str) -> float | None:
    """The value of a candidate that equals its reference, where the metric has one."""
    try:
        value = registry.load("metrics", metric).neutral
    except (FirsthandError, AttributeError):
        return None
    return None if value is None else float(value)


def numbers(measured: Measurement, lang: Language) -> dict[str, Any]:
    """The parameters that every text about a measurement may use."""
    _, unit = facts(measured.metric, lang)
    ends = ("low", "high", "null_low", "null_high")
    return {
        "metric": clean(measured.metric),
        "value": measured.value,
        "shown": amount(measured.value, measured.unit),
        "unit": unit or clean(measured.unit),
        "level": measured.level,
        "adjusted_p": measured.adjusted_p,
        "n_reference": measured.n_reference,
        "n_candidate": measured.n_candidate,
    } | {end: amount(getattr(measured, end), measured.unit) for end in ends}


def number_line(measured: Measurement, lang: Language) -> str:
    """Value, interval and null in one line, for every surface."""
    said = numbers(measured, lang)
    return text("label.number", lang, **(said | {"value": said["shown"]}))


def counted_line(measured: Measurement, lang: Language) -> str:
    """Unit, sample sizes, pairing and significance in one line."""
    said = numbers(measured, lang)
    lines = [text("label.counted", lang, **said)]
    lines += [text("label.paired", lang)] if measured.paired else []
    lines += [text("label.adjusted", lang, **said)] if measured.adjusted_p is not None else []
    return text("label.join", lang).join(lines)


def spanned(each: Sequence[Mapping[str, str | int | float]]) -> dict[str, object]:
    """Parameters of many alike things as one: equal ones once, numbers as a range.

    >>> spanned([{"needed": 10, "objects": 2}, {"needed": 10, "objects": 7}])
    {'needed': 10, 'objects': '2–7'}
    """
    out: dict[str, object] = {}
    for name in {key: None for params in each for key in params}:
        found = [params[name] for params in each if name in params]
        values = [value for value in found if isinstance(value, int | float)]
        if len(set(found)) == 1:
            out[name] = found[0] if values else clean(found[0])
        elif len(values) == len(found):
            out[name] = f"{number(min(values))}–{number(max(values))}"
        else:
            out[name] = ", ".join(clean(value) for value in dict.fromkeys(found[:3]))
    return out


def width(words: str) -> int:
    """Columns that a terminal uses; a Chinese character takes two.

    >>> width("real"), width("真实")
    (4, 4)
    """
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in words)


def padded(words: str, room: int) -> str:
    """With spaces behind it, so that it takes so many columns.

    >>> padded("真", 4) + "|"
    '真  |'
    """
    return words + " " * (room - width(words))
