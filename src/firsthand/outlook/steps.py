"""Observed counts as steps from one generation to the next, with rare classes put together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firsthand.types import FloatArray

POOLED = 5.0  # mean count below which classes are put together: deviances are too small below
GROUPS = 200  # at most, or a fit takes long


@dataclass(frozen=True)
class Steps:
    """What each generation was drawn from, and what came out, by group of classes."""

    before: FloatArray  # (steps, groups) shares
    guide: FloatArray  # (steps, groups) mean logarithm of the shares inside
    after: FloatArray  # (steps, groups) counts
    home: FloatArray  # (groups,) shares of generation 0
    noise: FloatArray  # (steps,) variance of a step that measuring alone makes, over p (1 - p)
    measured: FloatArray  # (steps + 1,) samples measured of each generation; empty where all are
    group: NDArray[np.int64]  # (classes,) to which each belongs

    @property
    def sizes(self) -> FloatArray:
        """Samples after each step."""
        return np.asarray(self.after.sum(axis=1))


def steps_of(counts: FloatArray, *, measured: bool, nested: bool) -> Steps:
    """Steps between rows of (generations, classes).

    Args:
        counts: each class occurs in some generation.
        measured: rows are samples of each generation, and carry noise of their own.
        nested: each row holds all of the one before; only what was added was drawn.
    """
    group = _grouped(counts.mean(axis=0))
    sizes = counts.sum(axis=1)
    shares = counts / sizes[:, None]
    after = np.diff(counts, axis=0) if nested else counts[1:]
    # Measurement noise in a share and in its own logarithm would look like flattening; the mean of
    # all generations is as noisy towards what comes after as towards what came before.
    source = np.repeat(shares.mean(axis=0)[None], len(after), axis=0) if measured else shares[:-1]
    logs = np.log(np.where(source > 0, source, 1.0))
    before = _summed(shares[:-1], group)
    weight = _summed(source, group)
    guide = _summed(source * logs, group) / np.where(weight > 0, weight, 1.0)
    noise = 1 / sizes[:-1] + 1 / sizes[1:] if measured else np.zeros(len(after))
    home = _summed(shares[:1], group)[0]
    seen = sizes if measured else np.zeros(0)
    return Steps(before, guide, _summed(after, group), home, noise, seen, group)


def _grouped(mean: FloatArray) -> NDArray[np.int64]:
    """Each frequent class alone, rare ones with others about as rare. (classes,) numbers."""
    order = np.argsort(-mean, kind="stable")
    least = max(POOLED, float(mean.sum()) / GROUPS / 4)
    found, number, held = np.empty(len(mean), dtype=np.int64), -1, np.inf
    for at in order:
        if held >= least:
            number, held = number + 1, 0.0
        found[at], held = number, held + mean[at]
    if number > 1 and held < least:  # the last few join the group before
        found[found == number] = number - 1
    return found


def _summed(table: FloatArray, group: NDArray[np.int64]) -> FloatArray:
    """(rows, classes) summed by group."""
    rows = [np.bincount(group, weights=row) for row in table]
    return np.array(rows)
