"""How many objects does it take to see a loss of recall, and which loss can so many show?

Paired: two detectors on the same objects. Only objects that one finds and the other does not tell
anything: lost ones and gained ones, of which each is as likely where nothing changed (McNemar 1947,
exact one-sided sign test). Beside the loss that is looked for, some objects are lost and gained by
training again, `churn` of all each way. Unpaired: other objects each time, two binomials (normal
approximation, Fleiss 1981). Objects count as independent; where images lose theirs together, it
takes more, by the design effect.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from firsthand.numerics.domain import number
from firsthand.numerics.special import log_gamma, normal_cdf, normal_quantile
from firsthand.types import FloatArray

EXACT = 600
"""Objects up to which the sign test is summed up exactly; above it is as good as normal."""
MOST = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Design:
    """What is to be seen, how surely, and how detectors behave."""

    see: float = 0.2  # share of what was found that is lost
    power: float = 0.8  # chance to see it
    level: float = 0.05  # chance to see one where there is none
    recall: float = 0.8  # before
    churn: float = 0.03  # objects lost, and as many gained, without any change; paired only
    paired: bool = True
    design_effect: float = 1.0  # of objects of one image

    def __post_init__(self) -> None:
        for name in ("see", "power", "level", "recall"):
            number(name, getattr(self, name), 0, 1, inside=True)
        number("churn", self.churn, 0, min(1 - self.recall, self.recall * (1 - self.see)))
        number("design effect", self.design_effect, 1, 100)


def power(objects: int, design: Design) -> float:
    """The chance to see the loss with so many objects, 0..1.

    >>> round(power(100, Design(see=0.2)), 3)
    0.971
    """
    n = int(objects / design.design_effect)
    if n < 1:
        return 0.0
    if not design.paired:
        return _unpaired(n, design)
    lost = design.recall * design.see + design.churn
    return (_sign_test if n <= EXACT else _normal)(n, lost, design.churn, design.level)


def objects_needed(design: Design) -> int:
    """About the fewest objects that show the loss with the power asked for.

    As counts are whole, the power of an exact test moves in steps; a few fewer may do as well.

    >>> objects_needed(Design(see=0.2)) < objects_needed(Design(see=0.1))
    True
    """
    high = 8
    while power(high, design) < design.power and high < MOST:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle, design) >= design.power else (middle, high)
    return high


def loss_seen(objects: int, design: Design) -> float:
    """The smallest loss that so many objects show with the power asked for; NaN if none.

    >>> loss_seen(30, Design()) > loss_seen(300, Design())
    True
    """
    shares = np.arange(0.01, 1 - design.churn / design.recall, 0.01)
    low, high = -1, len(shares)
    while high - low > 1:
        middle = (low + high) // 2
        enough = power(objects, replace(design, see=float(shares[middle]))) >= design.power
        low, high = (low, middle) if enough else (middle, high)
    return float(shares[high]) if high < len(shares) else float("nan")


def _log_choose(n: FloatArray, k: FloatArray) -> FloatArray:
    return log_gamma(n + 1) - log_gamma(k + 1) - log_gamma(n - k + 1)


def _sign_test(n: int, lost: float, gained: float, level: float) -> float:
    """Power of the exact one-sided sign test, summed over how many objects change."""
    changed = np.arange(n + 1, dtype=np.float64)[:, None]
    losses = np.arange(n + 1, dtype=np.float64)[None, :]
    inside = losses <= changed
    ways = _log_choose(np.where(inside, changed, losses), np.minimum(losses, changed))
    even = np.exp(np.where(inside, ways + changed * np.log(0.5), -np.inf))
    rejects = np.cumsum(even[:, ::-1], axis=1)[:, ::-1] <= level
    share = lost / (lost + gained)
    logs = losses * np.log(share) + (changed - losses) * np.log(max(1 - share, 1e-300))
    told = np.exp(np.where(inside & rejects, ways + logs, -np.inf)).sum(axis=1)
    rate = lost + gained
    m = changed[:, 0]
    chance = np.exp(
        _log_choose(np.full(n + 1, float(n)), m) + m * np.log(rate) + (n - m) * np.log1p(-rate)
    )
    return float((chance * told).sum())


def _normal(n: int, lost: float, gained: float, level: float) -> float:
    apart, both = lost - gained, lost + gained
    spread = np.sqrt(both - apart**2)
    z = (apart * np.sqrt(n) - normal_quantile(1 - level) * np.sqrt(both)) / spread
    return float(normal_cdf(z))


def _unpaired(n: int, design: Design) -> float:
    before, after = design.recall, design.recall * (1 - design.see)
    mean = (before + after) / 2
    null = np.sqrt(2 * mean * (1 - mean))
    spread = np.sqrt(before * (1 - before) + after * (1 - after))
    z = ((before - after) * np.sqrt(n) - normal_quantile(1 - design.level) * null) / spread
    return float(normal_cdf(z))
