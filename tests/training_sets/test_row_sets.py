"""Texts and table rows keep all their columns, their origin and their weight."""

import json
from pathlib import Path

import duckdb
import pytest
from small_sets import content, origins

from firsthand.errors import InputError
from firsthand.mix import mix
from firsthand.provenance import declare
from firsthand.read import read
from firsthand.recursion import Recipe

MADE = declare("synthetic", "writer@1", generation=1)
ENDING = {"jsonl": "train.jsonl", "parquet": "train.parquet"}


def jsonl(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def chat(at, who):
    turns = [
        {"role": "user", "content": f"{who} asks {at}, on 2020-01-01"},
        {"role": "assistant", "content": f"an answer — 答案 {at}"},
    ]
    return {"messages": turns, "day": "2020-01-01", "score": at / 2, "n": at, "tags": ["x", None]}


def texts(folder, human=8, made=12):
    people = jsonl(folder / "human.jsonl", [chat(at, "Ann") for at in range(human)])
    return people, jsonl(folder / "made.jsonl", [chat(at, "bot") for at in range(made)])


def rows_of(mixed, format):
    file = mixed.out / ENDING[format]
    if format == "jsonl":
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    found = duckdb.execute(f"SELECT * FROM '{file}'")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_conversations_keep_who_said_what(tmp_path, format):
    human, made = texts(tmp_path)
    mixed = mix(
        "anchor",
        out=tmp_path / "next",
        human=human,
        generated=made,
        made_by=MADE,
        format=format,
    )
    found = read(mixed.out)
    assert found.format == format
    assert found.digest == mixed.dataset.digest
    assert origins(found) == {("real", 0): 8, ("other-synthetic", 1): 12}
    rows = rows_of(mixed, format)
    plain = [{name: row[name] for name in chat(0, "")} for row in rows]
    wanted = [chat(at, "Ann") for at in range(8)] + [chat(at, "bot") for at in range(12)]
    assert sorted(plain, key=str) == sorted(wanted, key=str)
    assert len({row["key"] for row in rows}) == 20


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_weights_are_a_column(tmp_path, format):
    human, made = texts(tmp_path)
    recipe = Recipe(human=8, made=12, human_weight=2.6)
    mixed = mix(
        recipe, out=tmp_path / "next", human=human, generated=made, made_by=MADE, format=format
    )
    weights = sorted(row["sample_weight"] for row in rows_of(mixed, format))
    assert weights == [1.0] * 12 + [2.6] * 8
    assert mixed.weight == (2.6, pytest.approx(2.6))
    assert mixed.lines == {"human": 8, "generated": 12}


def test_a_weight_is_no_content_of_a_table(tmp_path):
    human = jsonl(tmp_path / "human.jsonl", [{"size": at, "colour": "red"} for at in range(6)])
    made = jsonl(tmp_path / "made.jsonl", [{"size": at, "colour": "blue"} for at in range(6)])
    recipe = Recipe(human=6, made=6, human_weight=2)
    mixed = mix(recipe, out=tmp_path / "next", human=human, generated=made, made_by=MADE)
    assert content(read(human).samples) <= content(read(mixed.out).samples)
    assert mixed.dataset.task == "table"


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
@pytest.mark.parametrize("kind", ["csv", "parquet", "json", "txt"])
def test_every_kind_of_source_comes_back(tmp_path, kind, format):
    texts_ = [f"text {at}, '引用' \"q\"" for at in range(6)]
    file = tmp_path / f"human.{kind}"
    if kind == "csv":
        quoted = ['"' + each.replace('"', '""') + '"' for each in texts_]
        rows = [f"{each},{at},3.50" for at, each in enumerate(quoted)]
        file.write_text("text,id,price\n" + "\n".join(rows) + "\n", "utf-8")
    elif kind == "parquet":
        values = ", ".join(f"({at}, 'text {at}', DATE '2020-01-01')" for at in range(6))
        duckdb.execute(f"COPY (SELECT * FROM (VALUES {values}) t(id, text, day)) TO '{file}'")
    elif kind == "json":
        file.write_text(json.dumps([{"text": each} for each in texts_], indent=1), "utf-8")
    else:
        file.write_text("\n".join(texts_), "utf-8")
    made = jsonl(tmp_path / "made" / "made.jsonl", [{"text": f"made {at}"} for at in range(4)])
    mixed = mix(
        "anchor", out=tmp_path / "next", human=file, generated=made, made_by=MADE, format=format
    )
    found = read(mixed.out)
    assert origins(found) == {("real", 0): 6, ("other-synthetic", 1): 4}
    assert content(read(file).samples) <= content(found.samples)


def test_equal_texts_keep_their_own_origin(tmp_path):
    """A model may repeat what a person wrote: both are there, each with its own origin."""
    human = jsonl(tmp_path / "human.jsonl", [{"text": "same"}, {"text": "other"}])
    made = jsonl(tmp_path / "made.jsonl", [{"text": "same"}, {"text": "same"}])
    mixed = mix("anchor", out=tmp_path / "next", human=human, generated=made, made_by=MADE)
    assert origins(read(mixed.out)) == {("real", 0): 2, ("other-synthetic", 1): 2}


def test_a_human_label_wins_over_that_of_a_model(tmp_path):
    human = jsonl(tmp_path / "h.jsonl", [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}])
    made = jsonl(tmp_path / "m.jsonl", [{"text": "a", "label": "y"}, {"text": "b", "label": "y"}])
    by = declare("model-labelled", "judge@1", generation=1)
    mixed = mix("anchor", out=tmp_path / "next", human=human, generated=made, made_by=by)
    assert mixed.parts == {"human": 2, "generated": 1}
    [gone] = mixed.left_out
    assert gone[:3] == ("generated", "labelled-by-people", 1)


