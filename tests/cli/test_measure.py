"""`firsthand measure` from data on disk to table, document, plot and trajectory."""

from __future__ import annotations

import json
import re
from math import isclose
from unittest.mock import patch

import numpy as np
import pytest
from defusedxml.ElementTree import fromstring

import made
from firsthand import measure, read, trajectory
from firsthand import read as read_set
from firsthand.cli import main

ONE = ("--metric", "class_survival")


def run(*words):
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return ended.value.code or 0


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """A reference, one set like it, one that lost platelets, a smaller such one, six images."""
    folder = tmp_path_factory.mktemp("runs")
    sizes = {"human": (120, 1.0), "gen1": (120, 1.0), "gen2": (120, 0.5), "gen3": (60, 0.3)}
    sizes["few"] = (6, 1.0)
    return {
        name: made.yolo(folder / name, images, at, keep)
        for at, (name, (images, keep)) in enumerate(sizes.items())
    }


@pytest.fixture
def told(sets, capsys):
    """Runs the command on sets by name and gives exit code and stdout."""

    def tell(*names, more=ONE, lang="en"):
        given = [sets[name] for name in names]
        code = run("measure", *given, "--reference", sets["human"], "--lang", lang, *more)
        return code, capsys.readouterr().out

    return tell


def cells(page, start):
    line = next(line for line in page.splitlines() if line.strip().startswith(start))
    return re.findall(r"(▲ )?([\d.]+)% \[([\d.]+)%, ([\d.]+)%\]", line)


def test_one_candidate_shows_value_interval_and_null(told, sets):
    code, page = told("gen2")
    assert code == 0
    wanted = measure(read(sets["human"]), read(sets["gen2"]), metrics=["class_survival"])
    lost = next(one for one in wanted.measurements if dict(one.slice)["class"] == "platelet")
    ((marked, value, low, high),) = cells(page, "class platelet")
    assert marked
    assert isclose(float(value), 100 * lost.value, abs_tol=0.5)
    assert isclose(float(low), 100 * lost.low, abs_tol=0.5)
    assert isclose(float(high), 100 * lost.high, abs_tol=0.5)
    assert f"{100 * lost.null_low:.0f}% – {100 * lost.null_high:.0f}%" in page
    assert "Human against" in page
    assert "not over" not in page


def test_candidates_stand_side_by_side_in_the_order_given(told):
    code, page = told("gen2", "gen1")
    assert code == 0
    heads = next(line for line in page.splitlines() if "Human against" in line).split()
    assert heads[-2:] == ["gen2", "gen1"]
    lost, kept = cells(page, "class platelet")
    assert lost[0]
    assert not kept[0]
    assert float(lost[1]) < 70 < float(kept[1])
    assert "corrected within each candidate, not over the 2 candidates" in page


def test_reference_is_read_once(told):
    with patch("firsthand.sources.read", wraps=read_set) as reading:
        told("gen1", "gen2")
    assert reading.call_count == 3


def test_what_cannot_be_said_is_not_a_number(told):
    code, page = told("gen1", "few")
    assert code == 0
    line = next(line for line in page.splitlines() if line.strip().startswith("class platelet"))
    assert "cannot say: too few" in line
    assert len(cells(page, "class platelet")) == 1
    assert "Needs: at least 20 groups" in page


def test_nothing_measured_exits_3(told):
    code, page = told("few")
    assert code == 3
    assert "cannot say" in page
    assert "nothing could be compared" in page
    code, page = told("gen1", more=("--metric", "type_survival"))
    assert code == 3
    assert "not meant for this kind of data" in page


def test_one_document_for_programs(told, sets):
    code, written = told("gen2", "few", more=(*ONE, "--json", "--seed", "3"))
    assert code == 0
    found = json.loads(written)
    assert (found["schema"], found["seed"]) == ("firsthand.measure/1", 3)
    first, second = found["candidates"]
    assert first["source"] == str(sets["gen2"])
    assert {each["slice"]["class"] for each in first["measurements"]} == set(made.CLASSES)
    assert first["undetermined"] == second["measurements"] == []
    assert second["undetermined"][0]["reason"] == "too-few-groups"
    assert found["reference"]["samples"] == 120


def test_plot_has_the_numbers_of_the_table(told, tmp_path):
    drawn = tmp_path / "all.svg"
    _, page = told("gen1", "gen2", more=(*ONE, "--plot", drawn))
    svg = fromstring(drawn.read_text(encoding="utf-8"))
    words = {text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")}
    shown = re.findall(r"(?:▲ )?[\d.]+% \[[\d.]+%, [\d.]+%\]", page)
    assert len(shown) == 4
    assert set(shown) <= words


def test_trajectory_has_a_generation_a_candidate(told, tmp_path):
    path = tmp_path / "t.parquet"
    told("gen1", "few", more=(*ONE, "--trajectory", path))
    rows = trajectory.read(path)
    assert {(row.generation, row.n) for row in rows} == {(1, 120), (2, 6)}
    assert all(row.reason == "too-few-groups" for row in rows if row.generation == 2)
    assert all(row.value is not None for row in rows if row.generation == 1)


def test_chinese(told):
    code, page = told("gen1", "few", lang="zh")
    assert code == 0
    assert "无法判断：" in page
    assert "cannot say" not in page


@pytest.mark.parametrize(
    "more", [("--metric", "nope"), ("--lang", "xx"), ("--seed", "-1"), ("--plot", "no/such/x.svg")]
)
def test_wrong_use_exits_2(told, more):
    code, page = told("gen1", more=(*ONE, *more))
    assert (code, page) == (2, "")


def test_sets_that_share_no_class_are_refused(told, sets, tmp_path):
    other = made.yolo(tmp_path / "other", 30, 9)
    other.write_text(other.read_text().replace("cell, platelet", "cat, dog"))
    sets = sets | {"other": other}
    assert run("measure", other, "--reference", sets["human"], *ONE) == 2
    assert run("measure", "--reference", sets["human"]) == 2


def test_long_work_is_announced_with_a_way_out(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("firsthand.cli.measure.MANY_PAIRS", 10_000)
    rng = np.random.default_rng(0)
    for name in ("human", "next"):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(200, 4)).astype(np.float32))
    asked = ("--reference", tmp_path / "human.npy", "--metric", "coverage")
    assert run("measure", tmp_path / "next.npy", *asked) == 0
    said = capsys.readouterr()
    assert "40,000 pairs" in said.err
    assert "--at-most" in said.err
    assert "in itself" in said.out
    assert run("measure", tmp_path / "next.npy", *asked, "--at-most", 150) == 0
    assert not capsys.readouterr().err
