"""Observed counts over generations: is sampling fair, or does it favour what is frequent already?

Chance moves shares up as often as down. Temperatures below 1, top-p, beams, confidence thresholds
and filters move them one way: frequent classes gain, in proportion to how frequent they are. The
exponent here is the one of shares' = shares^exponent, made to sum to 1: 1 is fair sampling, and a
temperature T has 1 / T.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from firsthand.errors import InputError
from firsthand.numerics.domain import number, whole
from firsthand.numerics.special import normal_quantile
from firsthand.types import FloatArray

HALVINGS = 50
MOST = 20.0  # the largest exponent looked for
UNSEEN = 0.5  # counts that stand for none in a logarithm


class Sharpening(NamedTuple):
    """An exponent with its interval."""

    value: float  # above 1 sharpens, below 1 flattens
    low: float
    high: float
    level: float  # of the interval


def sharpening(counts: ArrayLike, *, measured: bool = True, level: float = 0.9) -> Sharpening:
    """By how much does each generation sharpen the shares of the one before?

    Args:
        counts: (generations, classes) whole numbers, one row for each of three or more consecutive
            generations (two if not `measured`).
        measured: rows are samples of what each generation put out. False if each row is the whole
            training set from which the next was made.
        level: of the interval, in (0, 1).

    Returns:
        The exponent. An interval above 1 means that classes are lost faster than chance explains.

    Changes are compared with the logarithm of the shares they start from; where these are only
    measured, of the shares a generation earlier, or else measurement noise alone would look like
    flattening. Assumes the same exponent in each generation. Few rare classes tell little: the
    interval then says so.

    Raises:
        InputError: too few rows, or a single class.

    Source: derived here, checked by simulation in tests/theory.

    >>> rng = np.random.default_rng(2)
    >>> shares, rows = np.arange(1.0, 51) / 1275, []
    >>> for _ in range(4):
    ...     rows.append(rng.multinomial(5000, shares**1.25 / (shares**1.25).sum()))
    ...     shares = rows[-1] / 5000
    >>> found = sharpening(rows, measured=False)
    >>> found.low < 1.25 < found.high, found.low > 1
    (True, True)
    """
    table, steps = _rows(whole("counts", counts), measured)
    confidence = float(number("level", level, 0, 1, inside=True))
    sizes = table.sum(axis=1, keepdims=True)
    shares = table / sizes
    guide = np.log((table + UNSEEN) / sizes)[:steps] if measured else _log(shares[:-1])
    shares = shares[-1 - steps :]
    low, high = 0.0, MOST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        gain = ((shares[1:] - _sharpened(shares[:-1], middle)) * guide).sum()
        low, high = (middle, high) if gain > 0 else (low, middle)
    own = (1 / sizes[-1 - steps :, 0]) * (1.0 if measured else 0.0)
    least = 0.0 if measured else float((1 / sizes[1:]).mean())
    error = _standard_error(shares, guide, low, own, least)
    reach = float(normal_quantile((1 + confidence) / 2)) * error
    return Sharpening(low, low - reach, low + reach, confidence)


def _rows(table: FloatArray, measured: bool) -> tuple[FloatArray, int]:
    """The table without classes that never occur, and how many steps it has to tell of."""
    rows = 3 if measured else 2
    if table.ndim != 2 or len(table) < rows or bool(np.any(table.sum(axis=1) == 0)):
        raise InputError(
            f"counts of shape {table.shape}",
            expected=f"samples in each of {rows} or more generations",
        )
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        raise InputError("a single class", expected="two or more classes with samples")
    return table, len(table) - rows + 1


def _log(shares: FloatArray) -> FloatArray:
    return np.log(np.where(shares > 0, shares, 1.0))


def _sharpened(shares: FloatArray, exponent: float) -> FloatArray:
    power = np.where(shares > 0, np.exp(exponent * _log(shares)), 0.0)
    return np.asarray(power / power.sum(axis=1, keepdims=True))


def _standard_error(
    shares: FloatArray, guide: FloatArray, exponent: float, own: FloatArray, least: float
) -> float:
    """How uncertain the exponent is, by how far the changes are off what it predicts.

    `own` is each row's measurement noise, one over its samples. It enters two changes with opposite
    signs, and so mostly cancels. `least` is the drift that there must be.
    """
    before = shares[:-1]
    expected = _sharpened(before, exponent)
    held = expected > 0
    off = np.where(held, shares[1:] - expected, 0.0) ** 2 / np.where(held, expected, 1.0)
    freedom = max(int((held.sum(axis=1) - 1).sum()) - 1, 1)
    drift = max(off.sum() / freedom - float((own[1:] + own[:-1]).mean()), least)
    none = np.zeros_like(guide[:1])
    twice = np.diff(np.vstack([none, guide, none]), axis=0)
    noise = drift * _covariance(expected, guide, guide).sum()
    noise += own @ _covariance(shares, twice, twice)
    slope = _covariance(expected, guide, _log(before)).sum()
    return float(np.sqrt(noise) / slope) if slope > 0 else float("inf")


def _covariance(shares: FloatArray, one: FloatArray, other: FloatArray) -> FloatArray:
    """Of two quantities over the classes, each row with its shares. (rows,)."""
    means = (shares * one).sum(axis=1) * (shares * other).sum(axis=1)
    return np.asarray((shares * one * other).sum(axis=1) - means)
