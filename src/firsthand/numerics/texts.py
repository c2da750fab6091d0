"""What two sets of written texts share, and the dates, numbers and names that they state."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import TextsView, TokensView
from firsthand.types import Shared

Fact = tuple[str, str]
"""Its kind and one spelling of it: `("date", "1973-05-01")`."""

KINDS = ("date", "number", "name")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_MONTH = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    "|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_YEAR = r"(?:1\d|20)\d\d"
_FIGURE = re.compile(
    rf"""(?<![A-Za-z0-9_.,])(?:
        (?P<iso>{_YEAR}-\d\d-\d\d)
      | (?P<day_first>{_DAY}\s+(?:of\s+)?{_MONTH}\b\.?(?:\s*,?\s+{_YEAR})?)
      | (?P<month_first>{_MONTH}\b\.?(?:\s+{_DAY})?(?:\s*,)?\s+{_YEAR})
      | (?P<month_day>{_MONTH}\b\.?\s+{_DAY})
      | (?P<year>{_YEAR}(?![.,]\d))
      | (?P<number>(?>\d+(?:[.,]\d+)*))
    )(?![A-Za-z0-9_])""",
    re.VERBOSE,
)
_CAPITAL = "[A-ZÀ-ÖØ-ÞΑ-ΩА-Я]"
_NAME = re.compile(
    rf"\b{_CAPITAL}[\w'’-]+(?:\s+(?:(?:of|de|da|van|von|der)\s+)?{_CAPITAL}[\w'’-]+)+"
)
_NO_NAME = re.compile(
    "(?:the|an?|in|on|at|of|by|for|from|with|and|but|or|as|if|when|while|after|before|since|during"
    "|s?he|it|they|we|you|I|his|her|its|their|this|that|these|those|there|what|who)",
    re.IGNORECASE,
)


def facts(text: str) -> Iterator[Fact]:
    """The dates, numbers and names that a text states, in one spelling each.

    Dates have a year, or a day and a month; a number from 1000 to 2099 alone is taken for a year.
    Names are two or more capitalised words in a row, so that words which only begin a sentence are
    none; scripts without capitals have none.

    >>> sorted(facts("On May 1, 1973 Ada King of Lovelace paid 1,200 (1 May 1973; 3.50)."))
    ... # doctest: +NORMALIZE_WHITESPACE
    [('date', '1973-05-01'), ('date', '1973-05-01'), ('name', 'Ada King of Lovelace'),
     ('number', '1200'), ('number', '3.50')]
    """
    for found in _FIGURE.finditer(text):
        if found.lastgroup == "number":
            yield "number", re.sub(r",(?=\d{3}(?:\D|$))", "", found[0])
        else:
            yield "date", _date(found[0], found.lastgroup == "iso")
    for found in _NAME.finditer(text):
        words = found[0].split()
        kept = words[1:] if _NO_NAME.fullmatch(words[0]) else words
        if len(kept) > 1:
            yield "name", " ".join(kept)


def _date(text: str, iso: bool) -> str:
    """Year, month and day as far as they are said: `1973-05-01`, `1973`, `-05-01`."""
    if iso:
        return text
    year = re.search(rf"{_YEAR}$", text)
    month = re.search(r"[a-z]{3}", re.sub(r"\d(?:st|nd|rd|th)\b", "", text.lower()))
    day = re.search(r"\d+", text[: year.start()] if year else text)
    out = year[0] if year else ""
    out += f"-{MONTHS.index(month[0]) + 1:02}" if month else ""
    return out + (f"-{int(day[0]):02}" if day else "")


def facts_view(view: TextsView) -> dict[str, TokensView]:
    """The facts of each kind as tokens, by the hash of their spelling."""
    known: dict[Fact, int] = {}
    held = [list(facts(text)) for text in view.texts]
    out = {}
    for kind in KINDS:
        chosen = [
            [known.setdefault(each, len(known)) for each in d if each[0] == kind] for d in held
        ]
        lengths = np.fromiter(map(len, chosen), np.int64, len(chosen))
        ids = np.fromiter(chain.from_iterable(chosen), np.int64, int(lengths.sum()))
        hashes = b"".join(
            hashlib.blake2b(spelling.encode(errors="replace"), digest_size=8).digest()
            for _, spelling in known
        )
        out[kind] = TokensView(
            bucket=view.bucket,
            groups=view.groups,
            tokens=np.frombuffer(hashes, "<u8").astype(np.uint64)[ids],
            start=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        )
    return out


def words_of(view: TextsView) -> NDArray[np.float64]:
    """How long each text is, in words between spaces, (documents,)."""
    return np.array([len(text.split()) for text in view.texts], dtype=np.float64)


def shared_words(reference: TextsView, candidate: TextsView) -> Shared:
    """Words on each side, and those of the candidate's texts that the reference has too."""
    known = set(reference.texts)
    lengths = words_of(candidate)
    both = np.array([text in known for text in candidate.texts], dtype=bool)
    sizes = words_of(reference).sum(), lengths.sum(), lengths[both].sum()
    return Shared(*map(int, sizes))
