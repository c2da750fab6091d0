"""Which temperature and nucleus make a model's output from what it learnt, context by context?

A model of language is tempered and cut inside each context; the shares of its words over a whole
text hardly tell. So an n-gram model of the training set says how likely each word was after its
context, and the exponent and the nucleus are those that make the output as used most likely. What
the n-gram model says too sharply or too flatly of the unfiltered output is taken off first.
"""

from __future__ import annotations

from itertools import product
from typing import Literal, NamedTuple

import numpy as np

from firsthand.diagnosing.phrases import Draws, Successors
from firsthand.types import FloatArray

Name = Literal["fair", "temperature", "top-p", "both"]
Point = tuple[float, float]  # exponent and nucleus

BIASED: tuple[Name, ...] = ("temperature", "top-p", "both")
EXPONENTS = np.exp(np.linspace(-1.5, 1.5, 61))  # what is outside is told as the end
NUCLEI = np.array([*range(300, 700, 50), *range(700, 900, 10), *range(900, 1001, 5)]) / 1000
FINE = np.exp(np.linspace(-0.03, 0.03, 7))  # around the best of them
COARSE = 3  # of both grids, every third point
TURNS = 8  # moves along the ridge of the two dials
BESIDE = 0.02  # steps of the exponent, of which curvature is told
AROUND = np.arange(-6, 7) / 2  # standard errors of the exponent
NEAR = 4  # nuclei to each side
RESAMPLED = 200  # sets of documents
SURE = 1.96  # standard errors by which a rule with more freedom has to say held-out text better


class Interval(NamedTuple):
    """A dial of the rule with where it lies 95 % of the time."""

    value: float
    low: float
    high: float


class Rule(NamedTuple):
    """How an output was drawn from what the model learnt."""

    name: Name
    exponent: Interval  # one over the temperature
    top_p: Interval
    drawn: Interval  # the exponent to draw with: 1 where the rule has none


class _Window(NamedTuple):
    """Likelihood of each document close to the best rule of a kind."""

    points: FloatArray  # (points, 2)
    logs: FloatArray  # (documents, points)


def rule_of(table: Successors, plain: Draws, used: Draws, rng: np.random.Generator) -> Rule:
    """The rule by which the used output was drawn, given the unfiltered one of the same model."""
    base, error = _tempered(table, plain)
    _, spread = _tempered(table, used)
    fair = table.log_likelihood(used, base, 1.0)[:, None]
    found: dict[Name, _Window] = {"fair": _Window(np.array([[base, 1.0]]), fair)}
    found |= {kind: _window(table, used, (base, spread), kind) for kind in BIASED}
    name = _chosen(found)
    even = np.full(len(fair), 1 / len(fair))
    weights = np.asarray(rng.multinomial(len(fair), even, RESAMPLED), float)
    scale = base + error * rng.normal(size=RESAMPLED)
    cuts = name in {"top-p", "both"}
    best, points = _at(found["both" if cuts else "temperature"], weights)
    exponent = _interval(best[0] / base, points[:, 0] / scale)
    if exponent.low <= 1 <= exponent.high:
        name = "top-p" if cuts else "fair"
    if name == "top-p":
        best, points = _at(found["top-p"], weights)
    drawn = Interval(1.0, 1.0, 1.0) if name == "top-p" else exponent
    return Rule(name, exponent, _nucleus(best[1], points[:, 1]), drawn)


def _tempered(table: Successors, draws: Draws) -> tuple[float, float]:
    """The exponent without a cut, and its standard error over documents."""
    best, _ = _coldness(table, draws, EXPONENTS, 1.0)
    low, middle, high = (
        table.log_likelihood(draws, best + step, 1.0) for step in (-BESIDE, 0.0, BESIDE)
    )
    score = (high - low) / (2 * BESIDE)
    bend = -float((high - 2 * middle + low).sum()) / BESIDE**2
    return best, float(np.sqrt((score**2).sum()) / bend) if bend > 0 else float(best)


def _coldness(table: Successors, draws: Draws, exponents: FloatArray, top_p: float) -> Point:
    """The likeliest exponent, and its likelihood: near the best of these, by a parabola."""
    best = 1.0
    for looked in (exponents, FINE):
        around = best * looked
        told = np.array([table.log_likelihood(draws, each, top_p).sum() for each in around])
        best = _peak(np.log(around), told)
    return best, float(table.log_likelihood(draws, best, top_p).sum())


