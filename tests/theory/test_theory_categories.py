"""Rows 9 to 11: symbols that survive, heterozygosity, fixation, missing mass; real words."""

from __future__ import annotations

import re

import numpy as np
import pytest
from agreement import agrees

from firsthand.errors import InputError
from firsthand.theory import categories
from firsthand.theory.extinction import extinct_by, extinction_generation
from firsthand.theory.halving import reduced_by, reduction_generation

SLOW = pytest.mark.slow
UNIFORM = np.full(1000, 1e-3)
MANDELBROT = 1 / (np.arange(1000) + 3.7)
MANDELBROT /= MANDELBROT.sum()
PUBLISHED = {
    "uniform": [632, 469, 268, 158, 88, 38],
    "Zipf-Mandelbrot": [390, 292, 180, 115, 70, 33],
}


def redraw(rng, shares, samples, chains, generations):
    """Shares after each generation. Yields (chains, classes)."""
    found = np.tile(shares, (chains, 1))
    for _ in range(generations):
        found = rng.multinomial(samples, found) / samples
        yield found


@pytest.mark.parametrize("chains", [40, pytest.param(400, marks=SLOW)])
@pytest.mark.parametrize("name", PUBLISHED)
def test_rows_9_and_10_surviving_symbols_and_heterozygosity(rng, name, chains):
    shares = UNIFORM if name == "uniform" else MANDELBROT
    at = np.array([1, 2, 5, 10, 20, 50])
    steps = list(redraw(rng, shares, 1000, chains, 50))
    alive = np.stack([(steps[t - 1] > 0).sum(axis=1) for t in at], axis=1)
    law = categories.surviving_symbols(shares, 1000, at)
    agrees(f"9 {name}", alive, law, allowance=0.01 * law)
    assert law == pytest.approx(PUBLISHED[name], abs=0.6)
    # The law is Poisson's; with exact ancestor counts no allowance is needed.
    exact = (1 - extinct_by(shares, 1000, 50)[:, at - 1]).sum(axis=0)
    agrees(f"9 {name}, exact", alive, exact)
    gone = np.where(steps[-1] > 0, 0, shares).sum(axis=1)
    agrees(f"9 {name}, mass", gone, categories.missing_mass(shares, 1000, 50), allowance=0.01)
    start = 1 - (shares**2).sum()
    law = categories.heterozygosity(start, 1000, 50)
    agrees(f"10 {name}, H", 1 - (steps[-1] ** 2).sum(axis=1), law)
    if name == "uniform":
        assert float(law) == pytest.approx(0.95025, abs=1e-5)


@pytest.mark.parametrize("shares", [[0.8, 0.2], [1 / 6] * 6])
def test_row_10_fixation(rng, shares):
    chains, samples = 1500, 100
    found = np.tile(shares, (chains, 1))
    time, open_ = np.zeros(chains), np.ones(chains, dtype=bool)
    while open_.any():
        found[open_] = rng.multinomial(samples, found[open_]) / samples
        time[open_] += 1
        open_ = found.max(axis=1) < 1
    agrees("10 fixed at each", found, shares)
    law = categories.fixation_time(shares, samples)
    agrees(f"10 time to fixation of {len(shares)}", time, law, allowance=0.04 * law)


def test_row_10_a_fair_coin_of_100():
    assert float(categories.fixation_time([0.5, 0.5], 100)) == pytest.approx(138.6, abs=0.05)


@pytest.mark.parametrize(("exponent", "slope"), [(1.5, -1 / 3), (2.0, -1 / 2)])
def test_row_11_missing_mass_of_a_power_law(rng, exponent, slope):
    ranks = np.arange(1.0, 1e6 + 1)
    shares = ranks**-exponent
    # What lies beyond the last rank, by Euler and Maclaurin: never seen in so few samples.
    beyond = ranks[-1] ** (1 - exponent) / (exponent - 1) - ranks[-1] ** -exponent / 2
    shares, beyond = shares / (shares.sum() + beyond), beyond / (shares.sum() + beyond)
    sizes = np.array([1e4, 2e4])
    missing = [beyond + (shares * np.exp(-size * shares)).sum() for size in sizes]
    found = np.log2(missing[1] / missing[0])
    print(f"11 slope: expected {slope:.5f} found {found:.5f}")
    assert found == pytest.approx(float(categories.zipf_slope(exponent)), abs=0.002)
    assert float(categories.zipf_slope(exponent)) == pytest.approx(slope)

    samples, chains = 10_000, 30
    edges = np.append(np.cumsum(shares), 1.0)
    rank = np.searchsorted(edges, rng.random((chains, samples)))
    mass = np.append(shares, 0.0)
    first = 1 - np.array([mass[np.unique(row)].sum() for row in rank])
    for _ in range(9):
        rank = np.take_along_axis(rank, rng.integers(0, samples, rank.shape), axis=1)
    last = 1 - np.array([mass[np.unique(row)].sum() for row in rank])
    law = categories.zipf_growth(exponent, 10)
    # The exponent holds for endless samples: 5 %.
    agrees(f"11 growth, b={exponent}", last / first.mean(), law, allowance=0.05 * law)


