"""Whatever a user has - pictures, texts, tables, features - is found and measured."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

import made
from firsthand.audit import audit
from firsthand.errors import InputError, UnknownComponent
from firsthand.measure import audited, fitting, measure
from firsthand.sources import side_of


def points(folder: Path, name: str, seed: int, scale: float = 1.0) -> Path:
    rng = np.random.default_rng(seed)
    path = folder / f"{name}.npy"
    np.save(path, (scale * rng.normal(size=(300, 8))).astype(np.float32))
    return path


def test_features_of_the_user_are_measured(tmp_path: Path) -> None:
    human, shrunk = points(tmp_path, "human", 1), points(tmp_path, "shrunk", 2, 0.3)
    found = measure(human, shrunk, splits=199)
    lost = [each for each in found.measurements if each.metric == "tail_coverage"]
    assert lost
    assert max(each.value for each in lost if dict(each.slice)["stratum"] == "rarest-tenth") < 0.9


def test_a_misspelt_embedder_is_refused_beside_points_too(tmp_path: Path) -> None:
    with pytest.raises(UnknownComponent, match="hashed_wrods"):
        side_of(points(tmp_path, "human", 1), "hashed_wrods")


def test_a_row_twice_adds_no_point(tmp_path: Path) -> None:
    rows = np.load(points(tmp_path, "once", 9))
    np.save(tmp_path / "twice.npy", np.concatenate([rows, rows[:100]]))
    once, twice = (side_of(tmp_path / f"{name}.npy") for name in ("once", "twice"))
    assert len(twice.media) == 400
    assert len(twice.view("features").features) == len(once.view("features").features) == 300


def test_columns_of_numbers_are_features_if_so_named(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    duckdb.sql(
        f"COPY (SELECT random() AS x, random() AS y FROM range(50)) TO '{path}' (FORMAT parquet)"
    )
    assert side_of(path).task == "table"
    assert side_of(path, format="features").task == "features"


def test_classes_beside_features_are_measured_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for name, shares in (("human", [0.5, 0.3, 0.2]), ("next", [0.7, 0.3, 0.0])):
        kinds = rng.choice(["cat", "dog", "owl"], 400, p=shares)
        path = tmp_path / f"{name}.npz"
        np.savez(path, features=rng.normal(size=(400, 4)).astype(np.float32), **{"class": kinds})
    found = measure(tmp_path / "human.npz", tmp_path / "next.npz", splits=199)
    owl = [
        each
        for each in found.measurements
        if each.metric == "class_survival" and each.slice == (("class", "owl"),)
    ]
    assert owl[0].value == 0


def test_a_table_is_measured_by_its_columns(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    for name, mean in (("human", 40), ("next", 60)):
        rows = ({"age": float(rng.normal(mean, 9)), "city": "Oslo"} for _ in range(300))
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(text)
    found = measure(tmp_path / "human.jsonl", tmp_path / "next.jsonl", splits=199)
    moved = {dict(each.slice).get("column"): each for each in found.measurements}
    assert moved["age"].adjusted_p is not None
    assert moved["age"].adjusted_p < 0.05


def test_audits_ask_fewer_questions_than_measure(tmp_path: Path) -> None:
    side = side_of(made.yolo(tmp_path / "set", 30, 5))
    everything = {metric.name for metric in fitting(side, side)}
    assert set(audited(side, side)) < everything


def test_features_of_two_kinds_are_not_compared(tmp_path: Path) -> None:
    pictures = made.yolo(tmp_path / "set", 30, 6)
    with pytest.raises(InputError, match="two kinds"):
        measure(pictures, points(tmp_path, "human", 7), splits=99)


def test_a_misspelt_embedder_is_named(tmp_path: Path) -> None:
    pictures = made.yolo(tmp_path / "set", 30, 8)
    with pytest.raises(UnknownComponent, match="pixel"):
        side_of(pictures, "pixel")
    with pytest.raises(InputError, match="without a model"):
        side_of(pictures, "pixels=resnet18")


def test_a_part_of_many_points_is_measured_when_asked(tmp_path: Path) -> None:
    human, other = points(tmp_path, "human", 11), points(tmp_path, "other", 12)
    whole, part = (
        measure(human, other, metrics=["precision"], at_most=limit, splits=99).measurements[0]
        for limit in (None, 150)
    )
    assert (whole.n_reference, part.n_reference) == (300, 150)
    assert part.high - part.low > whole.high - whole.low


def test_an_audit_of_bare_points_asks_what_points_can_answer(tmp_path: Path) -> None:
    human, shrunk = points(tmp_path, "human", 13), points(tmp_path, "shrunk", 14, 0.3)
    result = audit(shrunk, human, origin="human")
    assert result.verdict == "block"
    assert {each.metric for each in result.measurements} == {"tail_coverage"}
    # Nobody said who made them: that stays open whatever was measured.
    fine = points(tmp_path, "fine", 15)
    assert audit(fine, human).verdict == "cannot-say"
    assert audit(fine, human, origin="human").verdict == "pass"


def test_tails_come_first(tmp_path: Path) -> None:
    side = side_of(points(tmp_path, "human", 15))
    assert next(iter(fitting(side, side))).name == "tail_coverage"
