"""What does each character do to a word? The token rule of `tokens.tokenise` as a table.

A table lets a compiled pass read bytes instead of matching a pattern. Characters that depend on
their neighbours (combining marks, letters whose lower case is two letters) are called hard: the
documents that hold one are tokenised by the pattern itself, so that the rule is one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.numerics.tokens import CJK

SEPARATOR, LETTER, DIGIT, IDEOGRAPH, APOSTROPHE, JOINER, HARD = range(7)
JOINERS = ".,:/-"  # between digits they belong to the number
PLANES = 0x20000  # characters above are rare enough to be hard


class Characters(NamedTuple):
    """One row a code point, from 0 on; what lies beyond the table is hard."""

    kind: NDArray[np.uint8]
    lower: NDArray[np.uint32]


def ascii_characters() -> Characters:
    """The table for plain ASCII, which needs no Unicode to be looked at.

    >>> ascii_characters().kind[[ord(each) for each in "aZ_7'-"]].tolist()
    [1, 1, 0, 2, 4, 5]
    """
    return _table(128)


@cache
def characters() -> Characters:
    r"""The table for text of any script. Takes about a tenth of a second, once.

    >>> kind = characters().kind
    >>> [int(kind[ord(each)]) for each in "é我²\u2019\u0301Σ"]
    [1, 3, 1, 4, 6, 6]
    """
    return _table(PLANES)


@cache
def _table(size: int) -> Characters:
    plain = [_plain(chr(code)) for code in range(size)]
    text = "".join(plain)
    kind = np.full(size, SEPARATOR, np.uint8)
    rules = {LETTER: r"[^\W\d_]", DIGIT: r"\d", IDEOGRAPH: f"[{CJK}]"}
    rules |= {APOSTROPHE: "'", JOINER: f"[{JOINERS}]", HARD: "\ud800"}
    for name, rule in rules.items():
        kind[[found.start() for found in re.finditer(rule, text)]] = name
    return Characters(kind, np.array([ord(each) for each in plain], np.uint32))


def _plain(character: str) -> str:
    """What `tokenise` makes of it, or a lone surrogate where that depends on its neighbours."""
    if character == "\u2019":
        return "'"
    lower = character.lower()
    jamo = "\u1100" <= character <= "\u11ff"
    alone = unicodedata.category(character)[0] != "M" and character != "\u03a3" and not jamo
    composed = unicodedata.is_normalized("NFC", character)
    return lower if alone and composed and len(lower) == 1 else "\ud800"
