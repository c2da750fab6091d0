"""How often would anything at all look this bad by chance, given everything that was looked at?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firsthand.types import FloatArray


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
    joint = _own_p_values(null)
    order = np.argsort(alone, kind="stable")
    # Smallest p-value among the slices not yet rejected, in each draw.
    rest = np.minimum.accumulate(joint[:, order[::-1]], axis=1)[:, ::-1]
    stepped = (1 + (rest <= alone[order]).sum(axis=0)) / (draws + 1)
    family = np.empty(slices)
    family[order] = np.maximum.accumulate(np.maximum(stepped, alone[order]))
    return Chance(alone, np.minimum(family, 1.0))


def _own_p_values(null: FloatArray) -> FloatArray:
    """The p-value of each draw within its own column; ties share the larger one."""
    draws = len(null)
    ranked = np.sort(null, axis=0)
    out = np.empty_like(null)
    for column in range(null.shape[1]):
        below = np.searchsorted(ranked[:, column], null[:, column], side="left")
        out[:, column] = (draws - below) / draws
    return out
