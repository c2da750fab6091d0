"""The values that flow through firsthand. Nothing here computes; everything else speaks in these.

A sample enters once and never changes: `Sample`. What a number says is a `Measurement`; that no
number can be given is `Undetermined`. A decision is a `Finding` inside an `Audit`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from firsthand.diagnosing.answer import Diagnosis
    from firsthand.outlook.going_on import GoingOn

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MediaOrigin = Literal["human", "synthetic", "unknown"]
LabelOrigin = Literal["human", "model", "unknown"]
Verification = Literal["none", "accepted", "corrected", "relabelled"]
Task = Literal["detect", "segment", "oriented", "classify", "text", "table", "features"]
Worse = Literal["up", "down"]
Verdict = Literal["pass", "block", "cannot-say"]
Severity = Literal["block", "watch", "note"]

ProvenanceClass = Literal[
    "real", "human-verified", "other-synthetic", "pseudo-label", "own-output", "unknown"
]
PROVENANCE_CLASSES: tuple[ProvenanceClass, ...] = (
    "real",
    "human-verified",
    "other-synthetic",
    "pseudo-label",
    "own-output",
    "unknown",
)
"""Ordered by distance from reality; plots stack them in this order."""

Slice = tuple[tuple[str, str], ...]
"""Which part of the data a number speaks of: `(("class", "Platelets"), ("size", "small"))`."""

ALL: Slice = ()


def slice_text(part: Slice) -> str:
    """Write a slice for tables and logs.

    >>> slice_text((("class", "Platelets"), ("size", "small")))
    'class=Platelets,size=small'
    >>> slice_text(ALL)
    'all'
    """
    return ",".join(f"{key}={value}" for key, value in part) or "all"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who made the media, who made the label, which generation, who verified it.

    Media and label are kept apart: a real photo with a detector's boxes is human media with a
    model label. Verification never rewrites origin or generation. `generation` and `ancestry` are
    None when they cannot be known; None is never read as 0.
    """

    media_origin: MediaOrigin = "unknown"
    label_origin: LabelOrigin = "unknown"
    media_generator: str | None = None  # NAME@VERSION
    label_generator: str | None = None  # NAME@VERSION
    verification: Verification = "none"
    verified_by: str | None = None
    generation: int | None = None
    generation_at_least: int | None = None  # a bound where the generation itself is unknown
    generation_declared: bool = False  # said by a person, not computed from a lineage
    ancestry: float | None = None  # share that goes back to people, 0..1
    own: bool = False  # its generator descends from this project's own models


UNKNOWN = Provenance()
HUMAN = Provenance("human", "human", generation=0, ancestry=1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """The labelled objects of one image, in shares of its width and height.

    `outlines` holds one (k, 2) polygon an object for segmentation, or four corners for oriented
    boxes; it is empty for plain boxes. `xywh` is then the enclosing box.
    """

    classes: NDArray[np.int32]  # (n,) index into the dataset's class names
    xywh: FloatArray  # (n, 4) centre x, centre y, width, height, each in [0, 1]
    outlines: tuple[FloatArray, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One item: media and, where there is one, its label.

    `key` is stable inside its dataset. `label` is None where nothing was said about the sample; an
    image declared to hold no object has the digest of an empty label. An empty `group` means that
    the sample is a group of its own.
    """

    key: str
    media: bytes  # sha256 of the content
    label: bytes | None = None  # sha256 of the canonical label, see content.py
    split: str = ""
    group: str = ""
    provenance: Provenance = UNKNOWN
    path: str = ""  # file that holds the media; with `line` where it is a row of it
    line: int = 0
    boxes: Boxes | None = None
    category: int | None = None  # index into the dataset's class names
    text: str | None = None
    row: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """Something in a dataset that was left out, by name, so that nothing is lost silently."""

    code: str  # e.g. "label-nan"; the sentence for it stands in the message catalogue
    path: str
    line: int = 0  # 0: the file as a whole
    found: str = ""  # the offending value, shortened
    keeps_sample: bool = False  # only this row was dropped, its sample stays


@dataclass(frozen=True, slots=True)
class Reading:
    """An opened dataset: what is known before its samples stream past."""

    format: str
    root: Path
    task: Task
    classes: tuple[str, ...]
    items: Iterator[Sample | Skip]
    total: int | None = None  # how many items to expect, for progress


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Samples that were read, with everything that was left out."""

    name: str
    task: Task
    classes: tuple[str, ...]
    samples: tuple[Sample, ...]
    skips: tuple[Skip, ...] = ()
    format: str = ""
    root: str = ""
    digest: str = ""  # sha256 over sorted (media, label, split) of all samples


class Shared(NamedTuple):
    """How two datasets overlap, by media digest."""

    reference: int
    candidate: int
    both: int  # samples of the candidate whose media are in the reference too


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A number that never travels alone.

    `value` lies in `[low, high]` with confidence `level`; a second human sample of the same size
    would fall in `[null_low, null_high]` as often. `p_value` is one-sided in the `worse`
    direction; `adjusted_p` is its family-wise correction over everything that was looked at.
    """

    metric: str
    value: float
    low: float
    high: float
    null_low: float
    null_high: float
    unit: str
    worse: Worse
    n_reference: int
    n_candidate: int
    groups: int
    seed: int
    method: str
    slice: Slice = ALL
    level: float = 0.95
    paired: bool = False
    p_value: float | None = None
    adjusted_p: float | None = None
    absolute: float | None = None
    """The metric as its paper defines it, on all rows: what other tools print. It depends on the
    sample size and has no null, so nothing is concluded from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undetermined:
    """No number can be given, and why, and what it would need. Never 0, never green."""

    metric: str
    reason: str  # code, e.g. "too-few-objects"; texts stand in the message catalogue
    slice: Slice = ALL
    params: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a person should know or do, as a code with parameters, never as a sentence."""

    code: str
    severity: Severity
    slice: Slice = ALL
    measurement: Measurement | None = None
    limit: str = ""  # name of the limit it breaks
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    advice: tuple[str, ...] = ()  # codes of what to do next, each rendered as a command
    samples: tuple[tuple[str, ...], ...] = ()
    """Keys of every sample it speaks of, each with the key of the one it copies, if it does."""


@dataclass(frozen=True, slots=True)
class Composition:
    """What a dataset is made of. Counts are exact; shares follow from them."""

    total: int
    by_class: Mapping[ProvenanceClass, int]
    by_generation: Mapping[str, int]  # "0", "1", ..., "unknown"
    by_split: Mapping[str, Mapping[ProvenanceClass, int]]
    by_label: Mapping[str, Mapping[ProvenanceClass, int]]  # class name -> samples holding it
    ancestry: float | None  # mean over samples; None while any of it is unknown
    ancestry_known: int  # how many samples it could be computed for


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The verdict on a candidate training set, and all that it rests on."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    undetermined: tuple[Undetermined, ...]
    measurements: tuple[Measurement, ...]
    composition: Composition
    candidate: Mapping[str, object]  # name, path, format, digest, samples, skips by code
    reference: Mapping[str, object]
    anchor: Mapping[str, object] | None
    shared: Shared
    skips: tuple[Skip, ...]
    limits: Mapping[str, object]
    seed: int
    seconds: float
    version: str
    ahead: GoingOn | None = None  # what happens if they go on like this, where that can be said
    diagnosis: Diagnosis | None = None  # which failure it is, where something is lost
    schema: str = "firsthand.audit/1"

    def _repr_html_(self) -> str:
        """Show the report in a notebook."""
        # By name, when asked: values must not import what draws them.
        return str(importlib.import_module("firsthand.report").notebook(self))
