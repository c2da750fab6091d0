"""`firsthand stress` writes sets that every command reads, and says what to ask of them."""

import json
import shlex

import numpy as np
import pytest

import made
from firsthand import registry
from firsthand.cli import main
from firsthand.messages import text
from firsthand.sources import side_of


def run(capsys, *words):
    with pytest.raises(SystemExit) as end:
        main(["stress", *map(str, words)])
    shown = capsys.readouterr()
    return end.value.code, shown.out, shown.err


@pytest.fixture
def points(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "human.npy", rng.normal(size=(1500, 4)).astype(np.float32))
    return tmp_path / "human.npy"


def test_points_are_written_with_the_diagnosis_to_ask(points, tmp_path, capsys):
    code, out, _ = run(capsys, "over_dispersion", "--data", points, "--out", tmp_path / "made")
    assert code == 0
    words = shlex.split(out.splitlines()[-1].partition(": ")[2])
    assert words[:2] == ["firsthand", "diagnose"]
    with pytest.raises(SystemExit) as end:
        main([*words[1:], "--json"])
    assert end.value.code == 1
    assert json.loads(capsys.readouterr().out)["hypotheses"][0]["cause"] == "over-dispersion"


def test_json_names_the_sets_and_generations(points, tmp_path, capsys):
    words = ["--data", points, "--out", tmp_path / "made", "--strength", 3, "-n", 100, "--json"]
    code, out, _ = run(capsys, "model_collapse", *words)
    told = json.loads(out)
    assert (code, told["schema"], told["origin"]) == (0, "firsthand.stress/1", "synthetic")
    assert (told["samples"], told["strength"], told["dial"]) == (100, 3.0, "generations")
    assert {"reference", "train", "samples", "heldout", "generation-3"} <= set(told["sets"])
    assert all(len(side_of(path).media) == 100 for path in told["sets"].values())


def test_boxes_keep_their_images_and_texts_their_origin(tmp_path, capsys):
    data = made.yolo(tmp_path / "human", 60, seed=0)
    assert run(capsys, "mode_collapse", "--data", data, "--out", tmp_path / "boxes")[0] == 0
    train = side_of(str(tmp_path / "boxes" / "train" / "data.yaml"))
    assert (len(train.media), train.classes, train.skips) == (10, made.CLASSES, ())
    rng = np.random.default_rng(0)
    rows = [" ".join(f"w{word}" for word in rng.integers(0, 90, 640)) for _ in range(25)]
    texts = tmp_path / "human.jsonl"
    texts.write_text("".join(json.dumps({"text": row}) + "\n" for row in rows))
    words = ["--data", texts, "--out", tmp_path / "texts", "--strength", 2]
    assert run(capsys, "model_collapse", *words)[0] == 0
    samples = side_of(str(tmp_path / "texts" / "train" / "texts.jsonl")).dataset.samples
    assert {each.provenance.media_origin for each in samples} == {"synthetic"}


def test_it_speaks_chinese_and_refuses_what_cannot_be(points, tmp_path, capsys):
    words = ["--data", points, "--out", tmp_path / "made"]
    assert "样本" in run(capsys, "healthy", *words, "--lang", "zh")[1]
    assert {text(f"stress.dial.{name}") for name in registry.names("failures")} == {
        registry.load("failures", name).dial for name in registry.names("failures")
    }
    code, _, said = run(capsys, "healthy", *words)
    assert code == 2
    assert "it is there already" in said
    assert "there is no failure named" in run(capsys, "nothing", *words)[2]


def test_sets_are_as_large_as_the_data_suffice_for(points, tmp_path, capsys):
    words = ["--data", points, "--out"]  # half of the modes have to fill three sets
    code, out, _ = run(capsys, "forgetting", *words, tmp_path / "made", "--json")
    assert code == 0
    assert 100 < json.loads(out)["samples"] < 250
    code, _, said = run(capsys, "forgetting", *words, tmp_path / "more", "-n", 400)
    assert code == 2
    assert "Ask for smaller sets with -n" in said


def test_a_shift_of_texts_asks_for_the_other_collection(tmp_path, capsys):
    words = [f"word{at}" for at in range(50)]
    rng = np.random.default_rng(0)
    lines = [json.dumps({"text": " ".join(rng.choice(words, 80))}) for _ in range(200)]
    (tmp_path / "human.jsonl").write_text("\n".join(lines) + "\n")
    code, _, err = run(capsys, "shift", "--data", tmp_path / "human.jsonl", "--out", tmp_path / "o")
    assert code == 2
    assert "--other" in err
