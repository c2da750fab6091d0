"""empty_images: do images that should hold objects come out empty?

Share of labelled images without any object in the candidate, minus the same share in the
reference: 0 is no change, 0.1 is ten more empty images in a hundred. An image without a label file
was not labelled and is not counted; a declared empty one is.

Fails when between 1 and 9 images are empty on both sides (Undetermined): too few to tell a rise
from chance. None in the candidate is an answer: nothing rose.

Source: images left empty by a detector's own labels, docs/decisions/0005.
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import BoxesView, Frame, Metric, Part, Profile
from firsthand.numerics.buckets import tally
from firsthand.numerics.survival import strata_frame
from firsthand.types import ALL, FloatArray


def profile(view: BoxesView) -> Profile:
    """Labelled images without an object, by bucket."""
    held = np.zeros(len(view.bucket), dtype=bool)
    held[view.sample] = True
    empty = view.bucket[~held]
    column = np.zeros(len(empty), dtype=np.int64)
    return tally(["empty"], empty, column, view.bucket, view.groups)


def frame(reference: Profile) -> Frame:
    """One slice: everything."""
    return strata_frame(reference, {ALL: [0]})


def value(_frame: Frame, reference: Part, candidate: Part) -> FloatArray:
    """Difference of shares, (..., 1)."""
    ours = candidate.totals / candidate.samples[..., None]
    return np.asarray(ours - reference.totals / reference.samples[..., None])


component = Metric(
    name="empty_images",
    question="Do images that should hold objects come out empty?",
    unit="share of images, candidate minus reference",
    range=(-1.0, 1.0),
    worse="up",
    source="own measurement: docs/decisions/0005-strata-of-detection.md",
    view="boxes",
    tasks=frozenset({"detect", "segment", "oriented"}),
    neutral=0.0,
    profile=profile,
    frame=frame,
    value=value,
    size_free=True,
    finding="empty-images-risen",
    sees=frozenset({"class-drop"}),
    blind_to=frozenset({"variance-shrink", "near-duplicates"}),
)
