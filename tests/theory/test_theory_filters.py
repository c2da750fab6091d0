"""Rows 14, 15, 16, 17, 19 and 20: verifiers, pseudo-labels, decoding, curation."""

from __future__ import annotations

import re

import numpy as np
import pytest
from agreement import agrees

from firsthand.errors import InputError
from firsthand.numerics.special import normal_cdf
from firsthand.theory import decoding, verifier

QUALITIES = [((1.0, 1.0), 0.5), ((0.9, 0.3), 0.75), ((0.7, 0.05), 0.9333)]


def accuracy(rng, wrong, keep):
    """A ridge classifier of two classes, trained on what a verifier lets pass of wrong labels."""
    truth = np.where(rng.random(50_000) < 0.5, 1.0, -1.0)
    inputs = rng.standard_normal((50_000, 20))
    inputs[:, 0] += 2 * truth
    right = rng.random(50_000) >= wrong
    passed = rng.random(50_000) < np.where(right, keep[0], keep[1])
    labels = np.where(right, truth, -truth)[passed]
    inputs = inputs[passed]
    cross = inputs.T @ inputs / len(inputs) + 1e-3 * np.eye(20)
    weights = np.linalg.solve(cross, inputs.T @ labels / len(inputs))
    share = 1 - float((labels == truth[passed]).mean())
    return float(normal_cdf(2 * weights[0] / np.linalg.norm(weights))), share


@pytest.mark.parametrize(("keep", "threshold"), QUALITIES)
def test_row_14_verifier_threshold(rng, keep, threshold):
    law = float(verifier.error_threshold(*keep))
    assert law == pytest.approx(threshold, abs=5e-5)
    for wrong, better in ((law - 0.02, True), (law + 0.02, False)):
        found, share = accuracy(rng, wrong, keep)
        print(f"14 p*={law:.4f} p={wrong:.4f}: accuracy {found:.3f}")
        assert (found > 0.85) is better
        assert (found < 0.15) is not better
        assert share == pytest.approx(float(verifier.wrong_after(wrong, *keep)), abs=0.02)


def test_selectivity_is_the_inverse():
    need = verifier.needed_selectivity([0.2, 0.6, 0.9], 0.1)
    assert verifier.wrong_after([0.2, 0.6, 0.9], 1.0, 1 / need) == pytest.approx(0.1)


SEEDS, LABELLED, UNLABELLED, ROUNDS = 30, 500, 5000, 20


def two_classes(rng, size):
    rare = rng.random((SEEDS, size)) < 0.1
    return rng.standard_normal((SEEDS, size)) + 2 * rare, rare


class Discriminant:
    """Linear discriminant analysis of two classes on a line, with labels as weights."""

    def __init__(self, x, rare):
        count = rare.sum(axis=1, keepdims=True)
        self.share = count / rare.shape[1]
        # A class without any sample keeps its place; its share of 0 decides.
        self.rare = (rare * x).sum(axis=1, keepdims=True) / np.maximum(count, 1e-9)
        common = rare.shape[1] - count
        self.common = ((1 - rare) * x).sum(axis=1, keepdims=True) / common
        spread = rare * (x - self.rare) ** 2 + (1 - rare) * (x - self.common) ** 2
        self.variance = spread.mean(axis=1, keepdims=True)

    def posterior(self, x):
        with np.errstate(divide="ignore", over="ignore"):
            prior = np.log(self.share) - np.log1p(-self.share)
            score = (x - (self.rare + self.common) / 2) * (self.rare - self.common)
            return 1 / (1 + np.exp(-(prior + score / self.variance)))

    def recall(self, rng):
        return (self.posterior(2 + rng.standard_normal((SEEDS, 4000))) > 0.5).mean(axis=1)


