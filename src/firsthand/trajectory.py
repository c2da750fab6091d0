"""How did each number move over the generations? One table, one Parquet file.

A row is one measurement of one generation of one chain. The lab and the ledger write such tables;
forecast, diagnosis, monitor and report read them, and so does anything that reads Parquet:

    SELECT generation, value, null_low FROM 'trajectory.parquet'
    WHERE metric = 'tail_coverage' AND slice['stratum'] = '1' ORDER BY generation
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from firsthand.errors import FormatError, InputError
from firsthand.types import ALL, Measurement, Slice, Undetermined

SCHEMA = "firsthand.trajectory/1"

_TYPES = {
    "run": "VARCHAR",
    "chain": "BIGINT",
    "policy": "VARCHAR",
    "generation": "BIGINT",
    "metric": "VARCHAR",
    "slice": "MAP(VARCHAR, VARCHAR)",
    "value": "DOUBLE",
    "low": "DOUBLE",
    "high": "DOUBLE",
    "null_low": "DOUBLE",
    "null_high": "DOUBLE",
    "unit": "VARCHAR",
    "n": "BIGINT",
    "seed": "BIGINT",
    "reason": "VARCHAR",
    "n_reference": "BIGINT",
    "groups": "BIGINT",
    "paired": "BOOLEAN",
}
_LATER = {"n_reference": "0", "groups": "0", "paired": "NULL"}
"""Columns that older tables lack, and what stands for them."""


class Step(NamedTuple):
    """Where a measurement was taken: which run and chain, under which policy, how far along."""

    run: str
    chain: int
    policy: str
    generation: int


class Row(NamedTuple):
    """One line of the table. Where no number could be given, the five numbers are None.

    `reason` then says why, as a code of the message catalogue, and is empty otherwise. `n` is the
    size of the measured (candidate) side. `n_reference`, `groups` and `paired` are as in a
    `Measurement`; 0 and None where nobody wrote them down.
    """

    run: str
    chain: int
    policy: str
    generation: int
    metric: str
    slice: Slice
    value: float | None
    low: float | None
    high: float | None
    null_low: float | None
    null_high: float | None
    unit: str
    n: int
    seed: int
    reason: str = ""
    n_reference: int = 0
    groups: int = 0
    paired: bool | None = None


def rows(step: Step, measured: Iterable[Measurement | Undetermined], n: int = 0) -> list[Row]:
    """Turn what was measured at one step into rows; nothing is dropped.

    Args:
        step: where it was measured.
        measured: numbers, and what could not be determined.
        n: size of the measured side, for rows that carry no number.

    >>> could_not = Undetermined(metric="tail_coverage", reason="too-few-groups")
    >>> row = rows(Step("demo", 0, "replace", 3), [could_not], n=8)[0]
    >>> row.value, row.reason, row.n
    (None, 'too-few-groups', 8)
    """
    return [_row(step, item, n) for item in measured]


def _row(step: Step, item: Measurement | Undetermined, n: int) -> Row:
    if isinstance(item, Undetermined):
        nothing = (None, None, None, None, None)
        return Row(*step, item.metric, item.slice, *nothing, "", n, 0, item.reason)
    return Row(
        *step,
        item.metric,
        item.slice,
        _known(item.value),
        _known(item.low),
        _known(item.high),
        _known(item.null_low),
        _known(item.null_high),
        item.unit,
        item.n_candidate,
        item.seed,
        "",
        item.n_reference,
        item.groups,
        item.paired,
    )


def _known(number: float) -> float | None:
    return None if math.isnan(number) else float(number)


def write(path: str | Path, table: Sequence[Row]) -> None:
    """Write the whole table, in the order given; a reader sees the old file or the new one.

    Raises:
        InputError: a number is NaN (use None), or a slice names the same key twice.
        OSError: the folder cannot be written.
    """
    target = Path(path)
    for row in table:
        _check(row)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        _copy_out(part, table)
        _sync(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    _sync(target.parent)


def check_looks(rows: Sequence[Row]) -> None:
    """One look is one look: of one chain, each question once a generation, in finite numbers.

    Raises:
        InputError: a question is answered twice in one generation, or a number is not finite.
    """
    looks = Counter((row.metric, row.slice, row.generation) for row in rows)
    (metric, _, generation), times = max(
        looks.items(), key=lambda each: each[1], default=(("", ALL, 0), 0)
    )
    if times > 1:
        raise InputError(
            f"{metric} of generation {generation} is there {times} times",
            expected="each generation once: one look is not evidence twice",
            todo="Leave the repeated rows out.",
        )
    for row in rows:
        numbers = (row.value, row.null_low, row.null_high)
        if not all(number is None or math.isfinite(number) for number in numbers):
            raise InputError(
                f"{row.metric} of generation {row.generation} is {row.value}, "
                f"human against human {row.null_low} to {row.null_high}",
                expected="finite numbers, or none and a reason",
            )


def append(path: str | Path, more: Sequence[Row]) -> None:
    """Add rows to a table on disk, or begin one. For one writer at a time.

    Raises:
        FormatError: there is a file already and it is no trajectory.
    """
    before = read(path) if Path(path).exists() else []
    write(path, [*before, *more])


def read(path: str | Path) -> list[Row]:
    """Read a table back, rows in the order they were written.

    Raises:
        InputError: there is no such file.
        FormatError: it is not a Parquet file, or has not the columns of a trajectory.
    """
    import duckdb

    source = Path(path)
    if not source.is_file():
        raise InputError(
            "there is no such file",
            expected="a trajectory table in Parquet",
            todo="Write one with firsthand.trajectory.write, or run the lab.",
            where=str(source),
        )
    with duckdb.connect() as connection:
        try:
            columns = _selected(connection, source)
            found = connection.execute(f"SELECT {columns} FROM read_parquet(?)", [_exact(source)])
            return [_from_record(record) for record in found.fetchall()]
        except duckdb.Error as error:
            raise FormatError(
                f"this is no trajectory table ({str(error).splitlines()[0]})",
                expected="a Parquet file with the columns "
                + ", ".join(name for name in _TYPES if name not in _LATER),
                todo="Check the path.",
                where=str(source),
            ) from error


def _selected(connection: Any, source: Path) -> str:
    """Every column, or what stands for it in a table from before there was one."""
    told = "SELECT name FROM parquet_schema(?)"
    there = {name for (name,) in connection.execute(told, [_exact(source)]).fetchall()}
    said = {name: f'"{name}"' for name in _TYPES}
    said |= {name: instead for name, instead in _LATER.items() if name not in there}
    return ", ".join(f'{said[name]}::{kind} AS "{name}"' for name, kind in _TYPES.items())


def _from_record(record: Sequence[Any]) -> Row:
    values = dict(zip(_TYPES, record, strict=True))
    values["slice"] = tuple(values["slice"].items()) or ALL
    return Row(**values)


def _check(row: Row) -> None:
    numbers = (row.value, row.low, row.high, row.null_low, row.null_high)
    if any(number is not None and math.isnan(number) for number in numbers):
        raise InputError(
            f"a number of {row.metric} at generation {row.generation} is NaN",
            expected="a number, or None with a reason where there is none",
            todo="Measure it again, or write None and say why in `reason`.",
        )
    if len(dict(row.slice)) != len(row.slice):
        raise InputError(
            f"the slice {row.slice!r} of {row.metric} names a key twice",
            expected="each key once",
            todo="Merge the two.",
        )


def _copy_out(part: Path, table: Sequence[Row]) -> None:
    import duckdb

    columns = ", ".join(_expression(name, kind) for name, kind in _TYPES.items())
    place = str(part).replace("'", "''")
    with duckdb.connect() as connection:
        connection.register("given", _columns(table))
        connection.execute(
            f"COPY (SELECT {columns} FROM given) TO '{place}' "
            f"(FORMAT parquet, COMPRESSION zstd, KV_METADATA {{schema: '{SCHEMA}'}})"
        )


def _expression(name: str, kind: str) -> str:
    if name == "slice":
        return f'"slice"::JSON::{kind} AS "slice"'
    if kind == "DOUBLE":  # arrays have no None; NaN cannot occur otherwise, see _check
        return f'CASE WHEN isnan("{name}") THEN NULL ELSE "{name}" END AS "{name}"'
    if kind == "BOOLEAN":
        return f"""nullif("{name}", '')::{kind} AS "{name}\""""
    return f'"{name}"::{kind} AS "{name}"'


def _columns(table: Sequence[Row]) -> dict[str, Any]:
    import numpy as np

    kinds: dict[str, Any] = {"BIGINT": np.int64, "DOUBLE": np.float64}
    given: dict[str, Any] = {}
    for name, kind in _TYPES.items():
        values = [getattr(row, name) for row in table]
        if name == "slice":
            values = [json.dumps(dict(part), ensure_ascii=False) for part in values]
        if kind == "BOOLEAN":  # three values: a column of objects would be guessed from its first
            values = ["" if value is None else str(value) for value in values]
        given[name] = np.array(values, dtype=kinds.get(kind, object))  # None becomes NaN
    return given


def _exact(path: Path) -> str:
    """A pattern that matches this path only: DuckDB reads stars and brackets as wildcards."""
    return "".join(f"[{mark}]" if mark in "*?[" else mark for mark in str(path))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
