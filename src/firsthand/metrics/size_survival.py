"""size_survival: are small objects disappearing, overall and within each class?

Objects in a size bucket in a sample of the candidate, over the same of the reference: 1 is nothing
lost, 0 is a size that vanished. Buckets are the reference's own area quantiles: `tiny` is the
smallest tenth, `small` the next up to a third, `medium` up to two thirds, `large` the rest, because
fixed pixels call nothing small in some sets. Within a class: `small`, `medium`, `large` thirds.
Areas are kept in bins of an eighth of an octave, so an edge is exact to 9 %.

Fails when a bucket has fewer than 10 expected objects (Undetermined); cannot be formed where all
objects have one size. Classified images have no size.

Source: buckets after COCO's area ranges (Lin et al. 2014, arXiv:1405.0312), made relative to the
reference; loss of small objects over self-training generations: docs/decisions/0005.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BoxesView, Frame, Metric, Profile
from firsthand.numerics.buckets import distinct, tally
from firsthand.numerics.survival import quantile_strata, rate_ratio, strata_frame
from firsthand.types import Slice

OVERALL = {
    "tiny": (0.0, 0.1),
    "small": (0.1, 1 / 3),
    "medium": (1 / 3, 2 / 3),
    "large": (2 / 3, 1.0),
}
WITHIN = {"small": (0.0, 1 / 3), "medium": (1 / 3, 2 / 3), "large": (2 / 3, 1.0)}
BINS_PER_OCTAVE = 8
SMALLEST = -40  # log2 of the area share below which everything is one bin
BINS = -SMALLEST * BINS_PER_OCTAVE + 1


def profile(view: BoxesView) -> Profile:
    """Objects by class and area bin, by bucket. A column reads `bin|class`."""
    area = np.maximum(view.area, 2.0**SMALLEST)
    bins = np.floor((np.log2(area) - SMALLEST) * BINS_PER_OCTAVE).astype(np.int64)
    keys, column = distinct(view.label * BINS + bins)
    names = [f"{key % BINS:03d}|{view.classes[key // BINS]}" for key in keys.tolist()]
    return tally(names, view.bucket[view.sample], column, view.bucket, view.groups)


def frame(reference: Profile) -> Frame:
    """Area quantiles of the reference, over all objects and within each class."""
    counts = reference.totals.sum(axis=0)
    by_class: dict[str, list[int]] = defaultdict(list)
    for at, column in enumerate(reference.columns):
        by_class[column.partition("|")[2]].append(at)
    bins = np.array([int(column[:3]) for column in reference.columns], dtype=np.int64)
    strata: dict[Slice, NDArray[np.int64]] = {
        (("size", name),): at for name, at in quantile_strata(bins, counts, OVERALL).items()
    }
    for label, members in by_class.items():
        if len(by_class) == 1:
            break  # one class: its sizes are the sizes overall
        columns = np.array(members)
        for name, inside in quantile_strata(bins[columns], counts[columns], WITHIN).items():
            strata[("class", label), ("size", name)] = columns[inside]
    return strata_frame(reference, strata)


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
    finding="size-lost",
    sees=frozenset({"tail-cut", "class-drop", "variance-shrink"}),
    blind_to=frozenset({"near-duplicates"}),
)
