"""One call for every dataset: formats are found, provenance is applied, nothing is lost."""

import sys
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from firsthand import registry
from firsthand.errors import FormatError, InputError, UnknownComponent
from firsthand.ledger import Ledger
from firsthand.provenance import declare
from firsthand.read import read, samples_digest
from firsthand.types import HUMAN, UNKNOWN, Reading, Sample, Skip


@pytest.fixture
def shapes(tmp_path):
    """Three images, the last without a label."""
    for number, name in enumerate(("a", "b", "gen_c")):
        file = tmp_path / "set/images/train" / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), number).save(file)
    labels = tmp_path / "set/labels/train"
    labels.mkdir(parents=True)
    (labels / "a.txt").write_text("0 .5 .5 .5 .5\n")
    (labels / "b.txt").write_text("")
    (tmp_path / "set/data.yaml").write_text("train: images/train\nnames: [cat]\n")
    return tmp_path / "set"


class Listed:
    """A reader whose items a test decides."""

    name, question, suffixes = "listed", "?", ()

    def __init__(self, items):
        self.items = items

    def can_read(self, path):
        return path.suffix == ".listed"

    def read(self, path):
        return Reading("listed", path.parent, "text", (), iter(self.items), len(self.items))


@pytest.fixture
def listed(monkeypatch, tmp_path):
    def use(items, names=("listed",)):
        readers = dict.fromkeys(names, Listed(items))
        monkeypatch.setattr(registry, "load_all", lambda family: readers)
        monkeypatch.setattr(registry, "load", lambda family, name: readers[name])
        (tmp_path / "a.listed").touch()
        return tmp_path / "a.listed"

    return use


def test_what_a_dataset_says_of_itself(shapes):
    found = read(shapes)
    assert (found.name, found.format, found.task) == ("set", "yolo", "detect")
    assert (found.root, found.classes, len(found.samples)) == (str(shapes), ("cat",), 3)
    assert all(sample.provenance == UNKNOWN for sample in found.samples)


def test_the_digest_is_of_the_content_alone(shapes):
    first = read(shapes)
    assert read(shapes / "data.yaml").digest == first.digest
    assert samples_digest(first.samples[::-1]) == first.digest
    assert samples_digest(first.samples[:1] * 2) != samples_digest(first.samples[:1])
    (shapes / "images/train/b.png").rename(shapes / "images/train/z.png")
    (shapes / "labels/train/b.txt").rename(shapes / "labels/train/z.txt")
    assert read(shapes).digest == first.digest
    (shapes / "labels/train/z.txt").unlink()
    assert read(shapes).digest != first.digest


def test_what_is_declared_holds_only_where_nothing_else_speaks(shapes):
    (shapes / "provenance.yaml").write_text(
        "rules:\n  - match: gen_*\n    origin: synthetic\n    generator: painter@1\n"
    )
    found = read(shapes, declared=declare("human"))
    origins = [sample.provenance.media_origin for sample in found.samples]
    assert origins == ["human", "human", "synthetic"]
    assert found.samples[0].provenance == HUMAN


def test_a_side_file_from_elsewhere(shapes, tmp_path):
    other = tmp_path / "other.jsonl"
    other.write_text(
        '{"match": "images/train/b.png", "origin": "human"}\n{"match": "x", "origin": "human"}'
    )
    found = read(shapes, provenance=other)
    assert [sample.provenance == HUMAN for sample in found.samples] == [False, True, False]
    assert [(skip.code, skip.line) for skip in found.skips] == [("provenance-unused", 2)]
    with pytest.raises(InputError, match=r"other\.jsonl:2: provenance-unused: x"):
        read(shapes, provenance=other, strict=True)
    with pytest.raises(InputError, match=r"gone\.yaml: cannot read it"):
        read(shapes, provenance="gone.yaml")


def test_strict_stops_at_the_first_skip_and_names_its_line(shapes):
    (shapes / "labels/train/a.txt").write_text("0 .5 .5 .5 .5\n0 .5 .5 .5 nan\n")
    assert Counter(skip.code for skip in read(shapes).skips) == {"label-nan": 1}
    with pytest.raises(InputError, match=r"a\.txt:2: label-nan: 0 \.5 \.5 \.5 nan\."):
        read(shapes, strict=True)


