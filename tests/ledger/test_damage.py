"""`verify` notices any changed byte that matters, and an older ledger is brought up to date."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import HUMAN, content, dataset, digest, ledger_with, sample

from firsthand.errors import FirsthandError, LedgerCorrupt, LedgerError
from firsthand.ledger import Ledger, changing, verify_folder
from firsthand.ledger.catalog import META, Catalog, State
from firsthand.ledger.files import Files
from firsthand.ledger.manifest import load
from firsthand.ledger.query import ROW, live, parts
from firsthand.provenance import declare


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with two versions, a model, a copied medium and something staged."""
    root = tmp_path_factory.mktemp("whole")
    ledger = ledger_with(root)
    ledger.register_model("det@1", trained_on="v1")
    (root / "picture").write_bytes(b"pixels")
    copied = replace(sample(60), media=digest("pixels"), path=str(root / "picture"))
    ledger.add(dataset(copied), declared=declare("synthetic", "det@1"), copy=True)
    ledger.add(dataset(sample(3, label="other")), source=root / "data")
    ledger.commit("second")
    Ledger.open(root, stage="shared").add(dataset(sample(70)), source=root / "data")
    assert ledger.verify().clean
    return root


def files(root: Path) -> list[Path]:
    return sorted(path for path in (root / ".firsthand").rglob("*") if path.is_file())


def said(root: Path) -> object:
    """All that a ledger tells a person."""
    ledger = Ledger.open(root, stage="shared")
    return ledger.log(), ledger.status(), [content(ledger.read(name)) for name in ("v1", "v2")]


@given(data=st.data())
@settings(max_examples=30)
def test_any_flipped_byte_is_found(whole: Path, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "copy"
        shutil.copytree(whole, root)
        before = said(root)
        path = data.draw(st.sampled_from(files(root)))
        flip(
            path, data.draw(st.integers(0, path.stat().st_size - 1)), data.draw(st.integers(1, 255))
        )
        found = verify_folder(root)
        if before is not None and found.clean:
            # A byte that SQLite does not use, such as free space of a page, changes nothing.
            assert said(root) == before
            return
        assert not found.clean, path
        assert path.name in " ".join(damage.file for damage in found.damaged)


def flip(path: Path, at: int, bits: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= bits
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("UPDATE refs SET id = (SELECT id FROM commits WHERE number = 1)", "seal"),
        ("UPDATE models SET generation = 0", "seal"),
        ("DELETE FROM models", "seal"),
        ("DELETE FROM commits WHERE number = 2", "seal"),
    ],
)
def test_a_changed_catalog_is_found_and_not_sealed_anew(
    tmp_path: Path, whole: Path, statement: str, names: str
) -> None:
    root = tmp_path / "copy"
    shutil.copytree(whole, root)
    with closing(sqlite3.connect(root / ".firsthand" / "catalog.db")) as connection:
        connection.execute(statement)
        connection.commit()
    found = verify_folder(root)
    assert any(names in damage.detail for damage in found.damaged)
    with pytest.raises(LedgerCorrupt, match="not what was written"):
        Ledger.open(root, stage="shared").commit("on top of damage")
    assert not verify_folder(root).clean


def test_a_missing_file_is_named(tmp_path: Path, whole: Path) -> None:
    for kind in ("segments", "manifests", "blobs"):
        root = tmp_path / kind
        shutil.copytree(whole, root)
        gone = next(path for path in files(root) if kind in path.parts)
        gone.unlink()
        damage = verify_folder(root).damaged
        assert [(Path(one.file), one.problem) for one in damage] == [(gone, "missing")]


def test_media_in_place_are_checked_when_asked(tmp_path: Path) -> None:
    picture = tmp_path / "picture"
    picture.write_bytes(b"pixels")
    one = replace(sample(1), media=digest("pixels"), path=str(picture))
    ledger = Ledger.init(tmp_path)
    ledger.add(dataset(one))
    ledger.commit("in place")
    assert ledger.verify(media=True).clean
    picture.write_bytes(b"other pixels")
    assert ledger.verify().clean
    assert [d.file for d in ledger.verify(media=True).damaged] == [str(picture)]


def to_format_1(root: Path) -> None:
    """Rewrite a catalog as format 1 had it: no seal, no ancestry of models."""
    with closing(sqlite3.connect(root / ".firsthand" / "catalog.db")) as connection:
        connection.executescript(
            """
            CREATE TABLE old (name TEXT PRIMARY KEY, trained_on TEXT, parent TEXT,
                time TEXT NOT NULL, own BOOLEAN NOT NULL, generation INTEGER,
                generation_at_least INTEGER NOT NULL);
            INSERT INTO old SELECT name, trained_on, parent, time, own, generation,
                generation_at_least FROM models;
            DROP TABLE models;
            ALTER TABLE old RENAME TO models;
            DELETE FROM meta WHERE key = 'seal';
            UPDATE meta SET value = '1' WHERE key = 'format';
            """
        )


