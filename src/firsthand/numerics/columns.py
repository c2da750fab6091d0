"""A table as columns: numbers where all values are numbers, categories otherwise."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence

import numpy as np

from firsthand.contracts import Column, ColumnsView
from firsthand.numerics.buckets import buckets_of, count_groups
from firsthand.types import Dataset

ABOUT = frozenset(
    {
        *("key", "id", "group", "group_id", "split", "model_name"),
        *("origin", "media_origin", "label_origin", "verification", "verified_by", "generation"),
        *("generator", "media_generator", "label_generator"),
    }
)
"""Columns that say which row it is and where it comes from, not what it holds."""

LONGEST = 40  # characters of a category that are kept as they are
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")


def columns_view(dataset: Dataset) -> ColumnsView:
    """The columns of a table, in the order of their names; samples that are no rows are left out.

    A column is of numbers if every value that is given is one, or reads as one: `007` does not.

    >>> from firsthand.types import Sample
    >>> rows = ({"id": 1, "age": "31", "city": "Oslo"}, {"id": 2, "age": None, "city": "Rome"})
    >>> samples = tuple(Sample(str(at), bytes(32), row=row) for at, row in enumerate(rows))
    >>> view = columns_view(Dataset("d", "table", (), samples))
    >>> [(column.name, column.kind, column.values.tolist()) for column in view.columns]
    [('age', 'number', [31.0, nan]), ('city', 'category', ['Oslo', 'Rome'])]
    """
    samples = [sample for sample in dataset.samples if sample.row is not None]
    rows = [sample.row or {} for sample in samples]
    names = sorted({name for row in rows for name in row} - ABOUT)
    columns = tuple(_column(name, [row.get(name) for row in rows]) for name in names)
    return ColumnsView(buckets_of(samples), count_groups(samples), columns)


def _column(name: str, values: Sequence[object]) -> Column:
    numbers = [_number(value) for value in values]
    if None in numbers:
        texts = np.array([_text(value) for value in values], dtype=np.str_)
        return Column(name, "category", texts)
    return Column(name, "number", np.array(numbers, dtype=np.float64))


def _number(value: object) -> float | None:
    """NaN where nothing is given, or no finite number is; None where something else is."""
    if value is None or value == "":
        return math.nan
    if isinstance(value, str):
        return _number(float(value)) if _NUMBER.fullmatch(value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:  # an integer of more than 300 digits is an identifier
        return None
    return number if math.isfinite(number) else math.nan


def _text(value: object) -> str:
    """A category; a long one is shortened, with a digest so that it stays itself."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = as_category(value) if isinstance(value, float) else str(value).strip()
    if len(text) <= LONGEST:
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return text[: LONGEST - 13] + "~" + digest


def as_category(number: float) -> str:
    """How a number is written where it is a category; "" for none.

    >>> as_category(3.0), as_category(0.1), as_category(math.nan)
    ('3', '0.1', '')
    """
    return "" if math.isnan(number) else f"{number:.12g}"
