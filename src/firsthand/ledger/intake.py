"""What `add` takes: a dataset, samples, or columns, made into one stream of columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from firsthand.errors import InputError
from firsthand.ledger.columns import Columns, from_samples
from firsthand.types import Dataset, Sample, Task

Data = Dataset | Columns | Mapping[str, Any] | Iterable[Sample] | Iterable[Columns]


class Intake(NamedTuple):
    """Columns in chunks, with what holds for all of them."""

    task: Task
    classes: tuple[str, ...]
    chunks: Iterator[Columns]


def intake(data: Data, keep_contents: bool) -> Intake:
    """Make a stream of columns; `keep_contents` takes texts and rows along.

    Raises:
        InputError: there is nothing in it, or lone samples have labels without class names.
    """
    if isinstance(data, Dataset):
        chunks = from_samples(data.samples, data.classes, keep_contents)
        return Intake(data.task, data.classes, chunks)
    if isinstance(data, Columns):
        return _of_columns(data, iter(()))
    if isinstance(data, Mapping):
        return _of_columns(Columns(**data), iter(()))
    stream = iter(data)
    first = next(stream, None)
    if isinstance(first, Columns):
        return _of_columns(first, stream)
    if isinstance(first, Sample):
        samples = chain((first,), stream)
        return Intake(_task(first), (), from_samples(_unlabelled(samples), (), keep_contents))
    raise InputError(
        "there is nothing to add" if first is None else f"a {type(first).__name__} to add",
        expected="a Dataset, Samples, or Columns",
    )


def _of_columns(first: Columns, others: Iterable[Any]) -> Intake:
    return Intake(first.task, first.classes, chain((first,), others))


def _task(sample: Sample) -> Task:
    if sample.text is not None:
        return "text"
    return "table" if sample.row is not None else "detect"


def _unlabelled(samples: Iterable[Any]) -> Iterator[Sample]:
    for sample in samples:
        if sample.category is not None or (sample.boxes is not None and len(sample.boxes.classes)):
            raise InputError(
                f"the sample {sample.key!r} has a label, but nothing names its classes",
                expected="a Dataset, which has class names",
                todo="Add Dataset(name, task, classes, samples) instead of lone samples.",
            )
        yield sample
