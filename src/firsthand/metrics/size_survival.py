"""size_survival: are small objects disappearing, overall and within each class?

Objects in a size bucket in a sample of the candidate, over the same of the reference: 1 is nothing
lost, 0 is a size that vanished. Buckets are the reference's own area quantiles: `tiny` is the
smallest tenth, `small` the next up to a third, `medium` up to two thirds, `large` the rest, because
fixed pixels call nothing small in some sets. Within a class: `small`, `medium`, `large` thirds.
Areas are kept in bins of an eighth of an octave, so an edge is exact to 9 %.

Fails when a bucket has fewer than 10 expected objects (Undetermined); cannot be formed where all
objects have one size. Classified images have no size.

Source: buckets after COCO's area ranges (Lin et al. 2014, arXiv:1405.0312), made relative to the
reference; loss of small objects over self-training generations: docs/decisions.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BoxesView, Frame, Metric, Profile
from firsthand.numerics.buckets import tally
from firsthand.numerics.survival import rate_ratio, strata_frame
from firsthand.types import FloatArray, Slice

OVERALL = {
    "tiny": (0.0, 0.1),
    "small": (0.1, 1 / 3),
    "medium": (1 / 3, 2 / 3),
    "large": (2 / 3, 1.0),
}
WITHIN = {"small": (0.0, 1 / 3), "medium": (1 / 3, 2 / 3), "large": (2 / 3, 1.0)}
BINS_PER_OCTAVE = 8
SMALLEST = -40  # log2 of the area share below which everything is one bin


def profile(view: BoxesView) -> Profile:
    """Objects by class and area bin, by bucket. A column reads `bin|class`."""
    area = np.maximum(view.xywh[:, 2] * view.xywh[:, 3], 2.0**SMALLEST)
    bins = np.floor((np.log2(area) - SMALLEST) * BINS_PER_OCTAVE).astype(np.int64)
    keys, column = np.unique(np.stack([view.label, bins]), axis=1, return_inverse=True)
    names = [f"{at:03d}|{view.classes[label]}" for label, at in keys.T]
    return tally(names, view.bucket[view.sample], column.reshape(-1), view.bucket, view.groups)


def frame(reference: Profile) -> Frame:
    """Area quantiles of the reference, over all objects and within each class."""
    counts = reference.totals.sum(axis=0)
    by_class: dict[str, list[int]] = defaultdict(list)
    for at, column in enumerate(reference.columns):
        by_class[column.partition("|")[2]].append(at)
    bins = np.array([int(column[:3]) for column in reference.columns], dtype=np.int64)
    everything = np.arange(len(reference.columns))
    strata = _cut((), bins, counts, everything, OVERALL)
    for name, columns in by_class.items():
        if len(by_class) > 1:
            strata |= _cut((("class", name),), bins, counts, np.array(columns), WITHIN)
    return strata_frame(reference, strata)


def _cut(
    prefix: Slice,
    bins: NDArray[np.int64],
    counts: FloatArray,
    columns: NDArray[np.int64],
    ranges: dict[str, tuple[float, float]],
) -> dict[Slice, list[int]]:
    """Deal area bins out to size ranges; a bin goes where the middle of its mass lies."""
    order = columns[np.argsort(bins[columns], kind="stable")]
    edges = np.unique(bins[order])
    mass = np.array([counts[order][bins[order] == each].sum() for each in edges])
    if mass.sum() == 0:
        return {}
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    strata: dict[Slice, list[int]] = {}
    for name, (low, high) in ranges.items():
        wanted = edges[(middle >= low) & (middle < high)]
        chosen = order[np.isin(bins[order], wanted)]
        if len(chosen):
            strata[(*prefix, ("size", name))] = chosen.tolist()
    return strata


component = Metric(
    name="size_survival",
    question="Are small objects disappearing, overall and within each class?",
    unit="objects per sample, candidate over reference",
    range=(0.0, np.inf),
    worse="down",
    source="Lin et al. 2014, arXiv:1405.0312 (area ranges), relative to the reference's quantiles",
    view="boxes",
    tasks=frozenset({"detect", "segment", "oriented"}),
    neutral=1.0,
    profile=profile,
    frame=frame,
    value=rate_ratio,
    size_free=True,
    sees=frozenset({"tail-cut", "class-drop"}),
    blind_to=frozenset({"near-duplicates"}),
)
