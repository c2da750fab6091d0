"""Features of the user: every way to save them is one set of points, and bad ones are named."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from firsthand import feature_files
from firsthand.errors import InputError
from firsthand.numerics.buckets import bucket_of

Array = np.ndarray[Any, Any]


def parquet(path: Path, select: str, **columns: list[Any]) -> Path:
    """Write what a query makes of columns."""
    with duckdb.connect() as connection:
        names = ", ".join(columns)
        rows = list(zip(*columns.values(), strict=True))
        marks = ", ".join("(" + ", ".join("?" * len(columns)) + ")" for _ in rows)
        query = f"SELECT {select} FROM (VALUES {marks}) t({names})"
        flat = [value for row in rows for value in row]
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT PARQUET)", flat)
    return path


def npy(path: Path, points: Array) -> Path:
    np.save(path, points)
    return path


def npz(path: Path, **points: Any) -> Path:
    np.savez_compressed(path, **points)
    return path


def lists(path: Path, points: Array, kind: str = "FLOAT") -> Path:
    return parquet(path, f"CAST(f AS {kind}[]) AS features", f=points.tolist())


def columns(path: Path, points: Array, kind: str = "FLOAT") -> Path:
    names = [f"f{at}" for at in range(points.shape[1])]
    select = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name in names)
    return parquet(path, select, **dict(zip(names, points.T.tolist(), strict=True)))


SAVED: dict[str, Callable[[Path, Array], Path]] = {
    "as it is": lambda folder, x: npy(folder / "a.npy", x),
    "column by column": lambda folder, x: npy(folder / "a.npy", np.asfortranarray(x)),
    "float64": lambda folder, x: npy(folder / "a.npy", x.astype(np.float64)),
    "float16": lambda folder, x: npy(folder / "a.npy", x.astype(np.float16)),
    "big-endian": lambda folder, x: npy(folder / "a.npy", x.astype(">f4")),
    "npz": lambda folder, x: npz(folder / "a.npz", features=x),
    "npz, one array": lambda folder, x: npz(folder / "a.npz", anything=x.astype(np.float64)),
    "lists": lambda folder, x: lists(folder / "a.parquet", x),
    "lists of doubles": lambda folder, x: lists(folder / "a.parquet", x, "DOUBLE"),
    "columns": lambda folder, x: columns(folder / "a.parquet", x),
    "columns of doubles": lambda folder, x: columns(folder / "a.parquet", x, "DOUBLE"),
}


def halves(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Numbers that float16 holds exactly."""
    return (rng.integers(-40, 40, shape) / 8).astype(np.float32)


