"""From text to token ids that mean the same on every machine and in every dataset."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import TokensView
from firsthand.numerics.buckets import buckets_of, count_groups
from firsthand.types import Dataset

Tokens = NDArray[np.uint64]

# Scripts that put no space between words: each character is a token.
CJK = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
CJK += "\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff"
_WORD = rf"[^\W\d_{CJK}][^\W_{CJK}]*"
_TOKEN = re.compile(rf"\d+(?:[.,:/-]\d+)*|[{CJK}]|{_WORD}(?:'{_WORD})*")

_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: spreads neighbouring inputs


def tokenise(text: str) -> list[str]:
    """The words of a text, in lower case; each CJK character is one; numbers and dates are kept.

    Unicode is composed first (NFC) and apostrophes are made one, so that a word typed in two ways
    is one word.

    >>> tokenise("Don't pay 3.50 on 2024-05-01: 我们 drink naïve_H2O!")
    ["don't", 'pay', '3.50', 'on', '2024-05-01', '我', '们', 'drink', 'naïve', 'h2o']
    """
    plain = unicodedata.normalize("NFC", text).replace("\u2019", "'")
    return _TOKEN.findall(plain.lower())


def tokens_view(dataset: Dataset) -> TokensView:
    """The documents of a dataset as token ids; samples without text are left out.

    >>> from firsthand.types import Sample
    >>> texts = [Sample("1", bytes(32), text="to be or not"), Sample("2", bytes(32), text="to be")]
    >>> view = tokens_view(Dataset("d", "text", (), tuple(texts)))
    >>> view.start.tolist(), bool((view.tokens[:2] == view.tokens[4:]).all())
    ([0, 4, 6], True)
    """
    samples = [sample for sample in dataset.samples if sample.text is not None]
    known: dict[str, int] = {}
    documents = [_ids(tokenise(sample.text or ""), known) for sample in samples]
    lengths = np.fromiter(map(len, documents), np.int64, len(documents))
    ids = np.fromiter(chain.from_iterable(documents), np.int64, int(lengths.sum()))
    return TokensView(
        bucket=buckets_of(samples),
        groups=count_groups(samples),
        tokens=_hashes(known)[ids],
        start=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
    )


def _ids(words: Sequence[str], known: dict[str, int]) -> list[int]:
    return [known.setdefault(word, len(known)) for word in words]


def _hashes(words: dict[str, int]) -> Tokens:
    """A stable 64-bit hash of each distinct word, in order of its id."""
    digests = b"".join(hashlib.blake2b(word.encode(), digest_size=8).digest() for word in words)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def document_of(view: TokensView) -> NDArray[np.int64]:
    """Which document does each token stand in? (tokens,)."""
    return np.repeat(np.arange(len(view.bucket)), np.diff(view.start))


def n_grams(view: TokensView, n: int) -> tuple[Tokens, NDArray[np.int64]]:
    """Every run of n tokens within one document, as (m,) hashes with the (m,) bucket of each.

    Equal runs have equal hashes; different ones share a hash with probability 2^-64. Hashes are
    spread evenly, so that those below a bound are a random sample of the types.

    >>> view = TokensView(np.array([0]), 1, np.arange(4, dtype=np.uint64), np.array([0, 4]))
    >>> [len(n_grams(view, n)[0]) for n in (1, 2, 4)]
    [4, 3, 1]
    """
    document = document_of(view)
    size = max(len(view.tokens) - n + 1, 0)
    mixed = np.zeros(size, np.uint64)
    for offset in range(n):
        mixed = _mix(mixed * _ODD + view.tokens[offset : offset + size] + np.uint64(offset))
    whole = document[:size] == document[n - 1 : n - 1 + size]
    return mixed[whole], view.bucket[document[:size][whole]]


def _mix(values: Tokens) -> Tokens:
    """Spread 64 bits so that each depends on all (the finaliser of SplitMix64, Steele 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
