"""JSON lines, CSV, Parquet and text: which columns mean what."""

from __future__ import annotations

import json

import duckdb
import pytest
from written import csv, put

from firsthand.errors import InputError
from firsthand.read import read


def lines(path, *rows):
    return put(path, "".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"content": " a "}, "a"),
        ({"instruction": "do", "input": "", "output": "done"}, "do\n\ndone"),
        ({"instruction": "do", "input": "this", "output": "done"}, "do\n\nthis\n\ndone"),
        ({"prompt": "why", "response": "so"}, "why\n\nso"),
        ({"question": "why", "answer": "so"}, "why\n\nso"),
        ({"messages": [{"role": "user", "content": "hi"}, {"content": None}]}, "hi"),
        ({"conversations": [{"from": "gpt", "value": "hi"}]}, "hi"),
    ],
)
def test_columns_that_hold_a_text(tmp_path, row, text):
    dataset = read(lines(tmp_path / "a.jsonl", row))
    assert (dataset.task, dataset.samples[0].text) == ("text", text)


def test_rows_without_text_are_a_table(tmp_path):
    row = {"height": 1.5, "label": 3, "id": 7, "group": "g", "split": "dev"}
    other = {"height": 1.5, "id": 8}
    dataset = read(lines(tmp_path / "a.jsonl", row, other))
    first, second = dataset.samples
    assert (dataset.task, dataset.classes) == ("table", ("3",))
    assert (first.key, first.group, first.split, first.category) == ("7", "g", "val", 0)
    assert first.row == row
    assert first.media == second.media
    assert second.label is None


def test_a_generation_alone_is_no_claim_and_distilabel_names_its_model(tmp_path):
    rows = [
        {"instruction": "do", "generation": "done", "model_name": "llama"},
        {"instruction": "do", "generation": "done again", "origin": "human"},
    ]
    first, second = read(lines(tmp_path / "a.jsonl", *rows)).samples
    assert first.provenance.media_origin == "synthetic"
    assert first.provenance.media_generator == "llama@unversioned"
    assert second.provenance.media_origin == "human"
    table = read(lines(tmp_path / "b.jsonl", {"loss": 1, "generation": 4}))
    assert not table.skips
    assert table.samples[0].provenance.generation is None


def test_an_array_of_objects_is_read_with_its_lines(tmp_path):
    text = '[\n{"text": "a"},\n7,\n{"text": "b"},\n{"text": oops}]'
    dataset = read(put(tmp_path / "alpaca.json", text))
    assert [sample.line for sample in dataset.samples] == [2, 4]
    assert [(skip.code, skip.line) for skip in dataset.skips] == [
        ("record-invalid", 3),
        ("json-invalid", 5),
    ]


def test_an_array_on_one_line_keeps_all_its_objects(tmp_path):
    text = '[{"text": "a"}, {"text": "b", "id": "own"}, {"text": "c"}, 7,\n{"text": "d"}]'
    dataset = read(put(tmp_path / "one.json", text))
    assert [one.text for one in dataset.samples] == ["a", "b", "c", "d"]
    keys = ["one.json:1", "own", "one.json:1.3", "one.json:2"]
    assert [one.key for one in dataset.samples] == keys
    assert [skip.code for skip in dataset.skips] == ["record-invalid"]


def test_a_folder_of_shards_is_one_dataset(tmp_path):
    lines(tmp_path / "train-00000-of-00001.jsonl", {"text": "a"})
    lines(tmp_path / "validation.jsonl", {"text": "b"})
    lines(tmp_path / "provenance.jsonl", {"match": "*", "origin": "human"})
    assert [sample.split for sample in read(tmp_path, format="jsonl").samples] == ["train", "val"]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_separators_quotes_and_lines_inside_a_value(tmp_path, mark):
    row = f'1{mark}"two\r\nlines {mark} ""quoted"""\r\n2{mark}plain{mark}more\r\n'
    dataset = read(put(tmp_path / "a.csv", f"id{mark}text\r\n" + row))
    assert dataset.samples[0].text == f'two\r\nlines {mark} "quoted"'
    assert [(skip.code, skip.line) for skip in dataset.skips] == [("row-columns", 4)]


