"""`firsthand plan`: the answer in words, as JSON, as a picture, and its exit codes."""

from __future__ import annotations

import json
import shlex
import xml.etree.ElementTree as ElementTree

import pytest
from PIL import Image
from typer.main import get_command
from typer.testing import CliRunner

from firsthand import registry
from firsthand.cli import app, main
from firsthand.errors import InputError

COUNTS = "cell=900,moon=300,star=50"
ASKED = ["plan", "--counts", COUNTS, "--samples", "5000", "--keep", "0.8", "--generations", "10"]


def run(*words):
    return CliRunner().invoke(app, [*words])


def test_the_verdict_comes_first_and_the_next_command_last():
    done = run(*ASKED, "--lang", "en")
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert lines[0].startswith("With ")
    assert "all 3 classes keep 80% of their human share or more" in lines[0]
    assert "star needs most" in lines[0]
    assert lines[-1].startswith("Do next: firsthand mix --policy fresh --set policy.share=")
    assert "Assumed" in done.output


def test_chinese():
    done = run(*ASKED, "--lang", "zh")
    assert "全部 3 个类别" in done.output.splitlines()[0]
    assert "需求最大的是 star" in done.output


def test_names_of_strangers_are_harmless():
    done = run("plan", "--counts", "a\x1b[31m=5,{keep}=5", "--samples", "100", "--lang", "en")
    assert "\x1b" not in done.output
    assert "{keep}" in done.output


def test_json_holds_the_same_numbers():
    done = run(*ASKED, "--json", "--check", "--chains", "400")
    told = json.loads(done.output)
    assert told["schema"] == "firsthand.plan/1"
    assert told["verdict"] == "pass"
    needs = {one["name"]: one["fresh"] for one in told["needs"]}
    assert told["choice"]["human"] == max(needs.values())
    assert f"policy.share={told['choice']['human'] / 5000:g}" in told["next"]
    assert [one["chains"] for one in told["checked"]] == [400] * 3
    assert told["effort"][0]["human"] == 0


def test_what_is_impossible_is_null():
    told = json.loads(run("plan", "--counts", COUNTS, "--samples", "300", "--json").output)
    assert told["needs"][2]["fresh"] is None
    assert "star" in told["not_kept"]


@pytest.mark.parametrize(
    ("way", "says"),
    [
        ("quota", "--strategy quota"),
        ("weighted", "--set policy.weight="),
        ("anchor", "--policy mixed"),
        ("accumulate", "--policy accumulate"),
        ("replace", "--allow-replace"),
    ],
)
def test_each_policy_says_how_to_go_on(way, says):
    done = run(*ASKED, "--policy", way, "--lang", "en")
    assert done.exit_code == 0
    assert says in done.output.splitlines()[-1]


def test_too_few_human_samples_to_keep_are_given_their_weight():
    few = ["plan", "--counts", "cell=90,star=10", "--samples", "2000", "--keep", "0.9"]
    done = run(*few, "--generations", "5", "--policy", "anchor", "--json")
    told = json.loads(done.output)
    assert told["choice"]["weight"] > 1
    words = shlex.split(told["next"])
    assert words[words.index("--policy") + 1] == "anchor"
    option = words[words.index("--set") + 1].removeprefix("policy.weight=")
    recipe = registry.with_options(
        registry.load("policies", "anchor"), {"weight": float(option)}
    ).compose(100, 2000)
    heavy = recipe.human * recipe.human_weight
    assert heavy / (heavy + recipe.made) == pytest.approx(told["choice"]["part"])


def test_validation_data_are_no_training_data(tmp_path):
    for split, images in (("train", 12), ("val", 5)):
        for at in range(images):
            folder = tmp_path / split / ("cell" if at % 3 else "star")
            folder.mkdir(parents=True, exist_ok=True)
            Image.new("L", (2, 2), at + images).save(folder / f"{at}.png")
    told = json.loads(run("plan", str(tmp_path), "--json").output)
    assert (told["human"]["samples"], told["human"]["other_split"]) == (12, 5)
    said = run("plan", str(tmp_path), "--lang", "en").output
    assert "5 samples of another split" in said
    assert (
        json.loads(run("plan", str(tmp_path), "--split", "", "--json").output)["human"]["samples"]
        == 17
    )


