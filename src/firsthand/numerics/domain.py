"""Is an argument inside the range for which a formula holds? If not, say so before using it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from firsthand.errors import InputError
from firsthand.types import FloatArray

SUM_TOLERANCE = 1e-6  # shares given to six digits are meant to sum to 1


def number(
    name: str, value: ArrayLike, low: float = -np.inf, high: float = np.inf, *, inside: bool = False
) -> FloatArray:
    """Numbers between `low` and `high`; `inside` leaves the two ends out.

    Raises:
        InputError: one is not finite or lies outside.

    >>> number("share", [0.0, 0.25], 0, 1).tolist()
    [0.0, 0.25]
    """
    given = _as_floats(name, value)
    fits = (given > low) & (given < high) if inside else (given >= low) & (given <= high)
    bad = ~(fits & np.isfinite(given))
    if bad.any():
        ends = f"({low:g}, {high:g})" if inside else f"[{low:g}, {high:g}]"
        raise _outside(name, given, bad, f"a finite number in {ends}")
    return given


def whole(name: str, value: ArrayLike, least: int = 0) -> FloatArray:
    """Whole numbers from `least` on, as floats.

    Raises:
        InputError: one is smaller, or not whole.

    >>> float(whole("samples", 100, 2))
    100.0
    """
    given = _as_floats(name, value)
    bad = ~np.isfinite(given) | (given < least) | (np.floor(given) != given)
    if bad.any():
        raise _outside(name, given, bad, f"a whole number of {least} or more")
    return given


def distribution(name: str, value: ArrayLike) -> FloatArray:
    """Shares of the classes: one row, none negative, of sum 1.

    Raises:
        InputError: they are anything else.

    >>> distribution("shares", [0.9, 0.1]).sum().item()
    1.0
    """
    given = number(name, value, 0, 1)
    if given.ndim != 1 or abs(given.sum() - 1) > SUM_TOLERANCE:
        raise InputError(
            f"{name} of shape {given.shape} and sum {given.sum():g}",
            expected="one share a class, summing to 1",
            todo="Divide the counts by their sum.",
        )
    return np.asarray(given / given.sum())


def _as_floats(name: str, value: ArrayLike) -> FloatArray:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} is {value!r}", expected="numbers") from None


def _outside(name: str, given: FloatArray, bad: np.ndarray, expected: str) -> InputError:
    first = np.atleast_1d(given)[np.atleast_1d(bad)][0]
    return InputError(f"{name} is {first:g}", expected=expected)
