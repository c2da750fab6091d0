"""objects_per_image: are whole objects disappearing from the labels?

Labelled objects in a sample of the candidate, over labelled objects in a sample of the reference:
1 is nothing lost, 0.5 is every second object unlabelled. A detector that labels its own training
data drops what it is unsure of, and this falls in the first generation, while precision rises.

Fails when fewer than 10 objects are expected (Undetermined). Says nothing about which objects.

Source: missing-label recursion in self-training, Chen et al. 2023 (MixPL, arXiv:2312.07006).
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import BoxesView, Frame, Metric, Profile
from firsthand.numerics.buckets import tally
from firsthand.numerics.survival import rate_ratio, strata_frame
from firsthand.types import ALL


def profile(view: BoxesView) -> Profile:
    """Objects, by bucket."""
    column = np.zeros(len(view.label), dtype=np.int64)
    return tally(["objects"], view.bucket[view.sample], column, view.bucket, view.groups)


def frame(reference: Profile) -> Frame:
    """One slice: everything."""
    return strata_frame(reference, {ALL: [0]})


component = Metric(
    name="objects_per_image",
    question="Are whole objects disappearing from the labels?",
    unit="objects per sample, candidate over reference",
    range=(0.0, np.inf),
    worse="down",
    source="Chen et al. 2023, arXiv:2312.07006 (pseudo-labels miss small and tail objects)",
    view="boxes",
    tasks=frozenset({"detect", "segment", "oriented"}),
    neutral=1.0,
    profile=profile,
    frame=frame,
    value=rate_ratio,
    size_free=True,
    finding="boxes-per-image-lost",
    sees=frozenset({"class-drop", "tail-cut"}),
    blind_to=frozenset({"variance-shrink", "near-duplicates"}),
)
