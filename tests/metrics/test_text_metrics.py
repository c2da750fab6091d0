"""Text diversity: definitions by hand, equal sizes, and what damage to real text shows."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from math import log
from pathlib import Path

import numpy as np
import pytest

from firsthand import registry
from firsthand.contracts import Draws, FeatureView, TextsView, TokensView
from firsthand.metrics.mtld import factors
from firsthand.metrics.self_repetition import runs, score
from firsthand.metrics.zipf_exponent import exponent
from firsthand.numerics.resampling import make_splits
from firsthand.numerics.texts import facts, facts_view, shared_words
from firsthand.numerics.tokens import tokens_view
from firsthand.numerics.views import texts_view
from firsthand.types import Dataset, Sample, Shared

TOKENS = (
    "distinct_n",
    "hapax_share",
    "mtld",
    "own_perplexity",
    "perplexity",
    "self_repetition",
    "zipf_exponent",
)
TEXTS = ("compression_ratio", "fact_retention")
METRICS = TOKENS + TEXTS
# How far below (or above) 1 chance alone takes a metric on 400 paragraphs: twice what was seen.
CLOSE = {
    "self_repetition": 0.35,
    "fact_retention": 0.15,
    "perplexity": 0.12,
    "own_perplexity": 0.12,
}


def dataset(texts: list[str]) -> Dataset:
    samples = tuple(
        Sample(str(at), hashlib.sha256(text.encode()).digest(), text=text)
        for at, text in enumerate(texts)
    )
    return Dataset("made", "text", (), samples)


def tokens(texts: list[str]) -> TokensView:
    return tokens_view(dataset(texts))


def written(texts: list[str]) -> TextsView:
    return texts_view(dataset(texts))


def compare(name: str, reference: list[str], candidate: list[str], splits: int = 149) -> Draws:
    plan = make_splits(0, Shared(len(reference), len(candidate), 0), splits)
    view = tokens if name in TOKENS else written
    return registry.load("metrics", name).compare(view(reference), view(candidate), plan)


def outside(draws: Draws, sign: float) -> np.ndarray:
    """Slices that chance explains in less than one of a hundred cases."""
    return sign * draws.value > np.quantile(sign * draws.null, 0.99, axis=0)


@pytest.fixture
def paragraphs(real_data: Callable[[str], Path]) -> list[str]:
    lines = (real_data("wikitext2") / "train_sample.txt").read_text(encoding="utf-8").splitlines()
    long = [line for line in lines if len(line.split()) > 30]
    order = np.random.default_rng(0).permutation(len(long))
    return [long[at] for at in order]


def test_mtld_by_hand() -> None:
    """Ten words, the fourth repeats: 3/4 is above 0.72; the seventh and eighth bring it to 5/8."""
    words = [1, 2, 3, 1, 4, 5, 2, 3, 6, 7]
    # 1, 1, 1, .75, .8, .83, .714: one factor of seven words; then 3 6 7, all different.
    assert factors(words) == 1.0
    # From behind 7 6 3 2 5 4 1 are different, then 3: 7/8, 2: 7/9, 1: 7/10 completes one.
    assert factors(words[::-1]) == 1.0
    assert factors([1, 2, 1]) == 1.0
    assert factors([1, 2, 3, 4, 5, 1]) == pytest.approx((1 - 5 / 6) / (1 - 0.72))


def test_mtld_depends_on_length_far_less_than_the_ratio_of_words(paragraphs: list[str]) -> None:
    """Two hundred words instead of one hundred."""
    doubled = [
        f"{one}\n{two}"
        for one, two in zip(paragraphs[500:1000:2], paragraphs[501:1000:2], strict=True)
    ]
    value = compare("mtld", paragraphs[:500], doubled).value[0]
    assert 1.0 < value < 1.2


def test_self_repetition_by_hand() -> None:
    """Two of three documents share two runs of four words; a run twice in one counts once."""
    view = runs(tokens(["a b c d e x", "a b c d e", "p q r s p q r s", "too short"]))
    assert np.diff(view.start).tolist() == [3, 2, 4, 0]
    # Other holders: 1 + 1 + 0 of the first, 1 + 1 of the second, none of the third.
    assert score(view) == pytest.approx((log(5) + log(4) + log(4)) / 3)


def test_zipf_exponent_is_recovered() -> None:
    """Counts in exact proportion to r^-a have that exponent."""
    for wanted in (0.7, 1.0, 1.4):
        counts = np.maximum(np.round(1e5 * np.arange(1, 301.0) ** -wanted), 1).astype(int)
        flat = np.repeat(np.arange(1, 301, dtype=np.uint64), counts)
        view = TokensView(np.zeros(1, np.int64), 1, flat, np.array([0, len(flat)]))
        assert exponent(view) == pytest.approx(wanted, abs=0.01)


def test_absolute_values_are_the_papers_definitions() -> None:
    rng = np.random.default_rng(4)
    words = [f"w{number}" for number in range(60)]
    texts = [" ".join(rng.choice(words, 40)) for _ in range(400)]
    flat = [word for text in texts for word in text.split()]
    pairs = [pair for text in texts for pair in zip(text.split(), text.split()[1:], strict=False)]
    distinct = compare("distinct_n", texts, texts).absolute
    assert distinct is not None
    assert distinct[0] == len(set(flat)) / len(flat)
    assert distinct[1] == len(set(pairs)) / len(pairs)
    joined = "\n".join(texts).encode()
    ratio = compare("compression_ratio", texts, texts).absolute
    assert ratio is not None
    assert ratio[0] == len(joined) / len(zlib.compress(joined, 6))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on 1 May 1973, May 1st, 1973 and 1973-05-01", ["date 1973-05-01"] * 3),
        ("in Sept. 1973 or March 5 , 1996", ["date 1973-09", "date 1996-03-05"]),
        ("from 1066 to the 4th of July", ["date -07-04", "date 1066"]),
        ("they may 5 times march", ["number 5"]),
        (
            "1,200 or 1200, 3.50 and 2,5",
            ["date 1200", "number 1200", "number 2,5", "number 3.50"],
        ),
        ("model X-15a2 of v1.2.3a", []),
        ("The Ada King met Ludwig van Beethoven.", ["name Ada King", "name Ludwig van Beethoven"]),
        ("He said so. Then London fell.", ["name Then London"]),
        ("Émile Zola lut 我们 2024", ["date 2024", "name Émile Zola"]),
        ("٣٤ ½ 1973年 1914-1918", ["date 1914", "date 1918", "date 1973", "number ٣٤"]),
    ],
)
def test_facts(text: str, expected: list[str]) -> None:
    assert sorted(" ".join(fact) for fact in facts(text)) == expected


def test_facts_of_each_kind_keep_their_documents() -> None:
    views = facts_view(written(["born 1973", "nothing", "Ada King, 1973, 12 cats"]))
    assert views["date"].start.tolist() == [0, 1, 1, 2]
    assert views["date"].tokens[0] == views["date"].tokens[1]
    assert views["number"].start.tolist() == [0, 0, 0, 1]
    assert views["name"].start.tolist() == [0, 0, 0, 1]


def test_shared_words_are_those_of_texts_on_both_sides() -> None:
    assert shared_words(written(["a b", "c"]), written(["a b", "d e f"])) == Shared(3, 5, 2)


def test_births_that_are_left_out_are_facts_lost(real_data: Callable[[str], Path]) -> None:
    """Biographies without their years, against others with them."""
    import json

    file = real_data("relation_date_of_birth") / "date_of_birth.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    people = {row["sub"]: row["evidences"][0]["snippet"] for row in rows}
    texts = list(people.values())[:800]
    without = ["".join("0" if each.isdigit() else each for each in text) for text in texts[400:]]
    kept, lost = (compare("fact_retention", texts[:400], each) for each in (texts[400:], without))
    assert kept.slices[0] == lost.slices[0] == (("kind", "date"),)
    assert not outside(kept, -1).any()
    assert lost.value[0] == 0
    assert not outside(lost, -1)[-1], "names are still there"


@pytest.mark.parametrize("name", ["perplexity", "own_perplexity"])
def test_no_document_is_read_by_a_model_that_learnt_from_it(name: str) -> None:
    """Words that stand in one document each surprise, also where the reference is the candidate."""
    texts = [f"word{number} said thing{number} of place{number} again" for number in range(400)]
    draws = compare(name, texts, texts)
    assert draws.absolute is not None
    assert draws.absolute[0] > 50
    assert draws.value == pytest.approx(1.0)


@pytest.mark.parametrize("name", METRICS)
def test_twice_as_many_documents_change_nothing(name: str, paragraphs: list[str]) -> None:
    draws = compare(name, paragraphs[:400], paragraphs[400:1000])
    assert (abs(draws.value[:2] - 1) < CLOSE.get(name, 0.08)).all(), draws.value


def collapsed(texts: list[str]) -> list[str]:
    """Half of the texts, of the 500 commonest words and `the` for all others; then once more."""
    words, counts = np.unique(" ".join(texts).split(), return_counts=True)
    common = set(words[np.argsort(counts)[-500:]].tolist())
    said = [[word if word in common else "the" for word in text.split()] for text in texts]
    some = [" ".join(each) for each in said[: len(said) // 2]]
    return some + [f"{text} {at}" for at, text in enumerate(some)]


@pytest.mark.parametrize("name", METRICS)
def test_collapsed_text_is_noticed(name: str, paragraphs: list[str]) -> None:
    metric = registry.load("metrics", name)
    draws = compare(name, paragraphs[:400], collapsed(paragraphs[400:800]))
    assert outside(draws, -1.0 if metric.worse == "down" else 1.0).any()


@pytest.mark.parametrize("name", METRICS)
def test_a_handful_of_texts_is_undetermined(name: str) -> None:
    draws = compare(name, ["a b c d e"] * 3, ["a b c d e"] * 40)
    assert draws.slices == ()
    assert {note.reason for note in draws.undetermined} == {"too-few-groups"}


@pytest.mark.parametrize("name", METRICS)
def test_texts_without_words_are_undetermined(name: str) -> None:
    empty = ["!" * (at + 1) for at in range(40)]
    draws = compare(name, empty, empty)
    assert draws.slices == ()
    assert {note.reason for note in draws.undetermined} == {"too-few-objects"}


def test_log_chances_of_another_shape_are_undetermined() -> None:
    rng = np.random.default_rng(1)
    media = np.array([bytes([at] * 32) for at in range(40)], dtype="S32")
    points = rng.normal(size=(40, 3)).astype(np.float32)
    view = FeatureView(points, np.arange(40) % 64, media, 40)
    plan = make_splits(0, Shared(40, 40, 0), 99)
    draws = registry.load("metrics", "model_perplexity").compare(view, view, plan)
    assert [note.reason for note in draws.undetermined] == ["other-embedder"]


def test_an_amount_is_no_year() -> None:
    assert list(facts("It cost 1500.25 in 1973, or 1200,5.")) == [
        ("number", "1500.25"),
        ("date", "1973"),
        ("number", "1200,5"),
    ]
