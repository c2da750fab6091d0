"""`firsthand lab`, as people type it."""

import csv
import json
import xml.etree.ElementTree as ElementTree

import pytest

from firsthand import trajectory
from firsthand.cli import main

FLAGS = ["--model", "gaussian", "--generations", "12", "--samples", "20", "--chains", "50"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(capsys, *words):
    with pytest.raises(SystemExit) as end:
        main(["lab", *map(str, words)])
    out, err = capsys.readouterr()
    return end.value.code, out, err


def test_a_run_is_shown_listed_and_done_once(capsys, folder):
    code, out, err = call(capsys, "run", *FLAGS, "--policy", "replace")
    assert code == 0
    first, second, _, _, head, *lines = out.splitlines()
    name = err.removeprefix("run: lab-runs/").strip()
    assert first == f"{name}: 12 generations of 20 samples, 50 chains, seed 0"
    assert head.split()[:6] == ["gen", "0", "gen", "1", "gen", "2"]
    assert head.endswith("gen 12")
    assert [line.split()[0] for line in lines] == [
        "variance",
        "log_variance",
        "mean_square",
        "distance",
        "degenerate_chains",
    ]
    before = {path: path.stat().st_mtime_ns for path in folder.glob("lab-runs/*/cells/*")}
    again = call(capsys, "run", *FLAGS, "--policy", "replace")[1]
    assert again.splitlines()[2:] == out.splitlines()[2:]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert call(capsys, "list")[1].startswith(name)
    assert call(capsys, "show", name[:10])[1].splitlines()[2:] == out.splitlines()[2:]


def test_a_spec_is_changed_by_flags_and_options(capsys, folder):
    (folder / "spec.yaml").write_text(
        "model: gaussian\npolicy: fresh\ngenerations: 3\nsamples: 20\nchains: 2\n"
    )
    words = ["--set", "policy.share=0.25", "--set", "model.estimator=unbiased", "--samples", "40"]
    code, out, _ = call(capsys, "run", "spec.yaml", *words, "--json")
    assert code == 0
    [run] = json.loads(out)["runs"]
    assert run["experiment"]["policy_options"] == {"share": 0.25}
    assert run["experiment"]["model_options"] == {"estimator": "unbiased"}
    assert (run["experiment"]["samples"], run["experiment"]["generations"]) == (40, 3)
    assert {row["n"] for row in run["rows"]} == {40}
    assert len(trajectory.read(folder / run["folder"] / "trajectory.parquet")) == len(run["rows"])


def test_runs_are_compared_drawn_and_exported(capsys, folder):
    for policy in ("replace", "accumulate"):
        call(capsys, "run", *FLAGS, "--policy", policy)
    words = ["gaussian-r", "gaussian-a", "--plot", "plot.svg", "--csv", "rows.csv"]
    code, out, _ = call(capsys, "compare", *words)
    assert code == 0
    blocks = out.strip().split("\n\n")
    assert [block.split()[0] for block in blocks][:2] == ["variance", "log_variance"]
    assert all(len(block.splitlines()) == 3 for block in blocks)
    drawn = ElementTree.parse(folder / "plot.svg").getroot()
    titles = [each.text for each in drawn.iter("{http://www.w3.org/2000/svg}title")]
    assert titles == [
        "Numbers over generations",
        "variance",
        "log_variance",
        "mean_square",
        "distance",
    ]
    with (folder / "rows.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["policy"] for row in rows} == {"replace", "accumulate"}
    last = [row for row in rows if row["metric"] == "variance" and row["generation"] == "12"]
    ends = [row for row in last if row["slice"] == "over chains=median"]
    assert float(ends[0]["value"]) < float(ends[1]["value"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--model", "gaussian", "--policy", "replace", "--samples", "5"], "generations is"),
        (["run", *FLAGS, "--policy", "fresh", "--set", "policy.share=2"], "share is 2"),
        (["run", *FLAGS, "--policy", "fresh", "--set", "share=2"], "--set share=2"),
        (["run", *FLAGS, "--policy", "melt"], "no policy named 'melt'"),
        (["run", "no.yaml"], "no.yaml: cannot read it"),
        (["run", "a.yaml", "b.yaml"], "2 specs are given"),
        (["show", "nothing"], "0 runs are called 'nothing'"),
        (["compare"], "lab compare is told no run"),
    ],
)
def test_wrong_use_exits_2_and_is_worded(capsys, folder, words, said):
    code, out, err = call(capsys, *words)
    assert code == 2
    assert said in err
    assert not out
    assert not (folder / "lab-runs").exists()
