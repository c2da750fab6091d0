"""Survival: what share of a stratum of the reference is still there, object for object?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from firsthand.contracts import Frame, Part, Profile
from firsthand.types import FloatArray, Slice, Undetermined


def strata_frame(
    profile: Profile,
    strata: Mapping[Slice, Sequence[int]],
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


def rate_ratio(_frame: Frame, reference: Part, candidate: Part) -> FloatArray:
    """Objects a sample in the candidate over objects a sample in the reference, (..., slices).

    1 where nothing is lost, 0 where nothing is left. NaN where the reference has none, which a
    frame built from the reference rules out for the whole.
    """
    ours = candidate.totals / candidate.samples[..., None]
    theirs = reference.totals / reference.samples[..., None]
    out = np.full(np.broadcast_shapes(ours.shape, theirs.shape), np.nan)
    return np.asarray(np.divide(ours, theirs, out=out, where=theirs > 0))