def test_a_ledger_of_format_1_is_opened(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path)
    ledger.register_model("det@1", trained_on="v1")
    before = (ledger.log(), ledger.models(), content(ledger.read("v1")))
    to_format_1(tmp_path)
    opened = Ledger.open(tmp_path)
    assert opened.status().format == 3
    assert (opened.log(), opened.models(), content(opened.read("v1"))) == before
    assert opened.models()[0].ancestry == 1.0
    assert opened.verify().clean
    opened.add(dataset(sample(50)), declared=declare("synthetic", "det@1"))
    assert opened.commit("on top").composition.by_generation == {"0": 10, "1": 1}


def whole_tombstones(files: Files, state: State, head: str | None) -> str:
    """Tombstones as format 2 wrote them: with the row that died."""
    found = parts(files, state, head)
    index = ", ".join(f"({at}, '{sha256}')" for at, sha256 in enumerate(found.rows))
    return (
        f"SELECT {ROW}, segment, position FROM ({live(files, found)}) "
        f"JOIN (VALUES {index}) i(file, segment) USING (file) "
        "SEMI JOIN gone USING (file, position)"
    )


def columns_of(path: Path) -> set[str]:
    with duckdb.connect() as connection:
        return set(connection.read_parquet(str(path)).columns)


def to_format_2(root: Path) -> None:
    catalog = Catalog(root / ".firsthand" / "catalog.db")
    with catalog.write() as transaction:
        transaction._connection.execute(
            META.update().where(META.c.key == "format").values(value="2")
        )


def test_a_ledger_of_format_2_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = ledger_with(tmp_path)
    data = tmp_path / "data"
    with monkeypatch.context() as patch:
        patch.setattr(changing, "_tombstones", whole_tombstones)
        ledger.add(dataset(sample(3, label="other")), declared=HUMAN, source=data)
        ledger.remove(data, [sample(4).key])
        ledger.commit("second")
    tombs = [s for s in load(ledger._files, ledger.version("v2").id).segments if s.kind == "dead"]
    assert {"media", "label"} <= columns_of(ledger._files.segment(tombs[0].sha256))
    before = (ledger.log(), content(ledger.read("v2")), ledger.diff("v1", "v2"))
    assert before[2].counts["removed"] == before[2].counts["relabelled"] == 1
    to_format_2(tmp_path)
    opened = Ledger.open(tmp_path)
    assert opened.status().format == 3
    assert (opened.log(), content(opened.read("v2")), opened.diff("v1", "v2")) == before
    opened.remove(data, [sample(5).key])
    assert opened.commit("third").samples == before[0][0].samples - 1
    assert opened.diff("v1", "v3").counts["removed"] == 2
    assert opened.verify().clean


def test_an_upgrade_does_not_seal_damage(tmp_path: Path) -> None:
    ledger_with(tmp_path)
    to_format_2(tmp_path)
    with closing(sqlite3.connect(tmp_path / ".firsthand" / "catalog.db")) as connection:
        connection.execute("UPDATE refs SET name = 'other'")
        connection.commit()
    with pytest.raises(LedgerCorrupt, match="not what was written"):
        Ledger.open(tmp_path)
    assert not verify_folder(tmp_path).clean


def test_a_ledger_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    ledger_with(tmp_path)
    with closing(sqlite3.connect(tmp_path / ".firsthand" / "catalog.db")) as connection:
        connection.execute("UPDATE meta SET value = '4' WHERE key = 'format'")
        connection.commit()
    with pytest.raises(LedgerError, match=r"format 4.*at most 3.*newer firsthand"):
        Ledger.open(tmp_path)


def test_a_catalog_that_is_no_database_is_an_expected_error(tmp_path: Path) -> None:
    ledger_with(tmp_path)
    (tmp_path / ".firsthand" / "catalog.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(FirsthandError, match="copy of the ledger"):
        Ledger.open(tmp_path)
    assert [d.problem for d in verify_folder(tmp_path).damaged][0] == "changed"


def test_a_ledger_without_its_catalog_is_damaged_and_no_place_for_a_new_one(
    whole: Path, tmp_path: Path
) -> None:
    root = tmp_path / "headless"
    shutil.copytree(whole, root)
    (root / ".firsthand" / "catalog.db").unlink()
    for attempt in (Ledger.init, Ledger.open):
        with pytest.raises(LedgerCorrupt, match="catalog.db is gone"):
            attempt(root)
