"""Many possible futures, generation by generation: bands of shares, and when classes go."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.outlook.values import Band, When
from firsthand.types import FloatArray


class Passages(NamedTuple):
    """What futures have in common."""

    bands: FloatArray  # (generations, 5, classes): mean, median, low, high, there
    half: FloatArray  # (classes, 3) generations: median, low, high
    gone: FloatArray  # (classes, 3)
    left: FloatArray  # (generations, 5): of the number of classes


def unreported(_done: int, _of: int) -> None:
    """For callers who need not know how far it is."""


def passages(
    futures: Iterable[FloatArray],
    first: FloatArray,
    span: tuple[int, int],
    level: float,
    report: Callable[[int, int], None] = unreported,
) -> Passages:
    """Follow futures without keeping them.

    Args:
        futures: (chains, classes) shares of generation now + 1, now + 2, ...
        first: (classes,) shares in generation 0, half of which counts as half gone.
        span: the last generation that was seen, and the last of the futures.
        level: of the intervals.
        report: called with generations done and to do.
    """
    now, horizon = span
    ends = [0.5, (1 - level) / 2, (1 + level) / 2]
    halved = lost = np.zeros((0, 0))
    bands, left = [], []
    for generation, shares in enumerate(futures, start=now + 1):
        if not halved.size:
            halved, lost = np.full(shares.shape, np.inf), np.full(shares.shape, np.inf)
        np.minimum(halved, np.where(shares <= first / 2 + 1e-12, generation, np.inf), out=halved)
        np.minimum(lost, np.where(shares > 0, np.inf, generation), out=lost)
        there = shares > 0
        spread = np.quantile(shares, ends, axis=0)
        bands.append(np.vstack([shares.mean(axis=0), spread, there.mean(axis=0)]))
        many = there.sum(axis=1)
        left.append([many.mean(), *np.quantile(many, ends), 1.0])
        report(generation - now, horizon - now)
    half, gone = (_when(each, now, horizon, ends) for each in (halved, lost))
    return Passages(np.array(bands), half, gone, np.array(left))


def _when(times: FloatArray, now: int, horizon: int, ends: list[float]) -> FloatArray:
    """The first generation by which so large a part has passed; infinite beyond the horizon."""
    after = np.arange(now + 1, horizon + 1)
    passed = np.array([(times <= generation).mean(axis=0) for generation in after])
    return when(passed.T, after, ends)


def when(passed: FloatArray, after: NDArray[np.int64], ends: list[float]) -> FloatArray:
    """From probabilities of having passed to generations. (classes, ends).

    >>> when(np.array([[0.1, 0.6, 0.9]]), np.array([4, 5, 6]), [0.5, 0.05, 0.95]).tolist()
    [[5.0, 4.0, inf]]
    """
    earlier = (passed[:, None, :] < np.array(ends)[:, None] - 1e-12).sum(axis=-1)
    reached = np.append(after.astype(float), np.inf)
    return np.asarray(reached[earlier])


def told(found: FloatArray) -> When:
    """A row of `half` or `gone`."""
    return When(*(float(each) for each in found))


def bands_of(found: FloatArray, now: int) -> tuple[Band, ...]:
    """The bands of one class, from (generations, 5)."""
    return tuple(
        Band(generation, *(float(each) for each in row))
        for generation, row in enumerate(found, start=now + 1)
    )


def endangered(found: Passages) -> NDArray[np.int64]:
    """Classes in the order in which they vanish; of those alike, first the one half gone first."""
    far = np.finfo(float).max
    half, gone = (np.minimum(each, far) for each in (found.half, found.gone))
    left = found.bands[-1, 1]
    return np.lexsort((left, half[:, 1], half[:, 0], gone[:, 1], gone[:, 0]))
