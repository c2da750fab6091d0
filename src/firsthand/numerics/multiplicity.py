"""How often would anything at all look this bad by chance, given everything that was looked at?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firsthand.types import FloatArray

TAIL = 10


class Chance(NamedTuple):
    """One-sided p-values, alone and corrected for the family. Both (slices,)."""

    alone: FloatArray
    family: FloatArray


def family_wise(badness: FloatArray, null: FloatArray) -> Chance:
    """Step-down min-P by resampling: exact for the family, using how slices depend on each other.

    Args:
        badness: (slices,) observed, larger is worse.
        null: (draws, slices) the same under chance; row s is one joint draw of all slices.

    A Holm correction assumes nothing about dependence and is conservative where slices move
    together, as sizes and classes of the same boxes do. Westfall & Young (1993), algorithm 2.8.

    >>> rng = np.random.default_rng(0)
    >>> noise = rng.normal(size=(999, 3))
    >>> chance = family_wise(np.array([9.0, 0.0, -1.0]), noise)
    >>> float(chance.family[0]), bool(chance.family[1] > 0.3)
    (0.001, True)
    """
    draws, slices = null.shape
    if slices == 0:
        return Chance(np.zeros(0), np.zeros(0))
    alone = (1 + (null >= badness).sum(axis=0)) / (draws + 1)
    own = _own_p_values(np.vstack([badness, null]))
    order = np.argsort(own[0], kind="stable")
    # Smallest p-value among the slices not yet rejected, in each draw.
    rest = np.minimum.accumulate(own[1:, order[::-1]], axis=1)[:, ::-1]
    stepped = (1 + (rest <= own[0, order]).sum(axis=0)) / (draws + 1)
    family = np.empty(slices)
    family[order] = np.maximum.accumulate(np.maximum(stepped, alone[order]))
    return Chance(alone, np.minimum(family, 1.0))


def _own_p_values(pooled: FloatArray) -> FloatArray:
    """The p-value of each row within its own column; ties share the larger one.

    What was observed is one of the rows: if chance made it, it is no different from the others,
    and only then is the family-wise rate exact where slices are many and draws are few. The ten
    largest of a column are told apart by an exponential tail fitted to them, or else the largest
    of every column would do as well as one that stands out far.
    """
    rows = len(pooled)
    ranked = np.sort(pooled, axis=0)
    out = np.empty_like(pooled)
    for column in range(pooled.shape[1]):
        below = np.searchsorted(ranked[:, column], pooled[:, column], side="left")
        out[:, column] = (rows - below) / rows
    tail = min(TAIL, rows // 20)
    if tail > 1:
        beyond = np.maximum(pooled - ranked[-tail], 0.0)
        usual = beyond.sum(axis=0) / tail
        far = np.divide(beyond, usual, out=np.zeros_like(beyond), where=beyond > 0)
        out = np.where(beyond > 0, tail / rows * np.exp(-far), out)
    return out