@pytest.mark.parametrize("way", SAVED)
def test_every_way_to_save_them_is_one_set(
    way: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    points = halves(rng, (300, 7))
    folder = tmp_path / "特征 [1]*"
    folder.mkdir()
    path = SAVED[way](folder, points)
    assert feature_files.can_read(path)
    found = feature_files.open(path)
    expected = feature_files.open(npy(tmp_path / "plain.npy", points))
    np.testing.assert_array_equal(found.view.features, points)
    assert found.view.features.dtype == np.float32
    np.testing.assert_array_equal(found.view.media, expected.view.media)
    np.testing.assert_array_equal(found.view.bucket, expected.view.bucket)
    assert (found.rows, found.dimensions) == (300, 7)
    assert found.digest == expected.digest
    assert found.skips == ()


def test_order_does_not_matter_to_the_digest_and_a_changed_bit_does(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    points = halves(rng, (50, 4))
    before = feature_files.open(npy(tmp_path / "a.npy", points))
    assert feature_files.open(npy(tmp_path / "b.npy", points[::-1])).digest == before.digest
    points[7, 2] = np.nextafter(points[7, 2], np.float32(9))
    assert feature_files.open(npy(tmp_path / "c.npy", points)).digest != before.digest


def test_a_single_precision_file_is_used_where_it_lies(tmp_path: Path) -> None:
    found = feature_files.open(npy(tmp_path / "a.npy", np.ones((5, 3), np.float32)))
    assert isinstance(found.view.features, np.memmap)
    assert Path(str(found.view.features.filename)) == tmp_path / "a.npy"


def test_equal_rows_are_one_medium_in_one_bucket(tmp_path: Path) -> None:
    points = np.array([[0.0, 1], [-0.0, 1], [2, 1]], np.float32)
    view = feature_files.open(npy(tmp_path / "a.npy", points)).view
    assert view.media[0] == view.media[1] != view.media[2]
    assert view.bucket[0] == view.bucket[1]
    assert view.groups == 2


def test_rows_of_a_group_share_a_bucket_as_samples_do(tmp_path: Path) -> None:
    groups = ["w1", "w2", "w1", ""]
    points = np.arange(8.0).reshape(4, 2)
    npz_file = npz(tmp_path / "a.npz", features=points, group=np.array(groups))
    parquet_file = parquet(
        tmp_path / "a.parquet",
        "CAST(f AS FLOAT[]) AS embedding, nullif(g, '') AS group_id",
        f=points.tolist(),
        g=groups,
    )
    for path in (npz_file, parquet_file):
        view = feature_files.open(path).view
        pairs = zip(groups, view.media.tolist(), strict=True)
        assert view.bucket.tolist() == [bucket_of(group, media) for group, media in pairs]
        assert view.groups == 3


def test_groups_can_be_told_from_keys_and_classes_are_indexed(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "a.parquet",
        "CAST(f AS FLOAT[]) AS f, k AS path, c AS class",
        f=[[1.0], [2.0], [3.0]],
        k=["写手1/a.png", "写手1/b.png", "写手2/a.png"],
        c=["猫", "狗", None],
    )
    found = feature_files.open(path, group_by="0")
    assert found.view.groups == 2
    assert found.view.bucket[0] == found.view.bucket[1]
    assert found.classes == ("狗", "猫")
    assert found.label.tolist() == [1, 0, -1]
    with pytest.raises(InputError, match="no path part 5"):
        feature_files.open(path, group_by="5")
    with pytest.raises(InputError, match="no keys"):
        feature_files.open(npy(tmp_path / "a.npy", np.ones((2, 2))), group_by="0")


@pytest.mark.parametrize("way", SAVED)
def test_rows_that_are_not_finite_are_skipped_by_number(
    way: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    points = halves(rng, (40, 5))
    points[3, 1], points[39, 4] = np.nan, -np.inf
    path = SAVED[way](tmp_path, points)
    found = feature_files.open(path)
    np.testing.assert_array_equal(found.view.features, np.delete(points, [3, 39], axis=0))
    assert [(skip.code, skip.line, skip.found) for skip in found.skips] == [
        ("feature-not-finite", 4, "coordinate 2: nan"),
        ("feature-not-finite", 40, "coordinate 5: -inf"),
    ]
    assert {skip.path for skip in found.skips} == {str(path)}
    assert len(found.view.media) == len(found.view.bucket) == 38
    with pytest.raises(InputError, match=r"a\.\w+:4: feature-not-finite: coordinate 2: nan"):
        feature_files.open(path, strict=True)


def test_what_is_too_large_for_single_precision_is_not_finite(tmp_path: Path) -> None:
    found = feature_files.open(npy(tmp_path / "a.npy", np.array([[1.0], [1e300]])))
    assert [skip.found for skip in found.skips] == ["coordinate 1: 1e+300"]


def test_names_of_skipped_rows_go_with_them(tmp_path: Path) -> None:
    points = np.array([[np.nan], [1.0], [2.0]])
    path = npz(tmp_path / "a.npz", features=points, label=np.array([7, 8, 9]))
    found = feature_files.open(path)
    assert [found.classes[at] for at in found.label] == ["8", "9"]


def test_a_null_in_parquet_is_a_row_that_is_not_finite(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "a.parquet", "CAST(f AS DOUBLE[]) AS f", f=[[1.0, 2], None, [3, None], [4, 5]]
    )
    found = feature_files.open(path)
    assert found.view.features.tolist() == [[1, 2], [4, 5]]
    assert [skip.line for skip in found.skips] == [2, 3]


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


WRONG: dict[str, tuple[Callable[[Path], Path], str]] = {
    "one dimension": (lambda f: npy(f / "a.npy", np.ones(5)), r"shape is \(5,\)"),
    "three dimensions": (lambda f: npy(f / "a.npy", np.ones((2, 2, 2))), r"shape is \(2, 2, 2\)"),
    "no row": (lambda f: npy(f / "a.npy", np.ones((0, 4))), r"shape is \(0, 4\)"),
    "no coordinate": (lambda f: npy(f / "a.npy", np.ones((4, 0))), r"shape is \(4, 0\)"),
    "integers": (lambda f: npy(f / "a.npy", np.ones((2, 2), np.uint8)), "type uint8"),
    "complex": (lambda f: npy(f / "a.npy", np.ones((2, 2), complex)), "type complex128"),
    "extended": (lambda f: npy(f / "a.npy", np.ones((2, 2), np.longdouble)), "type float128"),
    "a record": (lambda f: npy(f / "a.npy", np.ones((2, 2), "f4,f4")), "type"),
    "never finite": (lambda f: npy(f / "a.npy", np.full((2, 2), np.nan)), "no row of it is finite"),
    "nothing": (lambda f: written(f / "a.npy", b""), "no file of features"),
    "no array": (lambda f: written(f / "a.npy", b"\x93NUMPY\x01\0\x09\0nonsense!"), "begin as an"),
    "newer": (lambda f: written(f / "a.npy", b"\x93NUMPY\x09\0" + bytes(90)), "begin as an"),
    "no zip": (lambda f: written(f / "a.npz", b"PK\x03\x04" + bytes(90)), "cannot be unpacked"),
    "two arrays": (
        lambda f: npz(f / "a.npz", one=np.ones((2, 2)), two=np.ones((2, 2))),
        "the arrays one, two",
    ),
    "names alone": (lambda f: npz(f / "a.npz", key=np.array(["a"])), "the arrays of names alone"),
    "zipped integers": (lambda f: npz(f / "a.npz", features=np.ones((2, 2), int)), "type int64"),
    "zipped columns": (
        lambda f: npz(f / "a.npz", features=np.asfortranarray(np.ones((3, 2)))),
        "column by column",
    ),
    "too few names": (
        lambda f: npz(f / "a.npz", features=np.ones((3, 2)), key=np.array(["a", "b"])),
        r"key.npy has the shape \(2,\)",
    ),
    "names that are none": (
        lambda f: npz(f / "a.npz", features=np.ones((3, 2)), key=np.ones(3)),
        "the type float64",
    ),
    "lists of many lengths": (
        lambda f: parquet(f / "a.parquet", "CAST(f AS FLOAT[]) AS f", f=[[1.0], [2.0], [3.0, 4]]),
        "row 3 has 2 coordinates, the first has 1",
    ),
    "empty lists": (
        lambda f: parquet(f / "a.parquet", "CAST(f AS FLOAT[]) AS f", f=[[], []]),
        r"shape is \(2, 0\)",
    ),
    "nothing but null": (
        lambda f: parquet(f / "a.parquet", "CAST(f AS FLOAT[]) AS f", f=[None, None]),
        r"shape is \(2, 0\)",
    ),
    "a column of text": (
        lambda f: parquet(f / "a.parquet", "CAST(a AS FLOAT) AS a, b", a=[1.0], b=["x"]),
        "the column 'b' holds VARCHAR",
    ),
    "two columns of lists": (
        lambda f: parquet(f / "a.parquet", "[1.0::FLOAT] AS a, [2.0::FLOAT] AS b", x=[1]),
        r"the column 'a' holds FLOAT\[\]",
    ),
    "keys alone": (lambda f: parquet(f / "a.parquet", "key", key=["a"]), "there are no points"),
    "no Parquet": (lambda f: written(f / "a.parquet", b"PAR1 nothing PAR1"), "be read as Parquet"),
    "another file": (lambda f: written(f / "a.npy", b"hello"), "no file of features"),
    "no file": (lambda f: f / "a.npy", "no such file"),
    "a folder": (lambda f: f, "no such file"),
}


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_with_the_file(what: str, tmp_path: Path) -> None:
    make, message = WRONG[what]
    path = make(tmp_path)
    with pytest.raises(InputError, match=message) as error:
        feature_files.open(path)
    assert error.value.where == str(path)
    assert error.value.expected or "Parquet" in error.value.found


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_objects_are_refused_and_never_unpickled(suffix: str, tmp_path: Path) -> None:
    objects = np.array([[Trap(tmp_path / "ran"), None]], dtype=object)
    path = tmp_path / f"a{suffix}"
    if suffix == ".npy":
        np.save(path, objects, allow_pickle=True)
    else:
        np.savez(path, features=objects)
    with pytest.raises(InputError, match="never unpickled"):
        feature_files.open(path)
    named = npz(tmp_path / "b.npz", features=np.ones((1, 2)), group=objects[0, :1])
    with pytest.raises(InputError, match="type object"):
        feature_files.open(named)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_truncated_file_says_how_far_it_goes(dtype: type, tmp_path: Path) -> None:
    path = npy(tmp_path / "a.npy", np.ones((100, 8), dtype))
    path.write_bytes(path.read_bytes()[: -8 * np.dtype(dtype).itemsize * 30 - 1])
    with pytest.raises(InputError, match="it ends after 69 of 100 rows"):
        feature_files.open(path)


def test_a_header_that_lies_about_its_size_reserves_nothing(tmp_path: Path) -> None:
    header = io.BytesIO()
    huge = {"descr": "<f4", "fortran_order": False, "shape": (10**9, 10**6)}
    np.lib.format.write_array_header_1_0(header, huge)
    with pytest.raises(InputError, match="it ends after 0 of"):
        feature_files.open(written(tmp_path / "a.npy", header.getvalue()))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("features.npy", header.getvalue())
    with pytest.raises(InputError, match="it ends after 0 of"):
        feature_files.open(tmp_path / "a.npz")


def test_what_it_takes_and_what_it_leaves_to_others(tmp_path: Path) -> None:
    def takes(select: str, **given: list[Any]) -> bool:
        return feature_files.can_read(parquet(tmp_path / "a.parquet", select, **given))

    assert takes("CAST(f AS FLOAT[]) AS f, k AS key", f=[[1.0]], k=["a"])
    assert takes('CAST(a AS FLOAT) AS "0", CAST(a AS FLOAT) AS "1"', a=[1.0])
    assert not takes("CAST(a AS FLOAT) AS height, CAST(a AS FLOAT) AS weight", a=[1.0])
    assert not takes("CAST(f AS FLOAT[]) AS f, t AS text", f=[[1.0]], t=["a"])
    assert not takes("CAST(f AS INTEGER[]) AS f", f=[[1]])
    npz(tmp_path / "a.profile.npz", features=np.ones((2, 2)))
    assert not feature_files.can_read(tmp_path / "a.profile.npz")
    assert not feature_files.can_read(written(tmp_path / "b.npy", b"no"))
    assert not feature_files.can_read(written(tmp_path / "b.parquet", b"PAR1 no PAR1"))
    assert not feature_files.can_read(written(tmp_path / "b.csv", b"a,b"))
    assert not feature_files.can_read(tmp_path)


@settings(max_examples=60)
@given(
    points=arrays.arrays(
        st.sampled_from([np.float16, np.float32, np.float64]),
        st.tuples(st.integers(1, 12), st.integers(1, 5)),
        elements=st.floats(width=16),
    ),
    way=st.sampled_from(["npy", "npz", "lists"]),
)
def test_whatever_is_saved_comes_back_or_is_named(
    points: Array, way: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    kinds = {np.dtype(np.float64): "DOUBLE"}
    path = {
        "npy": lambda: npy(folder / "a.npy", points),
        "npz": lambda: npz(folder / "a.npz", x=points),
        "lists": lambda: lists(folder / "a.parquet", points, kinds.get(points.dtype, "FLOAT")),
    }[way]()
    fine = np.isfinite(points).all(axis=1)
    if not fine.any():
        with pytest.raises(InputError, match="no row of it is finite"):
            feature_files.open(path)
        return
    found = feature_files.open(path)
    np.testing.assert_array_equal(found.view.features, points[fine].astype(np.float32))
    assert [skip.line for skip in found.skips] == (np.flatnonzero(~fine) + 1).tolist()
    equal = (found.view.media[:, None] == found.view.media[None]).astype(bool)
    same = (found.view.features[:, None] == found.view.features[None]).all(axis=2)
    np.testing.assert_array_equal(equal, same)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("good")
    points = np.random.default_rng(0).normal(size=(30, 4))
    made = {
        "a.npy": npy(folder / "a.npy", points),
        "a.npz": npz(folder / "a.npz", features=points, key=np.arange(30).astype("U3")),
        "a.parquet": lists(folder / "a.parquet", points),
    }
    return {name: path.read_bytes() for name, path in made.items()}


def opened(path: Path) -> tuple[feature_files.FeatureFile | None, str]:
    try:
        return feature_files.open(path), ""
    except InputError as error:
        return None, str(error)


@settings(max_examples=150)
@given(data=st.data())
def test_damage_is_an_error_that_names_the_file_or_no_damage(
    data: st.DataObject, good: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    name = data.draw(st.sampled_from(sorted(good)))
    content = bytearray(good[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(
            st.integers(0, min(len(content) - 1, 400)) | st.integers(0, len(content) - 1)
        )
        if data.draw(st.booleans()):
            content[at] = data.draw(st.integers(0, 255))
        else:
            del content[at : at + data.draw(st.integers(1, 40))]
            content = content or bytearray(b"\0")
    path = written(tmp_path_factory.mktemp("bad") / name, bytes(content))
    feature_files.can_read(path)
    found, error = opened(path)
    if found is None:
        assert str(path) in error
        return
    assert np.isfinite(found.view.features).all()
    assert len(found.view.media) == len(found.view.bucket) == found.rows == len(found.label)


def test_a_bar_is_shown_to_who_is_looking_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = npy(tmp_path / "a[b].npy", np.ones((4, 2)))
    before = feature_files.open(path)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    after = feature_files.open(path)
    assert "a[b].npy" in capsys.readouterr().err
    assert after.digest == before.digest


MEASURED = """
import resource, sys
from firsthand import feature_files
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
feature_files.open(sys.argv[1])
before = peak()
found = feature_files.open(sys.argv[2])
assert found.rows >= 79_999
print((peak() - before) // 1024)
"""


@pytest.mark.parametrize("broken", [False, True])
def test_a_large_file_is_opened_in_little_memory(broken: bool, tmp_path: Path) -> None:
    """160 MB; with a bad row it has to be written down anew."""
    small, large = npy(tmp_path / "small.npy", np.ones((9, 512), np.float32)), tmp_path / "a.npy"
    rows = np.lib.format.open_memmap(large, "w+", np.float32, (80_000, 512))
    rows[40_000] = np.nan if broken else 1
    del rows
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(small), str(large)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 100
