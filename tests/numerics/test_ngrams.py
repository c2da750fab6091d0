"""Counts of runs of tokens: by hand, against a Counter, the same with and without a compiler."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.contracts import TokensView
from firsthand.numerics import ngrams
from firsthand.numerics.ngrams import LENGTHS, count, count_file, count_hashed, hashed, of_view
from firsthand.numerics.tokens import tokenise

ODD = [
    "Don't pay 3.50 on 2024-05-01: 我们 drink naïve_H2O!",
    "cafe\u0301 CAFÉ ΣΊΣΥΦΟΣ İstanbul \u2019twas o\u2019clock rock'n'roll",
    "1.2.3.x 4..5 6/7/8- a-1 3rd x' 'x 7' ٣.٤ ２０２４ ²³ ½ Ⅻ",
    "🙂 emoji 🙂🙂 𝒜𝓫 𠀀𠀁 가각 \u1100\u1161 ｶﾞ々〆 \ufeffbom\x00nul \ud7ff\ue000",
    "",
    "   ",
    "end without border",
]


@pytest.fixture(params=["compiled", "plain"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to the same counts; the compiled one also for small texts."""
    if request.param == "compiled":
        pytest.importorskip("numba")
        monkeypatch.setattr(ngrams, "LARGE", -1)
    else:
        monkeypatch.setattr(ngrams, "compiled_wanted", lambda _size: False)
    return request.param


def by_hand(texts: list[str], n: int) -> Counter[tuple[str, ...]]:
    words = [tokenise(text) for text in texts]
    runs = (tuple(each[at : at + n]) for each in words for at in range(len(each) - n + 1))
    return Counter(runs)


def check(texts: list[str]) -> None:
    found = count(texts, runs=True, threads=2)
    for n in LENGTHS:
        runs = by_hand(texts, n)
        some = found[n]
        assert some.total == runs.total()
        assert some.distinct == len(runs)
        spectrum = Counter(runs.values())
        assert dict(zip(some.times.tolist(), some.types.tolist(), strict=True)) == spectrum
        assert some.counts is not None
        assert some.hashes is not None
        assert Counter(some.counts.tolist()) == spectrum
        assert len(set(some.hashes.tolist())) == len(runs)
        mass = np.array(list(runs.values())) / max(runs.total(), 1)
        assert some.entropy == pytest.approx(-(mass * np.log(mass)).sum(), abs=1e-9)


def test_counts_are_those_of_a_counter(way: str) -> None:
    check([*ODD, "to be or not to be", "to be"] * 3)


@given(st.lists(st.text(st.sampled_from("ab'’1.2-_ 我é\u0301ΣİK\n\x00🙂")), max_size=6))
def test_any_text_is_cut_as_the_pattern_cuts_it(texts: list[str]) -> None:
    pytest.importorskip("numba")
    joined = "\0".join(text.replace("\0", " ") for text in texts).encode()
    fast = np.concatenate(hashed([joined], b"\0", compiled=True))
    plain = np.concatenate(hashed([joined], b"\0", compiled=False))
    documents = [sorted("".join(f" {each}" for each in side).split(" 0")) for side in (fast, plain)]
    assert documents[0] == documents[1]


def test_bytes_that_are_no_text_separate_words(way: str) -> None:
    broken = b"one\xfftwo \xe6\x88 three \xf0\x9f\x99 \xc0\xaf four\xed\xa0\x80five \xe2"
    found = count([broken, "one two three four five"])
    assert found[1].times.tolist() == [2]
    assert found[1].types.tolist() == [5]


def test_no_run_crosses_a_document(way: str) -> None:
    assert count(["a b", "c d"])[3].total == 0
    assert count(["a b", "c d"])[2].types.tolist() == [2]


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_file_has_one_document_a_line(way: str, tmp_path: Path, end: str) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("to be\n\nor not\nto be" + end, encoding="utf-8")
    found = count_file(path)
    assert found[2].total == 3
    assert found[2].distinct == 2
    assert found[1].total == 6


def test_chunks_change_nothing(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(ODD * 20).replace("\0", " "), encoding="utf-8")
    whole = count_file(path)
    monkeypatch.setattr(ngrams, "CHUNK", 100)
    pieces = count_file(path)
    for n in LENGTHS:
        assert pieces[n].times.tolist() == whole[n].times.tolist()
        assert pieces[n].types.tolist() == whole[n].types.tolist()


def test_frequent_runs_are_counted(way: str) -> None:
    found = count(["x " * 10_000, "y " * 10_000, "z"])
    assert found[1].times.tolist() == [1, 10_000]
    assert found[1].types.tolist() == [1, 2]
    assert found[4].times.tolist() == [9_997]


@pytest.mark.parametrize("partitions", [1, 4])
def test_more_words_than_a_table_begins_with(
    way: str, monkeypatch: pytest.MonkeyPatch, partitions: int
) -> None:
    monkeypatch.setattr(ngrams, "PARTITIONS", partitions)
    found = count([" ".join(f"w{at}" for at in range(60_000)), "w7 " * 50_000], [1])
    assert found[1].times.tolist() == [1, 50_001]
    assert found[1].types.tolist() == [59_999, 1]


def test_a_view_is_counted_like_its_texts() -> None:
    view = TokensView(
        np.zeros(3, np.int64),
        3,
        np.array([7, 8, 7, 8, 7], np.uint64),
        np.array([0, 2, 2, 5]),
    )
    found = count_hashed(of_view(view))
    assert found[2].times.tolist() == [1, 2]
    assert found[2].types.tolist() == [1, 1]


def test_nothing_is_counted_in_nothing(way: str) -> None:
    for texts in ([], [""], ["!", "?"]):
        found = count(texts)
        assert found[1].total == found[4].distinct == 0
        assert found[2].entropy == 0


def test_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="5"):
        count(["a"], [5])