def words(path):
    """Runs of letters and digits, small: the tokens of Suresh et al.'s run."""
    return np.array(re.findall(r"\w+", path.read_text(encoding="utf-8").lower()))


def bigram_text(rng, text, types):
    """As long a text as this, drawn from its own bigrams; ends lead back to the start."""
    order = np.argsort(text, kind="stable")
    after = np.append(text[1:], text[0])[order].tolist()
    count = np.bincount(text, minlength=types)
    start = (np.cumsum(count) - count).tolist()
    count, word, out = count.tolist(), int(text[0]), []
    for u in rng.random(len(text)).tolist():
        word = after[start[word] + int(u * count[word])]
        out.append(word)
    return np.array(out)


def survivors(rng, text, types, model):
    for _ in range(10):
        text = rng.choice(text, len(text)) if model == "unigram" else bigram_text(rng, text, types)
        yield len(np.unique(text)) / types


PUBLISHED_WORDS = [0.890, 0.811, 0.750, 0.700, 0.659, 0.624, 0.594, 0.568, 0.544, 0.523]


@pytest.mark.parametrize("model", ["unigram", pytest.param("bigram", marks=SLOW)])
def test_row_9b_real_words(real_data, rng, model):
    found = words(real_data("wikitext2") / "train_sample.txt")
    types, text = np.unique(found, return_inverse=True)
    shares = np.bincount(text) / len(text)
    law = categories.surviving_symbols(shares, len(text), np.arange(1, 11)) / len(types)
    seen = np.array(list(survivors(rng, text, len(types), model)))
    print(f"9b {model}: {len(text)} words of {len(types)} types")
    print("law  ", law.round(4).tolist())
    print("found", seen.round(4).tolist())
    assert seen == pytest.approx(law, abs=0.01)
    assert (len(text), len(types)) == (436_577, 19_919)
    assert law == pytest.approx(PUBLISHED_WORDS, abs=0.001)


CASES = [(1000, 0.001), (1000, 0.01), (1000, 0.05), (50, 0.3), (20_000, 0.002), (100_000, 0.0003)]


@pytest.mark.parametrize(("samples", "share"), CASES)
def test_when_a_class_vanishes_or_halves(rng, samples, share):
    chains, horizon = 10_000, 150
    found = np.full(chains, share)
    gone, low = np.zeros((2, chains, horizon), dtype=bool)
    for t in range(horizon):
        count = rng.binomial(samples, found)
        found = count / samples
        gone[:, t], low[:, t] = count == 0, count <= share * samples / 2 + 1e-9
    low = np.maximum.accumulate(low, axis=1)
    at = np.array([1, 2, 5, 20, 60, 150]) - 1
    label = f"N={samples}, p={share}"
    agrees(f"extinct {label}", gone[:, at], extinct_by(share, samples, horizon)[0, at], 0.001)
    stated = 0.001 if samples * share <= 25 else 0.02
    agrees(f"halved {label}", low[:, at], reduced_by(share, samples, horizon)[0, at], stated)


def test_generations_are_where_the_probability_is_reached():
    chance = extinct_by([0.01, 0.3], 200, 400)
    found = extinction_generation([0.01, 0.3], 200, [0.1, 0.5], horizon=400)
    for row, generations in zip(chance, found, strict=True):
        for wanted, t in zip([0.1, 0.5], generations, strict=True):
            if np.isinf(t):
                assert row[-1] < wanted
            else:
                assert row[int(t) - 1] >= wanted > (row[int(t) - 2] if t > 1 else 0)
    half = reduction_generation([0.01, 0.3], 200, [0.5], horizon=400)
    assert np.all(half <= found[:, 1:])
    assert np.isinf(extinction_generation(1.0, 10, 0.5, horizon=20)).all()


def test_a_class_with_everything_or_nothing():
    assert extinct_by([0.0, 1.0], 10, 3) == pytest.approx(np.array([[1, 1, 1], [0, 0, 0]]))


@pytest.mark.parametrize(
    "call",
    [
        lambda: categories.surviving_symbols([0.5, 0.4], 10, 1),
        lambda: categories.lineage_survival(0),
        lambda: categories.survival_probability(1.5, 10, 1),
        lambda: categories.zipf_slope(1.0),
        lambda: categories.heterozygosity(0.5, 0, 1),
        lambda: categories.fixation_time([0.5, 0.5], 0),
        lambda: extinct_by(-0.1, 10, 5),
        lambda: extinct_by(0.1, 10, 0),
        lambda: reduced_by(0.0, 10, 5),
        lambda: reduced_by(0.1, 10, 5, keep=1.0),
        lambda: extinction_generation(0.1, 10, 1.0),
    ],
)
def test_outside_the_domain(call):
    with pytest.raises(InputError, match=r"Expected"):
        call()
