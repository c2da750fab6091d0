"""Text tails: hand-checked sums, equal sizes, and what people and ChatGPT wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from firsthand import registry
from firsthand.contracts import Draws, TokensView
from firsthand.metrics.rare_token_mass import _rare_up_to
from firsthand.numerics.multiplicity import family_wise
from firsthand.numerics.resampling import make_splits
from firsthand.numerics.spectrum import by_count, once_after_thinning, seen_after_thinning, spectrum
from firsthand.numerics.tokens import tokens_view
from firsthand.types import Dataset, Sample, Shared

METRICS = ("type_survival", "rare_token_mass", "missing_mass")


def view(texts: list[str]) -> TokensView:
    samples = tuple(
        Sample(str(at), hashlib.sha256(text.encode()).digest(), text=text)
        for at, text in enumerate(texts)
    )
    return tokens_view(Dataset("made", "text", (), samples))


def compare(name: str, reference: list[str], candidate: list[str], splits: int = 299) -> Draws:
    plan = make_splits(0, Shared(len(reference), len(candidate), 0), splits)
    return registry.load("metrics", name).compare(view(reference), view(candidate), plan)


def worst(reference: list[str], candidate: list[str]) -> float:
    found = [compare(name, reference, candidate) for name in METRICS]
    value = np.concatenate([draws.value for draws in found])
    null = np.concatenate([draws.null for draws in found], axis=1)
    return float(family_wise(-value, -null).family.min())


def test_spectrum_counts_every_type_once_a_bucket() -> None:
    reference, candidate = view(["a b a", "c a"]), view(["a d"])
    counts = spectrum(reference, candidate, 1)
    assert sorted(counts.reference.sum(axis=0).tolist()) == [0, 1, 1, 3]
    assert sorted(counts.candidate.sum(axis=0).tolist()) == [0, 0, 1, 1]
    assert counts.reference_size.sum() == 5
    assert counts.rate == 1


def test_a_sample_of_types_is_the_same_on_both_sides_and_of_the_stated_rate() -> None:
    words = " ".join(f"w{number}" for number in range(5000))
    counts = spectrum(view([words]), view([words]), 1, types=500)
    assert counts.reference.shape == (64, 500)
    assert (counts.reference.sum(axis=0) == counts.candidate.sum(axis=0)).all()
    assert abs(counts.rate * 5000 - 500) < 4 * np.sqrt(500)


def test_rarefaction_agrees_with_leaving_tokens_out() -> None:
    rng = np.random.default_rng(5)
    counts = rng.integers(0, 4, (1, 3000)).astype(np.float32)
    kept = np.array([0.9])
    left = rng.binomial(counts.astype(int), 0.9)
    types = by_count(counts)
    assert abs(seen_after_thinning(types, kept)[0] - (left > 0).sum()) < 60
    assert abs(once_after_thinning(types, kept)[0] - (left == 1).sum()) < 60


def test_rare_types_are_those_that_hold_the_wanted_mass() -> None:
    # 3 types once, 2 twice, 1 ten times: masses 3, 7, 17 up to counts 1, 2, 10.
    counts = np.array([[1, 1, 1, 2, 2, 10]], np.float32)
    found = [int(_rare_up_to(counts, np.array([wanted]))[0]) for wanted in (1.7, 3.0, 3.5, 7.5)]
    assert found == [1, 1, 2, 10]


def paragraphs(folder: Path) -> list[str]:
    lines = (folder / "train_sample.txt").read_text(encoding="utf-8").splitlines()
    long = [line for line in lines if len(line.split()) > 30]
    order = np.random.default_rng(0).permutation(len(long))
    return [long[at] for at in order]


def test_longer_documents_do_not_look_more_diverse(real_data: Callable[[str], Path]) -> None:
    """Pairs of paragraphs as one document: twice the length, the same language."""
    texts = paragraphs(real_data("wikitext2"))[:1000]
    doubled = [f"{one}\n{two}" for one, two in zip(texts[500::2], texts[501::2], strict=True)]
    for name in METRICS:
        draws = compare(name, texts[:500], doubled)
        assert abs(draws.value[0] - 1) < 0.06, name
    assert worst(texts[:500], doubled) > 0.01


def test_twice_as_many_documents_do_not_look_more_diverse(
    real_data: Callable[[str], Path],
) -> None:
    texts = paragraphs(real_data("wikitext2"))[:1200]
    for name in METRICS:
        assert abs(compare(name, texts[:400], texts[400:]).value[0] - 1) < 0.06, name


def essays(folder: Path, who: str) -> list[str]:
    files = sorted((folder / who).glob("*.txt"))
    return [file.read_text(encoding="utf-8", errors="replace") for file in files]


def test_two_halves_of_human_essays_do_not_alarm(real_data: Callable[[str], Path]) -> None:
    human = essays(real_data("essays_human_chatgpt_a"), "human")
    alarms = []
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(human))
        halves = [[human[at] for at in part] for part in np.array_split(order, 2)]
        alarms.append(worst(*halves) <= 0.05)
    assert sum(alarms) <= 1


def test_chatgpt_essays_lack_words_and_phrases_of_the_human_ones(
    real_data: Callable[[str], Path],
) -> None:
    """The size of what 63 texts show: about 13 % of words and 23 % of word pairs are missing."""
    folder = real_data("essays_human_chatgpt_a")
    draws = compare("type_survival", essays(folder, "human"), essays(folder, "chatgpt"))
    words, pairs = draws.value[:2]
    assert 0.80 < words < 0.93
    assert 0.70 < pairs < 0.85
    assert (np.quantile(draws.bootstrap[:, :2], 0.975, axis=0) < 1).all()
    assert worst(essays(folder, "human"), essays(folder, "chatgpt")) <= 0.05


def test_a_collapsed_text_loses_rare_mass_and_new_words() -> None:
    rng = np.random.default_rng(8)
    chance = 1 / np.arange(3, 3003)
    chance /= chance.sum()
    narrow = np.where(np.arange(3000) < 1000, chance, chance / 4)

    def write(weights: np.ndarray) -> list[str]:
        rows = rng.choice(3000, (300, 100), p=weights / weights.sum())
        return [" ".join(f"w{word}" for word in row) for row in rows]

    reference, candidate = write(chance), write(narrow)
    for name in METRICS:
        draws = compare(name, reference, candidate)
        assert np.quantile(draws.bootstrap[:, 0], 0.975) < 1, name
        assert draws.value[0] < np.quantile(draws.null[:, 0], 0.001), name


@pytest.mark.parametrize("name", METRICS)
def test_a_handful_of_texts_is_undetermined(name: str) -> None:
    draws = compare(name, ["a b c"] * 3, ["a b"] * 40)
    assert draws.slices == ()
    assert [note.reason for note in draws.undetermined] == ["too-few-groups"]


@pytest.mark.parametrize("name", METRICS)
def test_texts_without_words_are_undetermined(name: str) -> None:
    empty = ["!" * (at + 1) for at in range(40)]
    draws = compare(name, empty, empty)
    assert draws.slices == ()
    assert {note.reason for note in draws.undetermined} == {"too-few-objects"}
