"""Has the mix of classes changed, and which class gained or lost a share?

Half the sum of the absolute differences between the shares of the classes (total variation): the
share of objects that would have to change class to restore the reference's mix. A slice `class=...`
says by how much the share of that class rose or fell. 0 is the same mix, 1 is nothing in common.

Shares must add up, so a class that loses half of its labels makes all others look gained:
`class_survival` says which one is being lost. A change of the mix can be wanted, and is no loss by
itself. Classes with fewer than 30 objects in the reference count together: below that, a class
that the reference happens to show too seldom seems to have gained. What is left of that makes it
alarm a little too often on some sets: in 0.06 to 0.08 of healthy pairs (docs/calibration.md).

Source: total variation distance; by class with step-down min-P over all, Westfall & Young 1993.
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import CategoriesView, Frame, Metric, Part, Profile
from firsthand.numerics.buckets import tally
from firsthand.numerics.drift import set_distance
from firsthand.types import ALL, FloatArray, Slice

NAME = "class_drift"
LEAST = 30  # objects of a class in the reference


def profile(view: CategoriesView) -> Profile:
    """Objects of each class, by bucket."""
    return tally(view.names.tolist(), view.bucket, view.label, view.bucket, view.groups)


def frame(reference: Profile) -> Frame:
    """One slice a class that the reference has enough of, and one for the mix of them all."""
    objects = reference.totals.sum(axis=0)
    often = np.flatnonzero(objects >= LEAST)
    if len(often) == 0 or len(objects) < 2:
        return Frame((), reference.columns)
    # One column a class and a last one for all others, in the place of the mix as a whole.
    strata = np.zeros((len(objects), len(often) + 1))
    strata[often, np.arange(len(often))] = 1.0
    strata[objects < LEAST, -1] = 1.0
    slices: list[Slice] = [(("class", reference.columns[at]),) for at in often]
    support = np.append(objects[often], objects.sum())
    return Frame((*slices, ALL), reference.columns, strata, support)


def value(_frame: Frame, reference: Part, candidate: Part) -> FloatArray:
    """By how much the share of each class differs, and all of them together. (..., slices)."""
    difference = _shares(candidate) - _shares(reference)
    out = np.abs(difference)
    out[..., -1] = set_distance(difference)
    return np.asarray(out)


def _shares(part: Part) -> FloatArray:
    total = part.totals.sum(axis=-1, keepdims=True)
    out = np.full_like(part.totals, np.nan)
    return np.asarray(np.divide(part.totals, total, out=out, where=total > 0))


component = Metric(
    name=NAME,
    question="Has the mix of classes changed, and which class gained or lost a share?",
    unit="share of objects",
    range=(0.0, 1.0),
    worse="up",
    source="total variation distance; by class with step-down min-P, Westfall & Young 1993",
    view="categories",
    tasks=frozenset({"detect", "segment", "oriented", "classify"}),
    neutral=0.0,
    profile=profile,
    frame=frame,
    value=value,
    size_free=True,
    audited=False,
    min_objects=LEAST,
    sees=frozenset({"variance-shrink", "mode-loss", "class-drop", "tail-cut", "over-dispersion"}),
)
