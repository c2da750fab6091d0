"""Label files to boxes: one parse for a thousand files, and a slow one where something is wrong.

Both give the same for the same bytes. The fast one takes files that hold nothing but rows of five
good numbers; every other file is read line by line, and each row that is dropped is named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.types import Boxes, FloatArray, Task

TOLERANCE = 1e-4
"""How far outside [0, 1] a coordinate may lie through rounding; it is then put on the border."""

_PLAIN = b"0123456789.-+eE \t\r\n"
_LINES = re.compile(r"\r\n|\r|\n")
_BOMS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Rules:
    """What a row may look like in this dataset."""

    task: Task  # detect, segment or oriented
    index: NDArray[np.int32]  # number in the file -> index into the class names, -1: unknown
    keypoint_columns: int = 0


class Problem(NamedTuple):
    """Why a row, or with line 0 the whole file, was left out."""

    code: str
    line: int
    found: str


class Label(NamedTuple):
    """What one label file says. `boxes` is None where nothing in it could be used."""

    boxes: Boxes | None
    problems: tuple[Problem, ...] = ()


class _Row(NamedTuple):
    kind: int
    xywh: FloatArray
    outline: FloatArray


def empty_boxes() -> Boxes:
    """The label that declares: no object here."""
    return Boxes(np.zeros(0, np.int32), np.zeros((0, 4)))


def class_index(names: Sequence[int]) -> NDArray[np.int32]:
    """A table from the numbers in label files to indices into the class names; numbers rise."""
    table = np.full(max(names) + 1, -1, np.int32)
    table[list(names)] = np.arange(len(names))
    return table


def parse(files: Sequence[bytes], rules: Rules) -> list[Label]:
    """What do these label files say? One Label a file, in their order."""
    out: list[Label | None] = [None] * len(files)
    if rules.task == "detect" and not rules.keypoint_columns:
        plain = [at for at, data in enumerate(files) if not data.translate(None, _PLAIN)]
        labels = _parse_plain([files[at] for at in plain], rules)
        for at, label in zip(plain, labels, strict=True):
            out[at] = label
    return [label or parse_slowly(data, rules) for label, data in zip(out, files, strict=True)]


def _parse_plain(files: list[bytes], rules: Rules) -> list[Label | None]:
    """None for each file that is not made of good rows only."""
    if not files:
        return []
    joined = b"\n".join([*files, b""])
    if b"\r" in joined:
        joined = joined.replace(b"\r\n", b" \n").replace(b"\r", b"\n")
    text = np.frombuffer(joined, np.uint8)
    inside = text > 32
    starts = np.flatnonzero(inside & ~np.concatenate([[False], inside[:-1]]))
    line_ends = np.flatnonzero(text == 10)
    columns = np.diff(np.searchsorted(starts, line_ends), prepend=0)
    ends = np.cumsum([len(data) + 1 for data in files])
    owner = np.searchsorted(ends, line_ends, side="right")
    wrong = np.zeros(len(files), bool)
    wrong[owner[(columns != 5) & (columns != 0)]] = True
    values = _numbers(joined)
    if wrong.any() or len(values) != len(starts):
        return _without(files, wrong, rules) if wrong.any() else [None] * len(files)
    table, owner = values.reshape(-1, 5), owner[columns != 0]
    good, kinds = _check(table, rules)
    wrong[owner[~good]] = True
    return _cut(kinds, np.clip(table[:, 1:], 0, 1), owner, wrong)


def _numbers(joined: bytes) -> FloatArray:
    """All numbers, or fewer where something that is none stands between them."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return np.fromstring(joined, sep=" ")
        except (DeprecationWarning, ValueError):
            return np.zeros(0)


def _without(files: list[bytes], wrong: NDArray[np.bool_], rules: Rules) -> list[Label | None]:
    kept = np.flatnonzero(~wrong)
    out: list[Label | None] = [None] * len(files)
    for at, label in zip(kept, _parse_plain([files[at] for at in kept], rules), strict=True):
        out[at] = label
    return out


def _check(table: FloatArray, rules: Rules) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """Which rows are good, and the class index of each (0 for bad ones)."""
    numbers, xywh = table[:, 0], table[:, 1:]
    known = (numbers >= 0) & (numbers < len(rules.index)) & (numbers == np.floor(numbers))
    kinds = rules.index[np.where(known, numbers, 0).astype(np.int64)]
    inside = (xywh >= -TOLERANCE).all(axis=1) & (xywh <= 1 + TOLERANCE).all(axis=1)
    good = known & (kinds >= 0) & inside & (xywh[:, 2:] > 0).all(axis=1)
    return good, np.where(good, kinds, 0).astype(np.int32)


