"""Diversity: hand-checked numbers, equal sizes, bounded tables, and what drift does to it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from firsthand import registry
from firsthand.contracts import CategoriesView, Draws
from firsthand.numerics import diversity
from firsthand.numerics.categories import categories_view
from firsthand.numerics.resampling import make_splits
from firsthand.types import Boxes, Dataset, Sample, Shared

METRICS = ("heterozygosity", "entropy", "hill_numbers")


def view(label: np.ndarray, bucket: np.ndarray | None = None, kinds: int = 0) -> CategoriesView:
    kinds = kinds or int(label.max(initial=0)) + 1
    names = np.array([f"kind {at:06}" for at in range(kinds)])
    bucket = np.arange(len(label)) % 64 if bucket is None else bucket
    return CategoriesView(bucket, len(label), names, label.astype(np.int64))


def compare(name: str, reference: CategoriesView, candidate: CategoriesView) -> Draws:
    plan = make_splits(0, Shared(len(reference.label), len(candidate.label), 0), 299)
    return registry.load("metrics", name).compare(reference, candidate, plan)


def zipf(n: int, kinds: int, rng: np.random.Generator, power: float = 1.0) -> np.ndarray:
    chance = (np.arange(kinds) + 3.0) ** -power
    return rng.choice(kinds, n, p=chance / chance.sum())


def by_hand(label: np.ndarray) -> tuple[float, float, float]:
    """Kinds, entropy by harmonic numbers, and the share of unlike pairs, one object at a time."""
    counts, n = Counter(label.tolist()), len(label)
    entropy = sum(c / n * (1 / np.arange(c, n)).sum() for c in counts.values())
    alike = sum(c * (c - 1) for c in counts.values()) / (n * (n - 1))
    return float(len(counts)), entropy, 1 - alike


def test_absolute_numbers_by_hand(rng: np.random.Generator) -> None:
    """As they are defined: no more kinds in effect than there are."""
    label = zipf(300, 30, rng)
    share = np.bincount(label)[np.bincount(label) > 0] / 300
    entropy, alike = -(share * np.log(share)).sum(), (share**2).sum()
    found = {name: compare(name, view(label), view(label)).absolute for name in METRICS}
    assert found["heterozygosity"] == pytest.approx([by_hand(label)[2]])
    assert found["entropy"] == pytest.approx([entropy])
    assert found["hill_numbers"] == pytest.approx([len(share), np.exp(entropy), 1 / alike])


def test_no_more_kinds_in_effect_than_there_are() -> None:
    label = np.arange(500) % 5
    (every, typical, dominant) = compare("hill_numbers", view(label), view(label)).absolute
    assert every == 5
    assert [typical, dominant] == pytest.approx([5, 5])


def test_many_kinds_are_counted_one_by_one(rng: np.random.Generator) -> None:
    """Also where the value looks at a part of them."""
    label = rng.permutation(np.arange(40_000) // 3)
    found = compare("hill_numbers", view(label, kinds=14_000), view(label, kinds=14_000))
    assert found.absolute[0] == len(np.unique(label))


def test_estimates_are_unbiased_in_small_samples(rng: np.random.Generator) -> None:
    """Of eight equally common kinds: 0.875, and less than 1 % short of log 8 from 40 objects."""
    label = rng.choice(8, (400, 40))
    found = np.mean([by_hand(row)[1:] for row in label], axis=0)
    assert found == pytest.approx([np.log(8), 0.875], rel=0.01)


def test_a_table_of_too_many_kinds_stands_for_all(rng: np.random.Generator) -> None:
    """With 300 kinds counted and 300 sampled of 5000, all three numbers stay within 6 %."""
    label = zipf(20000, 5000, rng)
    side = view(label, kinds=5000)
    everywhere = np.ones((1, 64), bool), np.full(1, np.inf)
    whole = diversity.tables(side, side)
    some = diversity.tables(side, side, frequent=300, sampled=300)
    assert some.reference.kinds.shape == (64, 600)
    assert whole.weight == 1
    exact = diversity._of(whole, whole.reference, *everywhere)
    rough = diversity._of(some, some.reference, *everywhere)
    np.testing.assert_allclose(np.concatenate(exact), by_hand(label), rtol=1e-6)
    np.testing.assert_allclose(np.concatenate(rough), np.concatenate(exact), rtol=0.06)


def test_a_larger_candidate_is_not_more_diverse(rng: np.random.Generator) -> None:
    """Four times as many objects show more kinds; at equal sizes they do not."""
    reference, candidate = view(zipf(3000, 2000, rng)), view(zipf(12000, 2000, rng))
    for name in METRICS:
        draws = compare(name, reference, candidate)
        low, high = np.quantile(draws.null, [0.005, 0.995], axis=0)
        assert ((low < draws.value) & (draws.value < high)).all(), name


def test_genetic_drift_takes_away_one_part_in_n(rng: np.random.Generator) -> None:
    """Ten rounds of resampling 400 objects: heterozygosity falls by (1 - 1/400)^10 on average."""
    human, values = zipf(400, 60, rng), []
    for _ in range(60):
        label = human
        for _ in range(10):
            label = rng.choice(label, 400)
        values.append(compare("heterozygosity", view(human), view(label)).absolute)
    before = by_hand(human)[2]
    assert np.mean(values) / before == pytest.approx((1 - 1 / 400) ** 10, abs=0.01)


def test_rare_kinds_go_first(rng: np.random.Generator) -> None:
    """Recursion on text-like counts: order 0 falls below order 1, and that below order 2."""
    human = zipf(4000, 2000, rng)
    label = human
    for _ in range(5):
        label = rng.choice(label, 4000)
    draws = compare("hill_numbers", view(human), view(label))
    assert draws.value[0] < draws.value[1] < draws.value[2]
    assert draws.value[0] < np.quantile(draws.null[:, 0], 0.001)


@pytest.mark.parametrize("name", METRICS)
def test_one_kind_has_no_diversity_to_lose(name: str) -> None:
    same = view(np.zeros(300, int), kinds=2)
    draws = compare(name, same, view(np.arange(300) % 2))
    if name == "hill_numbers":
        assert draws.value == pytest.approx([2.0, 2.0, 2.0], rel=0.05)
        return
    assert draws.slices == ()
    assert [note.reason for note in draws.undetermined] == ["nothing-to-compare"]


@pytest.mark.parametrize("name", METRICS)
def test_a_candidate_of_one_kind_has_lost_all(name: str) -> None:
    draws = compare(name, view(np.arange(300) % 2), view(np.zeros(300, int), kinds=2))
    assert (draws.value < 0.6).all()
    assert (draws.value < draws.null.min(axis=0)).all()


def test_kinds_of_texts_and_of_boxes() -> None:
    texts = tuple(Sample(str(at), bytes([at]) * 32, text="a b a") for at in range(3))
    words = categories_view(Dataset("made", "text", (), texts))
    assert sorted(np.bincount(words.label).tolist()) == [3, 6]
    boxes = Boxes(np.array([1, 1, 0], np.int32), np.full((3, 4), 0.5))
    labelled = Sample("a", bytes(32), label=b"x", boxes=boxes)
    found = categories_view(Dataset("made", "detect", ("x", "y"), (labelled, Sample("b", b"b"))))
    assert found.names[found.label].tolist() == ["y", "y", "x"]
    assert found.groups == 1


def test_shared_texts_make_the_null_narrower_and_shared_pictures_do_not(
    rng: np.random.Generator,
) -> None:
    """Half of the samples are on both sides: half the variance, where nothing can be relabelled."""
    label = zipf(2000, 40, rng)
    reference, candidate = view(label), view(np.concatenate([label[:1000], zipf(1000, 40, rng)]))
    spread = {}
    for both in (0, 1000):
        plan = make_splits(0, Shared(2000, 2000, both), 299)
        for kind in ("label", "word"):
            sides = [
                each._replace(names=np.arange(40, dtype=np.uint64)) if kind == "word" else each
                for each in (reference, candidate)
            ]
            found = registry.load("metrics", "entropy").compare(*sides, plan)
            spread[kind, both] = found.null.std()
    assert spread["label", 1000] == spread["label", 0] == pytest.approx(spread["word", 0])
    assert spread["word", 1000] == pytest.approx(spread["word", 0] * 0.5**0.5, rel=0.01)
