"""Rows with named columns, as JSON lines, CSV and Parquet hold them, become samples here.

Columns are found by the names that people already use:

    text        text · content · document · messages · conversations · instruction (+ input) and
                output, response or generation · prompt and response, completion or generation ·
                question and answer. Parts are joined by an empty line.
    class       label · class
    key         key · id (otherwise file name and line)
    group       group · group_id
    split       split (otherwise the file's name, where it says train, val or test)
    weight      sample_weight: how much a row counts in training; no part of its content
    provenance  those of `provenance.FIELDS`; and model_name, as distilabel writes it: the model
                that made the row

A dataset whose rows have no text is a table: every row is kept, and its content is all columns
apart from class, key, group, split, weight and provenance.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from firsthand.content import category_digest, text_digest
from firsthand.errors import FormatError, InputError
from firsthand.formats.layout import data_files, printable, split_name
from firsthand.provenance import FIELDS, from_fields
from firsthand.types import UNKNOWN, Provenance, Reading, Sample, Skip, Task

TEXTS: tuple[tuple[str, ...], ...] = (
    ("text",),
    ("content",),
    ("document",),
    ("messages",),
    ("conversations",),
    ("instruction", "output"),
    ("instruction", "response"),
    ("instruction", "generation"),
    ("prompt", "response"),
    ("prompt", "completion"),
    ("prompt", "generation"),
    ("question", "answer"),
)
"""Columns that hold a text; of a row that has several of these, the first."""

LABELS = ("label", "class")
KEYS = ("key", "id")
GROUPS = ("group", "group_id")
SPLITS = ("split",)
WEIGHT = "sample_weight"
SHOWN = 80  # characters of an offending value


class Record(NamedTuple):
    """One row of one file."""

    path: Path
    line: int  # 1 is the first line, or the first row where a file has no lines
    values: Mapping[str, object]
    nth: int = 1  # of the rows that begin on that line

    def skip(self, code: str, found: object = "", *, keeps_sample: bool = False) -> Skip:
        """What is wrong with it, by name."""
        return Skip(code, printable(self.path), self.line, shown(found), keeps_sample)


def shown(found: object) -> str:
    r"""An offending value in a form that can be printed and stored.

    >>> print(shown("a\ud800"), shown(["b"]))
    a\ud800 ['b']
    """
    text = found if isinstance(found, str) else repr(found)
    return text[:SHOWN].encode("utf-8", "backslashreplace").decode()


Rows = Callable[[Path], Iterator[Record | Skip]]
"""How a format takes a file apart."""


@dataclass(frozen=True)
class _Layout:
    """What all rows together say about one row."""

    root: Path
    columns: tuple[str, ...]  # one of TEXTS; empty for a table
    classes: dict[str, int]
    total: int


def reading(format: str, path: Path, suffixes: Collection[str], rows: Rows) -> Reading:
    """Open the files of records that a path means as one dataset.

    The files are passed over twice: first for the class names, the columns and the number of
    rows, then for the samples. Only the class names are held in memory.

    Raises:
        FormatError: there is no such file.
        InputError: one of the files is none.
    """
    files = [path] if path.is_file() else data_files(path, suffixes)
    if not files:
        expected = " or ".join(sorted(suffixes))
        raise FormatError("there is no such file in it", expected=expected, where=str(path))
    gone = [file for file in files if not file.is_file()]
    if gone:
        raise InputError("it is no file, or a link to nothing", where=str(gone[0]))
    root = path if path.is_dir() else path.parent
    layout = _survey(root, (item for file in files for item in rows(file)))
    task: Task = "text" if layout.columns else "table"
    items = (made for file in files for item in rows(file) for made in _made(item, layout))
    return Reading(format, root, task, tuple(layout.classes), items, layout.total)


def _survey(root: Path, items: Iterable[Record | Skip]) -> _Layout:
    votes: Counter[tuple[str, ...]] = Counter()
    names: set[str] = set()
    total = 0
    for item in items:
        total += 1
        if isinstance(item, Record):
            votes[_columns(item.values)] += 1
            names.add(name_of(item.values, LABELS))
    del votes[()]
    columns = votes.most_common(1)[0][0] if votes else ()
    classes = {name: at for at, name in enumerate(sorted(names - {""}))}
    return _Layout(root, columns, classes, total)


def _columns(values: Mapping[str, object]) -> tuple[str, ...]:
    return next((names for names in TEXTS if all(name in values for name in names)), ())


def name_of(values: Mapping[str, object], columns: Sequence[str]) -> str:
    """A short value as text, from the first of the columns that has one; "" where none has.

    >>> name_of({"label": 3.0, "class": "cat"}, ("label", "class"))
    '3'
    >>> name_of({"label": ["a", "b"]}, ("label", "class"))
    ''
    """
    return next((name for column in columns if (name := _name(values.get(column)))), "")


def _name(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.17g}" if math.isfinite(value) else ""
    if isinstance(value, int):
        return str(value) if value.bit_length() < 1000 else ""
    return value.strip() if isinstance(value, str) and storable(value) else ""


def storable(text: str) -> bool:
    """Can it be written as UTF-8? JSON and file names may hold halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _made(item: Record | Skip, layout: _Layout) -> Iterator[Sample | Skip]:
    if isinstance(item, Skip):
        yield item
        return
    body = _text(item, layout.columns) if layout.columns else _row(item)
    if isinstance(body, Skip):
        yield body
        return
    text, row = body if isinstance(body, tuple) else (body, None)
    yield from _label_flaw(item)
    provenance = declared(item, layout.columns)
    if isinstance(provenance, Skip):
        yield provenance
    name = name_of(item.values, LABELS)
    yield Sample(
        key=_key(item, layout.root),
        media=text_digest(text),
        label=category_digest(name) if name else None,
        split=_split(item),
        group=name_of(item.values, GROUPS),
        provenance=UNKNOWN if isinstance(provenance, Skip) else provenance,
        path=str(item.path),
        line=item.line,
        category=layout.classes.get(name),
        text=text if layout.columns else None,
        row=row,
    )


