"""class_survival: which classes are disappearing from the labels?

Objects of a class in a sample of the candidate, over objects of that class in a sample of the
reference: 1 is nothing lost, 0.5 is every second object gone, 0 is a class that vanished. For
classified images an object is the image itself.

Fails when a class has fewer than 10 expected objects (Undetermined), and does not see objects that
moved from one class to another of equal size, which shows as a loss here and a gain there. On
halves of 364 human images it alarmed in 0.07 of pairs at 0.05, elsewhere not
(docs/calibration.md).

Source: survival of symbols under resampling, Suresh et al. 2024 (arXiv:2412.17646); rates instead
of shares, so that missing labels of one class do not look like gains of the others.
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import BoxesView, Frame, Metric, Profile
from firsthand.numerics.buckets import tally
from firsthand.numerics.survival import column_frame, rate_ratio


def profile(view: BoxesView) -> Profile:
    """Objects of each class, by bucket."""
    return tally(view.classes, view.bucket[view.sample], view.label, view.bucket, view.groups)


def frame(reference: Profile) -> Frame:
    """One slice a class that the reference holds at all."""
    return column_frame(reference, "class")


component = Metric(
    name="class_survival",
    question="Which classes are disappearing from the labels?",
    unit="objects per sample, candidate over reference",
    range=(0.0, np.inf),
    worse="down",
    source="Suresh et al. 2024, arXiv:2412.17646 (survival of symbols under resampling)",
    view="boxes",
    tasks=frozenset({"detect", "segment", "oriented", "classify"}),
    neutral=1.0,
    profile=profile,
    frame=frame,
    value=rate_ratio,
    size_free=True,
    finding="class-lost",
    sees=frozenset({"class-drop", "mode-loss"}),
    blind_to=frozenset({"variance-shrink"}),
)
