"""`firsthand lab run` with a spec that has arms."""

import json
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml

from firsthand.cli import main

sys.path.insert(0, str(Path(__file__).parent.parent / "closed_loop"))
import squares  # noqa: E402


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = squares.world(tmp_path) | {"arms": ["replace"], "generations": 1}
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(values))
    return values


def call(capsys, *words):
    with pytest.raises(SystemExit) as end:
        main(["lab", "run", *words])
    out, err = capsys.readouterr()
    return end.value.code, out, err


def test_arms_stand_beside_their_controls(spec, capsys):
    code, out, err = call(capsys, "spec.yaml", "--plot", "curves.svg", "--sheets", "sheets")
    assert (code, err) == (0, "")
    drawn = ElementTree.parse("curves.svg")
    titles = [each.text for each in drawn.iter() if each.tag.endswith("title")]
    sheets = {path.name: path.read_text() for path in Path("sheets").iterdir()}
    assert sorted(sheets) == ["Z0-0.html", "Z0K-0.html", "replace-0.html"]
    assert "missed" in sheets["replace-0.html"].partition("<h1>")[2]
    assert "labels made over expected: blue (band: all seeds)" in titles
    assert [line.split()[0] for line in out.splitlines()[4:]] == ["replace", "Z0", "Z0K"]


def test_json_has_the_table_and_every_row(spec, capsys):
    code, out, _ = call(capsys, "spec.yaml", "--json")
    told = json.loads(out)
    assert (code, told["schema"]) == (0, "firsthand.closed-loop/1")
    assert [arm["arm"] for arm in told["arms"]] == ["replace", "Z0", "Z0K"]
    assert {row["generation"] for row in told["rows"]} == {0, 1}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--csv", "rows.csv"], "csv has no meaning for a closed loop"),
        (["--seed", "1"], "seed has no meaning for a closed loop"),
        (["--set", "model.batch=2"], "model.batch=2 has no meaning for a closed loop"),
    ],
)
def test_flags_of_other_runs_are_refused(spec, capsys, words, message):
    code, _, err = call(capsys, "spec.yaml", *words)
    assert code == 2
    assert message in err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arms": ["replaced"]}, "unknown arm 'replaced'"),
        ({"human": "nowhere"}, "nowhere"),
        ({"anchors": "a"}, "unknown key 'anchors'"),
        ({"humans": 0}, "humans is 0"),
        ({"humans": "many"}, "humans is 'many'"),
        ({"arms": "replace"}, "arms is 'replace'"),
        ({"arms": [{"labels": "fixed"}]}, "an arm has no name"),
        ({"arms": [{"name": "a", "paste": True}]}, "paste is True"),
        ({"arms": [{"name": "a", "labels": {"name": "fixed", "at": 1}}]}, "no option 'at'"),
        ({"arms": [{"name": "a", "labels": "guess"}]}, "guess"),
        ({"arms": [{"name": "a", "teacher": "nobody"}]}, "teacher is 'nobody'"),
        ({"arms": ["replace", "replace"]}, "two arms are called 'replace'"),
        ({"seeds": [0.5]}, "a seed is 0.5"),
        ({"first": {"epochs": 2}}, "rate is missing in first"),
        ({"then": 3}, "then is 3"),
        ({"small": 2}, "small is 2"),
        ({"model": "blob"}, "blob"),
        ({"arms": ["replace-gated"]}, "replace-gated looks at an anchor"),
        ({"start": "missing.pt"}, "missing.pt"),
    ],
)
def test_a_wrong_spec_is_named(spec, capsys, tmp_path, change, message):
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec | change))
    code, out, err = call(capsys, "spec.yaml")
    assert (code, out) == (2, "")
    assert message in err
