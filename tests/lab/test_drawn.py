"""Runs beside each other: how they are named, what is drawn of them, and which classes survive."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PIL import Image

from firsthand import lab
from firsthand.errors import InputError
from firsthand.lab.drawn import picture
from firsthand.lab.series import series
from firsthand.lab.survival import ALIVE, LAW

SVG = "{http://www.w3.org/2000/svg}"
SMALL = {"model": "gaussian", "policy": "replace", "generations": 4, "samples": 20, "chains": 30}


def run(folder, **changes):
    return lab.simulate(lab.parse({**SMALL, **changes}), out=folder)


def words(svg):
    return [each.text for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_runs_are_named_by_what_differs(tmp_path):
    runs = [run(tmp_path), run(tmp_path, policy={"name": "fresh", "share": 0.2}, samples=40)]
    assert [each.label for each in series(runs)] == [
        "replace, samples 20",
        "fresh, samples 40, share 0.2",
    ]
    alike = [run(tmp_path, chains=5), run(tmp_path, chains=6)]
    assert [each.label for each in series(alike)] == [each.name for each in alike]


def test_seeds_are_one_line_of_all_their_chains(tmp_path):
    runs = [run(tmp_path, seed=seed) for seed in (0, 1)] + [run(tmp_path, policy="accumulate")]
    both, other = series(runs)
    assert (both.label, both.runs, other.label, other.runs) == ("replace", 2, "accumulate", 1)
    values = np.concatenate([each.records["variance"] for each in runs[:2]], axis=1)
    last = both.typical["variance"][4]
    np.testing.assert_allclose(last[6:9], np.quantile(values[-1], [0.5, 0.05, 0.95]))
    assert both.typical["variance"][0].value == 1
    assert "replace (2 seeds)" in words(picture(runs))


def test_more_kinds_of_runs_than_marks_are_refused(tmp_path):
    runs = [run(tmp_path, samples=samples) for samples in (5, 6, 7, 8, 9)]
    with pytest.raises(InputError, match="5 kinds of runs in one picture. Expected at most 4"):
        picture(runs)


@pytest.mark.parametrize("compiled", [False, True])
def test_classes_survive_as_the_closed_form_says(tmp_path, compiled):
    spec = {"model": {"name": "categorical", "symbols": 300}, "policy": "replace"}
    experiment = lab.parse({**spec, "generations": 20, "samples": 250, "chains": 3000})
    one = series([lab.simulate(experiment, out=tmp_path, compiled=compiled)])[0]
    alive, law = one.classes(ALIVE), one.classes(LAW)
    assert list(alive) == list(law)
    assert list(alive)[0] == "rank 1"
    assert list(alive)[-1] == "rank 300"
    for name, each in alive.items():
        assert each[0].value == law[name][0].value == 1
        for generation in (1, 3, 8, 20):
            expected, found = law[name][generation].value, each[generation]
            error = max(expected * (1 - expected) / 3000, 1e-7) ** 0.5
            assert abs(found.value - expected) < 4.5 * error + 0.001
            assert found.low <= found.value <= found.high


@pytest.mark.parametrize(
    "changes",
    [
        {"policy": {"name": "fresh", "share": 0.1}},
        {"first": 10},
        {"sampling": {"temperature": 0.9}},
        {"model": "ngram", "samples": 128, "first": 128},
    ],
)
def test_where_no_closed_form_holds_none_is_drawn(tmp_path, changes):
    values = {"model": "categorical", "samples": 50, "chains": 20, **changes}
    found = run(tmp_path, **values)
    one = series([found])[0]
    assert one.classes(ALIVE)
    assert not one.classes(LAW)
    assert 'class="law"' not in picture([found])


def test_words_are_alive_while_they_occur(tmp_path):
    found = run(tmp_path, model={"name": "ngram", "symbols": 10}, samples=640, chains=8)
    alive = found.records["alive"]
    assert alive.shape == (4, 10, 8)
    np.testing.assert_array_equal(alive.sum(axis=1), found.records["types"])


def test_classes_of_people_are_named_and_drawn(tmp_path):
    folder = tmp_path / "pictures"
    for name, many in (("cat", 30), ("dog", 9), ("emu", 2)):
        (folder / name).mkdir(parents=True)
        for number in range(many):
            pixels = np.full((2, 2), number, np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    found = run(tmp_path, model="categorical", data=str(folder))
    said = words(picture([found]))
    for name in ("cat", "dog", "emu"):
        assert name in said
    assert list(series([found])[0].classes(ALIVE)) == ["cat", "dog", "emu"]


def test_names_at_the_ends_do_not_lie_over_each_other(tmp_path):
    spec = {"model": {"name": "categorical", "symbols": 12, "law": "uniform"}, "generations": 3}
    drawn = ElementTree.fromstring(picture([run(tmp_path, **spec)]))
    ends = [
        float(each.get("y")) for each in drawn.iter(f"{SVG}text") if "rank" in (each.text or "")
    ]
    assert len(ends) == 12
    assert np.diff(sorted(ends)).min() >= 11.9
