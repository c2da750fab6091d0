"""A rule made on purpose inside the contexts of an n-gram model, and looked for again."""

import numpy as np
import pytest

from firsthand.diagnosing.decoded_on import by_context
from firsthand.diagnosing.decoding_rule import rule_of
from firsthand.diagnosing.phrases import MOST, Numbered, Successors, numbered
from firsthand.diagnosing.sampling import sampling_bias
from firsthand.models.ngram import NGram, Pieces
from firsthand.recursion import Recipe, Sampling, Setting
from firsthand.sources import side_of
from firsthand.types import Dataset, Sample

LENGTH, DOCUMENTS, WORDS = 32, 400, 60


def text_of(rows):
    return Numbered(rows.ravel(), np.repeat(np.arange(len(rows)), rows.shape[1]))


def population(rng):
    """Documents of which each word depends on the one before."""
    ranks = np.array([rng.permutation(WORDS) for _ in range(WORDS)])
    ends = np.cumsum((1 / np.arange(1, WORDS + 1))[ranks], axis=1)
    rows = np.zeros((DOCUMENTS, LENGTH), np.int64)
    for at in range(1, LENGTH):
        before = ends[rows[:, at - 1]]
        aim = rng.random(DOCUMENTS) * before[:, -1]
        rows[:, at] = (before <= aim[:, None]).sum(axis=1)
    return rows


def says(trained, drawn, rng, order=2):
    setting = Setting(
        chains=1, recipe=Recipe(made=trained.size), sampling=drawn, human=trained.ravel()
    )
    chains = NGram(order=order, length=LENGTH).chains(setting)
    return chains.sample(chains.fit(Pieces(trained[None]), rng), trained.size, rng).words[0]


def found(drawn, rng, order=2):
    trained = population(rng)
    table = Successors(text_of(trained), order, WORDS)
    plain, used = (table.draws(text_of(says(trained, each, rng))) for each in (Sampling(), drawn))
    return rule_of(table, plain, used, rng)


RULES = [
    (Sampling(), "fair"),
    (Sampling(temperature=0.8), "temperature"),
    (Sampling(temperature=1.25), "temperature"),
    (Sampling(top_p=0.9), "top-p"),
    (Sampling(temperature=0.8, top_p=0.9), "both"),
]


@pytest.mark.parametrize(("drawn", "name"), RULES)
def test_the_rule_is_found(drawn, name, rng):
    """Within three standard errors; how often within the interval is asked below."""
    rule = found(drawn, rng)
    assert rule.name == name
    width = rule.exponent.high - rule.exponent.low
    assert width < 0.15
    assert abs(rule.exponent.value - 1 / drawn.temperature) < 3 * width / 3.92
    assert rule.top_p.low <= drawn.top_p <= rule.top_p.high
    assert rule.top_p.high - rule.top_p.low < 0.1


@pytest.mark.slow
@pytest.mark.parametrize(("drawn", "name"), [RULES[0], RULES[1], RULES[3]])
def test_intervals_hold_the_rule_as_often_as_they_say(drawn, name):
    """17 or more of 20: with 95 % coverage that fails once in sixty times."""
    rules = [found(drawn, np.random.default_rng(500 + seed)) for seed in range(20)]
    held = [rule.exponent.low < 1 / drawn.temperature < rule.exponent.high for rule in rules]
    assert sum(held) >= 17
    assert sum(rule.top_p.low <= drawn.top_p <= rule.top_p.high for rule in rules) >= 17
    assert sum(rule.name == name for rule in rules) >= 14


def test_colder_is_a_larger_exponent(rng):
    values = [found(Sampling(temperature=each), rng).exponent.value for each in (1.2, 1, 0.9, 0.7)]
    assert values == sorted(values)