def test_splits_and_validation(tmp_path):
    split = ["train", "train", "val", "test"]
    rows = [{"text": f"t{at}", "split": split[at % 4]} for at in range(12)]
    human = jsonl(tmp_path / "human.jsonl", rows)
    made = jsonl(tmp_path / "made.jsonl", [{"text": f"m{at}"} for at in range(3)])
    mixed = mix("anchor", out=tmp_path / "next", human=human, generated=made, made_by=MADE)
    found = read(mixed.out)
    assert origins(found) == {("real", 0): 6, ("other-synthetic", 1): 3}
    assert origins(found, "val") == {("real", 0): 3}
    assert {one[:3] for one in mixed.left_out} == {("human", "other-split", 3)}


def test_earlier_texts_are_there_once(tmp_path):
    human, made = texts(tmp_path)
    first = mix("accumulate", out=tmp_path / "1", human=human, generated=made, made_by=MADE)
    later = jsonl(tmp_path / "later.jsonl", [chat(at, "bot 2") for at in range(5)])
    by = declare("synthetic", "writer@2", generation=2)
    second = mix(
        "accumulate",
        out=tmp_path / "2",
        human=human,
        generated=later,
        earlier=[first.out],
        made_by=by,
    )
    third = mix(
        "accumulate_subsample",
        out=tmp_path / "3",
        human=human,
        generated=jsonl(tmp_path / "last.jsonl", [chat(at, "bot 3") for at in range(30)]),
        earlier=[first.out, second.out],
        made_by=declare("synthetic", "writer@3", generation=3),
        samples=30,
    )
    assert second.parts == {"human": 8, "earlier": 12, "generated": 5}
    assert sum(third.parts.values()) == 30
    assert origins(read(third.out)) == origins(third.dataset)


def test_rows_that_parquet_would_change_are_refused(tmp_path):
    rows = [{"size": 1, "note": "a"}, {"size": 1.5}]
    human = jsonl(tmp_path / "human.jsonl", rows)
    with pytest.raises(InputError, match="read back"):
        mix("anchor", out=tmp_path / "next", human=human, format="parquet")
    assert not (tmp_path / "next").exists()
    mix("anchor", out=tmp_path / "next", human=human)


def test_a_line_that_changed_since_reading_is_an_error(tmp_path):
    human, made = texts(tmp_path)
    held = read(human)
    human.write_text(human.read_text("utf-8").replace("Ann asks 3", "Ann asked 3"), "utf-8")
    with pytest.raises(InputError, match="1 of 20 samples are missing"):
        mix("anchor", out=tmp_path / "next", human=held, generated=made, made_by=MADE)


def test_objects_on_one_line_keep_their_own_columns(tmp_path):
    human = tmp_path / "human.json"
    human.write_text(json.dumps([{"text": f"person {at}", "score": at} for at in range(12)]))
    made = jsonl(tmp_path / "made.jsonl", [{"text": f"bot {at}", "score": -1} for at in range(3)])
    mixed = mix("anchor", out=tmp_path / "next", human=human, generated=made, made_by=MADE)
    people = [row for row in rows_of(mixed, "jsonl") if row["text"].startswith("person")]
    assert sorted(row["score"] for row in people) == list(range(12))
    assert all(row["text"] == f"person {row['score']}" for row in people)


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_a_set_can_be_named_from_where_one_is(tmp_path, monkeypatch, format):
    """A folder with a relative name, human and earlier."""
    monkeypatch.chdir(tmp_path)
    texts(tmp_path / "人")
    Path("人/made.jsonl").rename("made.jsonl")
    mix("anchor", out="first", human="人", generated="made.jsonl", made_by=MADE, format=format)
    again = jsonl(Path("again.jsonl"), [chat(at, "later bot") for at in range(5)])
    mixed = mix(
        "accumulate", out="second", human="人", generated=again, earlier=["first"], made_by=MADE
    )
    assert mixed.parts == {"human": 8, "generated": 5, "earlier": 12}
    assert {row["n"] for row in rows_of(mixed, "jsonl")} == set(range(12))
