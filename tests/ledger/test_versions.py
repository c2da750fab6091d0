"""A version gives back what was put in, and says what changed."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from ledgers import CLASSES, HUMAN, content, dataset, digest, ledger_with, sample

from firsthand.errors import InputError, LedgerError, LedgerNotFound
from firsthand.ledger import Columns, Ledger
from firsthand.provenance import declare
from firsthand.types import Boxes, Dataset, Sample

NUMBER = st.floats(0, 1, allow_nan=False)
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)


@st.composite
def samples(draw: st.DrawFn, key: str) -> Sample:
    shape = st.lists(NUMBER, min_size=4, max_size=4)
    xywh = draw(st.lists(shape, max_size=3))
    classes = draw(st.lists(st.integers(0, 2), min_size=len(xywh), max_size=len(xywh)))
    corners = st.lists(st.tuples(NUMBER, NUMBER), min_size=3, max_size=5)
    outlined = draw(st.booleans())
    outlines = tuple(np.array(draw(corners)) for _ in xywh) if outlined else ()
    boxes = Boxes(np.array(classes, np.int32), np.array(xywh).reshape(-1, 4), outlines)
    kind = draw(st.sampled_from(["none", "category", "boxes"]))
    return Sample(
        key=key,
        media=draw(st.binary(min_size=32, max_size=32)),
        label=None if kind == "none" else digest(repr((kind, classes, xywh, outlines))),
        split=draw(st.sampled_from(["", "train", "val"])),
        group=draw(TEXT),
        boxes=boxes if kind == "boxes" else None,
        category=len(classes) % 3 if kind == "category" else None,
        text=draw(st.none() | TEXT),
        row=draw(st.none() | st.dictionaries(TEXT, st.integers() | TEXT, max_size=2)),
    )


@given(keys=st.lists(TEXT, unique=True, min_size=1, max_size=5), data=st.data())
@settings(max_examples=8, phases=[Phase.generate])
def test_what_is_committed_is_read_back(keys: list[str], data: st.DataObject) -> None:
    put = tuple(data.draw(samples(key)) for key in keys)
    put = tuple(replace(one, media=digest(str(at))) for at, one in enumerate(put))
    # What is no file and no text cannot be copied.
    copied = all(one.text is not None or one.row is not None for one in put)
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.init(folder)
        ledger.add(Dataset("d", "detect", CLASSES, put), copy=copied)
        ledger.commit("all")
        found = ledger.read("main")
    kept = tuple(replace(one, text=None, row=None) for one in put)
    expected = Dataset("d", "detect", CLASSES, put if copied else kept)
    assert content(found) == content(expected)
    assert found.classes == CLASSES


ACTIONS = st.lists(
    st.tuples(
        st.integers(0, 7),  # which sample
        st.sampled_from(["", "other label"]),
        st.sampled_from(["", "other media"]),
        st.sampled_from(["train", "val"]),
        st.sampled_from(["put", "remove"]),
    ),
    min_size=1,
    max_size=3,
)


@given(st.lists(ACTIONS, min_size=1, max_size=3))
@settings(max_examples=5, phases=[Phase.generate])
def test_versions_and_diffs_agree_with_a_dictionary(
    rounds: list[list[tuple[int, str, str, str, str]]],
) -> None:
    """The naive twin: a version is a dictionary, a diff compares two of them key by key."""
    history: list[dict[str, Sample]] = [{}]
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.init(folder)
        for actions in rounds:
            play(ledger, history, actions)
        for at in range(1, len(history)):
            found = ledger.diff(f"v{at}", f"v{len(history) - 1}", limit=None)
            assert_same_diff(found.counts, history[at], history[-1])
        assert ledger.verify().clean


def play(
    ledger: Ledger, history: list[dict[str, Sample]], actions: list[tuple[int, str, str, str, str]]
) -> None:
    state = stage(ledger, history[-1], actions)
    if content(dataset(*state.values())) == content(dataset(*history[-1].values())):
        with pytest.raises(LedgerError, match="nothing to"):
            ledger.commit("no change")
        return
    version = ledger.commit("round")
    history.append(state)
    assert content(ledger.read(version.name)) == content(dataset(*state.values()))
    assert version.composition.by_class.get("real", 0) == len(state)


def stage(
    ledger: Ledger, state: dict[str, Sample], actions: list[tuple[int, str, str, str, str]]
) -> dict[str, Sample]:
    state = dict(state)
    for number, label, media, split, action in actions:
        one = sample(number, label=label, media=media, split=split, provenance=HUMAN)
        if action == "put":
            ledger.add(dataset(one), source="data")
            state[one.key] = one
        else:
            ledger.remove("data", [one.key])
            state.pop(one.key, None)
    return state


def assert_same_diff(counts: dict, old: dict[str, Sample], new: dict[str, Sample]) -> None:
    both = old.keys() & new.keys()
    assert counts["added"] == len(new.keys() - old.keys())
    assert counts["removed"] == len(old.keys() - new.keys())
    assert counts["relabelled"] == sum(old[key].label != new[key].label for key in both)
    assert counts["moved"] == sum(old[key].split != new[key].split for key in both)
    assert counts["replaced"] == sum(old[key].media != new[key].media for key in both)
    assert counts["renamed"] == counts["provenance"] == counts["other"] == 0


def test_diff_says_what_changed_by_sample_class_and_composition(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path)
    ledger.add(
        dataset(sample(0, split="val"), sample(1, classes=(1,)), sample(20, classes=(2, 2))),
        declared=HUMAN,
        source=tmp_path / "data",
    )
    ledger.remove(tmp_path / "data", ["im00003.jpg"])
    ledger.commit("changes")
    found = ledger.diff("v1")
    changed = {kind: count for kind, count in found.counts.items() if count}
    assert changed == {"added": 1, "removed": 1, "relabelled": 1, "moved": 1}
    assert {(c.kind, c.key) for c in found.changes} == {
        ("moved", "im00000.jpg"),
        ("relabelled", "im00001.jpg"),
        ("removed", "im00003.jpg"),
        ("added", "im00020.jpg"),
    }
    assert found.by_label == {"Platelets": (0, 1), "RBC": (10, 8), "WBC": (0, 1)}
    assert (found.before.total, found.after.total) == (10, 10)
    assert not found.same
    assert ledger.diff("v1", "v1").same


def test_a_sample_under_another_key_is_renamed(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path)
    ledger.remove(tmp_path / "data", ["im00003.jpg"])
    ledger.add(dataset(replace(sample(3), key="new name.jpg")), declared=HUMAN, source="data")
    ledger.commit("renamed")
    counts = ledger.diff("v1").counts
    assert (counts["renamed"], counts["added"], counts["removed"]) == (1, 0, 0)


def test_diff_of_two_branches_reads_both_sides(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path)
    for branch, number in (("a", 30), ("b", 31)):
        ledger.add(dataset(sample(number)), declared=HUMAN, source=tmp_path / "data")
        ledger.remove(tmp_path / "data", [f"im{number - 30:05d}.jpg", "im00005.jpg"])
        ledger.commit(branch, branch=branch, base="v1")
    found = ledger.diff("a", "b", limit=None)
    assert {(change.kind, change.key) for change in found.changes} == {
        ("added", "im00000.jpg"),
        ("added", "im00031.jpg"),
        ("removed", "im00001.jpg"),
        ("removed", "im00030.jpg"),
    }
    assert ledger.status().branches == {"a": "v2", "b": "v3", "main": "v1"}


def test_a_repeated_sample_counts_as_often_as_it_was_given(tmp_path: Path) -> None:
    ledger = Ledger.init(tmp_path)
    ledger.add(dataset(sample(1), sample(1), sample(2)))
    version = ledger.commit("mixed")
    assert version.samples == 3
    assert Counter(one.key for one in ledger.read("v1").samples) == {
        "im00001.jpg": 2,
        "im00002.jpg": 1,
    }


def test_one_key_for_two_different_samples_is_refused(tmp_path: Path) -> None:
    ledger = Ledger.init(tmp_path)
    with pytest.raises(InputError, match=r"two different samples have the key 'im00001.jpg'"):
        ledger.add(dataset(sample(1), sample(1, media="other")))


def test_keys_of_two_sources_do_not_collide(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path, samples=2)
    ledger.add(dataset(sample(1, media="made by a model")), source=tmp_path / "auto")
    ledger.commit("two sources")
    keys = [one.key for one in ledger.read("v2").samples]
    assert keys == ["auto:im00001.jpg", "im00000.jpg", "data:im00001.jpg"]


def test_replace_takes_out_what_the_source_lost(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path)
    ledger.add(dataset(sample(4)), declared=HUMAN, source=tmp_path / "data", replace=True)
    assert ledger.commit("smaller").samples == 1
    assert ledger.diff("v1").counts["removed"] == 9


def test_nothing_new_is_no_version(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path)
    with pytest.raises(LedgerError, match="nothing is staged"):
        ledger.commit("again")
    ledger.add(dataset(sample(3)), declared=HUMAN, source=tmp_path / "data")
    with pytest.raises(LedgerError, match="nothing to commit"):
        ledger.commit("again")


def test_a_version_has_three_names(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path)
    version = ledger.version("v1")
    assert ledger.version("main") == ledger.version(version.id[:8]) == version
    assert version.author == "ann"
    with pytest.raises(InputError, match=r"no version 'v9'.*v1, a branch \(main\)"):
        ledger.version("v9")


def test_a_ledger_is_found_from_a_folder_inside(tmp_path: Path) -> None:
    ledger_with(tmp_path)
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    assert Ledger.open(inside).root == tmp_path
    with pytest.raises(LedgerError, match="a ledger already"):
        Ledger.init(tmp_path)


def test_no_ledger_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(LedgerNotFound, match="firsthand init"):
        Ledger.open(tmp_path)


def test_columns_are_taken_as_samples_are(tmp_path: Path) -> None:
    put = [sample(number, classes=()) for number in range(6)]
    columns = {
        "key": [one.key for one in put],
        "media": np.frombuffer(b"".join(one.media for one in put), np.uint8).reshape(-1, 32),
        "label": [one.label for one in put],
        "split": "train",
        "group": [one.group for one in put],
    }
    ledger = Ledger.init(tmp_path)
    ledger.add(columns, declared=HUMAN, source="data")
    ledger.commit("columns")
    assert [one.media for one in ledger.read("v1").samples] == [one.media for one in put]
    ledger.add(dataset(*put), declared=HUMAN, source="data")
    with pytest.raises(LedgerError, match="nothing to commit"):
        ledger.commit("the same as samples")


def test_columns_of_unequal_length_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="column split has 1 values"):
        Ledger.init(tmp_path).add(Columns(key=["a", "b"], media=[digest("a")] * 2, split=["x"]))


def test_group_by_reads_the_key(tmp_path: Path) -> None:
    ledger = Ledger.init(tmp_path)
    ledger.add(dataset(sample(12), sample(13)), group_by=r"im000(\d)")
    ledger.commit("grouped")
    assert {one.group for one in ledger.read("v1").samples} == {"1"}
    with pytest.raises(InputError, match="finds nothing in the key"):
        ledger.add(dataset(sample(12)), group_by="writer")


def test_another_task_needs_another_branch(tmp_path: Path) -> None:
    ledger = ledger_with(tmp_path)
    ledger.add(Dataset("texts", "text", (), (Sample("a", digest("a"), text="a"),)))
    with pytest.raises(InputError, match="tasks detect and text"):
        ledger.commit("mixed tasks")


def test_copies_outlive_their_originals(tmp_path: Path) -> None:
    original = tmp_path / "picture.jpg"
    original.write_bytes(b"pixels")
    one = Sample("picture.jpg", digest("pixels"), path=str(original))
    text = Sample("t", digest("text"), text="text", row={"n": 1})
    ledger = Ledger.init(tmp_path)
    ledger.add(dataset(one, text), copy=True)
    ledger.commit("copied")
    original.unlink()
    picture, written = ledger.read("v1").samples
    assert Path(picture.path).read_bytes() == b"pixels"
    assert (written.text, written.row) == ("text", {"n": 1})
    assert ledger.verify(media=True).clean


def test_a_file_that_changed_is_not_copied(tmp_path: Path) -> None:
    original = tmp_path / "picture.jpg"
    original.write_bytes(b"other pixels")
    one = Sample("picture.jpg", digest("pixels"), path=str(original))
    with pytest.raises(InputError, match="has changed since it was read"):
        Ledger.init(tmp_path).add(dataset(one), copy=True)


def test_texts_in_place_are_read_where_they_lie(tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text("whatever holds them")
    texts = tuple(Sample(name, digest(name), text=name, path=str(file), line=1) for name in "ab")
    ledger = Ledger.init(tmp_path)
    ledger.add(Dataset("texts", "text", (), texts), source=file)
    ledger.commit("texts")
    found = ledger.read("v1", resolve=lambda path: texts[:1] if path == file else ())
    assert [one.text for one in found.samples] == ["a", None]
    assert [(skip.code, skip.found, skip.line) for skip in found.skips] == [
        ("media-changed", "b", 1)
    ]


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_export_writes_every_sample_with_label_and_provenance(tmp_path: Path, format: str) -> None:
    ledger = ledger_with(tmp_path)
    out = ledger.export("v1", tmp_path / f"out.{format}", format)
    if format == "jsonl":
        rows = [json.loads(line) for line in out.read_text().splitlines()]
    else:
        with duckdb.connect() as connection:
            fetched = connection.execute(f"SELECT * FROM '{out}'")
            names = [column[0] for column in fetched.description]
            rows = [dict(zip(names, row, strict=True)) for row in fetched.fetchall()]
            rows = [{**row, "label": json.loads(row["label"])} for row in rows]
    assert [row["key"] for row in rows] == [f"im{number:05d}.jpg" for number in range(10)]
    assert rows[3]["label"] == {"boxes": [["RBC", 0.5, 0.5, 0.04, 0.2]]}
    assert (rows[3]["generation"], rows[3]["media_origin"]) == (0, "human")
    with pytest.raises(InputError, match="exists already"):
        ledger.export("v1", out, format)


def test_a_name_that_is_no_unicode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not valid Unicode"):
        Ledger.init(tmp_path).add(dataset(replace(sample(1), key="bad \udc80 name")))


def test_an_addition_within_another_one_sees_nothing_of_it(tmp_path: Path) -> None:
    """Both use one DuckDB; each has tables and words of its own."""
    ledger, inner = ledger_with(tmp_path), Ledger.open(tmp_path)

    def chunk(name: str) -> Columns:
        media = np.frombuffer(digest(name), np.uint8).reshape(1, 32)
        said = declare("synthetic", f"{name}@1")
        return Columns(key=[name], media=media, provenances=(said,), named=((name,),))

    def chunks() -> Iterator[Columns]:
        yield chunk("a")
        inner.add(chunk("x"), source="inner")
        yield replace(chunk("a"), key=["b"])

    ledger.add(chunks(), source="outer")
    for one in (ledger, inner):
        one.commit("added")
    assert ledger.version().generators == {"a@1": 2, "x@1": 1}
    assert ledger.version().sources == {"data": 10, "inner": 1, "outer": 2}
    assert ledger.verify().clean