def declared(record: Record, columns: Sequence[str] = ()) -> Provenance | Skip:
    """What a row says about where it comes from; `columns` hold its text and say nothing else.

    A generation alone is no claim: tables count many things in generations.
    """
    said = {name: record.values.get(name) for name in FIELDS if name not in columns}
    model = name_of(record.values, ("model_name",))
    if not any(said[name] for name in said if name != "generation"):
        model = model if "@" in model or not model else f"{model}@unversioned"
        said = {"origin": "synthetic", "generator": model} if model else {}
    try:
        return from_fields(said) or UNKNOWN
    except ValueError as error:
        return record.skip("provenance-invalid", str(error), keeps_sample=True)


def row_name(record: Record) -> str:
    """What tells a row from the others of its file: its own key, else its place in it.

    >>> row_name(Record(Path("a.json"), 3, {"id": 7})), row_name(Record(Path("a.json"), 3, {}, 2))
    ('7', '3.2')
    """
    place = f"{record.line}" if record.nth == 1 else f"{record.line}.{record.nth}"
    return name_of(record.values, KEYS) or place


def _key(record: Record, root: Path) -> str:
    file = printable(record.path.relative_to(root).as_posix())
    return name_of(record.values, KEYS) or f"{file}:{row_name(record)}"


def _split(record: Record) -> str:
    said = name_of(record.values, SPLITS)
    return split_name(said) or said or split_name(record.path.stem)


def _label_flaw(record: Record) -> Iterator[Skip]:
    """A label that is given, but is no word and no number."""
    given = [record.values[column] for column in LABELS if column in record.values]
    if name_of(record.values, LABELS):
        return
    missing = (None, "")
    for value in given:
        absent = value in missing or (isinstance(value, float) and math.isnan(value))
        if not absent:
            yield record.skip("label-type", value, keeps_sample=True)


def _text(record: Record, columns: tuple[str, ...]) -> str | Skip:
    """The text of a row, or why it has none."""
    if columns[0] == "instruction":
        columns = ("instruction", "input", *columns[1:])
    parts: list[str] = []
    for column in columns:
        value = record.values.get(column)
        turns = _turns(value) if isinstance(value, list) else [value]
        wrong = [turn for turn in turns if turn is not None and not isinstance(turn, str)]
        if wrong:
            return record.skip("text-type", f"{column}: {wrong[0]!r}")
        parts += [turn.strip() for turn in turns if isinstance(turn, str) and turn.strip()]
    if not parts:
        return record.skip("missing-text", ", ".join(columns))
    text = "\n\n".join(parts)
    return text if storable(text) else record.skip("text-encoding", ascii(text))


def _turns(messages: Sequence[object]) -> list[object]:
    """What was said in a conversation, without who said it."""
    return [
        turn.get("content", turn.get("value")) if isinstance(turn, Mapping) else turn
        for turn in messages
    ]


def _row(record: Record) -> tuple[str, dict[str, object]] | Skip:
    """A row of a table: its content as one canonical text, and all of it as JSON has it."""
    about = {*LABELS, *KEYS, *GROUPS, *SPLITS, *FIELDS, "model_name", WEIGHT}
    try:
        row = {name: plain(value) for name, value in record.values.items()}
        kept = {name: value for name, value in row.items() if name not in about}
        text = json.dumps(kept, sort_keys=True, ensure_ascii=False)
    except (RecursionError, ValueError):
        return record.skip("record-invalid", "nested too deeply, or a number too large")
    return (text, row) if storable(text) else record.skip("text-encoding", ascii(text))


def plain(value: object) -> object:
    """A value as JSON has it; what JSON does not know becomes text."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | None) else str(value)
