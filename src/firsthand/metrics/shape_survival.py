"""shape_survival: are unusually tall or unusually wide objects disappearing?

Objects in the reference's tallest tenth, its widest tenth and the rest between, in a sample of the
candidate over the same of the reference: 1 is nothing lost. Aspect is width over height in shares
of the image; for rotated boxes, first side over second side.

Fails when fewer than 10 objects are expected in a stratum (Undetermined), and cannot be formed
where all objects have one shape.

Source: tails as quantiles of the reference (docs/decisions/0005); aspect as in Lin et al. 2014.
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import BoxesView, Frame, Metric, Profile
from firsthand.numerics.buckets import distinct, tally
from firsthand.numerics.survival import quantile_strata, rate_ratio, strata_frame

RANGES = {"tallest-tenth": (0.0, 0.1), "ordinary": (0.1, 0.9), "widest-tenth": (0.9, 1.0)}
BINS_PER_OCTAVE = 8
OCTAVES = 10  # aspects beyond 1:1024 share the last bin


def profile(view: BoxesView) -> Profile:
    """Objects by bin of log aspect, by bucket."""
    tiny = np.finfo(np.float64).tiny
    octave = np.clip(np.log2(np.maximum(view.aspect, tiny)), -OCTAVES, OCTAVES)
    bins = np.floor((octave + OCTAVES) * BINS_PER_OCTAVE).astype(np.int64)
    edges, column = distinct(bins)
    names = [f"{edge:03d}" for edge in edges]
    return tally(names, view.bucket[view.sample], column, view.bucket, view.groups)


def frame(reference: Profile) -> Frame:
    """Quantile ranges of the reference's own aspects."""
    bins = np.array([int(column) for column in reference.columns], dtype=np.int64)
    found = quantile_strata(bins, reference.totals.sum(axis=0), RANGES)
    return strata_frame(reference, {(("shape", name),): at for name, at in found.items()})


component = Metric(
    name="shape_survival",
    question="Are unusually tall or unusually wide objects disappearing?",
    unit="objects per sample, candidate over reference",
    range=(0.0, np.inf),
    worse="down",
    source="Lin et al. 2014, arXiv:1405.0312 (box statistics), relative to the reference",
    view="boxes",
    tasks=frozenset({"detect", "segment", "oriented"}),
    neutral=1.0,
    profile=profile,
    frame=frame,
    value=rate_ratio,
    size_free=True,
    finding="shape-lost",
    sees=frozenset({"class-drop", "variance-shrink"}),
    blind_to=frozenset({"near-duplicates"}),
)
