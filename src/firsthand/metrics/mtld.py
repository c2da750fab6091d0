"""How many words can be said before they repeat themselves?

The measure of textual lexical diversity (MTLD) reads a document until its ratio of different words
to all words has fallen to 0.72, which is one factor, and begins again; the rest counts in part. It
is words per factor, read forwards and backwards. Factors are added up over documents, so that long
ones weigh more and no factor crosses a border. It depends on how long documents are far less than
the ratio does, and not on how many there are; paragraphs of a hundred words glued in pairs still
show a sixth more, so compare documents of about one length.

Source: McCarthy & Jarvis 2010 (Behavior Research Methods 42:381).
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import Draws, Metric, Splits, TokensView
from firsthand.numerics.halves import nothing, ratio_draws, too_few
from firsthand.numerics.quotients import Sums, by_bucket, quotients
from firsthand.numerics.spectrum import shared_tokens
from firsthand.types import ALL

NAME = "mtld"
FACTOR = 0.72
MIN_GROUPS = 20
MIN_FACTORS = 10


def compare(reference: TokensView, candidate: TokensView, splits: Splits) -> Draws:
    """Words a factor of the candidate over words a factor of a second human sample."""
    groups = min(reference.groups, candidate.groups)
    ours, theirs = sums(reference), sums(candidate)
    least = min(float(side.under.sum()) for side in (ours, theirs))
    problem = too_few(NAME, groups, least, (MIN_GROUPS, MIN_FACTORS))
    if problem is not None:
        return nothing(splits, groups, problem)
    found, parts = quotients(ours, theirs, splits)
    shared = shared_tokens(reference, candidate)
    absolute = np.array([theirs.whole])
    return ratio_draws((ALL,), found, parts, shared, groups, absolute=absolute)


def sums(view: TokensView) -> Sums:
    """Words, and factors on average of both ways of reading, by bucket."""
    words = view.tokens.tolist()
    borders = zip(view.start[:-1].tolist(), view.start[1:].tolist(), strict=True)
    read = [words[begin:end] for begin, end in borders]
    found = [(factors(each) + factors(each[::-1])) / 2 for each in read]
    return by_bucket(view.bucket, np.diff(view.start).astype(float), np.array(found))


def factors(words: list[int]) -> float:
    """How many times does the share of different words fall to 0.72? The last time in part.

    >>> factors([1, 2, 3, 4, 5, 6]), factors([7] * 5)
    (0.0, 2.0)
    """
    out, seen, size = 0.0, set[int](), 0
    for word in words:
        seen.add(word)
        size += 1
        if len(seen) <= FACTOR * size:
            out += 1
            seen, size = set(), 0
    return out + (1 - len(seen) / size) / (1 - FACTOR) if size else out


component = Metric(
    name=NAME,
    question="How many words can be said before they repeat themselves?",
    unit="times the words of a second human sample",
    range=(0.0, float("inf")),
    worse="down",
    source="McCarthy & Jarvis 2010 (Behavior Research Methods 42:381)",
    view="tokens",
    tasks=frozenset({"text"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="words a factor of the candidate",
    min_groups=MIN_GROUPS,
    min_objects=MIN_FACTORS,
    sees=frozenset({"variance-shrink", "tail-cut"}),
    blind_to=frozenset({"over-dispersion"}),
    compare=compare,
)