def _ridge(table: Successors, draws: Draws) -> list[Point]:
    """Of nuclei around the likeliest, each with its likeliest exponent.

    A colder draw looks like a smaller nucleus: one dial after the other would stop on the way.
    """
    grid = list(product(EXPONENTS[::COARSE], NUCLEI[::-COARSE]))
    told = [table.log_likelihood(draws, *each).sum() for each in grid]
    exponent, top_p = grid[int(np.argmax(told))]
    found: dict[float, Point] = {}
    for _ in range(TURNS):
        at = int(np.clip(np.argmin(np.abs(EXPONENTS - exponent)), COARSE, len(EXPONENTS) - COARSE))
        beside = EXPONENTS[at - COARSE : at + COARSE + 1]
        found = {cut: _coldness(table, draws, beside, cut) for cut in _near(top_p)}
        best = max(found, key=lambda cut: found[cut][1])
        exponent, done = found[best][0], best == top_p
        if done:
            break
        top_p = best
    return [(exponent, cut) for cut, (exponent, _) in found.items()]


def _near(top_p: float) -> list[float]:
    at = int(np.argmin(np.abs(NUCLEI - top_p)))
    return [float(each) for each in NUCLEI[max(at - NEAR, 0) : at + NEAR + 1]]


def _peak(logs: FloatArray, told: FloatArray) -> float:
    """Where the parabola through the highest point and its neighbours has its top."""
    at = int(np.clip(np.argmax(told), 1, len(told) - 2))
    before, middle, after = told[at - 1 : at + 2]
    bend = before - 2 * middle + after
    shift = 0.0 if bend >= 0 else float(np.clip((before - after) / (2 * bend), -1, 1))
    return float(np.exp(logs[at] + shift * (logs[1] - logs[0])))


def _window(table: Successors, draws: Draws, start: Point, name: Name) -> _Window:
    """Rules around the best of a kind; `start` is an exponent and its standard error."""
    exponent, error = start
    around = AROUND * error
    if name == "both":
        middle = _ridge(table, draws)
    elif name == "temperature":
        middle = [(_coldness(table, draws, EXPONENTS, 1.0)[0], 1.0)]
    else:
        told = [table.log_likelihood(draws, exponent, each).sum() for each in NUCLEI]
        middle = [(exponent, cut) for cut in _near(float(NUCLEI[int(np.argmax(told))]))]
        around = np.zeros(1)
    points = [(max(power + step, EXPONENTS[0]), cut) for power, cut in middle for step in around]
    logs = np.stack([table.log_likelihood(draws, *each) for each in points], axis=1)
    return _Window(np.array(points), logs)


def _chosen(found: dict[Name, _Window]) -> Name:
    """The simplest rule that says held-out documents no worse than a richer one."""
    held = {name: _held_out(each.logs) for name, each in found.items()}
    single: Name = max(("temperature", "top-p"), key=lambda name: held[name].sum())
    chosen: Name = "fair"
    for name in (single, "both"):
        gain = held[name] - held[chosen]
        if gain.sum() > SURE * np.sqrt(len(gain)) * gain.std():
            chosen = name
    return chosen


def _held_out(logs: FloatArray) -> FloatArray:
    """Of each document, by the rule that is best for the other half of them."""
    first = np.arange(len(logs)) % 2 == 0
    ends = logs[:, logs[~first].sum(axis=0).argmax()], logs[:, logs[first].sum(axis=0).argmax()]
    return np.where(first, *ends)


def _at(window: _Window, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The best rule of all documents, and of each resample."""
    best = window.points[window.logs.sum(axis=0).argmax()]
    return best, window.points[(weights @ window.logs).argmax(axis=1)]


def _interval(value: float, resampled: FloatArray) -> Interval:
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Interval(float(value), float(min(low, value)), float(max(high, value)))


def _nucleus(value: float, resampled: FloatArray) -> Interval:
    """No narrower than the step between two nuclei; a rule without a cut has all of it."""
    if value == resampled.min() == 1:
        return Interval(1.0, 1.0, 1.0)
    found = _interval(value, resampled)
    step = float(np.diff(NUCLEI)[min(int(np.searchsorted(NUCLEI, value)), len(NUCLEI) - 2)]) / 2
    return Interval(found.value, found.low - step, min(found.high + step, 1.0))