def test_a_filter_needs_to_know_what_is_wrong():
    done = run(*ASKED, "--policy", "filtered", "--lang", "en")
    assert done.exit_code == 3
    assert "--wrong SHARE" in done.output
    known = run(*ASKED, "--policy", "filtered", "--wrong", "0.2", "--lang", "en")
    assert known.exit_code == 0
    assert "a right one has to pass" in known.output
    assert run(*ASKED, "--policy", "filtered", "--wrong", "0.2", "--check").exit_code == 3


def test_too_few_chains_cannot_say():
    assert run(*ASKED, "--check", "--chains", "10", "--lang", "en").exit_code == 3


def test_a_budget_says_what_it_cannot_save():
    done = run(*ASKED, "--budget", "20", "--lang", "en")
    assert done.exit_code == 0
    assert "Not kept: star" in done.output.splitlines()[0]
    assert "Needed: " in done.output


def test_the_budget_curve(tmp_path):
    file = tmp_path / "budget.svg"
    run(*ASKED, "--plot", str(file), "--lang", "en")
    root = ElementTree.fromstring(file.read_text(encoding="utf-8"))
    words = "".join(root.itertext())
    assert "What human samples buy" in words
    assert "chosen: " in words
    assert "star: " in words
    assert len(root.findall(".//{*}path[@class='line s0']")) >= 1


@pytest.mark.parametrize("way", ["replace", "accumulate"])
def test_a_way_without_a_budget_has_no_curve(tmp_path, way):
    file = tmp_path / "none.svg"
    assert run(*ASKED, "--policy", way, "--plot", str(file)).exit_code == 0
    ElementTree.fromstring(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "words",
    [
        ["plan"],
        ["plan", "here", "--counts", COUNTS],
        ["plan", "--counts", "cell"],
        ["plan", "--counts", COUNTS, "--keep", "2"],
        ["plan", "--counts", COUNTS, "--probability", "1"],
        ["plan", "--counts", COUNTS, "--budget", "-3"],
        ["plan", "--counts", "cell=5"],
        ["plan", "--counts", COUNTS, "--class", "moon", "--class", "unicorn"],
    ],
)
def test_wrong_use_is_exit_code_2(words, capsys):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert "Expected" in capsys.readouterr().err
    assert isinstance(run(*words).exception, InputError)


@pytest.mark.parametrize(
    "way", ["fresh", "quota", "weighted", "anchor", "accumulate", "replace", "filtered"]
)
def test_mix_understands_what_it_is_told_next(way):
    """Its options are there, and the policy makes as many human samples of it as were planned."""
    told = json.loads(run(*ASKED, "--policy", way, "--json").output)
    words = shlex.split(told["next"])
    known = {
        option for each in get_command(app).get_command(None, "mix").params for option in each.opts
    }
    assert {word for word in words if word.startswith("--")} <= known
    given = [words[at + 1] for at, word in enumerate(words) if word == "--set"]
    options = {
        one.partition("=")[0].removeprefix("policy."): float(one.partition("=")[2]) for one in given
    }
    policy = registry.with_options(registry.load("policies", words[3]), options)
    recipe = policy.compose(told["human"]["samples"], 5000)
    if way != "accumulate":
        assert recipe.human + recipe.fresh == told["choice"]["human"]
        assert recipe.made == 5000 - told["choice"]["human"]
    assert recipe.human_weight == pytest.approx(told["choice"]["weight"], rel=1e-6)
    assert ("--allow-replace" in words) == (not recipe.human and not recipe.earlier)


def test_a_tiny_share_is_a_number_for_mix():
    asked = ["plan", "--counts", "cell=90000,moon=9000", "--samples", "3000000", "--keep", "0.5"]
    told = json.loads(run(*asked, "--budget", "20", "--json").output)
    words = shlex.split(told["next"])
    assert words[words.index("--set") + 1] == "policy.share=0.000006666666667"


def test_a_billion_generations_are_answered_at_once():
    told = run("plan", "--counts", COUNTS, "--generations", "1000000000", "--json")
    assert json.loads(told.output)["target"]["generations"] == 10**9
