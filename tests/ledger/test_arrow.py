"""Columns reach the database as they are, whatever their length, width and number."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.errors import InputError
from firsthand.ledger import Ledger
from firsthand.ledger.adding import scanned, stored_path
from firsthand.ledger.arrow import BATCH, Column, Stream, digests, texts


def test_values_of_every_length_arrive() -> None:
    names = ["a", "", "血液/é.jpg", "x" * 300, "\x00"]
    media = [b"", b"\x00", b"\xff" * 40, b"\x00" * 32, b"a"]
    with duckdb.connect() as connection:
        columns: dict[str, Column] = {
            "name": texts(names),
            "media": digests(media),
            "n": np.arange(5),
        }
        with scanned(connection, columns):
            found = connection.execute("SELECT name, media, n FROM added ORDER BY n").fetchall()
    assert found == [
        (name, medium, at) for at, (name, medium) in enumerate(zip(names, media, strict=True))
    ]


ROW = st.tuples(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=40),
    st.binary(max_size=40),
    st.integers(-(2**63), 2**63 - 1),
)


@given(rows=st.lists(ROW, max_size=60))
@settings(max_examples=60)
def test_whatever_goes_in_comes_out(rows: list[tuple[str, bytes, int]]) -> None:
    names, media, numbers = ([row[at] for row in rows] for at in range(3))
    columns: dict[str, Column] = {
        "name": texts(names),
        "media": digests(media),
        "n": np.array(numbers, np.int64),
        "place": np.arange(len(rows)),
    }
    with duckdb.connect() as connection, scanned(connection, columns):
        found = connection.execute("SELECT name, media, n FROM added ORDER BY place").fetchall()
    assert found == rows


def test_all_batches_arrive_and_every_scan_begins_at_the_first() -> None:
    rows = 2 * BATCH + 7
    media = np.random.default_rng(0).integers(0, 256, (rows, 32)).astype(np.uint8)
    columns: dict[str, Column] = {"media": digests(media), "n": np.arange(rows)}
    with duckdb.connect() as connection, scanned(connection, columns):
        connection.execute("SELECT n FROM added LIMIT 1").fetchall()
        both = "SELECT count(*), sum(a.n) FROM added a JOIN added b USING (n, media)"
        assert connection.execute(both).fetchall() == [(rows, rows * (rows - 1) // 2)]
        last = connection.execute(f"SELECT media FROM added WHERE n = {rows - 1}").fetchall()
    assert last == [(media[-1].tobytes(),)]


@pytest.mark.parametrize("column", ["provenance_at", "named_at"])
def test_a_number_that_stands_for_nothing_is_refused(tmp_path: Path, column: str) -> None:
    columns = {"key": ["a", "b"], "media": [b"a" * 32, b"b" * 32], column: np.array([0, 1])}
    with pytest.raises(InputError, match="1 samples name"):
        Ledger.init(tmp_path).add(columns, source="s")


def test_columns_are_let_go_after_the_scan() -> None:
    numbers = np.arange(10)
    stream = Stream({"at": numbers}, 10)
    gone = weakref.ref(numbers)
    del numbers
    gc.disable()
    try:
        stream.close()
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("root", "here", "path", "stored"),
    [
        ("/a", "/a", "b/c.jpg", "b/c.jpg"),
        ("/a", "/a", "/a/b.jpg", "b.jpg"),
        ("/a", "/a", "/ab/c.jpg", "/ab/c.jpg"),
        ("/a", "/a/b", "c.jpg", "b/c.jpg"),
        ("/a/b", "/a", "b/c.jpg", "c.jpg"),
        ("/a/b", "/a", "d/c.jpg", "/a/d/c.jpg"),
        ("/a", "/", "a/c.jpg", "c.jpg"),
        ("/it's", "/", "", ""),
    ],
)
def test_a_path_is_stored_as_seen_from_the_root(
    root: str, here: str, path: str, stored: str
) -> None:
    sql = f"SELECT {stored_path(Path(root), Path(here))} FROM (SELECT ? AS path)"
    assert duckdb.execute(sql, [path]).fetchall() == [(stored,)]
