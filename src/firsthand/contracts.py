"""What a component of each family must be. A component is one file with a `component`.

Facts are declared here so that one conformance suite, the report and the documentation can read
them: a metric says its question, unit, range, worse direction and source, and which damage it must
notice and which it must not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from firsthand.types import (
    BoolArray,
    Dataset,
    FloatArray,
    Reading,
    Shared,
    Slice,
    Task,
    Undetermined,
    Worse,
)

BUCKETS = 64
"""Every profile is kept in this many buckets, filled by a hash of the group (see `Profile`)."""

ViewName = Literal["boxes", "tokens", "features", "texts", "categories", "columns"]
Ladder = Literal[
    "variance-shrink", "mode-loss", "tail-cut", "class-drop", "near-duplicates", "over-dispersion"
]


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Sufficient statistics of one dataset for one metric, additive, in 64 buckets.

    Groups are hashed to buckets, so samples that depend on each other stay together. Sums over
    buckets give the whole; sums over some buckets give a part; resampling buckets gives intervals
    and null halves, after merging and without the raw data.
    """

    columns: tuple[str, ...]  # what each column counts
    totals: FloatArray  # (64, k)
    samples: FloatArray  # (64,) samples in each bucket
    groups: int  # distinct groups

    def merge(self, other: Profile) -> Profile:
        """The profile of both shards together; exact when no group is split between them."""
        columns = tuple(sorted({*self.columns, *other.columns}))
        totals = self.aligned(columns) + other.aligned(columns)
        return Profile(columns, totals, self.samples + other.samples, self.groups + other.groups)

    def aligned(self, columns: Sequence[str]) -> FloatArray:
        """Totals with their columns in the given order; what was never seen is 0. (64, len)."""
        if tuple(columns) == self.columns:
            return self.totals
        place = {name: at for at, name in enumerate(self.columns)}
        found = [(at, place[name]) for at, name in enumerate(columns) if name in place]
        out = np.zeros((BUCKETS, len(columns)))
        if found:
            to, source = np.array(found).T
            out[:, to] = self.totals[:, source]
        return out


