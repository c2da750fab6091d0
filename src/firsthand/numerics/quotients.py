"""A quotient of two sums over documents: the candidate's against a second human sample's."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BUCKETS, Splits
from firsthand.numerics.halves import Found, Halves, match
from firsthand.types import FloatArray


class Sums(NamedTuple):
    """What is divided by what, by bucket."""

    over: FloatArray  # (64,)
    under: FloatArray  # (64,)

    @property
    def whole(self) -> float:
        """The quotient over everything; NaN for nothing."""
        return float(_divided(self.over.sum(), self.under.sum()))


Curve = Callable[[FloatArray], FloatArray]


def by_bucket(bucket: NDArray[np.int64], over: FloatArray, under: FloatArray) -> Sums:
    """Sums of what each document adds.

    Args:
        bucket: (documents,)
        over: (documents,) adds to what is divided.
        under: (documents,) adds to what it is divided by.

    >>> by_bucket(np.array([0, 0, 3]), np.array([2.0, 2, 2]), np.array([1.0, 2, 1])).whole
    1.5
    """
    summed = [np.bincount(bucket, weights=each, minlength=BUCKETS) for each in (over, under)]
    return Sums(*(each.astype(np.float64) for each in summed))


def quotients(
    reference: Sums, candidate: Sums, splits: Splits, curve: Curve = np.asarray
) -> tuple[Found, Halves]:
    """The quotient in every part of both sides, (splits, 1) each, and the parts.

    Args:
        reference: sums over human documents.
        candidate: sums over the others.
        splits: the random halves that every metric shares.
        curve: rises; applied to each quotient.
    """
    parts = match(splits, reference.under, candidate.under)
    out = []
    for name in Found._fields:
        side = candidate if name == "candidate" else reference
        part = getattr(parts, name).astype(float)
        out.append(curve(_divided(part @ side.over, part @ side.under))[:, None])
    return Found(*out), parts


def _divided(over: FloatArray, under: FloatArray) -> FloatArray:
    over, under = np.asarray(over, float), np.asarray(under, float)
    out = np.full(over.shape, np.nan)
    return np.asarray(np.divide(over, under, out=out, where=under > 0))
