"""A filter between a model and the next training set: when does it help, and what does it cost?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from firsthand.errors import InputError
from firsthand.numerics.domain import distribution, number, whole
from firsthand.types import FloatArray


def error_threshold(keep_right: ArrayLike, keep_wrong: ArrayLike) -> FloatArray:
    """Up to which share of wrong labels does a verifier still make the set usable?

    Args:
        keep_right: probability that a right label passes, in [0, 1].
        keep_wrong: probability that a wrong one passes, in [0, 1]; not both 0.

    Returns:
        p* = keep_right / (keep_right + keep_wrong), 0 to 1. For two classes and enough samples a
        linear model trained on what passes is right below p* and wrong above, as more than half of
        what passes is then right or wrong. Higher is a better verifier; one that looks at nothing
        has 0.5.

    Source: Feng et al. 2024 (arXiv:2406.07515), theorem 4.2.

    >>> error_threshold([1, 0.9, 0.7], [1, 0.3, 0.05]).round(4).tolist()
    [0.5, 0.75, 0.9333]
    """
    right, wrong = number("keep_right", keep_right, 0, 1), number("keep_wrong", keep_wrong, 0, 1)
    if bool(np.any(right + wrong == 0)):
        raise InputError("the verifier lets nothing pass", expected="a probability above 0")
    return np.asarray(right / (right + wrong))


def wrong_after(wrong: ArrayLike, keep_right: ArrayLike, keep_wrong: ArrayLike) -> FloatArray:
    """Which share of the labels that pass a verifier is wrong?

    Args:
        wrong: share of wrong labels before, in [0, 1].
        keep_right: probability that a right label passes, in [0, 1].
        keep_wrong: probability that a wrong one passes, in [0, 1].

    Returns:
        A share; above 0.5 exactly if `wrong` is above `error_threshold`. Exact.

    >>> wrong_after([0.3, 0.75], keep_right=0.9, keep_wrong=0.3).round(3).tolist()
    [0.125, 0.5]
    """
    p = number("wrong", wrong, 0, 1)
    bad = p * number("keep_wrong", keep_wrong, 0, 1)
    passed = bad + (1 - p) * number("keep_right", keep_right, 0, 1)
    if bool(np.any(passed == 0)):
        raise InputError("the verifier lets nothing pass", expected="a probability above 0")
    return np.asarray(bad / passed)


def needed_selectivity(wrong: ArrayLike, target: ArrayLike = 0.5) -> FloatArray:
    """How many times likelier must a right label pass than a wrong one?

    Args:
        wrong: share of wrong labels before, in [0, 1).
        target: largest share of wrong labels that is acceptable after, in (0, 1); 0.5 is where
            `error_threshold` lies.

    Returns:
        The smallest keep_right / keep_wrong, 1 being none at all; below 1 no verifier is needed.

    Source: inverse of `wrong_after`.

    >>> needed_selectivity([0.5, 0.75], 0.1).round(1).tolist()
    [9.0, 27.0]
    """
    p, goal = number("wrong", wrong, 0, 1), number("target", target, 0, 1, inside=True)
    if bool(np.any(p == 1)):
        raise InputError("wrong is 1", expected="some right labels for a verifier to find")
    return np.asarray(p / (1 - p) * (1 - goal) / goal)


def filtered_shares(shares: ArrayLike, keep: ArrayLike, generations: int) -> FloatArray:
    """What becomes of the classes if a filter keeps some of them more often than others?

    Confidence thresholds on pseudo-labels do that: a rare class's boxes pass less often.

    Args:
        shares: (classes,) at the start, summing to 1.
        keep: (classes,) or one, probability that a sample of the class passes, in [0, 1].
        generations: rounds of filtering and learning the shares that are left, 0 or more.

    Returns:
        (classes,) shares: the odds of two classes are multiplied by the ratio of their keep rates
        each generation. Exact for many samples; few samples add drift.

    Source: derived here.

    >>> filtered_shares([0.9, 0.1], [0.9, 0.6], 10).round(4).tolist()
    [0.9981, 0.0019]
    """
    p, rate = distribution("shares", shares), number("keep", keep, 0, 1)
    with np.errstate(divide="ignore"):
        log_rate = np.log(rate / rate.max()) if rate.max() > 0 else np.full(rate.shape, -np.inf)
    t = float(whole("generations", generations))
    left = p * np.exp(t * log_rate) if t else p
    if not left.sum() > 0:
        raise InputError("the filter lets no class pass", expected="a keep rate above 0")
    return np.asarray(left / left.sum())


def curated_shares(
    shares: ArrayLike, reward: ArrayLike, generations: int, human: float = 0.0
) -> FloatArray:
    """What becomes of the classes if people pick the better of two outputs every time?

    Args:
        shares: (classes,) of the human distribution, where it starts, summing to 1.
        reward: (classes,) in nats: one is picked over the other with odds exp(difference).
        generations: rounds of picking and learning the shares picked, 0 or more.
        human: share of each set that is drawn from the human distribution instead, in [0, 1].

    Returns:
        (classes,) shares. Without human samples all goes to the best rewarded class; a human part
        holds every class above `human` times its share.

    Source: Ferbach et al. 2024 (arXiv:2407.09499), Bradley-Terry choice between two; exact for many
    samples.

    >>> curated_shares([0.5, 0.5], [1.0, 0.0], 20).round(3).tolist()
    [1.0, 0.0]
    """
    start = distribution("shares", shares)
    value, m = number("reward", reward), float(number("human", human, 0, 1))
    wins = 2 / (1 + np.exp(value[None, :] - value[:, None]))
    p = start
    for _ in range(int(whole("generations", generations))):
        p = m * start + (1 - m) * p * (wins @ p)
    return np.asarray(p / p.sum())


def curation_gain_bound(shares: ArrayLike, reward: ArrayLike) -> float:
    """By how much does picking the better of two raise the mean exponential reward, at least?

    Args:
        shares: (classes,) before picking, summing to 1.
        reward: (classes,) in nats.

    Returns:
        Variance of exp(reward) / (2 max exp(reward)): a lower bound of the rise of E[exp(reward)]
        in one round without human samples. 0 only when the reward no longer varies, which is when
        diversity in what is rewarded is gone.

    Source: Ferbach et al. 2024 (arXiv:2407.09499), for a choice between two.

    >>> round(curation_gain_bound([0.5, 0.5], [0.0, 1.0]), 3)
    0.136
    """
    p = distribution("shares", shares)
    gain = np.exp(number("reward", reward))
    variance = float(p @ gain**2 - (p @ gain) ** 2)
    return variance / (2 * float(gain.max()))