def test_the_same_output_twice_has_exponent_one(rng):
    trained = population(rng)
    table = Successors(text_of(trained), 2, WORDS)
    same = table.draws(text_of(says(trained, Sampling(temperature=0.7), rng)))
    rule = rule_of(table, same, same, rng)
    assert rule.name == "fair"
    assert rule.exponent.value == pytest.approx(1, abs=1e-9)
    assert rule.exponent.low < 1 < rule.exponent.high


def test_what_the_table_says_too_flatly_of_both_is_taken_off(rng):
    """Fair sampling of a sharper model is fair."""
    trained = population(rng)
    table = Successors(text_of(trained), 2, WORDS)
    sharp = Sampling(temperature=0.8)
    plain, used = (table.draws(text_of(says(trained, sharp, rng))) for _ in range(2))
    rule = rule_of(table, plain, used, rng)
    assert rule.name == "fair"
    assert rule.exponent.value == pytest.approx(1, abs=0.04)  # the table alone says 1.25


def test_likelihoods_add_up_to_one():
    """Over all words, after a context that was seen; a nucleus cuts the rarest."""
    row = np.array([[0, 1, 0, 1, 0, 2, 0, 3]] * 30)
    table = Successors(text_of(row), 2, 4)
    said = [table.draws(text_of(np.array([[0, 0, word]]))) for word in (1, 2, 3)]
    for exponent, top_p in ((1.0, 1.0), (2.0, 1.0), (1.0, 0.6)):
        total = sum(np.exp(table.log_likelihood(each, exponent, top_p)[0]) for each in said)
        assert total == pytest.approx(1, abs=0.01)
    cut = table.log_likelihood(said[0], 1.0, 0.5)
    assert np.exp(cut[0]) == pytest.approx(1, abs=0.01)


def test_of_words_that_are_as_frequent_a_nucleus_keeps_those_that_came():
    """A nucleus of .6 keeps one of the words 2 and 3: after the one, the other is out of reach."""
    table = Successors(text_of(np.array([[0, 1, 0, 1, 0, 2, 0, 3]] * 30)), 2, 4)
    draws = table.draws(text_of(np.array([[0, 0, 2], [0, 0, 2], [0, 0, 3]])))
    first, again, other = np.exp(table.log_likelihood(draws, 1.0, 0.6))
    assert first == pytest.approx(1 / 6, abs=0.01)
    assert again == pytest.approx(1 / 3, abs=0.01)
    assert other < 0.01


def test_words_of_scripts_without_spaces_are_characters():
    sides = [corpus(["我们在 here, now", "a b"])]
    texts, words, capped = numbered(sides, 0)
    assert sorted(np.bincount(texts[0].document).tolist()) == [2, 5]
    assert (words, capped) == (7, False)


def test_of_a_long_text_a_part_is_looked_at():
    long = corpus([f"w{at} " * (MOST // 2) for at in range(3)])
    texts, _, capped = numbered([long], 0)
    assert capped
    assert len(texts[0].words) == MOST


def test_pieces_hold_every_document_and_what_is_left_of_each():
    text = Numbered(np.arange(40), np.repeat([0, 1, 2], [18, 18, 4]))
    rows = text.pieces()
    assert rows.shape == (2, 18)
    assert rows[1].tolist() == list(range(18, 36))


def corpus(texts, name="texts"):
    samples = tuple(
        Sample(f"{name}{at}", f"{name}{at}".encode().ljust(32, b"."), text=each)
        for at, each in enumerate(texts)
    )
    return side_of(Dataset(name, "text", (), samples))


def test_ten_generations_by_the_rule_lose_more_than_fair_ones(rng):
    trained = population(rng)[:60]
    rows = trained, says(trained, Sampling(), rng), says(trained, Sampling(temperature=0.6), rng)
    sides = [corpus([" ".join(f"w{word}" for word in row) for row in each]) for each in rows]
    bias = sampling_bias(sides[1], sides[2], sides[0], 0)
    assert bias.rule.kept_low <= bias.kept_after <= bias.rule.kept_high < bias.fair_after
    assert bias == by_context(bias, (sides[0], sides[1], sides[2]), 0)