@pytest.mark.parametrize("header", ["\n", "a,a\n", "caf\xe9\n", "a\0b\n"])
def test_a_header_that_is_none_is_an_error(tmp_path, header):
    path = put(tmp_path / "a.csv", header.encode("latin-1") + b"1,2\n")
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.where == f"{path}:1"


def parquet(path, query):
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path


def test_parquet_names_rows_by_number(tmp_path):
    rows = "VALUES ('a', 'x'), (NULL, 'x'), ('c', ''), (' ', 'y')"
    dataset = read(parquet(tmp_path / "a.parquet", f"FROM ({rows}) t(text, label)"))
    assert [(skip.code, skip.line) for skip in dataset.skips] == [
        ("missing-text", 2),
        ("missing-text", 4),
    ]
    assert dataset.classes == ("x", "y")


def test_parquet_keeps_order_and_streams_many_rows(tmp_path):
    path = parquet(tmp_path / "a.parquet", "SELECT i AS id, 't' || i AS text FROM range(9000) t(i)")
    assert [sample.key for sample in read(path).samples] == [str(at) for at in range(9000)]


def test_parquet_types_that_python_has_no_word_for(tmp_path):
    values = "TIMESTAMPTZ '2020-01-01 00:00:00+00' AS a, DATE 'infinity' AS b, "
    values += "MAP {DATE '2020-01-01': 1} AS c, '101'::BIT AS d, INTERVAL 3 DAY AS e"
    dataset = read(parquet(tmp_path / "a.parquet", f"SELECT {values}"))
    assert (dataset.task, len(dataset.samples)) == ("table", 1)


def test_pictures_inside_parquet_are_refused(tmp_path):
    path = parquet(tmp_path / "a.parquet", "SELECT {'bytes': 'x'::BLOB} AS image")
    with pytest.raises(InputError, match="the column 'image' holds bytes"):
        read(path)


def test_text_files_are_documents_or_are_cut(tmp_path):
    put(tmp_path / "lines" / "a.txt", "one\n two \nthree")
    put(tmp_path / "paragraphs" / "train.txt", "\none\ntwo\n\n \nthree\n")
    assert [s.text for s in read(tmp_path / "lines" / "a.txt").samples] == ["one", "two", "three"]
    cut = read(tmp_path / "paragraphs").samples
    assert [(s.text, s.line, s.split) for s in cut] == [
        ("one\ntwo", 2, "train"),
        ("three", 6, "train"),
    ]
    folder = read(tmp_path)
    assert [sample.key for sample in folder.samples] == ["lines/a.txt", "paragraphs/train.txt"]
    assert folder.classes == ("lines", "paragraphs")


def test_essays_are_documents(real_data):
    dataset = read(real_data("essays_human_chatgpt_a") / "human")
    assert (dataset.format, dataset.task, len(dataset.samples)) == ("text", "text", 63)
    assert not dataset.skips


def test_what_is_no_text_is_not_taken_for_it(tmp_path):
    put(tmp_path / "labels.txt", "0 0.5 0.5 0.1 0.1\n")
    put(tmp_path / "list.txt", "images/a.jpg\nimages/b.jpg\n")
    for name in ("labels.txt", "list.txt"):
        with pytest.raises(InputError, match="no reader takes it"):
            read(tmp_path / name)


def test_an_empty_value_in_csv_is_none(tmp_path):
    path = csv(tmp_path)
    path.write_text("a,b\n1,\n")
    assert read(path).samples[0].row == {"a": "1", "b": None}


def test_a_row_is_kept_as_json_has_it(tmp_path):
    """A ledger stores it so: dates and decimals become text."""
    place = tmp_path / "t.parquet"
    duckdb.execute(f"COPY (SELECT DATE '2020-01-02' AS day, 1.5::DECIMAL(3,1) AS n) TO '{place}'")
    [sample] = read(place).samples
    assert json.loads(json.dumps(sample.row)) == sample.row == {"day": "2020-01-02", "n": "1.5"}
