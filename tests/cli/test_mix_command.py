"""`firsthand mix` from outside: what it prints, its exit codes, and the ledger."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from firsthand import __version__
from firsthand.cli import main
from firsthand.ledger import Ledger

sys.path.insert(0, str(Path(__file__).parent.parent / "training_sets"))
from small_sets import boxes, people  # noqa: E402


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def firsthand(*words):
    """In this process: what is looked at is what is said, and the exit code."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main(words)
    return Done(ended.value.code, out.getvalue(), err.getvalue())


@pytest.fixture
def place(tmp_path, monkeypatch):
    people(tmp_path / "human")
    boxes(tmp_path / "auto", 8, 7)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mixed(*words):
    common = ("--human", "human", "--generated", "auto", "--origin", "model-labelled")
    return firsthand("mix", *common, *words)


def test_what_is_said(place):
    done = mixed("--policy", "anchor", "--out", "next", "--generator", "detector@1")
    assert (done.returncode, done.stderr) == (0, "")
    first, second, *_ = lines = done.stdout.splitlines()
    assert first == "Wrote 20 training samples and 4 for validation to next (policy anchor)."
    assert second == "All human samples are in it: 12."
    assert lines[-1] == "Do next: firsthand audit next --reference human"
    audited = firsthand("audit", "next", "--reference", "human", "--json")
    told = json.loads(audited.stdout)
    assert told["composition"]["by_class"] == {"real": 16, "pseudo-label": 8}


def test_chinese(place):
    done = mixed("--policy", "mixed", "--set", "share=0.25", "--out", "next", "--lang", "zh")
    assert done.stdout.startswith("已把 ")
    assert "人工样本" in done.stdout
    assert "human sample" not in done.stdout


def test_what_could_not_be_read_is_named(place):
    (place / "auto/labels/train/train003.txt").write_text("0 .5 .5 .2 .2\n1 nan .5 .2 .2\n")
    (place / "auto/labels/train/train004.txt").write_text("0 .5 .5 .2 .2 .9\n")
    done = mixed("--policy", "anchor", "--out", "next", "--lang", "en")
    assert done.returncode == 0
    assert "auto/labels/train/train003.txt:2 (" in done.stdout
    assert "generated: 1 without a usable label (first: images/train/train004.png)" in done.stdout
    told = json.loads((place / "next" / "firsthand-mix.json").read_text())
    assert told["skips"]["label-nan"]["count"] == 1
    strict = mixed("--policy", "anchor", "--out", "other", "--strict")
    assert (strict.returncode, "label" in strict.stderr) == (2, True)


@pytest.mark.parametrize("inside", ["human/images/next", "human/images/train/a/b", "auto/images/n"])
def test_a_set_never_lies_among_images_of_its_sources(place, inside):
    done = mixed("--policy", "anchor", "--out", inside)
    assert done.returncode == 2
    assert "which holds images of" in done.stderr
    assert not (place / inside).exists()
    assert mixed("--policy", "anchor", "--out", "human/next").returncode == 0


def test_few_human_samples_can_count_for_more(place):
    done = mixed("--policy", "anchor", "--set", "weight=2.5", "--out", "next", "--json")
    told = json.loads(done.stdout)
    assert told["parts"] == {"human": 12, "generated": 8}
    assert told["lines"] == {"human": 30, "generated": 8}
    assert told["weight"] == [2.5, 2.5]


def test_json(place):
    done = mixed("--policy", "mixed", "--set", "policy.share=0.25", "--out", "next", "--json")
    told = json.loads(done.stdout)
    assert told["schema"] == "firsthand.mix/1"
    assert told["tool_version"] == __version__
    assert told["parts"] == {"human": 3, "generated": 8}
    assert told["options"] == {"share": 0.25}
    manifest = json.loads((place / "next" / "firsthand-mix.json").read_text())
    assert manifest["digest"] == told["digest"]
    assert {one["role"] for one in manifest["sources"]} == {"human", "generated"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--policy", "replace"), 1, "leaves all 12 human samples out"),
        (("--policy", "nothing"), 2, "no policy named"),
        (("--policy", "anchor", "--samples", "11"), 2, "training set of 11"),
        (("--policy", "mixed", "--set", "share"), 2, "policy.OPTION=VALUE"),
        (("--policy", "anchor", "--val", "auto"), 2, "are in the training set too"),
        (("--policy", "anchor", "--link", "--copy"), 2, "one of both"),
        (("--policy", "anchor", "--ledger", "auto"), 2, "no ledger"),
    ],
)
def test_refusals(place, words, code, said):
    done = mixed(*words, "--out", "next")
    assert done.returncode == code
    assert said in done.stderr
    assert not (place / "next").exists()


def test_replaced_data_are_named(place):
    done = mixed("--policy", "replace", "--out", "next", "--allow-replace")
    assert done.returncode == 0
    assert "REPLACED: none of the 12 human samples is in it" in done.stdout


def test_the_ledger_gets_a_version_and_gives_its_lineage(place):
    for words in (
        ("init",),
        ("add", "human", "--origin", "human"),
        ("commit", "-m", "human"),
        ("add", "--model", "detector@1", "--trained-on", "v1"),
    ):
        assert firsthand(*words).returncode == 0
    done = mixed("--policy", "anchor", "--out", "next", "--generator", "detector@1")
    assert "recorded in the ledger as v2" in done.stdout
    ledger = Ledger.open(place)
    version = ledger.version("v2")
    assert (version.samples, version.composition.by_class) == (24, {"real": 16, "own-output": 8})
    assert version.composition.by_generation == {"0": 16, "1": 8}
    told = json.loads(firsthand("audit", "next", "--reference", "human", "--json").stdout)
    assert told["composition"]["by_class"] == {"real": 16, "own-output": 8}
    assert told["composition"]["ancestry"] == 1.0
    again = mixed(
        "--policy", "anchor", "--out", "other", "--generator", "detector@1", "--no-ledger"
    )
    assert "recorded" not in again.stdout
    by_version = firsthand(
        "mix", "--policy", "anchor", "--human", "v1", "--generated", "auto", "--out", "third",
        "--origin", "model-labelled", "--generator", "detector@1", "--no-ledger",
    )  # fmt: skip
    assert by_version.returncode == 0, by_version.stderr
    assert "Wrote 20 training samples and 4 for validation" in by_version.stdout


def test_a_ledger_that_refuses_leaves_no_folder(place):
    firsthand("init")
    firsthand("add", "human", "--origin", "human")
    firsthand("commit", "-m", "human")
    firsthand("add", "--model", "detector@1", "--trained-on", "v1")
    done = mixed(
        "--policy", "anchor", "--out", "next", "--generator", "detector@1", "--generation", "7"
    )
    assert done.returncode == 2
    assert "generation 7 was declared" in done.stderr
    assert not (place / "next").exists()


def test_generated_data_that_may_not_go_in_are_not_said_to_be_missing(place):
    """They are the human images once more."""
    words = ("mix", "--human", "human", "--generated", "human", "--origin", "synthetic")
    done = firsthand(*words, "--policy", "mixed", "--out", "next")
    assert done.returncode == 2
    assert "12 are left out: labelled by people already" in done.stderr
    kept = firsthand(*words, "--policy", "anchor", "--out", "next")
    assert "No generated sample is in it: " in kept.stdout.splitlines()[2]
    none = mixed("--policy", "anchor", "--split", "nope", "--out", "none")
    assert (none.returncode, "no sample may be trained on" in none.stderr) == (2, True)
