"""Every format is told from every other, and copies of one dataset are one dataset."""

from __future__ import annotations

import pytest
from written import DETECTION, TEXTUAL, WRITERS

from firsthand import registry
from firsthand.read import read

READERS = registry.names("readers")


@pytest.mark.parametrize("name", READERS)
def test_exactly_one_reader_takes_it(name, tmp_path):
    path = WRITERS[name](tmp_path / "data")
    able = [each for each in READERS if registry.load("readers", each).can_read(path)]
    assert able == [name]


@pytest.mark.parametrize("name", READERS)
def test_the_folder_is_taken_by_the_same_reader_or_by_none(name, tmp_path):
    WRITERS[name](tmp_path / "data")
    able = [x for x in READERS if registry.load("readers", x).can_read(tmp_path / "data")]
    assert able in ([name], [])


@pytest.mark.parametrize("name", READERS)
def test_spaces_and_chinese_characters_in_paths(name, tmp_path):
    plain = read(WRITERS[name](tmp_path / "data"))
    odd = read(WRITERS[name](tmp_path / "数据 集 [1] *"))
    assert odd.digest == plain.digest
    assert [sample.key for sample in odd.samples] == [sample.key for sample in plain.samples]
    assert not odd.skips


@pytest.mark.parametrize("name", READERS)
def test_nothing_takes_what_is_not_there_or_is_empty(name, tmp_path):
    reader = registry.load("readers", name)
    (tmp_path / "empty").mkdir()
    assert not reader.can_read(tmp_path / "empty")
    assert not reader.can_read(tmp_path / "absent")
    for suffix in reader.suffixes:
        assert not reader.can_read(tmp_path / f"absent{suffix}")


def digests(name, folder):
    samples = read(WRITERS[name](folder / name)).samples
    return sorted((sample.media, sample.label) for sample in samples)


@pytest.mark.parametrize("name", [name for name in DETECTION if name in READERS])
def test_copies_of_one_label_are_one_label(name, tmp_path):
    assert digests(name, tmp_path) == digests("voc", tmp_path / "again")


@pytest.mark.parametrize("name", TEXTUAL)
def test_copies_of_one_text_are_one_text(name, tmp_path):
    assert digests(name, tmp_path) == digests("jsonl", tmp_path / "again")


def test_every_reader_has_a_dataset_here():
    assert set(READERS) <= set(WRITERS)
