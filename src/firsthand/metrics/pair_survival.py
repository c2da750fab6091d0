"""pair_survival: which combinations of classes are disappearing?

Samples that hold both classes, as a share of the candidate's samples over the same share in the
reference: 1 is nothing lost, 0 is a combination that is no longer seen together. Rare combinations
go before rare classes do, because both halves of the pair must survive.

Looks only at pairs that at least 10 samples of the reference hold and at least 10 do not: most
pairs of many classes are rarer, and what nearly every sample holds is no tail. Needs two classes.

Source: co-occurrence as context, Choi et al. 2012 (doi:10.1016/j.patrec.2011.12.004).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BoxesView, Frame, Metric, Profile
from firsthand.numerics.buckets import distinct, tally
from firsthand.numerics.survival import rate_ratio, strata_frame
from firsthand.types import Slice

LEAST = 10  # samples of the reference that hold a pair, and samples that do not


def profile(view: BoxesView) -> Profile:
    """Samples that hold both classes of a pair, by bucket. A column reads `A + B`."""
    sample, first, second = _pairs(view)
    n = len(view.classes)
    keys, column = distinct(first * n + second)
    pairs = ((view.classes[key // n], view.classes[key % n]) for key in keys.tolist())
    names = [" + ".join(sorted(pair)) for pair in pairs]
    return tally(names, view.bucket[sample], column, view.bucket, view.groups)


def _pairs(view: BoxesView) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Each sample with each pair of distinct classes in it, as three (pairs,) arrays."""
    n = max(len(view.classes), 1)
    sample, label = np.divmod(np.unique(view.sample * n + view.label), n)
    found: list[NDArray[np.int64]] = []
    for step in range(1, len(sample)):
        together = sample[step:] == sample[:-step]
        if not together.any():
            break  # rows are sorted by sample: farther apart there is none either
        at = np.flatnonzero(together)
        found.append(np.stack([sample[at], label[at], label[at + step]]))
    rows = np.concatenate(found, axis=1) if found else np.zeros((3, 0), dtype=np.int64)
    return rows[0], rows[1], rows[2]


def frame(reference: Profile) -> Frame:
    """One slice a pair that enough samples of the reference hold."""
    held = reference.totals.sum(axis=0)
    often = np.flatnonzero((held >= LEAST) & (reference.samples.sum() - held >= LEAST))
    strata: dict[Slice, list[int]] = {(("pair", reference.columns[at]),): [int(at)] for at in often}
    return strata_frame(reference, strata)


component = Metric(
    name="pair_survival",
    question="Which combinations of classes are disappearing?",
    unit="samples holding both, candidate over reference",
    range=(0.0, np.inf),
    worse="down",
    source="Choi et al. 2012, doi:10.1016/j.patrec.2011.12.004 (co-occurrence of classes)",
    view="boxes",
    tasks=frozenset({"detect", "segment", "oriented"}),
    neutral=1.0,
    profile=profile,
    frame=frame,
    value=rate_ratio,
    size_free=True,
    finding="pair-lost",
    sees=frozenset({"class-drop"}),
    blind_to=frozenset({"variance-shrink", "near-duplicates"}),
)
