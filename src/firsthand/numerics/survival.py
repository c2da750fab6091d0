"""Survival: what share of a stratum of the reference is still there, object for object?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import Frame, Part, Profile
from firsthand.types import FloatArray, Slice, Undetermined


def strata_frame(
    profile: Profile,
    strata: Mapping[Slice, Sequence[int] | NDArray[np.int64]],
    undetermined: tuple[Undetermined, ...] = (),
) -> Frame:
    """A frame whose slices are sums of columns.

    Args:
        profile: the reference.
        strata: slice -> positions of the profile's columns that belong to it.
        undetermined: slices that were given up, with the reason.
    """
    slices = tuple(strata)
    weights = np.zeros((len(profile.columns), len(slices)))
    for at, columns in enumerate(strata.values()):
        weights[np.asarray(columns, dtype=np.int64), at] = 1.0
    support = profile.totals.sum(axis=0) @ weights
    return Frame(slices, profile.columns, weights, support, undetermined)


def column_frame(profile: Profile, key: str) -> Frame:
    """A frame with one slice a column that the reference holds at all: `key=column`."""
    present = np.flatnonzero(profile.totals.sum(axis=0))
    return strata_frame(profile, {((key, profile.columns[at]),): [int(at)] for at in present})


def quantile_strata(
    bins: NDArray[np.int64],
    counts: FloatArray,
    ranges: Mapping[str, tuple[float, float]],
) -> dict[str, NDArray[np.int64]]:
    """Deal ordered bins out to quantile ranges; a bin goes where the middle of its mass lies.

    Every bin goes somewhere, also one that the reference has nothing in: an object of a size that
    only the candidate shows is not a lost one.

    Args:
        bins: (columns,) the ordered bin of each column; several columns may share one.
        counts: (columns,) objects of the reference in each.
        ranges: name -> (from, to) quantile, rising.

    Returns:
        name -> positions of columns. A range that would hold no object of the reference is left
        out, and its bins go to the next one.

    >>> found = quantile_strata(np.arange(4), np.ones(4), {"low": (0, 0.5), "high": (0.5, 1)})
    >>> {name: at.tolist() for name, at in found.items()}
    {'low': [0, 1], 'high': [2, 3]}
    """
    edges, place = np.unique(bins, return_inverse=True)
    mass = np.bincount(place.reshape(-1), weights=counts, minlength=len(edges))
    if mass.sum() == 0:
        return {}
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    chosen = np.searchsorted([low for low, _ in ranges.values()], middle, side="right") - 1
    filled = np.unique(chosen[mass > 0])
    nearest = np.minimum(np.searchsorted(filled, chosen), len(filled) - 1)[place.reshape(-1)]
    names = np.array(list(ranges))[filled].tolist()
    return {name: np.flatnonzero(nearest == at) for at, name in enumerate(names)}


def rate_ratio(_frame: Frame, reference: Part, candidate: Part) -> FloatArray:
    """Objects a sample in the candidate over objects a sample in the reference, (..., slices).

    1 where nothing is lost, 0 where nothing is left. NaN where the reference has none, which a
    frame built from the reference rules out for the whole.
    """
    ours = candidate.totals / candidate.samples[..., None]
    theirs = reference.totals / reference.samples[..., None]
    out = np.full(np.broadcast_shapes(ours.shape, theirs.shape), np.nan)
    return np.asarray(np.divide(ours, theirs, out=out, where=theirs > 0))