def self_training(rng, policy):
    """Rare recall before and after, and the rare share in the last labels. (seeds,) each."""
    x, rare = two_classes(rng, LABELLED)
    first = model = Discriminant(x, rare.astype(float))
    pool_x, pool_labels = x, rare.astype(float)
    for _ in range(ROUNDS):
        new, truth = two_classes(rng, UNLABELLED)
        chance = model.posterior(new)
        labels = rng.random(new.shape) < chance if policy == "sampled" else chance > 0.5
        labels = labels.astype(float)
        if policy == "tenth human":
            labels[:, : UNLABELLED // 10] = truth[:, : UNLABELLED // 10]
        if policy == "accumulate":
            pool_x, pool_labels = np.hstack([pool_x, new]), np.hstack([pool_labels, labels])
            model = Discriminant(pool_x, pool_labels)
        else:
            model = Discriminant(new, labels)
    return first.recall(rng), model.recall(rng), labels.mean(axis=1)


@pytest.mark.parametrize(
    ("policy", "recall", "share"),
    [
        ("argmax", 0.000, 0.000),
        ("sampled", 0.446, 0.097),
        ("tenth human", 0.090, None),
        ("accumulate", 0.200, None),  # with 500 new ones a round .26
    ],
)
def test_row_15_pseudo_labels(rng, policy, recall, share):
    before, after, labelled = self_training(rng, policy)
    agrees(f"15 {policy}: recall before", before, 0.465, allowance=0.03)
    agrees(f"15 {policy}: recall after", after, recall, allowance=0.03)
    if share is not None:
        agrees(f"15 {policy}: share", labelled, share, allowance=0.01)


def entropy(shares):
    held = shares[shares > 0]
    return float(-(held * np.log2(held)).sum())


@pytest.fixture
def word_shares(real_data):
    text = (real_data("wikitext2") / "train_sample.txt").read_text(encoding="utf-8")
    counts = np.unique(re.findall(r"\w+", text.lower()), return_counts=True)[1]
    return counts / counts.sum()


def test_row_16_temperature_of_real_words(word_shares):
    expected = [10.33, 8.98, 7.47, 6.03, 4.83, 3.91, 3.24, 2.73, 2.32]
    found = [entropy(decoding.tempered_shares(word_shares, 0.9, t)) for t in range(9)]
    print("16 bits:", np.round(found, 2).tolist())
    assert found == pytest.approx(expected, abs=0.006)
    for t in (1, 8):
        closed = word_shares ** (1 / 0.9) ** t
        closed /= closed.sum()
        assert decoding.tempered_shares(word_shares, 0.9, t) == pytest.approx(closed, abs=1e-12)
    # A share of human text stops it, at 10 % nearly where it would have gone anyway.
    for human, bits in ((0.1, 2.16), (0.3, 6.20)):
        settled = entropy(decoding.tempered_shares(word_shares, 0.9, 300, human))
        print(f"16 human {human}: {settled:.3f} bits")
        assert settled == pytest.approx(bits, abs=0.01)
    assert entropy(decoding.tempered_shares(word_shares, 1.1, 60)) > 14.2  # of log2(19919) = 14.28


def test_row_17_nucleus_of_real_words(word_shares, rng):
    alive = decoding.nucleus_shares(word_shares, 0.95, 10) > 0
    kept = float(word_shares[alive].sum())
    law = float(decoding.nucleus_mass(0.95, 10))
    print(f"17: expected {law:.4f} found {kept:.4f}, {alive.mean():.4f} of the types")
    assert kept == pytest.approx(law, abs=0.002)
    assert law == pytest.approx(0.599, abs=5e-4)
    shares = word_shares
    for _ in range(10):
        shares = decoding.nucleus_shares(shares, 0.95, 1)
        shares = rng.multinomial(436_577, shares) / 436_577
    print(f"17 sampled: {(shares > 0).mean():.4f} of the types")
    assert (shares > 0).mean() == pytest.approx(0.023, abs=0.002)


def test_nucleus_of_few_classes_stops():
    once = decoding.nucleus_shares([0.9, 0.1], 0.95, 1)
    assert once.tolist() == [0.9, 0.1]
    assert decoding.nucleus_shares([0.96, 0.04], 0.95, 5).tolist() == [1, 0]


def test_row_19_curation(rng):
    start, reward = np.array([0.6, 0.3, 0.1]), np.array([0.0, 0.5, 1.0])
    assert verifier.curated_shares(start, reward, 30)[2] == pytest.approx(0.9986, abs=5e-5)
    half = verifier.curated_shares(start, reward, 300, human=0.5)
    assert half == pytest.approx([0.522, 0.330, 0.148], abs=6e-4)
    # One round against picking the better of pairs.
    pair = rng.choice(3, size=(2, 200_000), p=start)
    first = rng.random(200_000) < 1 / (1 + np.exp(reward[pair[1]] - reward[pair[0]]))
    picked = np.where(first, pair[0], pair[1])
    one = np.eye(3)[picked]
    agrees("19 one round", one, verifier.curated_shares(start, reward, 1))
    for _ in range(200):
        reward = rng.normal(0, 2, 6)
        shares = rng.dirichlet(np.ones(6))
        after = verifier.curated_shares(shares, reward, 1)
        rise = (after - shares) @ np.exp(reward)
        assert rise >= verifier.curation_gain_bound(shares, reward) - 1e-12


def test_row_20_filter_by_class():
    found = verifier.filtered_shares([0.9, 0.1], [0.9, 0.6], 10)
    assert found[1] == pytest.approx(0.0019, abs=5e-5)
    odds = found[1] / found[0]
    assert odds == pytest.approx(1 / 9 * (0.6 / 0.9) ** 10, rel=1e-9)
    assert verifier.filtered_shares([0.5, 0.5], [0.3, 0.0], 1).tolist() == [1, 0]
    assert verifier.filtered_shares([0.5, 0.5], 0.3, 7).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    "call",
    [
        lambda: verifier.error_threshold(0, 0),
        lambda: verifier.wrong_after(0.5, 0, 0),
        lambda: verifier.needed_selectivity(1.0),
        lambda: verifier.filtered_shares([0.5, 0.5], 0.0, 1),
        lambda: verifier.curated_shares([0.5, 0.4], [0, 1], 1),
        lambda: decoding.tempered_shares([0.5, 0.5], 0.0, 1),
        lambda: decoding.nucleus_shares([0.5, 0.5], 0.0, 1),
        lambda: decoding.nucleus_mass(1.1, 1),
    ],
)
def test_outside_the_domain(call):
    with pytest.raises(InputError, match=r"Expected"):
        call()
