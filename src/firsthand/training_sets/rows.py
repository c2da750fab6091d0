"""A training set of texts or table rows, as JSON lines or Parquet.

Each row keeps all columns that it had. Added are `key`, unique in the set, by which the side file
says where the row comes from; and `sample_weight`, where samples do not all count the same.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from firsthand import registry
from firsthand.errors import InputError
from firsthand.formats.records import KEYS, WEIGHT, Record, plain, row_name
from firsthand.training_sets.drawn import Drawn
from firsthand.types import Sample

FORMATS = ("jsonl", "parquet")

_UNSAFE = re.compile(r"[*?\[\]\x00-\x1f\ud800-\udfff]+")


def write(
    folder: Path, sets: Mapping[str, Drawn], classes: Sequence[str], format: str
) -> dict[str, list[str]]:
    """Write `train` and, where there is one, `val`; returns the keys of the rows of each.

    Raises:
        InputError: a row is not where it was read any more, or a value does not fit into Parquet.
    """
    found = _originals([one.sample for items in sets.values() for one in items])
    taken: set[str] = set()
    keys: dict[str, list[str]] = {}
    for split, items in sets.items():
        weighed = len({one.weight for one in items}) > 1
        keys[split] = [_key(one.sample, taken) for one in items]
        lines = folder / f"{split}.jsonl"
        with lines.open("w", encoding="utf-8") as file:
            for one, key in zip(items, keys[split], strict=True):
                row = _row(one.sample, found, classes) | {KEYS[0]: key}
                row |= {"split": split} if "split" in row else {}
                row |= {WEIGHT: one.weight} if weighed else {}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        if format == "parquet":
            _to_parquet(lines)
    return keys


Originals = Mapping[tuple[str, int], Sequence[Record]]


def _originals(samples: Sequence[Sample]) -> Originals:
    """The rows that samples were read from, by file and line: more than one where it holds more."""
    wanted: defaultdict[str, set[int]] = defaultdict(set)
    for one in samples:
        wanted[one.path].add(one.line)
    found: defaultdict[tuple[str, int], list[Record]] = defaultdict(list)
    for path, lines in wanted.items():
        for item in _records(Path(path)):
            if isinstance(item, Record) and item.line in lines:
                found[path, item.line].append(item)
    return found


def _records(path: Path) -> Iterator[Any]:
    """The rows of a file, by the reader of its suffix; none of a file that has no columns."""
    for reader in registry.load_all("readers").values():
        if hasattr(reader, "rows") and path.suffix.lower() in reader.suffixes:
            if not path.is_file():
                raise InputError("the file is not there any more", where=str(path))
            yield from reader.rows(path)


def _row(sample: Sample, found: Originals, classes: Sequence[str]) -> dict[str, Any]:
    rows = found.get((sample.path, sample.line), ())
    record = next((one for one in rows if len(rows) == 1 or _is(sample, one)), None)
    if record is not None:
        return {name: plain(value) for name, value in record.values.items()}
    if sample.row is not None:
        return dict(sample.row)
    label = {} if sample.category is None else {"label": classes[sample.category]}
    return {"text": sample.text, **label}


def _is(sample: Sample, record: Record) -> bool:
    """A ledger puts the source before keys that several sources have."""
    return f":{sample.key}".endswith(f":{row_name(record)}")


def _key(sample: Sample, taken: set[str]) -> str:
    base = key = _UNSAFE.sub("_", sample.key).strip() or "sample"
    number = 1
    while key in taken:
        number += 1
        key = f"{base}~{number}"
    taken.add(key)
    return key


def _to_parquet(lines: Path) -> None:
    """The same rows as Parquet: what looks like a date in JSON stays the text that it is."""
    import duckdb

    def quoted(text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    source = (
        f"read_json({quoted(str(lines))}, format = 'newline_delimited', sample_size = -1, "
        "maximum_depth = -1, dateformat = '%%', timestampformat = '%%', "
        "convert_strings_to_integers = false)"
    )
    target = quoted(str(lines.with_suffix(".parquet")))
    try:
        with duckdb.connect(config={"threads": "1"}) as connection:
            connection.execute(f"COPY (SELECT * FROM {source}) TO {target} (FORMAT parquet)")
    except duckdb.Error as error:
        raise InputError(
            f"the rows cannot be written as Parquet: {str(error).splitlines()[0]}"[:300],
            todo="Use --format jsonl.",
        ) from error
    lines.unlink()