def _cut(
    kinds: NDArray[np.int32],
    xywh: FloatArray,
    owner: NDArray[np.int64],
    wrong: NDArray[np.bool_],
) -> list[Label | None]:
    ends = np.searchsorted(owner, np.arange(len(wrong)), side="right").tolist()
    starts = [0, *ends[:-1]]
    return [
        None if bad else Label(Boxes(kinds[start:end], xywh[start:end]))
        for start, end, bad in zip(starts, ends, wrong.tolist(), strict=True)
    ]


def parse_slowly(data: bytes, rules: Rules) -> Label:
    """Read one file line by line, and say what is wrong with each row that is dropped."""
    text = _decoded(data)
    if text is None:
        return Label(None, (Problem("label-encoding", 0, repr(data[:20])[2:-1]),))
    rows: list[_Row] = []
    problems: list[Problem] = []
    for line, row in enumerate(_LINES.split(text), 1):
        tokens = row.split()
        made = _row(tokens, rules) if tokens else None
        if isinstance(made, _Row):
            rows.append(made)
        elif made is not None:
            problems.append(Problem(made[0], line, made[1]))
    if not rows:
        return Label(None if problems else empty_boxes(), tuple(problems))
    kinds = np.array([row.kind for row in rows], np.int32)
    outlines = () if rules.task == "detect" else tuple(row.outline for row in rows)
    boxes = Boxes(kinds, np.array([row.xywh for row in rows]), outlines)
    return Label(boxes, tuple(problems))


def _decoded(data: bytes) -> str | None:
    if data.startswith(_BOMS) or b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _row(tokens: list[str], rules: Rules) -> _Row | tuple[str, str]:
    """One row, or why it is dropped and what was found."""
    # Further columns can be guesses about people, which must not travel into a report.
    shown = " ".join(tokens[:6] if len(tokens) == 6 else tokens[:5])[:100]
    if not _columns_fit(len(tokens), rules):
        code = "label-confidence" if _confident(tokens) else "label-columns"
        return code, f"{len(tokens)}: {shown}"
    numbers = [_number(token) for token in tokens]
    if not np.isfinite(numbers).all():
        return "label-nan", shown
    kind = _kind(numbers[0], rules)
    if kind < 0:
        return "label-class", tokens[0][:100]
    values = np.array(numbers[1 : len(numbers) - rules.keypoint_columns])
    if values.min() < -TOLERANCE or values.max() > 1 + TOLERANCE:
        return "label-range", shown
    made = _shape(kind, np.clip(values, 0, 1))
    return made or ("label-zero-area", shown)


def _columns_fit(count: int, rules: Rules) -> bool:
    """Five for a box; for an outline three points or more, for an oriented box four."""
    if rules.keypoint_columns or count == 5:
        return count == 5 + rules.keypoint_columns
    if rules.task == "oriented":
        return count == 9
    return count >= 7 and count % 2 == 1


def _confident(tokens: list[str]) -> bool:
    """Is this a row that a detector wrote, with its confidence behind the box?"""
    return len(tokens) == 6 and 0 <= _number(tokens[5]) <= 1


def _number(token: str) -> float:
    if not token.isascii() or "_" in token:  # float() would take other digits and 1_000
        return float("nan")
    try:
        return float(token)
    except ValueError:
        return float("nan")


def _kind(number: float, rules: Rules) -> int:
    if number < 0 or number >= len(rules.index) or number != int(number):
        return -1
    return int(rules.index[int(number)])


def _shape(kind: int, values: FloatArray) -> _Row | None:
    """The enclosing box and the outline; None where nothing is enclosed."""
    if len(values) == 4:
        x, y, width, height = values
        half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2
        outline = values[:2] + half * values[2:]
        return _Row(kind, values, outline) if width > 0 and height > 0 else None
    outline = values.reshape(-1, 2)
    low, high = outline.min(axis=0), outline.max(axis=0)
    x, y = outline.T
    area = abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2
    if area <= 1e-12:
        return None
    return _Row(kind, np.concatenate([(low + high) / 2, high - low]), outline)
