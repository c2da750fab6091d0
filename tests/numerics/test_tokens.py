"""Tokens and n-grams: stable, within one document, and the same for equal text."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from firsthand.numerics.tokens import document_of, n_grams, tokenise, tokens_view
from firsthand.types import Dataset, Sample


def dataset(*texts: str) -> Dataset:
    samples = tuple(
        Sample(str(at), hashlib.sha256(text.encode()).digest(), text=text)
        for at, text in enumerate(texts)
    )
    return Dataset("made", "text", (), samples)


def test_composed_and_decomposed_accents_are_one_word() -> None:
    assert tokenise("caf\u00e9") == tokenise("cafe\u0301") == ["café"]


def test_each_chinese_character_is_a_token_and_words_beside_it_stay_whole() -> None:
    assert tokenise("用YOLO训练3次") == ["用", "yolo", "训", "练", "3", "次"]


def test_numbers_and_dates_are_kept_whole() -> None:
    assert tokenise("born 12/05/1871, 1,000.5 km") == ["born", "12/05/1871", "1,000.5", "km"]


@given(st.text(max_size=60))
def test_any_text_gives_lower_case_tokens_without_spaces(text: str) -> None:
    for token in tokenise(text):
        assert token
        assert not any(letter.isspace() for letter in token)


def test_a_known_word_has_the_same_hash_on_every_machine() -> None:
    view = tokens_view(dataset("Word"))
    expected = int.from_bytes(hashlib.blake2b(b"word", digest_size=8).digest(), "little")
    assert view.tokens.tolist() == [expected]


def test_samples_without_text_are_left_out_and_empty_ones_stay() -> None:
    samples = (*dataset("a b", "").samples, Sample("image", bytes(32)))
    view = tokens_view(Dataset("made", "text", (), samples))
    assert view.start.tolist() == [0, 2, 2]
    assert document_of(view).tolist() == [0, 0]


def test_n_grams_agree_with_counting_tuples() -> None:
    texts = ["the cat sat on the mat", "the", "", "the cat sat down", "mat the cat"]
    view = tokens_view(dataset(*texts))
    for n in (1, 2, 3, 4):
        rows = [
            tuple(words[at : at + n])
            for words in map(tokenise, texts)
            for at in range(len(words) - n + 1)
        ]
        found, bucket = n_grams(view, n)
        assert len(found) == len(bucket) == len(rows)
        first = {gram: at for at, gram in reversed(list(enumerate(rows)))}
        same = np.array([first[gram] for gram in rows])
        assert np.array_equal(
            np.unique(found, return_index=True)[1],
            np.unique(same)[np.argsort(found[np.unique(same)])],
        )


def test_order_of_words_matters_to_longer_runs_only() -> None:
    forth, back = (tokens_view(dataset(text)) for text in ("a b", "b a"))
    assert set(n_grams(forth, 1)[0].tolist()) == set(n_grams(back, 1)[0].tolist())
    assert n_grams(forth, 2)[0].tolist() != n_grams(back, 2)[0].tolist()


def test_hashes_of_runs_are_spread_evenly() -> None:
    view = tokens_view(dataset(" ".join(str(number) for number in range(4000))))
    for n in (1, 3):
        share = (n_grams(view, n)[0] < np.uint64(2**62)).mean()
        assert abs(share - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 4000)
