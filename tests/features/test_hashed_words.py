"""Words as points: the same on every machine, near for the same words, absent without any."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.features import hashed_words
from firsthand.features.hashed_words import DIMENSIONS, embed
from firsthand.read import read
from firsthand.types import Dataset, Sample

CAT = {43: 0.5, 112: 0.5, 286: 0.5, 340: -0.5}


def dataset(*texts: str | None) -> Dataset:
    samples = [Sample(str(at), bytes([at % 256] * 32), text=text) for at, text in enumerate(texts)]
    return Dataset("made", "text", (), tuple(samples))


def test_texts_without_a_word_are_absent() -> None:
    points, at = embed(dataset("a cat", "", None, " .,! ", "我们"))
    assert points.shape == (2, DIMENSIONS)
    assert points.dtype == np.float32
    assert at.tolist() == [0, 4]
    empty, nothing = embed(dataset())
    assert empty.shape == (0, DIMENSIONS)
    assert nothing.tolist() == []


def test_the_same_words_in_another_order_are_one_point_and_other_words_another() -> None:
    points, _ = embed(dataset("the cat sat", "sat the CAT", "the dog ran", "unlike anything here"))
    np.testing.assert_allclose(points[0], points[1], atol=1e-6)
    similar = points @ points[0]
    assert similar[2] > similar[3]
    assert similar[2] < 0.8


def test_a_word_counts_one_plus_the_logarithm() -> None:
    (once,), _ = embed(dataset("cat"))
    (other,), _ = embed(dataset("dog"))
    (mixed,), _ = embed(dataset("cat cat cat cat dog"))
    expected = (1 + np.log(4)) * once + other
    np.testing.assert_allclose(mixed, expected / np.linalg.norm(expected), atol=1e-6)
    assert np.count_nonzero(once) <= hashed_words.PLACES


def test_points_are_the_same_on_every_machine() -> None:
    (cat,), _ = embed(dataset("cat"))
    assert {int(at): float(cat[at]) for at in np.flatnonzero(cat)} == CAT


@given(st.lists(st.text(max_size=30), min_size=1, max_size=12))
def test_every_text_has_length_one_and_its_own_point(texts: list[str]) -> None:
    points, at = embed(dataset(*texts))
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, atol=1e-5)
    for row, index in enumerate(at):
        alone, _ = embed(dataset(texts[index]))
        np.testing.assert_array_equal(alone[0], points[row])


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = dataset(*(f"word{at} and word{at // 3} {'again ' * (at % 5)}" for at in range(50)))
    whole, _ = embed(texts)
    monkeypatch.setattr(hashed_words, "BLOCK", 7)
    np.testing.assert_array_equal(embed(texts)[0], whole)


def test_halves_of_one_paragraph_find_each_other(real_data: Callable[[str], Path]) -> None:
    long = [each.text or "" for each in read(real_data("wikitext2")).samples]
    long = [text for text in long if len(text) > 1500][:300]
    halves = [part for text in long for part in (text[: len(text) // 2], text[len(text) // 2 :])]
    points, _ = embed(dataset(*halves))
    nearest = (points[::2] @ points[1::2].T).argmax(axis=1)
    assert (nearest == np.arange(len(long))).mean() > 0.5
