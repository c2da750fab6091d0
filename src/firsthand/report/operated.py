"""What a threshold of confidence keeps, in sentences: what loses most first."""

from __future__ import annotations

from collections.abc import Iterator

from firsthand.diagnosing.answer import Diagnosis, Operating
from firsthand.diagnosing.links import TOLERATED
from firsthand.messages import Language, number, percent, text
from firsthand.report.words import part

SHOWN = 8  # classes and sizes, those that keep least first


def kept_of(found: Diagnosis, lang: Language) -> Iterator[str]:
    """A line a class, size and both, and how many could not be told."""
    known = [one for one in found.operating if one.slice and one.kept is not None]
    yield text("diagnose.operating.head", lang, confidence=number(found.confidence or 0.0))
    for one in sorted(known, key=lambda each: each.kept or 0.0)[:SHOWN]:
        yield "  " + _line(one, lang)
    few = sum(one.kept is None for one in found.operating)
    if few:
        yield "  " + text("diagnose.operating.few", lang, count=few)


def _line(one: Operating, lang: Language) -> str:
    facts = {"what": part(one.slice, lang), "kept": percent(one.kept or 0.0), "n": one.n}
    if one.threshold is None:
        return text("diagnose.operating.kept", lang, **facts)
    more = {"threshold": number(one.threshold), "reached": percent(one.reached or 0.0)}
    short = (one.reached or 0.0) < 1 - TOLERATED
    return text(f"diagnose.operating.{'short' if short else 'matched'}", lang, **facts, **more)
