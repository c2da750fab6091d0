"""Simulated recursions of several kinds, for forecasts to be held against what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from firsthand import registry
from firsthand.models.categorical import Categorical
from firsthand.models.ngram import NGram
from firsthand.recursion import Counted, Ingredients, Recipe, Sampling, Setting, composed

GENERATIONS = 10
POLICIES = ("replace", "temperature", "anchor", "fresh", "accumulate", "filtered")


class Simulated(NamedTuple):
    family: str
    policy: str
    counts: np.ndarray  # (GENERATIONS + 1, classes) of the training sets


def history(family: str, policy: str, seed: int) -> Simulated:
    rng = np.random.default_rng([seed, *map(ord, family + policy)])
    return Simulated(family, policy, MAKERS[family](policy, rng).astype(float))


def classes(policy: str, rng: np.random.Generator) -> np.ndarray:
    """Shares of classes, learnt by counting: any number of classes of any law."""
    k = int(rng.integers(3, 60))
    shares = rng.dirichlet(np.full(k, rng.uniform(0.3, 3.0)))
    n = int(np.exp(rng.uniform(np.log(200), np.log(5000))))
    setting = _setting(policy, n, rng, human=Counted(shares))
    chains = Categorical(symbols=k).chains(setting)
    return _run(chains, setting.recipe, n, rng, lambda data: data.counts[0])


def words(policy: str, rng: np.random.Generator) -> np.ndarray:
    """Words of a two-word model of text: which word comes hangs on the one before."""
    n = 64 * int(rng.integers(20, 120))
    setting = _setting(policy, n, rng)
    chains = NGram().chains(setting)

    def counted(data: Any) -> np.ndarray:
        return np.bincount(data.words[0].ravel(), minlength=chains.k)

    return _run(chains, setting.recipe, n, rng, counted)


def labels(policy: str, rng: np.random.Generator) -> np.ndarray:
    """Objects of overlapping classes that a Gaussian classifier labels anew, above a threshold."""
    k, n = int(rng.integers(3, 8)), int(rng.integers(400, 3000))
    shares = np.sort(rng.dirichlet(np.full(k, 1.5)))[::-1] * 0.95 + 0.05 / k
    centres = rng.standard_normal((k, 2)) * rng.uniform(1.5, 4.0)
    sure = rng.uniform(0.4, 0.8)

    def drawn(many: int) -> tuple[np.ndarray, np.ndarray]:
        y = rng.choice(k, many, p=shares)
        return centres[y] + rng.standard_normal((many, 2)), y

    first = data = drawn(n)
    rows = [np.bincount(first[1], minlength=k)]
    part = rng.uniform(0.1, 0.5)
    for _ in range(GENERATIONS):
        x, _ = drawn(n)
        sample = _labelled(data, x, k, sure, rng, drawn_labels=policy == "temperature")
        human = {"anchor": first, "fresh": drawn(max(1, int(part * n)))}.get(policy)
        if policy == "accumulate":
            human = data
        elif policy == "anchor":
            human = tuple(each[: int(part * n)] for each in first)
        data = sample if human is None else _joined(sample, human)
        rows.append(np.bincount(data[1], minlength=k))
    return np.array(rows)


def detector(policy: str, rng: np.random.Generator) -> np.ndarray:
    """Objects in a fixed set of images: the fewer of a class were labelled, the fewer are found."""
    k, images = int(rng.integers(2, 8)), int(rng.integers(100, 800))
    rate = rng.dirichlet(np.full(k, 1.0)) * rng.uniform(2, 8)
    there = rng.poisson(np.maximum(rate, 0.05), (images, k)).sum(axis=0) + 1
    base = rng.uniform(0.8, 1.0, k)
    needs = rng.uniform(0.0, 0.5)
    part = {"anchor": rng.uniform(0.1, 0.5), "fresh": rng.uniform(0.1, 0.5)}.get(policy, 0.0)
    rows = [there.copy()]
    for _ in range(GENERATIONS):
        recall = base * (rows[-1] / there) ** needs
        found = rng.binomial((there * (1 - part)).astype(int), np.minimum(recall, 1))
        kept = rng.poisson(there * part) if policy == "fresh" else (there * part).astype(int)
        rows.append(found + kept + (rows[-1] if policy == "accumulate" else 0))
    return np.array(rows)


MAKERS: dict[str, Callable[[str, np.random.Generator], np.ndarray]] = {
    "classes": classes,
    "words": words,
    "labels": labels,
    "detector": detector,
}
FAMILIES: dict[str, tuple[str, ...]] = {
    "classes": POLICIES,
    "words": POLICIES[:5],
    "labels": ("replace", "temperature", "anchor", "fresh", "accumulate"),
    "detector": ("replace", "anchor", "fresh"),
}


def _setting(policy: str, n: int, rng: np.random.Generator, human: Any = None) -> Setting:
    options: dict[str, Any] = {}
    sampling, name, first, budget = Sampling(), policy, n, n
    if policy == "temperature":
        name, sampling = "replace", Sampling(temperature=float(rng.uniform(0.75, 1.1)))
    elif policy == "fresh":
        options = {"share": float(rng.uniform(0.05, 0.5))}
    elif policy == "anchor":
        budget = round(n / rng.uniform(0.1, 0.6))
    elif policy == "filtered":
        options = {"keep_doubtful": float(rng.uniform(0.4, 1.0))}
    component = registry.with_options(registry.load("policies", name), options)
    recipe: Recipe = component.compose(first, budget)
    return Setting(chains=1, recipe=recipe, sampling=sampling, picks=True, human=human)


def _run(
    chains: Any,
    recipe: Recipe,
    n: int,
    rng: np.random.Generator,
    counted: Callable[[Any], np.ndarray],
) -> np.ndarray:
    first = data = pool = chains.human(n, rng)
    rows = [counted(data)]
    for _ in range(GENERATIONS):
        parts = Ingredients(
            made=chains.sample(chains.fit(data, rng), recipe.made, rng),
            human=first,
            humans=n,
            fresh=chains.human(recipe.fresh, rng) if recipe.fresh else None,
            earlier=pool,
        )
        data, pool = composed(recipe, parts, rng)
        rows.append(counted(data))
    return np.array(rows)


def _labelled(
    data: tuple[np.ndarray, np.ndarray],
    x: np.ndarray,
    k: int,
    sure: float,
    rng: np.random.Generator,
    *,
    drawn_labels: bool,
) -> tuple[np.ndarray, np.ndarray]:
    known, y = data
    score = np.full((len(x), k), -np.inf)
    for one in np.unique(y):
        mine = known[y == one]
        spread = 0.1 + ((mine - mine.mean(axis=0)) ** 2).mean()
        distance = ((x - mine.mean(axis=0)) ** 2).sum(axis=1)
        score[:, one] = np.log(len(mine) / len(y)) - distance / (2 * spread) - np.log(spread)
    chance = np.exp(score - score.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    if drawn_labels:
        return x, (chance.cumsum(axis=1) > rng.random((len(x), 1))).argmax(axis=1)
    kept = chance.max(axis=1) >= sure
    return x[kept], chance[kept].argmax(axis=1)


def _joined(
    one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    x, y = (np.concatenate(pair) for pair in zip(one, other, strict=True))
    return x, y
