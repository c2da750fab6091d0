"""Samples as columns: the shape in which a ledger takes in many at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firsthand.errors import InputError
from firsthand.ledger import labels
from firsthand.ledger.arrow import Column, digests, texts
from firsthand.types import UNKNOWN, Provenance, Sample, Task

CHUNK = 100_000
"""Samples that are turned into columns at a time, which bounds memory."""

Texts = str | Sequence[str] | NDArray[Any]
Numbers = int | NDArray[np.int64]
Digests = NDArray[np.uint8] | Sequence[bytes]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Many samples, one array a field; a single value stands for all of them.

    `media` and `label` hold sha256 digests, as an (n, 32) uint8 array or as a sequence of bytes;
    an empty label digest means that nothing was said. `provenances[provenance_at[i]]` and
    `named[named_at[i]]` are the provenance of sample i and the class names in its label.
    `payloads` holds the label itself by digest (see labels.py), `contents` text and table row by
    media digest where the ledger keeps a copy. `task` and `classes` of the first chunk hold for
    all.
    """

    key: Sequence[str] | NDArray[Any]
    media: Digests
    label: Digests | None = None
    split: Texts = ""
    group: Texts = ""
    path: Texts = ""
    line: Numbers = 0
    count: Numbers = 1
    provenances: tuple[Provenance, ...] = (UNKNOWN,)
    provenance_at: Numbers = 0
    named: tuple[tuple[str, ...], ...] = ((),)
    named_at: Numbers = 0
    payloads: Mapping[bytes, str] = field(default_factory=dict)
    contents: Mapping[bytes, tuple[str | None, str | None]] = field(default_factory=dict)
    task: Task = "detect"
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.key)

    def arrays(self) -> dict[str, Column]:
        """One array a column, all of length n, as the database takes them in.

        Raises:
            InputError: a length differs, or a text is not valid Unicode.
        """
        n = len(self)
        found: dict[str, Column] = {
            "key": _texts("key", self.key, n),
            "media": digests(self.media),
            "label": digests([b""] * n if self.label is None else self.label),
            "split": _texts("split", self.split, n),
            "group": _texts("group", self.group, n),
            "path": _texts("path", self.path, n),
            "line": _numbers(self.line, n),
            "count": _numbers(self.count, n),
            "provenance_at": _numbers(self.provenance_at, n),
            "named_at": _numbers(self.named_at, n),
        }
        for name, array in found.items():
            if len(array) != n:
                raise InputError(
                    f"column {name} has {len(array)} values", expected=f"{n}, one a key"
                )
        return found


def from_samples(
    samples: Iterable[Sample], classes: Sequence[str], keep_contents: bool
) -> Iterator[Columns]:
    """Samples in chunks of columns; `keep_contents` takes texts and rows along."""
    stream = iter(samples)
    while chunk := tuple(islice(stream, CHUNK)):
        yield _columns(chunk, classes, keep_contents)


def _columns(samples: Sequence[Sample], classes: Sequence[str], keep_contents: bool) -> Columns:
    provenances: dict[Provenance, int] = {}
    named: dict[tuple[str, ...], int] = {}
    provenance_at = [provenances.setdefault(s.provenance, len(provenances)) for s in samples]
    named_at = [named.setdefault(labels.names(s, classes), len(named)) for s in samples]
    return Columns(
        key=[s.key for s in samples],
        media=[s.media for s in samples],
        label=[s.label or b"" for s in samples],
        split=[s.split for s in samples],
        group=[s.group for s in samples],
        path=[s.path for s in samples],
        line=np.array([s.line for s in samples], np.int64),
        provenances=tuple(provenances),
        provenance_at=np.array(provenance_at, np.int64),
        named=tuple(named),
        named_at=np.array(named_at, np.int64),
        payloads={s.label: labels.encode(s, classes) for s in samples if s.label is not None},
        contents=dict(_content(s) for s in samples if _has_content(s)) if keep_contents else {},
    )


def _has_content(sample: Sample) -> bool:
    return sample.text is not None or sample.row is not None


def _content(sample: Sample) -> tuple[bytes, tuple[str | None, str | None]]:
    row = None if sample.row is None else json.dumps(dict(sample.row), ensure_ascii=False)
    return sample.media, (sample.text, row)


def _texts(name: str, values: Texts, n: int) -> Column:
    if isinstance(values, str):
        values = [values] * n
    try:
        return texts(values.tolist() if isinstance(values, np.ndarray) else values)
    except UnicodeEncodeError as error:
        raise InputError(
            f"a {name} is not valid Unicode: {error.object!r}",
            todo="Rename the file so that its name is valid UTF-8.",
        ) from error


def _numbers(values: Numbers, n: int) -> Column:
    if isinstance(values, int):
        return np.full(n, values, np.int64)
    return np.ascontiguousarray(values, np.int64)
