"""Lists in a spec: every combination is run once, goes on where it was stopped, is compared."""

import json

import pytest

from firsthand import lab
from firsthand.cli import main
from firsthand.errors import FirsthandError, InputError

SPEC = """
model: gaussian
policy: [replace, {name: fresh, share: 0.2}]
samples: [10, 40]
seed: [0, 1, 2]
generations: 3
chains: 20
"""


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "grid.yaml"
    path.write_text(SPEC)
    return path


def call(capsys, *words):
    with pytest.raises(SystemExit) as end:
        main(["lab", *map(str, words)])
    out, err = capsys.readouterr()
    return end.value.code, out, err


def test_a_grid_is_the_product_of_its_lists(spec):
    found = lab.grid(spec, {})
    told = [(each.policy, each.samples, each.seed) for each in found]
    assert told == [
        (policy, samples, seed)
        for policy in ("replace", "fresh")
        for samples in (10, 40)
        for seed in (0, 1, 2)
    ]
    assert found[-1].policy_options == (("share", 0.2),)
    assert lab.grid(spec, {"samples": 10, "seed": 0})[0] == found[0]
    assert len(lab.grid(spec, {"seed": [0, 0], "samples": 9, "policy": "replace"})) == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("samples: []", r"grid.yaml:9: samples is \[\]. Expected at least one value"),
        ("samples: [10, -1]", "samples is -1. Expected a whole number of 1 or more"),
        ("policy: [replace, melt]", "no policy named 'melt'"),
        ("sizes: [1, 2]", "unknown key 'sizes'"),
    ],
)
def test_every_combination_is_checked_before_any_is_run(spec, capsys, line, said):
    kept = [each for each in SPEC.splitlines() if each.partition(":")[0] != line.partition(":")[0]]
    spec.write_text("\n".join([*kept, "", "", line]))
    with pytest.raises(FirsthandError, match=said):
        lab.grid(spec, {})
    assert call(capsys, "run", spec)[0] == 2
    assert not (spec.parent / "lab-runs").exists()


def test_a_single_experiment_has_no_lists(spec):
    with pytest.raises(InputError, match=r"samples is \[10, 40\]. Expected a whole number"):
        lab.load(spec)


def test_a_grid_is_run_listed_gone_on_with_and_compared(spec, capsys):
    code, out, err = call(capsys, "run", spec)
    assert code == 0
    assert len([line for line in err.splitlines() if line.startswith("run: ")]) == 12
    assert "(12 of 12)" in err
    names = [line.split()[0] for line in out.split("\n\n")[0].splitlines()[1:]]
    assert len(names) == 4, "seeds are taken together"
    cells = {path: path.stat().st_mtime_ns for path in spec.parent.glob("lab-runs/*/cells/*")}
    assert len(cells) == 12
    listed = call(capsys, "list")[1].splitlines()
    assert len(listed) == 12
    assert sum("40 samples" in line for line in listed) == 6
    gone = lab.runs("lab-runs")[0].folder / "run.json"
    gone.unlink()
    code, _, err = call(capsys, "compare", spec)
    assert code == 2
    assert "1 of 12 runs are not done" in err
    again = call(capsys, "run", spec)[1]
    assert again == out
    assert {path: path.stat().st_mtime_ns for path in cells} == cells
    assert call(capsys, "compare", spec, "--plot", "grid.svg")[1] == out
    assert "replace, samples 10 (3 seeds)" in (spec.parent / "grid.svg").read_text()
    runs = json.loads(call(capsys, "compare", spec, "--json")[1])["runs"]
    assert [run["experiment"]["seed"] for run in runs] == [0, 1, 2] * 4
