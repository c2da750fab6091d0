"""What an audit could not determine, and what was left out while reading, grouped and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from firsthand.messages import Language, has, text
from firsthand.report.words import clean, part, spanned
from firsthand.types import ALL, Skip, Undetermined

MOST_SLICES = 6
FIRST_PLACES = 3


@dataclass(frozen=True, slots=True)
class Missing:
    """What could not be determined for one reason."""

    reason: str
    needs: str
    what: tuple[tuple[str, str], ...]  # metric, its slices in words


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was left out for one reason."""

    code: str
    text: str
    count: int
    places: tuple[str, ...]


def missing(undetermined: Sequence[Undetermined], lang: Language) -> tuple[Missing, ...]:
    """Grouped by reason: what is missing is said once, however many slices miss it.

    Parts of different sets stay apart: "4 to 8 of 4 to 8 samples" would say nothing.
    """
    grouped: dict[tuple[str, object], list[Undetermined]] = {}
    for each in undetermined:
        grouped.setdefault((each.reason, each.params.get("total")), []).append(each)
    return tuple(_reason(reason, each, lang) for (reason, _), each in grouped.items())


def _reason(reason: str, each: Sequence[Undetermined], lang: Language) -> Missing:
    said = spanned([one.params for one in each])
    said["details"] = ", ".join(f"{key} = {value}" for key, value in said.items())
    said["reason"] = clean(reason)
    code = f"undetermined.{reason if has(f'undetermined.{reason}.why') else 'other'}"
    metrics = dict.fromkeys(one.metric for one in each)
    return Missing(
        text(f"{code}.why", lang, **said),
        text(f"{code}.needs", lang, **said),
        tuple(
            (clean(metric), _slices([one for one in each if one.metric == metric], lang))
            for metric in metrics
        ),
    )


def _slices(each: Sequence[Undetermined], lang: Language) -> str:
    if all(one.slice == ALL for one in each):
        return ""
    shown = text("label.join", lang).join(part(one.slice, lang) for one in each[:MOST_SLICES])
    if len(each) > MOST_SLICES:
        shown += text("label.join", lang) + text(
            "label.and-more", lang, count=len(each) - MOST_SLICES
        )
    return shown


def skipped(skips: Sequence[Skip], lang: Language) -> tuple[Skipped, ...]:
    """Grouped by code, the most frequent first, each with its first places."""
    count = Counter(skip.code for skip in skips)
    return tuple(
        Skipped(
            clean(code),
            text(f"skip.{code if has(f'skip.{code}') else 'other'}", lang, code=clean(code)),
            found,
            tuple(_place(skip) for skip in skips if skip.code == code)[:FIRST_PLACES],
        )
        for code, found in count.most_common()
    )


def listed(skips: Sequence[Skip], lang: Language) -> Iterator[str]:
    """The same for a terminal: how many, why, and where the first of them are."""
    for told in skipped(skips, lang):
        yield f"  {told.count:,} × {told.text}"
        yield from (f"      {place}" for place in told.places)
        if told.count > len(told.places):
            yield f"      {text('label.and-more', lang, count=told.count - len(told.places))}"


def noted(skips: Sequence[Skip], other_split: int, lang: Language) -> str:
    """What was left out while reading, and as it is of another split, as a section; or nothing."""
    said = list(listed(skips, lang))
    if other_split:
        said.append(f"  {text('label.other-split', lang, count=other_split)}")
    return "\n".join([text("section.skips", lang), *said]) if said else ""


def _place(skip: Skip) -> str:
    where = f"{skip.path}:{skip.line}" if skip.line else skip.path
    return clean(f"{where} ({skip.found})" if skip.found else where)
