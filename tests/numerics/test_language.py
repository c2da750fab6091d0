"""The n-gram model: chances sum to 1, agree with sums done by hand, and tell text from noise."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from firsthand.contracts import TokensView
from firsthand.numerics.language import documents, log_chances, train
from firsthand.numerics.tokens import tokenise


def view(texts: list[str]) -> TokensView:
    words = [tokenise(text) for text in texts]
    start = np.cumsum([0, *map(len, words)])
    tokens = np.array([ord(w[0]) * 1000 + len(w) for each in words for w in each], np.uint64)
    return TokensView(np.arange(len(texts)) % 64, len(texts), tokens, start)


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_chances_of_all_words_sum_to_one_in_every_context(length: int) -> None:
    rng = np.random.default_rng(3)
    texts = [" ".join(rng.choice(list("abcde"), rng.integers(1, 9))) for _ in range(40)]
    model = train(view(texts), vocabulary=7, length=length)
    words = [*"abcde", "x", "y"]  # the last two were never seen
    for before in [(), *product(words, repeat=1), *product(words, repeat=2)]:
        asked = view([" ".join([*before, word]) for word in words])
        chances = np.exp(log_chances(model, asked))[asked.start[1:] - 1]
        assert chances.sum() == pytest.approx(1.0, abs=1e-12)
        assert (chances > 0).all()


def test_chances_are_those_computed_by_hand() -> None:
    """Three documents `a b`, `a b`, `a c`, runs of two, four words that may be said.

    Pairs: (begin a) 3, (a b) 2, (a c) 1; one once, one twice, none four times, so that there is one
    discount D2 = 1 / (1 + 2) = 1/3. Contexts: a after {begin}, b after {a}, c after {a}: each word
    has one, three in all; once 3, twice 0, so that D1 = 1/2.
    p(b) = (1 - 1/2)/3 + (3 * 1/2)/3 * 1/4 = 1/6 + 1/8 = 7/24, as for a and c; p(unseen) = 1/8.
    p(b | a) = (2 - 1/3)/3 + (2 * 1/3)/3 * 7/24 = 5/9 + 7/108 = 67/108.
    p(c | a) = (1 - 1/3)/3 + 2/9 * 7/24 = 2/9 + 7/108 = 31/108.
    p(a | begin) = (3 - 1/3)/3 + (1/3)/3 * 7/24 = 8/9 + 7/216 = 199/216.
    p(unseen | a) = 2/9 * 1/8 = 1/36; p(b | unseen) = p(b).
    """
    model = train(view(["a b", "a b", "a c"]), vocabulary=4, length=2)
    asked = view(["a b", "a c", "a x b"])
    found = np.exp(log_chances(model, asked))
    begin = 199 / 216
    expected = [begin, 67 / 108, begin, 31 / 108, begin, 1 / 36, 7 / 24]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_modified_discounts_follow_chen_and_goodman() -> None:
    """Words seen 1, 2, 3 and 4 times by 8, 4, 2, 1: Y = 1/2, D = 1/2, 5/4, 2 (pinned doctest)."""
    words = [*"abcdefgh", *"ijkl" * 2, *"mn" * 3, *"o" * 4]
    model = train(view(words), vocabulary=20, length=1)
    total = 8 + 8 + 6 + 4
    left = (8 * 0.5 + 4 * 1.25 + 2 * 2 + 2) / total
    found = np.exp(log_chances(model, view(["a", "i", "m", "o", "z"])))
    seen = [(count - taken) / total for count, taken in ((1, 0.5), (2, 1.25), (3, 2), (4, 2))]
    np.testing.assert_allclose(found, [each + left / 20 for each in [*seen, 0]], rtol=1e-12)


def test_nothing_learnt_says_every_word_is_as_likely() -> None:
    model = train(view([]), vocabulary=8)
    np.testing.assert_allclose(np.exp(log_chances(model, view(["a b c"]))), 1 / 8)


def test_some_documents_of_a_view() -> None:
    whole = view(["a b", "", "c", "d e f"])
    some = documents(whole, np.array([False, True, True, True]))
    assert some.start.tolist() == [0, 0, 1, 4]
    assert some.tokens.tolist() == whole.tokens[2:].tolist()


def test_wikitext_is_learnt_in_seconds(real_data: Callable[[str], Path]) -> None:
    folder = real_data("wikitext2")
    sides = []
    for name in ("train_sample.txt", "valid.txt"):
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        words = [line.split() for line in lines if line.strip()]
        known = np.array([hash(w) & (2**62 - 1) for each in words for w in each], np.uint64)
        start = np.cumsum([0, *map(len, words)])
        sides.append(TokensView(np.zeros(len(words), np.int64), len(words), known, start))
    began = time.process_time()
    model = train(sides[0], vocabulary=40_000)
    perplexity = np.exp(-log_chances(model, sides[1]).mean())
    assert time.process_time() - began < 5
    assert 150 < perplexity < 500, perplexity
