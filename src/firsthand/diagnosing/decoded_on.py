"""What is left of the training set's words if models train on their own output, drawn as it is?

The n-gram model of the training set that says the unfiltered output best stands in for the model.
It is drawn from by the rule that was found, as many words as the used output holds, and learnt anew
from what it said: the recursion that the lab runs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from firsthand.diagnosing.answer import DecodingRule, SamplingBias
from firsthand.diagnosing.decoding_rule import Rule, rule_of
from firsthand.diagnosing.phrases import Successors, numbered
from firsthand.models.ngram import Pieces
from firsthand.recursion import Sampling
from firsthand.sides import Side
from firsthand.theory.sharpening import sharpening
from firsthand.types import FloatArray

ORDERS = (1, 2, 3)
CHAINS = 5
LEAST = 20  # documents of each side, and words that have a context in the training set


class _Later(NamedTuple):
    """Chains after their generations, (chains,) each."""

    kept: FloatArray  # share of the training set whose words are still there
    moved: FloatArray  # share of mass that stands elsewhere
    exponent: FloatArray  # of the shares of words, from one generation to the next


def by_context(bias: SamplingBias, sides: tuple[Side, Side, Side], seed: int) -> SamplingBias:
    """The bias with the rule inside contexts, and the forecast by it.

    As it was where a side has no texts or too few.

    Args:
        bias: by shares of words alone.
        sides: training set, unfiltered output, output as used.
        seed: of what is looked at, of resamples and chains.
    """
    if not all("texts" in side.offers for side in sides):
        return bias
    texts, words, capped = numbered(sides, seed)
    if min(text.documents for text in texts) < LEAST:
        return bias
    trained, plain, used = texts
    table = max(
        (Successors(trained, order, words) for order in ORDERS),
        key=lambda each: each.log_likelihood(each.draws(plain), 1.0, 1.0).sum(),
    )
    draws = table.draws(plain), table.draws(used)
    if min(int((each.block >= 0).sum()) for each in draws) < LEAST:
        return bias
    rng = np.random.Generator(np.random.Philox(key=seed, counter=20))
    rule = rule_of(table, *draws, rng)
    return _told(bias, rule, table, (len(used.words), capped), rng)


def _told(
    bias: SamplingBias,
    rule: Rule,
    table: Successors,
    size: tuple[int, bool],
    rng: np.random.Generator,
) -> SamplingBias:
    (exponent, low, high), (top_p, least, most), drawn = rule.exponent, rule.top_p, rule.drawn
    ways = [(drawn.value, top_p), (1.0, 1.0), (drawn.high, least), (drawn.low, most)]
    found, fair, worse, better = (
        _later(table, Sampling(temperature=1 / power, top_p=cut), size[0], bias.generations, rng)
        for power, cut in ways
    )
    told = DecodingRule(
        name=rule.name,
        top_p=top_p,
        top_p_low=least,
        top_p_high=most,
        order=table.order,
        words=size[0],
        capped=size[1],
        kept_low=max(float(worse.kept.mean() - 1.96 * worse.kept.std(ddof=1)), 0.0),
        kept_high=min(float(better.kept.mean() + 1.96 * better.kept.std(ddof=1)), 1.0),
        shares_exponent=float(found.exponent.mean()),
    )
    kept, usual, moved = (float(each.mean()) for each in (found.kept, fair.kept, found.moved))
    after = replace(bias, kept_after=kept, fair_after=usual, moved_after=moved)
    return replace(after, rule=told, exponent=exponent, low=low, high=high)


def _later(
    table: Successors, drawn: Sampling, size: int, generations: int, rng: np.random.Generator
) -> _Later:
    """Chains one after the other: the text's model, and each next one on so many words of it."""
    chains = table.chains(drawn)
    told = []
    for _ in range(CHAINS):
        now = Pieces(table.pieces[None])
        rows = [_counts(now, chains.k)]
        for _ in range(generations):
            now = chains.sample(chains.fit(now, rng), size, rng)
            rows.append(_counts(now, chains.k))
        first, last = rows[0] / rows[0].sum(), rows[-1] / rows[-1].sum()
        moved = np.abs(last - first).sum() / 2
        power = sharpening(rows, measured=False).value
        told.append((first[last > 0].sum(), moved, power))
    return _Later(*np.array(told).T)


def _counts(text: Pieces, words: int) -> FloatArray:
    return np.bincount(text.words.ravel(), minlength=words).astype(float)
