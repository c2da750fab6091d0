"""Does a class keep its part of the human share until generation G, under one way of mixing?

Every training set is a human part of total weight h, and samples of the model that learnt the
shares of the set before. The human part is either drawn anew each time, or holds each class in its
human share (the same samples each time, or new ones by quota). Generation 0 is the human shares
themselves. One formula for all of these, at any generation or once the process has settled; what
`inflow` and `retention` say of settled sets, drawn with probabilities, are its limits.

Assumed: human shares stay as they are; the model has the shares of its training set, without bias;
draws are independent.

Source: Wright 1931 (Genetics 16:97) for drift with migration; the recursion of the variance with a
human part of exact size and weight is derived here and checked by simulation in tests/theory.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from firsthand.errors import InputError
from firsthand.numerics.domain import number, whole
from firsthand.numerics.special import beta_binomial_cdf, beta_binomial_cumulative, beta_cdf
from firsthand.types import FloatArray

TERMS = 4096  # counts that are summed; of more a continuous law is close enough
FEW = 150.0  # families of samples, up to which it is followed how many die out
RARE = 0.1  # share up to which they do so without touching one another
TINY = 1e-12  # variance, in units of share x (1 - share), that is none


class Mix(NamedTuple):
    """How one training set comes together, counted in independent draws."""

    human: int  # draws of people, 0 or more
    made: int  # draws of the model, 0 or more
    part: float  # total weight of the human ones, in [0, 1]; human / (human + made) unweighted
    fixed: bool  # the human part holds every class in its human share, exactly


def variance(mix: Mix, generations: int | None) -> float:
    """How far are shares from human ones on average, after so many generations?

    Returns:
        Variance of a class's share over share x (1 - share), in [0, 1]; 0 at generation 0, None
        for the settled process. 1: only one class is left.

    >>> round(variance(Mix(0, 100, 0.0, False), 10), 5), 1 - 0.99**10
    (0.09562, 0.09561792499119559)
    """
    stays, added = _recursion(mix)
    if generations is None:
        return 1.0 if stays == 1 else min(1.0, added / (1 - stays))
    turns = float(whole("generations", generations))
    return added * turns if stays == 1 else added * (1 - stays**turns) / (1 - stays)


def _recursion(mix: Mix) -> tuple[float, float]:
    """V' = stays V + added."""
    h = float(number("part", mix.part, 0, 1))
    human, made = (float(whole(name, n)) for name, n in (("human", mix.human), ("made", mix.made)))
    if (h > 0 and human == 0 and not mix.fixed) or (h < 1 and made == 0):
        raise InputError(
            f"{human:g} human and {made:g} generated draws, with a human weight of {h:g}",
            expected="draws for every part that has a weight",
        )
    drawn = 0.0 if mix.fixed or h == 0 else h**2 / human
    learnt = 0.0 if h == 1 else (1 - h) ** 2 / made
    return (1 - h) ** 2 - learnt, drawn + learnt


def kept_probability(share: float, keep: float, mix: Mix, generations: int | None = None) -> float:
    """How probable is it that a training set holds at least `keep` of a class's human share?

    Args:
        share: the class's human share, in (0, 1).
        keep: the part of it to hold, 0 or more; 0 asks that the class occurs at all.
        mix: how every training set is made.
        generations: which training set, 1 or more; None once the process has settled.

    Returns:
        Probability in that one generation. Exact for the first. Later the shares that the model
        learnt have their exact variance and an approximate law. The error is below 0.02 where the
        probability is above 0.85, see docs/plan.md; up to 0.1 where human samples weigh more than
        others and less than one of the class is expected among them.

    >>> mix = Mix(human=100, made=1900, part=0.05, fixed=False)
    >>> round(kept_probability(0.01, 0.5, mix), 3), round(kept_probability(0.01, 0.5, mix, 1), 3)
    (0.752, 0.995)
    """
    p = float(number("share", share, 0, 1, inside=True))
    goal = float(number("keep", keep, 0)) * p or _one_sample(mix) / 2
    if generations is not None:
        whole("generations", generations, 1)
    learnt = _learnt(p, mix, generations)
    if goal > 1:
        return 0.0
    if learnt.size <= TINY:  # settled without people: one class is left, this one in p of all cases
        return p
    return 1 - _loss(goal, mix, learnt)


class _Learnt(NamedTuple):
    """The share of a class that the model learnt, which is random."""

    mean: float
    size: float  # of a Beta law with its variance
    left: float  # part of its expectation that goes back to the start, not to later human samples

    def counted(self, most: int, draws: int) -> FloatArray:
        """Probability of at most 0, 1, ... `most` samples of the class in so many. (most + 1,)."""
        size = self.size + (self.size + 1) * (1 - self.mean) * self.left
        lines = size * self.mean  # families of samples, of which each may die out
        if self.mean <= RARE and lines <= FEW and self.left > 0:
            return _families(most, draws / size, lines * (1 - self.left), lines * self.left)
        return beta_binomial_cumulative(most, self.mean, draws, self.size)


