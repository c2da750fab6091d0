"""position_survival: are objects in some part of the image disappearing?

Objects whose centre lies in one of nine equal parts of the image, in a sample of the candidate over
the same of the reference: 1 is nothing lost. Objects at the border are cut and go first.

Fails when fewer than 10 objects are expected in a part (Undetermined). Flips and crops made on
purpose show here; name them under `expect:`.

Source: own choice of a three by three grid; fewer parts hide the border, more have too few objects.
"""

from __future__ import annotations

import numpy as np

from firsthand.contracts import BoxesView, Frame, Metric, Profile
from firsthand.numerics.buckets import tally
from firsthand.numerics.survival import column_frame, rate_ratio

ROWS = ("top", "middle", "bottom")
COLUMNS = ("left", "centre", "right")
PLACES = tuple(f"{row} {column}" for row in ROWS for column in COLUMNS)


def profile(view: BoxesView) -> Profile:
    """Objects by part of the image, by bucket."""
    third = np.clip((view.xywh[:, :2] * 3).astype(np.int64), 0, 2)
    column = third[:, 1] * 3 + third[:, 0]
    return tally(PLACES, view.bucket[view.sample], column, view.bucket, view.groups)


def frame(reference: Profile) -> Frame:
    """One slice a part of the image that holds any object of the reference."""
    return column_frame(reference, "position")


component = Metric(
    name="position_survival",
    question="Are objects in some part of the image disappearing?",
    unit="objects per sample, candidate over reference",
    range=(0.0, np.inf),
    worse="down",
    source="three by three grid, chosen here: docs/decisions/0005-strata-of-detection.md",
    view="boxes",
    tasks=frozenset({"detect", "segment", "oriented"}),
    neutral=1.0,
    profile=profile,
    frame=frame,
    value=rate_ratio,
    size_free=True,
    finding="position-lost",
    sees=frozenset({"class-drop", "variance-shrink"}),
    blind_to=frozenset({"near-duplicates"}),
)
