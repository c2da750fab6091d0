"""Which columns of a table hold other values than the reference's?

Of a column of numbers, the largest share of rows that any range of values gained or lost, over the
reference's own quantiles (Kuiper's statistic: Kolmogorov and Smirnov's, with ranges that may begin
anywhere, so that values which move from both ends to the middle are seen as well as a shift). Of a
column of categories, the largest share that any set of them gained or lost (total variation). A
number with at most 32 different values is a category. Missing values count as a value of their own.
0 is no difference, 1 is nothing in common.

A second human sample differs too, the more the fewer rows there are: the null band says by how
much. Columns are many, so `adjusted_p` counts: it holds over all columns, and all other metrics
asked, at once (step-down min-P). Holm's correction of the same p-values needs no null of all of
them together, and is what to use where columns were measured apart: it is valid but loses power
where columns move together.

A column that one side does not have is undetermined, by name; so is one whose values are all rare,
such as a name or a number of an account. Rows that look the same need not be the same, where few
columns have few values, so none are taken for shared unless the two tables are one: the null is too
wide for a candidate that holds the reference's rows, and never too narrow.

Source: Kuiper 1960 (Indagationes Mathematicae 63:38); Holm 1979; Westfall & Young 1993.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from firsthand.contracts import ColumnsView, Draws, Frame, Metric, Part, Profile, Splits
from firsthand.numerics import drift
from firsthand.numerics.drift import Cells
from firsthand.numerics.halves import nothing, too_few
from firsthand.numerics.resampling import Pair, draw
from firsthand.types import FloatArray, Shared, Slice, Undetermined

NAME = "column_drift"
MIN_GROUPS = 20


def compare(reference: ColumnsView, candidate: ColumnsView, splits: Splits) -> Draws:
    """How far is each column of the candidate from the reference's?"""
    groups = min(reference.groups, candidate.groups)
    problem = too_few(NAME, groups, len(reference.bucket), (MIN_GROUPS, drift.LEAST))
    if problem is not None:
        return nothing(splits, groups, problem)
    counted, gone = _counted(reference, candidate)
    if not counted:
        return nothing(splits, groups, *gone)
    sizes = len(reference.bucket), len(candidate.bucket)
    same = all(np.array_equal(cells.reference, cells.candidate) for cells in counted.values())
    shared = Shared(*sizes, sizes[1] if same else 0)
    each = [_draws(name, cells, shared, groups, splits) for name, cells in counted.items()]
    return Draws(
        slices=tuple(part for one in each for part in one.slices),
        value=np.concatenate([one.value for one in each]),
        null=np.concatenate([one.null for one in each], axis=1),
        bootstrap=np.concatenate([one.bootstrap for one in each], axis=1),
        n_reference=sizes[0],
        n_candidate=sizes[1],
        groups=groups,
        method=each[0].method,
        undetermined=gone,
    )


def _counted(
    reference: ColumnsView, candidate: ColumnsView
) -> tuple[dict[str, Cells], tuple[Undetermined, ...]]:
    """The columns of both sides that can be compared, and why the others cannot."""
    ours = {column.name: column for column in reference.columns}
    theirs = {column.name: column for column in candidate.columns}
    counted, gone = dict[str, Cells](), list[Undetermined]()
    for name in sorted(ours.keys() | theirs.keys()):
        part: Slice = (("column", name),)
        if name not in ours:
            gone.append(Undetermined(metric=NAME, reason="column-new", slice=part))
        elif name not in theirs:
            gone.append(Undetermined(metric=NAME, reason="column-absent", slice=part))
        else:
            cells = drift.count(ours[name], theirs[name], (reference.bucket, candidate.bucket))
            counted[name] = cells
    rare = [name for name, cells in counted.items() if cells.most < drift.LEAST]
    gone += [_rare(name, counted.pop(name).most) for name in rare]
    return counted, tuple(gone)


def _rare(name: str, most: int) -> Undetermined:
    params = {"found": most, "needed": drift.LEAST}
    part: Slice = (("column", name),)
    return Undetermined(metric=NAME, reason="too-few-objects", slice=part, params=params)


def _draws(name: str, cells: Cells, shared: Shared, groups: int, splits: Splits) -> Draws:
    """One column, as any other metric of sums."""
    columns = tuple(f"{at:02}" for at in range(cells.reference.shape[1]))
    part: Slice = (("column", name),)
    distance = drift.interval_distance if cells.ordered else drift.set_distance
    metric = replace(
        component,
        compare=None,
        size_free=True,  # sides are compared whole; the null has their sizes
        frame=lambda _profile: Frame((part,), columns),
        value=lambda _frame, ours, theirs: distance(_shares(theirs) - _shares(ours))[..., None],
    )
    ours, theirs = (
        Profile(columns, table, table.sum(axis=1), groups)
        for table in (cells.reference, cells.candidate)
    )
    return draw(metric, Pair(ours, theirs, shared), splits)


def _shares(part: Part) -> FloatArray:
    return np.asarray(part.totals / part.totals.sum(axis=-1, keepdims=True))


component = Metric(
    name=NAME,
    question="Which columns of a table hold other values than the reference's?",
    unit="share of rows that a range or a set of values gained or lost",
    range=(0.0, 1.0),
    worse="up",
    source="Kuiper 1960 (Indagationes Mathematicae 63:38); Holm 1979; Westfall & Young 1993",
    view="columns",
    tasks=frozenset({"table"}),
    neutral=0.0,
    size_free=False,
    audited=False,
    min_groups=MIN_GROUPS,
    min_objects=drift.LEAST,
    sees=frozenset({"variance-shrink", "mode-loss", "tail-cut", "class-drop", "over-dispersion"}),
    compare=compare,
)