def _learnt(p: float, mix: Mix, generations: int | None) -> _Learnt:
    before = variance(mix, None if generations is None else generations - 1)
    left = 0.0 if generations is None else (1 - mix.part) ** (generations - 1)
    return _Learnt(p, 1 / before - 1 if before > TINY else math.inf, left)


def _families(most: int, grown: float, new: float, old: float) -> FloatArray:
    """Counts of a rare class whose first members came at once and whose later ones come in a flow.

    Feller's diffusion with immigration, sampled: the generating function is
    (1 + g (1 - z))^-new exp(-old g (1 - z) / (1 + g (1 - z))), g being `grown`; its coefficients
    follow from its logarithmic derivative.
    """
    w = grown / (1 + grown)
    both, single = new * w + old * w / (1 + grown), new * w * w
    chance = [math.exp(-new * math.log1p(grown) - old * w)]
    before = 0.0
    for k in range(most):
        more = (2 * w * k + both) * chance[k] - (w * w * (k - 1) + single) * before
        before = chance[k]
        chance.append(more / (k + 1))
    return np.asarray(np.minimum(np.cumsum(chance), 1.0))


def _one_sample(mix: Mix) -> float:
    """The smallest share that a sample makes up."""
    each = [
        weight / draws
        for weight, draws in ((mix.part, mix.human), (1 - mix.part, mix.made))
        if weight > 0 and draws > 0
    ]
    return min(each, default=1.0)


def _loss(goal: float, mix: Mix, learnt: _Learnt) -> float:
    """Probability of less than `goal`."""
    p = learnt.mean
    if mix.made == 0 and not mix.fixed:
        return float(beta_binomial_cdf(_below(goal * mix.human), p, mix.human, np.inf))
    if mix.fixed or mix.human == 0:
        return _of_made(goal - mix.part * p, mix, learnt)
    reach = goal * max(mix.made / (1 - mix.part), mix.human / mix.part)
    return _continuous(goal, mix, learnt) if reach > TERMS else _summed(goal, mix, learnt)


def _of_made(goal: float, mix: Mix, learnt: _Learnt) -> float:
    """The human part is certain: what is left has to come from the model."""
    if mix.made == 0 or goal <= TINY:
        return float(goal > TINY)
    most = min(_below(goal * mix.made / (1 - mix.part)), mix.made)
    if most > TERMS:
        return float(beta_binomial_cdf(most, learnt.mean, mix.made, learnt.size))
    return float(learnt.counted(most, mix.made)[-1])


def _summed(goal: float, mix: Mix, learnt: _Learnt) -> float:
    """Over all numbers of human samples that alone are too few."""
    most = _below(goal * mix.human / mix.part)
    below = beta_binomial_cumulative(most, learnt.mean, mix.human, np.inf)
    chance = np.diff(below, prepend=0.0)
    left = goal - mix.part * np.arange(most + 1) / mix.human
    needed = np.ceil(left * mix.made / (1 - mix.part) - 1e-9).astype(int) - 1
    model = learnt.counted(max(int(needed.max()), 0), mix.made)
    return float(chance @ np.where(needed >= 0, model[np.maximum(needed, 0)], 0.0))


def _continuous(goal: float, mix: Mix, learnt: _Learnt) -> float:
    """Of many samples: a Beta law of the set's own variance."""
    stays, added = _recursion(mix)
    own = 1 / (added + stays / (learnt.size + 1)) - 1
    at = goal - _one_sample(mix) / 2
    return float(beta_cdf(max(at, 0.0), own * learnt.mean, own * (1 - learnt.mean)))


def _below(count: float) -> int:
    """The largest whole count under this one."""
    return math.ceil(count - 1e-9) - 1


def accumulated_kept_probability(
    share: float, keep: float, samples: tuple[int, int], generations: int
) -> float:
    """The same when nothing is ever left out: each generation adds to all that there is.

    Args:
        share: the class's human share, in (0, 1).
        keep: the part of it to hold, 0 or more; 0 asks that the class occurs, which is certain.
        samples: human draws at the start, and draws of the newest model that each generation adds.
        generations: additions, 1 or more.

    Returns:
        Probability, from a Beta law with the exact variance of Polya's urn in batches.

    >>> round(accumulated_kept_probability(0.01, 0.9, (10_000, 10_000), 10), 3)
    0.915
    """
    p = float(number("share", share, 0, 1, inside=True))
    goal = float(number("keep", keep, 0)) * p
    first, more = (float(whole("samples", each, 1)) for each in samples)
    turns = int(whole("generations", generations, 1))
    pools = first + more * np.arange(1, turns + 1)
    spread = -float(np.expm1(np.log1p(-((more / pools) ** 2) / more).sum()))
    size = 1 / spread - 1
    at = (_below(goal * pools[-1]) + 0.5) / pools[-1]
    return 1 - float(beta_cdf(min(max(at, 0.0), 1.0), size * p, size * (1 - p)))
