"""The trajectory table: what goes in comes out, and nothing half-written is ever seen."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand import trajectory
from firsthand.errors import FormatError, InputError
from firsthand.trajectory import Row, Step
from firsthand.types import Measurement, Undetermined


def measurement(**changes):
    facts = {
        "metric": "tail_coverage",
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
        "null_low": 0.9,
        "null_high": 1.0,
        "unit": "share",
        "worse": "down",
        "n_reference": 100,
        "n_candidate": 80,
        "groups": 20,
        "seed": 3,
        "method": "matched",
        "slice": (("stratum", "rarest tenth"),),
    }
    return Measurement(**{**facts, **changes})


def test_rows_keep_every_number_and_every_reason():
    step = Step("demo", 2, "replace", 4)
    silent = Undetermined(metric="class_share", reason="too-few-objects", slice=(("class", "7"),))
    first, second = trajectory.rows(step, [measurement(), silent], n=80)
    assert first[:4] == second[:4] == ("demo", 2, "replace", 4)
    assert (first.value, first.null_low, first.unit, first.n, first.seed) == (
        0.5,
        0.9,
        "share",
        80,
        3,
    )
    assert second.value is None
    assert second.slice == (("class", "7"),)
    assert (second.reason, second.n) == ("too-few-objects", 80)


def test_a_measurement_without_a_null_has_none_not_nan():
    [row] = trajectory.rows(Step("r", 0, "p", 0), [measurement(null_low=float("nan"))])
    assert row.null_low is None
    assert row.value == 0.5


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
number = st.none() | st.floats(allow_nan=False)
whole = st.integers(-(2**63), 2**63 - 1)
any_row = st.builds(
    Row,
    text,
    whole,
    text,
    whole,
    text,
    st.dictionaries(text, text, max_size=3).map(lambda part: tuple(part.items())),
    number,
    number,
    number,
    number,
    number,
    text,
    whole,
    whole,
    text,
    whole,
    whole,
    st.none() | st.booleans(),
)


@given(st.lists(any_row, max_size=4))
@settings(max_examples=30, deadline=None)
def test_what_is_written_is_read_back(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("t") / "trajectory.parquet"
    trajectory.write(path, table)
    assert trajectory.read(path) == table


@pytest.mark.parametrize("name", ["it's here.parquet", "手写 [1].parquet", "a*b?.parquet"])
def test_any_file_name_will_do(tmp_path, name):
    table = trajectory.rows(Step("r", 0, "replace", 1), [measurement()])
    trajectory.write(tmp_path / name, table)
    assert trajectory.read(tmp_path / name) == table


def test_append_begins_a_table_and_keeps_order(tmp_path):
    path = tmp_path / "deep" / "trajectory.parquet"
    batches = [
        trajectory.rows(Step("r", 0, "replace", g), [measurement(value=g / 10)]) for g in range(3)
    ]
    for batch in batches:
        trajectory.append(path, batch)
    assert [row.generation for row in trajectory.read(path)] == [0, 1, 2]


def test_a_failing_write_leaves_the_old_table(tmp_path, monkeypatch):
    path = tmp_path / "trajectory.parquet"
    table = trajectory.rows(Step("r", 0, "replace", 1), [measurement()])
    trajectory.write(path, table)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        trajectory.write(path, table * 2)
    assert trajectory.read(path) == table
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_other_tools_can_query_it(tmp_path):
    import duckdb

    path = tmp_path / "trajectory.parquet"
    trajectory.write(path, trajectory.rows(Step("r", 0, "replace", 1), [measurement()]))
    query = "SELECT slice['stratum'], value FROM read_parquet(?)"
    assert duckdb.execute(query, [str(path)]).fetchall() == [("rarest tenth", 0.5)]
    found = duckdb.execute("SELECT key, value FROM parquet_kv_metadata(?)", [str(path)]).fetchall()
    assert found == [(b"schema", b"firsthand.trajectory/1")]


def test_wrong_input_is_worded(tmp_path):
    row = trajectory.rows(Step("r", 0, "replace", 5), [measurement()])[0]
    with pytest.raises(InputError, match="tail_coverage at generation 5 is NaN"):
        trajectory.write(tmp_path / "t.parquet", [row._replace(low=float("nan"))])
    with pytest.raises(InputError, match="names a key twice"):
        trajectory.write(tmp_path / "t.parquet", [row._replace(slice=(("a", "1"), ("a", "2")))])
    with pytest.raises(InputError, match="no such file"):
        trajectory.read(tmp_path / "none.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_trajectory_is_named(tmp_path):
    import duckdb

    other = tmp_path / "other.parquet"
    duckdb.sql("SELECT 1 AS run").write_parquet(str(other))
    with pytest.raises(FormatError, match=r"other\.parquet: this is no trajectory"):
        trajectory.read(other)
    Path(tmp_path / "junk.parquet").write_bytes(b"junk")
    with pytest.raises(FormatError, match="this is no trajectory"):
        trajectory.append(tmp_path / "junk.parquet", [])


def test_a_table_from_before_some_columns_is_read(tmp_path):
    import duckdb

    path, older = tmp_path / "new.parquet", tmp_path / "older.parquet"
    [new] = trajectory.rows(Step("demo", 2, "replace", 4), [measurement(paired=True)])
    trajectory.write(path, [new])
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * EXCLUDE (n_reference, groups, paired) FROM read_parquet('{path}')) "
            f"TO '{older}' (FORMAT parquet)"
        )
    assert trajectory.read(older) == [new._replace(n_reference=0, groups=0, paired=None)]
