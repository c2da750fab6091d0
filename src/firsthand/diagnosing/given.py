"""From what a caller names, arrays too, to a side that can be compared."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import FeatureView
from firsthand.errors import InputError
from firsthand.feature_files import FeatureFile
from firsthand.numerics.buckets import bucket_of
from firsthand.provenance import declare
from firsthand.sides import FeatureSide, Side
from firsthand.sources import Source, side_of
from firsthand.types import Provenance

Given = Source | NDArray[np.floating[Any]]
ROLES = ("reference", "train", "samples", "heldout", "unfiltered")


def opened(
    sources: dict[str, Given | None], features: str | None, declared: dict[str, Provenance | None]
) -> dict[str, Side]:
    """A side of each source that was given.

    Raises:
        InputError: one cannot be read, holds nothing, or is an array of another shape.
    """
    return {
        role: _side(role, source, features, declared.get(role))
        for role, source in sources.items()
        if source is not None
    }


def _side(role: str, source: Given, features: str | None, declared: Provenance | None) -> Side:
    if isinstance(source, np.ndarray):
        return points(source, role)
    reading = {"declared": declared} if isinstance(source, str | Path) and declared else {}
    return side_of(source, features, **reading)


def points(rows: NDArray[np.floating[Any]], name: str) -> FeatureSide:
    """Points in memory, (n, d), one a sample; equal rows are one medium.

    Raises:
        InputError: it has another shape, no row, or something that is not a finite number.
    """
    found = np.ascontiguousarray(rows, dtype=np.float32)
    if found.ndim != 2 or not found.size or not np.isfinite(found).all():
        raise InputError(
            f"{name} is an array of shape {found.shape}",
            expected="(n, d) finite numbers, one row a sample",
        )
    digests = [hashlib.sha256(row.tobytes()).digest() for row in found]
    media = np.array(digests, dtype="S32")
    bucket = np.fromiter((bucket_of("", each) for each in digests), np.int64, len(digests))
    digest = hashlib.sha256(b"".join(sorted(digests))).hexdigest()
    view = FeatureView(found, bucket, media, len(set(digests)))
    none = np.full(len(found), -1, np.int64)
    return FeatureSide(FeatureFile(Path(name), view, digest, (), none, ()))


def said(origin: Provenance | str | None) -> Provenance | None:
    """What is declared of a set."""
    return declare(origin) if isinstance(origin, str) else origin
