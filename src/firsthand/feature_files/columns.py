"""Features in Parquet: one column of lists of floats, or one column of floats a coordinate.

Values stream out of DuckDB through the Arrow C interface, so that none becomes a Python object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from firsthand.errors import InputError
from firsthand.feature_files.table import Floats, Table, check_shape, meant, numbered
from firsthand.formats.records import TEXTS
from firsthand.readers.parquet import SETTINGS, exactly

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LISTS = re.compile(r"(FLOAT|DOUBLE)\[\d*\]")
_FLOATS = frozenset({"FLOAT", "DOUBLE"})
_ROWS = "read_parquet(?, file_row_number = true)"


def holds_points(path: Path) -> bool:
    """Is there one column of lists of floats and no text, or are the columns numbered floats?

    Other columns of floats are a table, unless somebody says that they are points.
    """
    try:
        with _opened(path) as connection:
            kinds = _kinds(connection, path)
    except InputError:
        return False
    texts = any(all(name in kinds for name in names) for names in TEXTS)
    rest = [name for name in kinds if not meant(name)]
    floats = all(kinds[name] in _FLOATS for name in rest)
    return not texts and (len(_of_kind(kinds, _LISTS)) == 1 or (floats and numbered(rest)))


def parquet_table(path: Path) -> Table:
    """A Parquet file of points.

    Raises:
        InputError: it is none, is damaged, or its columns are no points.
    """
    with _opened(path) as connection:
        kinds = _kinds(connection, path)
        said = {what: name for name in kinds if (what := meant(name))}
        lists = _of_kind(kinds, _LISTS)
        chosen = lists if len(lists) == 1 else [name for name in kinds if not meant(name)]
        if len(lists) != 1:
            _check_floats(kinds, chosen, path)
        width = _width(connection, path, lists[0]) if len(lists) == 1 else len(chosen)
        rows = _ask(connection, path, "count(*)")[0][0]
        names = {what: _names(connection, path, name) for what, name in said.items()}
    rows, width = check_shape((rows, width), path)
    return Table(rows, width, partial(_blocks, path, chosen, kinds, width), names)


def _of_kind(kinds: dict[str, str], pattern: re.Pattern[str]) -> list[str]:
    return [name for name, kind in kinds.items() if pattern.fullmatch(kind) and not meant(name)]


def _check_floats(kinds: dict[str, str], chosen: list[str], path: Path) -> None:
    wrong = [name for name in chosen if kinds[name] not in _FLOATS]
    if chosen and not wrong:
        return
    found = f"the column {wrong[0]!r} holds {kinds[wrong[0]]}" if wrong else "there are no points"
    raise InputError(
        found,
        expected="one column of lists of floats, or columns of floats and nothing else, beside "
        "group, key and class",
        where=str(path),
    )


def _width(connection: DuckDBPyConnection, path: Path, column: str) -> int:
    """How long the lists are.

    Raises:
        InputError: they differ.
    """
    length = f"len({_quoted(column)})"
    shortest, longest = _ask(connection, path, f"min({length}), max({length})")[0]
    if shortest == longest:
        return int(shortest or 0)
    first = _ask(connection, path, length, f"WHERE {length} IS NOT NULL LIMIT 1")[0][0]
    where = f"WHERE {length} != {int(first)} LIMIT 1"
    row, other = _ask(connection, path, f"file_row_number + 1, {length}", where)[0]
    raise InputError(
        f"row {row} has {other} coordinates, the first has {first}",
        expected="as many in every row",
        where=str(path),
    )


def _names(connection: DuckDBPyConnection, path: Path, column: str) -> list[str]:
    found = _ask(connection, path, f"coalesce(CAST({_quoted(column)} AS VARCHAR), '')")
    return [value for (value,) in found]


def _blocks(path: Path, columns: list[str], kinds: dict[str, str], width: int) -> Iterator[Floats]:
    """All rows, a few at a time. Columns are made lists first, so that there is but one."""
    from firsthand.ledger.arrow import flat

    names = [_quoted(column) for column in columns]
    points, kind = names[0], kinds[columns[0]]
    if not _LISTS.fullmatch(kind):
        kind = "DOUBLE" if "DOUBLE" in {kinds[column] for column in columns} else "FLOAT"
        points = f"[{', '.join(f'CAST({name} AS {kind})' for name in names)}]"
    missing = f"list_resize([]::{kind.partition('[')[0]}[], {width}, 'nan')"
    dtype = np.float64 if kind.startswith("DOUBLE") else np.float32
    rest: Floats = np.zeros(0, dtype)
    with _opened(path) as connection:
        # As a literal: a relation takes no parameters.
        source = exactly(path).replace("'", "''")
        query = f"SELECT unnest(coalesce({points}, {missing})) FROM read_parquet('{source}')"
        for values in flat(connection.sql(query), dtype):
            rest = np.concatenate([rest, values])
            whole = len(rest) // width * width
            yield rest[:whole].reshape(-1, width)
            rest = rest[whole:]


def _kinds(connection: DuckDBPyConnection, path: Path) -> dict[str, str]:
    described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [exactly(path)])
    return {str(name): str(kind) for name, kind, *_ in described.fetchall()}


def _ask(connection: DuckDBPyConnection, path: Path, what: str, rest: str = "") -> list[Any]:
    return connection.execute(f"SELECT {what} FROM {_ROWS} {rest}", [exactly(path)]).fetchall()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def _opened(path: Path) -> Iterator[DuckDBPyConnection]:
    import duckdb

    try:
        with duckdb.connect(config=SETTINGS) as connection:
            yield connection
    except (duckdb.Error, OSError, OverflowError, UnicodeDecodeError) as error:
        found = f"it cannot be read as Parquet: {str(error).splitlines()[0]}"
        raise InputError(found[:300], where=str(path)) from error
