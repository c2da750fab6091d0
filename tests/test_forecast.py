"""The verb, the command, its picture, and what an audit says of the generations to come."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import firsthand
from firsthand import report
from firsthand.cli import app
from firsthand.composition import compose
from firsthand.errors import InputError
from firsthand.lab import asked, simulate
from firsthand.lab.replayed import counts_of
from firsthand.messages import LANGUAGES
from firsthand.outlook.going_on import going_on
from firsthand.provenance import declare
from firsthand.report import ahead, fan
from firsthand.types import HUMAN, Dataset, Sample

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

SEEN = (
    {"RBC": 900, "WBC": 80, "Platelets": 60},
    {"RBC": 910, "WBC": 76, "Platelets": 38},
    {"RBC": 930, "WBC": 70, "Platelets": 22},
    {"RBC": 950, "WBC": 66, "Platelets": 12},
)
COUNTS = [
    word for one in SEEN for word in ("--counts", ",".join(f"{k}={v}" for k, v in one.items()))
]


def run(*words):
    return CliRunner().invoke(app, ["forecast", *words])


def test_the_class_that_goes_first_is_told_first():
    found = firsthand.forecast(*SEEN, horizon=15)
    assert found.classes[0].name == "Platelets"
    said = ahead.render(found, commands=["firsthand plan human"])
    assert said.startswith("Platelets is half gone by generation 2")
    assert said.index("By when") < said.index("Why") < said.index("$ firsthand plan human")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_both_languages_leave_no_parameter_open(lang):
    found = firsthand.forecast(*SEEN, then=[SEEN[-1]])
    for each in (found, firsthand.forecast(SEEN[0], check=True), firsthand.forecast(*SEEN[:2])):
        assert "{" not in ahead.render(each, lang)


def test_the_document_has_numbers_and_null_beyond_the_horizon():
    told = json.loads(run(*COUNTS, "--json", "--generations", "3").stdout)
    assert told["schema"] == "firsthand.forecast/1"
    assert told["classes"][0]["half"]["value"] == 2.0
    assert told["classes"][-1]["gone"]["value"] is None
    assert told["speed"]["cause"] in {"noise", "fewer-draws", "biased", "selective"}


def test_names_of_strangers_cannot_break_out():
    hostile = [{"<script>": 90, "a\x1b[31m": 10}] * 1
    found = firsthand.forecast(*hostile)
    assert "\x1b" not in ahead.render(found)
    assert "<script>" not in fan.picture(found)


def test_the_picture_shows_what_happened_afterwards(tmp_path):
    later = {"RBC": 950, "WBC": 64, "Platelets": 7}
    found = firsthand.forecast(*SEEN, then=[later])
    drawn = fan.picture(found)
    ElementTree.fromstring(drawn)
    assert "what happened afterwards" in drawn
    assert ahead.inside(found) == (3, 3)
    assert run(*COUNTS, "--plot", str(tmp_path / "fan.svg")).exit_code == 0
    assert "<svg" in (tmp_path / "fan.svg").read_text()


def test_two_generations_exit_with_cannot_say():
    done = run(*COUNTS[:4])
    assert done.exit_code == 3
    assert "2 generations tell a trend from chance too badly" in done.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (SEEN[:1] + ({"x": 1, "y": 2},) * 2, "generation 1 has the classes x, y"),
        (({"a": 1.5, "b": 2},), "a count is 1.5"),
        (({"a": float("nan"), "b": 2},), "a count is nan"),
        (({"a": -1, "b": 2},), "a count is -1"),
        ((), "nothing to forecast from"),
    ],
)
def test_bad_input_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        firsthand.forecast(*given)


def test_one_class_is_not_sent_to_a_plan_that_refuses_it():
    assert "firsthand plan" not in run("--counts", "a=5").stdout
    assert "firsthand plan" in run("--counts", "a=5,b=9").stdout


def test_a_horizon_beyond_all_use_is_refused():
    with pytest.raises(InputError, match="at most 10,000"):
        firsthand.forecast({"a": 5, "b": 9}, horizon=10**9)


def test_a_plan_beside_several_generations_is_refused():
    with pytest.raises(InputError, match="a policy beside several generations"):
        firsthand.forecast(*SEEN, policy="replace")
    with pytest.raises(InputError, match="the level is 1"):
        firsthand.forecast(*SEEN, level=1.0)


def boxed(tmp_path, splits):
    """Images with two boxes each, of two classes."""
    lines = []
    for split, images in splits.items():
        (tmp_path / "images" / split).mkdir(parents=True)
        (tmp_path / "labels" / split).mkdir(parents=True)
        lines.append(f"{split}: images/{split}\n")
        for at in range(images):
            shade = len(lines) * 40 + at
            Image.new("L", (4, 4), shade).save(tmp_path / "images" / split / f"{at}.png")
            rows = f"0 .5 .5 .2 .2\n{at % 2} .2 .2 .1 .1\n"
            (tmp_path / "labels" / split / f"{at}.txt").write_text(rows)
    (tmp_path / "data.yaml").write_text("".join(lines) + "names: [common, rare]\n")
    return tmp_path / "data.yaml"


def test_samples_are_images_and_validation_is_left_out(tmp_path):
    data = str(boxed(tmp_path, {"train": 20, "val": 6}))
    told = json.loads(run(data, "--samples", "40", "--json").stdout)
    assert (told["objects"], told["samples"], told["other_split"]) == ([40], [20], 6)
    assert told["draws"] == round(80 / told["design_effect"])
    every = json.loads(run(data, "--split", "", "--json").stdout)
    assert (every["samples"], every["other_split"]) == ([26], 0)
    assert "6 samples of another split" in run(data, "--lang", "en").stdout
    with pytest.raises(InputError, match="of the split 'test'"):
        firsthand.forecast(data, split="test")


def test_rows_that_cannot_be_used_are_named(tmp_path):
    data = boxed(tmp_path, {"train": 20})
    (tmp_path / "labels" / "train" / "3.txt").write_text("0 .5 .5 .2 .2\n1 nan .5 .2 .2\n")
    said = run(str(data), "--lang", "en").stdout
    assert "Left out while reading" in said
    assert "labels/train/3.txt:2" in said
    assert json.loads(run(str(data), "--json").stdout)["skips"]["label-nan"]["count"] == 1
    assert isinstance(run(str(data), "--strict").exception, InputError)


@pytest.mark.parametrize(
    "words",
    [
        ("--counts", "a=nan,b=1"),
        ("--counts", "a=1,b=2", "--set", "policy.share"),
        ("--counts", "a=1,b=2", "--set", "sampling.temperature=0"),
        ("--counts", "a=1,b=2", "here"),
        (),
    ],
)
def test_wrong_words_are_refused(words):
    assert isinstance(run(*words).exception, InputError)


def test_a_lab_run_is_drawn_again_and_forecast(tmp_path):
    flags = {"model": "categorical", "policy": "replace", "samples": 300, "generations": 9}
    spec = asked(None, {**flags, "chains": 3, "seed": 5}, ["model.symbols=6"])
    done = simulate(spec, out=tmp_path, every_chain=True)
    counts = counts_of(done, chain=2)
    assert [each.total for each in counts] == [300] * 9
    recorded = [row for row in done.rows if row.metric == "heterozygosity" and row.chain == 2]
    for each, row in zip(counts, [r for r in recorded if r.generation > 0], strict=True):
        assert row.value == pytest.approx(1 - float((each.shares**2).sum()))
    words = ("--run", done.name, "--runs", str(tmp_path), "--chain", "2", "--horizon", "6")
    assert "Seen afterwards, and not used: shares of 5 generations" in run(*words).stdout
    with pytest.raises(InputError, match="no chain 3"):
        counts_of(done, chain=3)


# What an audit says.


LABELS = tuple(hashlib.sha256(name).digest() for name in (b"common", b"rare"))


def labelled(shares, n, generation, seed):
    rng = np.random.default_rng(seed)
    made = declare("model-labelled", generation=generation) if generation else HUMAN
    kinds = rng.choice(len(shares), n, p=shares)
    names = [f"{generation}-{seed}-{at}" for at in range(n)]
    digests = [hashlib.sha256(name.encode()).digest() for name in names]
    return tuple(
        Sample(name, digest, LABELS[kind], "train", provenance=made, category=int(kind))
        for name, digest, kind in zip(names, digests, kinds, strict=True)
    )


def dataset(*parts):
    samples = tuple(one for part in parts for one in part)
    return Dataset("set", "classify", ("common", "rare"), samples)


HUMANS = dataset(labelled([0.95, 0.05], 400, 0, seed=1))


def test_an_audit_of_human_data_says_nothing_of_it():
    assert going_on(HUMANS, HUMANS, compose(HUMANS), 0) is None


def test_generations_inside_a_set_are_carried_on():
    parts = [labelled([0.95, 0.05], 400, 0, 1), labelled([0.97, 0.03], 400, 1, 2)]
    inside = dataset(*parts, labelled([0.98, 0.02], 400, 2, 3))
    found = going_on(inside, HUMANS, compose(inside), 0)
    assert found is not None
    assert found.basis == "generations"
    assert "nothing-left-out" in found.forecast.assumptions


def test_model_labels_of_one_generation_are_replaced_in_thought():
    judged = dataset(labelled([0.98, 0.02], 400, 1, 4))
    found = going_on(judged, HUMANS, compose(judged), 0)
    assert found is not None
    assert found.basis == "plan"
    assert found.forecast.classes[0].name == "rare"


def test_versions_of_a_ledger_are_carried_on(tmp_path):
    ledger = firsthand.Ledger.init(tmp_path)
    for generation, rare in enumerate((0.2, 0.12, 0.06)):
        data = dataset(labelled([1 - rare, rare], 500, generation, generation))
        ledger.add(data, source="data", replace=True)
        ledger.commit(f"generation {generation}")
    judged = ledger.read("main")
    found = going_on(judged, HUMANS, compose(judged), 0)
    assert found is not None
    assert (found.basis, found.forecast.now) == ("ledger", 2)


def test_an_audit_shows_it_everywhere_and_decides_the_same(tmp_path):
    judged = dataset(labelled([0.98, 0.02], 400, 1, 4))
    found = firsthand.audit(judged, HUMANS, metrics="class_drift")
    assert found.ahead is not None
    assert "If it goes on like this" in report.render(found, "text")
    assert "If it goes on like this" in report.render(found, "html")
    told = json.loads(report.render(found, "json"))["forecast"]
    assert told["basis"] == "plan"
    without = replace(found, ahead=None)
    assert without.verdict == found.verdict
    assert without.findings == found.findings
    assert "If it goes on like this" not in report.render(without, "html")
    assert "forecast" not in json.loads(report.render(without, "json"))


# Scored as in docs/forecast.md, on fewer histories.


@pytest.mark.slow
def test_intervals_hold_what_they_promise():
    import forecast as scored
    from false_alarms import wilson

    import histories

    kinds = [(f, p) for f, policies in histories.FAMILIES.items() for p in policies]
    scores = [scored.score(*kinds[at % len(kinds)], 70_000 + at) for at in range(76)]
    low, high = wilson(sum(each.share for each in scores), len(scores))
    assert low < 0.95
    assert high > 0.85


@pytest.mark.slow
def test_chance_is_seldom_called_faster():
    import forecast as scored
    from false_alarms import wilson

    called = [scored.chance(80_000 + at, 0) for at in range(100)]
    faster = sum(each in {"fewer-draws", "biased", "selective"} for each in called)
    assert wilson(faster, len(called))[0] < 0.05