def test_an_empty_dataset_says_what_was_left_out(shapes):
    for file in (shapes / "images/train").iterdir():
        file.write_bytes(b"")
    with pytest.raises(InputError, match="no sample in it: 3 undecodable-image"):
        read(shapes)


def test_a_key_that_is_there_twice(listed):
    samples = [Sample("k", b"1" * 32, line=1), Sample("k", b"2" * 32, path="f", line=2)]
    found = read(listed(samples))
    assert [sample.media for sample in found.samples] == [b"1" * 32]
    assert found.skips == (Skip("duplicate-key", "f", 2, "k"),)


def test_formats_that_compete_or_are_missing(listed, tmp_path):
    path = listed([], ("listed", "other"))
    with pytest.raises(FormatError, match=r"listed or as other\. .*say which: --format listed"):
        read(path)
    with pytest.raises(FormatError, match="no reader takes it"):
        read(tmp_path)
    (tmp_path / "none").mkdir()
    with pytest.raises(FormatError, match="it is empty"):
        read(tmp_path / "none")
    (tmp_path / "none" / "a.raw").write_bytes(b"")
    with pytest.raises(FormatError, match=r"it holds 1 of \.raw"):
        read(tmp_path / "none")


def test_a_named_format(shapes):
    assert read(shapes, format="yolo").format == "yolo"
    with pytest.raises(UnknownComponent, match="no reader named 'yollo'"):
        read(shapes, format="yollo")
    with pytest.raises(FormatError):
        read(shapes / "labels", format="yolo")


def test_neither_a_path_nor_a_version(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no file or folder 'v3', and no ledger"):
        read("v3")


def test_a_version_of_a_ledger(tmp_path, shapes, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ledger = Ledger.init(tmp_path)
    ledger.add(read(shapes), declared=declare("human"))
    ledger.commit("first")
    found = read("v1")
    assert found.digest == read(shapes).digest
    assert {sample.provenance.media_origin for sample in found.samples} == {"human"}
    assert read(f"{tmp_path}@v1").digest == found.digest


def test_a_version_of_texts_has_its_texts(tmp_path, monkeypatch):
    """They lie where they were added from; one that has changed since then is named."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "letters"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.txt").write_text(f"dear {name}, it rains")
    ledger = Ledger.init(tmp_path)
    ledger.add(read(folder), declared=declare("human"))
    ledger.commit("letters")
    assert [one.text for one in read("v1").samples] == ["dear a, it rains", "dear b, it rains"]
    (folder / "a.txt").write_text("dear a, it snows")
    again = read("v1")
    assert [one.text for one in again.samples] == [None, "dear b, it rains"]
    assert [skip.code for skip in again.skips] == ["media-changed"]


def test_a_bar_goes_to_stderr_and_only_if_wanted(shapes, capsys):
    read(shapes)
    assert capsys.readouterr() == ("", "")
    assert len(read(shapes, progress=True).samples) == 3
    assert capsys.readouterr().out == ""


def test_reading_loads_nothing_heavy(shapes):
    heavy = {"torch", "ultralytics", "pandas", "sklearn", "pyarrow"}
    before = heavy & set(sys.modules)
    read(shapes)
    assert heavy & set(sys.modules) == before


def test_bccd_all_formats_agree(real_data):
    yolo, voc = (read(real_data("bccd"), format=name) for name in ("yolo", "voc"))
    contents = [{(one.media, one.label) for one in each.samples} for each in (yolo, voc)]
    assert contents[0] == contents[1]
    counts = [sum(len(one.boxes.classes) for one in each.samples) for each in (yolo, voc)]
    assert counts == [4886, 4886]
    assert np.isclose(yolo.samples[0].boxes.xywh.sum(), voc.samples[0].boxes.xywh.sum(), atol=1e-4)


def test_groups_told_from_the_key_stay_together_and_do_not_overrule_the_data(tmp_path):
    file = tmp_path / "texts.jsonl"
    lines = [
        '{"text": "a b c", "id": "clip1_7"}',
        '{"text": "d e f", "id": "clip2_1", "group": "x"}',
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    found = read(file, group_by=r"clip\d+", progress=False)
    assert [sample.group for sample in found.samples] == ["clip1", "x"]
    with pytest.raises(InputError, match="finds nothing"):
        read(file, group_by="video", progress=False)
