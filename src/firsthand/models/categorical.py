"""Categorical: shares of symbols, estimated by counting. What is not drawn once is gone for good.

This is genetic drift (Wright and Fisher) and stands for words, classes and facts. Its data are
counts, so whole generations are drawn as multinomial numbers, exactly. The human population is a
law over `symbols`, or the counts of real data.

Sources: Suresh et al. 2024, arXiv:2412.17646 (surviving symbols); Crow and Kimura 1970 (drift).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from firsthand.recursion import Classes, Counted, Recipe, Sampling, Setting, require
from firsthand.types import BoolArray, FloatArray

DOUBTED = 0.1  # a verifier doubts the rarest symbols that make up this share of the population


@dataclass(frozen=True, kw_only=True)
class Categorical:
    """Shares of symbols; human ones follow 1 / (rank + shift) ** exponent, or are all equal."""

    name: str = "categorical"
    question: str = "Which symbols are gone for good, by which generation?"
    symbols: int = 1000
    law: Literal["zipf", "uniform"] = "zipf"
    exponent: float = 1.0
    shift: float = 0.0

    units = {
        "symbols": "symbols",  # that can still be drawn
        "heterozygosity": "probability",  # that two draws differ
        "entropy": "bits",
        "missing_mass": "probability",  # that a human draw is a symbol that is gone
    }
    sampling = frozenset({"temperature", "top_p"})
    takes = "counts"

    def __post_init__(self) -> None:
        require(self.symbols >= 1, "symbols", self.symbols, "1 or more")
        require(self.law in ("zipf", "uniform"), "law", self.law, "zipf or uniform")
        require(self.shift > -1, "shift", self.shift, "more than -1")

    def shares(self) -> FloatArray:
        """The human population. (symbols,) sum to 1."""
        if self.law == "uniform":
            return np.full(self.symbols, 1 / self.symbols)
        weights = (np.arange(1, self.symbols + 1) + self.shift) ** -self.exponent
        shares: FloatArray = weights / weights.sum()
        return shares

    def chains(self, setting: Setting) -> CategoricalChains:
        """Its chains in one setting."""
        given = Counted(self.shares()) if setting.human is None else setting.human
        return CategoricalChains(setting, given)

    def width(self, rows: int) -> int:  # noqa: ARG002 - counts do not grow with the sample
        """How many numbers one chain keeps in memory, about."""
        return 4 * self.symbols


@dataclass(frozen=True)
class Counts:
    """How often each symbol occurs; not whole where samples are weighted."""

    counts: FloatArray  # (chains, symbols)

    def join(self, other: Counts, weight: float = 1.0) -> Counts:
        """Both together; each sample of the other counts `weight` times."""
        return Counts(self.counts + weight * other.counts)

    def pick(self, n: int, rng: np.random.Generator) -> Counts:
        """So many samples of each chain, drawn without replacement."""
        whole = self.counts.astype(np.int64)
        drawn = [rng.multivariate_hypergeometric(each, n, method="marginals") for each in whole]
        return Counts(np.array(drawn, dtype=float))


class CategoricalChains:
    """Many populations of symbols at once. Their state is their training data."""

    def __init__(self, setting: Setting, human: Counted) -> None:
        self.setting, self.shares = setting, human.counts / human.counts.sum()
        shares = self.shares
        self.classes, self._followed = Classes.of(shares, human.names)
        truth = self._numbers(Counts(shares[None]))
        self.truth = {name: float(value[0]) for name, value in truth.items()}
        self.odds = _odds(shares, setting.recipe)

    def human(self, n: int, rng: np.random.Generator) -> Counts:
        """From the human population."""
        return self._drawn(np.broadcast_to(self.shares, (self.setting.chains, self._k)), n, rng)

    def fit(self, data: Counts, rng: np.random.Generator) -> Counts:  # noqa: ARG002
        """The counts are the model."""
        return data

    def sample(self, state: Counts, n: int, rng: np.random.Generator) -> Counts:
        """Draw n symbols, after bias and verifier."""
        weights = biased(state.counts, self.setting.sampling)
        if self.odds is not None:
            weights = weights * self.odds
        return self._drawn(weights, n, rng)

    def measure(self, state: Counts, rng: np.random.Generator) -> dict[str, FloatArray]:  # noqa: ARG002
        """Of each chain: what is left of the symbols, and how even they are."""
        return self._numbers(state)

    def alive(self, state: Counts) -> BoolArray:
        """Which of `classes` can still be drawn? (classes, chains)."""
        return np.asarray(state.counts[:, self._followed].T > 0)

    def _numbers(self, state: Counts) -> dict[str, FloatArray]:
        p = state.counts / state.counts.sum(axis=1, keepdims=True)
        there = p > 0
        return {
            "symbols": there.sum(axis=1).astype(float),
            "heterozygosity": 1 - np.einsum("ck,ck->c", p, p),
            "entropy": np.abs((p * np.log2(np.where(there, p, 1.0))).sum(axis=1)),
            "missing_mass": (~there) @ self.shares,
        }

    @property
    def _k(self) -> int:
        return len(self.shares)

    def _drawn(self, weights: FloatArray, n: int, rng: np.random.Generator) -> Counts:
        empty = ~(weights.sum(axis=1) > 0)  # the verifier keeps nothing of what is left
        if empty.any():
            counts = self._drawn(np.where(empty[:, None], 1.0, weights), n, rng).counts
            return Counts(np.where(empty[:, None], np.nan, counts))
        if self.setting.compiled:
            from firsthand.numerics.compiled.chains import multinomial

            return Counts(multinomial(rng, weights, n))
        counts = np.zeros(weights.shape)
        alive = np.flatnonzero(weights.any(axis=0))
        some = weights[:, alive]
        counts[:, alive] = rng.multinomial(n, some / some.sum(axis=1, keepdims=True))
        return Counts(counts)


def biased(weights: FloatArray, sampling: Sampling) -> FloatArray:
    """Weights (..., symbols) as a decoder changes them: temperature first, then top-p.

    >>> biased(np.array([[4.0, 2.0, 1.0, 1.0]]), Sampling(temperature=0.5))
    array([[1.    , 0.25  , 0.0625, 0.0625]])
    >>> biased(np.array([[4.0, 2.0, 1.0, 1.0]]), Sampling(top_p=0.6))
    array([[4., 2., 0., 0.]])
    """
    if sampling.temperature != 1.0:
        top = weights.max(axis=-1, keepdims=True)
        weights = (weights / top) ** (1 / sampling.temperature)
    if sampling.top_p < 1.0:
        order = np.argsort(-weights, axis=-1, kind="stable")
        ranked = np.take_along_axis(weights, order, axis=-1)
        before = np.cumsum(ranked, axis=-1) - ranked
        kept = before < sampling.top_p * ranked.sum(axis=-1, keepdims=True)
        back = np.argsort(order, axis=-1)
        weights = np.where(np.take_along_axis(kept, back, axis=-1), weights, 0.0)
    return weights


def _odds(shares: FloatArray, recipe: Recipe) -> FloatArray | None:
    """How likely a verifier keeps each symbol; None without one."""
    if not recipe.verified:
        return None
    return np.where(rare(shares), recipe.keep_doubtful, recipe.keep)


def rare(shares: FloatArray) -> BoolArray:
    """Which symbols are the rarest that together make up at most a tenth of the population?"""
    order = np.argsort(shares, kind="stable")
    found = np.zeros(len(shares), dtype=bool)
    found[order] = np.cumsum(shares[order]) <= DOUBTED + 1e-12
    return found


component = Categorical()