class Part(NamedTuple):
    """Sums over some buckets of a profile, for many parts at once."""

    totals: FloatArray  # (..., k)
    samples: FloatArray  # (...,)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What the reference fixes before anything is compared: which slices there are.

    It is made from the reference's profile, which then has a column of zeros for whatever only the
    candidate shows, so that strata by value can take that in.

    `columns` orders the profile's columns; `strata`, where given, is a (k, s) matrix that adds
    them up into s strata before anything is resampled, which keeps resampling cheap.
    """

    slices: tuple[Slice, ...]
    columns: tuple[str, ...]
    strata: FloatArray | None = None
    support: FloatArray | None = None  # (slices,) objects of the reference behind each slice
    undetermined: tuple[Undetermined, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """What one metric found, with everything that chance alone would have found.

    Row s of `null` belongs to the same random split of the reference in every metric, so that
    family-wise correction can use how metrics depend on each other.
    """

    slices: tuple[Slice, ...]
    value: FloatArray  # (slices,)
    null: FloatArray  # (splits, slices)
    bootstrap: FloatArray  # (replicates, slices)
    n_reference: int
    n_candidate: int
    groups: int
    method: str
    undetermined: tuple[Undetermined, ...] = ()
    expected: FloatArray | None = None  # (slices,) objects expected under the null
    absolute: FloatArray | None = None  # (slices,) on all rows, before it is set against the null


class FeatureView(NamedTuple):
    """Samples as points. Row i of all arrays is one sample."""

    features: NDArray[np.float32]  # (n, d)
    bucket: NDArray[np.int64]  # (n,) 0..63
    media: NDArray[np.bytes_]  # (n,) media digests
    groups: int


class BoxesView(NamedTuple):
    """Labelled objects, one row each, and the samples that hold them.

    The class of a whole image is one box that covers it.
    """

    classes: tuple[str, ...]
    bucket: NDArray[np.int64]  # (samples,) 0..63
    groups: int
    sample: NDArray[np.int64]  # (boxes,) index of the sample
    label: NDArray[np.int64]  # (boxes,) index into classes
    xywh: FloatArray  # (boxes, 4) shares of the image
    area: FloatArray  # (boxes,) share of the image: of the polygon where there is one
    aspect: FloatArray  # (boxes,) width over height, in shares; of the sides where rotated


class TokensView(NamedTuple):
    """Documents as token ids over one shared vocabulary hash."""

    bucket: NDArray[np.int64]  # (documents,)
    groups: int
    tokens: NDArray[np.uint64]  # (all tokens,) stable 64-bit hash of each token
    start: NDArray[np.int64]  # (documents + 1,) document i is tokens[start[i]:start[i + 1]]


class TextsView(NamedTuple):
    """Documents as they were written."""

    bucket: NDArray[np.int64]  # (documents,) 0..63
    groups: int
    texts: tuple[str, ...]


class CategoriesView(NamedTuple):
    """Objects of which only the kind counts: a box's class, a token's type."""

    bucket: NDArray[np.int64]  # (objects,) 0..63
    groups: int
    names: NDArray[np.str_] | NDArray[np.uint64]  # (kinds,) equal names are one kind on both sides
    label: NDArray[np.int64]  # (objects,) index into names


class Column(NamedTuple):
    """One column of a table."""

    name: str
    kind: Literal["number", "category"]
    values: FloatArray | NDArray[np.str_]  # (n,) NaN or "" where nothing is given


class ColumnsView(NamedTuple):
    """The rows of a table, column by column."""

    bucket: NDArray[np.int64]  # (n,) 0..63
    groups: int
    columns: tuple[Column, ...]


class Splits(NamedTuple):
    """Random disjoint parts of the reference's buckets, and matching parts of the candidate's."""

    half: BoolArray  # (splits, 64) 32 buckets of the reference; contains part A, not part B
    first: BoolArray  # (splits, 64) reference part A
    second: BoolArray  # (splits, 64) reference part B, disjoint from A: the null candidate
    candidate: BoolArray  # (splits, 64) part of the candidate as large as B
    weights: FloatArray  # (replicates, 64) bootstrap multiplicities of buckets
    seed: int
    shared: Shared | None = None  # samples of both sides, and on both; None: nothing is known of it

    def overlap(self, reference: int, candidate: int) -> Shared:
        """The same of so many objects, as many in each sample; none are on both if unknown."""
        share = self.shared.both / max(self.shared.candidate, 1) if self.shared else 0.0
        return Shared(reference, candidate, round(share * candidate))


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One question about a candidate against a reference, with its facts.

    Two functions are enough: `profile` turns a view into sums, `value` turns sums of the
    reference and of the candidate into one number a slice. `value` works on many parts at once:
    its inputs have leading axes and its result is (..., slices).
    """

    name: str
    question: str
    unit: str
    range: tuple[float, float]
    worse: Worse
    source: str
    view: ViewName
    tasks: frozenset[Task]
    neutral: float | None  # value of a candidate that equals its reference; None: depends on it
    size_free: bool  # its expectation does not depend on n: full samples are compared
    profile: Callable[[Any], Profile] | None = None
    frame: Callable[[Profile], Frame] | None = None
    value: Callable[[Frame, Part, Part], FloatArray] | None = None
    compare: Callable[[Any, Any, Splits], Draws] | None = None  # instead, if it cannot be summed
    finding: str = "metric-moved"  # code of what it finds; the generic one says its question
    audited: bool = True  # asked by every audit; each question costs the others some power
    embedder: str = ""  # the only one whose points it can read; empty: points are points
    absolute_unit: str = ""  # of the number that papers print, which has no null of its own
    symmetric: bool = False
    min_groups: int = 20  # fewer on either side: undetermined
    min_objects: int = 10  # fewer expected in a slice on either side: undetermined
    sees: frozenset[Ladder] = frozenset()
    blind_to: frozenset[Ladder] = frozenset()

    @property
    def mergeable(self) -> bool:
        """Whether shards can be profiled apart and merged."""
        return self.compare is None


class Reader(Protocol):
    """Reads one dataset format as a stream, without any framework."""

    name: str
    question: str
    suffixes: tuple[str, ...]

    def can_read(self, path: Path) -> bool:
        """Does this path look like the format? Cheap: looks at names and first bytes only."""
        ...

    def read(self, path: Path) -> Reading:
        """Open it. Bad content comes as `Skip`; only an unusable whole raises InputError."""
        ...


@dataclass(frozen=True, kw_only=True)
class Embedder:
    """Turns media into points."""

    name: str
    version: str
    question: str
    dimensions: int  # 0 where only the points themselves tell
    tasks: frozenset[Task]
    embed: Callable[[Dataset], tuple[NDArray[np.float32], NDArray[np.int64]]]
    """(m, d) features and the (m,) indices of their samples; unreadable ones are absent."""
    open: Callable[[str], Embedder] | None = None
    """Makes the embedder of one model, by path or name; without it `embed` can only refuse."""
