"""The loop: what a policy asks for is what comes out, and a ledger says the same of it."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from PIL import Image

from firsthand import lab, registry
from firsthand.composition import compose
from firsthand.errors import InputError, LedgerError
from firsthand.ledger import Ledger
from firsthand.measure import measure
from firsthand.provenance import declare
from firsthand.read import read
from firsthand.recursion import Recipe
from firsthand.types import UNKNOWN

OPTIONS = (("components", 2), ("levels", 17))


def draw_people(folder, counts, side=4, seed=0):
    """Grey pictures: of each class a bright row of its own, with noise."""
    rng = np.random.default_rng(seed)
    for at, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 60, (side, side))
            pixels[at] += 150
            picture = Image.fromarray(pixels.astype(np.uint8))
            picture.save(folder / name / f"row-{number:03d}.png")
    return read(folder, declared=declare("human"))


@pytest.fixture
def human(tmp_path):
    return draw_people(tmp_path / "human", {"a": 30, "b": 20, "c": 10})


def spec(policy="replace", budget=60, **changes):
    return lab.Spec(model="gmm", policy=policy, budget=budget, options=OPTIONS, **changes)


def run(human, folder, generations=2, ledger=None, **changes):
    return list(lab.run(spec(**changes), human, generations, folder, ledger))


def media(step):
    return sorted(sample.media for sample in step.data.samples)


def test_replace_keeps_nothing_human(human, tmp_path):
    first, second, third = run(human, tmp_path / "out", budget=45)
    assert first.data is human
    for step in (second, third):
        assert compose(step.data).by_class == {"own-output": 45}
        assert compose(step.data).by_generation == {str(step.number): 45}
    assert [step.generator for step in (first, second, third)] == [
        "gmm-replace@0",
        "gmm-replace@1",
        "gmm-replace@2",
    ]
    assert {s.provenance.media_generator for s in third.data.samples} == {"gmm-replace@1"}


def test_anchor_keeps_every_human_sample(human, tmp_path):
    for step in run(human, tmp_path / "out", policy="anchor", budget=90)[1:]:
        assert step.data.samples[:60] == human.samples
        assert compose(step.data).by_generation == {"0": 60, str(step.number): 30}


def test_a_run_is_a_function_of_its_spec_and_data(human, tmp_path):
    runs = [run(human, tmp_path / name) for name in ("one", "two")]
    assert list(map(media, runs[0])) == list(map(media, runs[1]))
    longer = run(human, tmp_path / "longer", generations=3)
    assert list(map(media, longer[:3])) == list(map(media, runs[0]))
    for number, changes in enumerate(({"seed": 1}, {"chain": 1}, {"policy": "anchor"})):
        other = run(human, tmp_path / f"other-{number}", budget=61, **changes)
        assert not set(media(other[1])) <= set(media(runs[0][1]))


def test_order_and_names_of_the_human_data_do_not_decide_the_seed(human):
    mixed = replace(human, samples=human.samples[::-1], name="other")
    assert spec().digest(mixed) == spec().digest(human)
    assert spec().digest(human) != spec(seed=1).digest(human)


def test_the_ledger_computes_what_the_lab_knows(human, tmp_path):
    ledger = Ledger.init(tmp_path)
    ledger.add(human)
    ledger.commit("human")
    for policy, budget in (("replace", 60), ("anchor", 80)):
        steps = run(human, tmp_path / policy, ledger=ledger, policy=policy, budget=budget)
        for step in steps:
            found = ledger.read(step.version)
            assert sorted(s.media for s in found.samples) == media(step)
            assert compose(found) == compose(step.data)
        assert ledger.version(f"gmm-{policy}").name == steps[-1].version
    assert [model.name for model in ledger.models()] == [
        f"gmm-{policy}@{number}" for policy in ("anchor", "replace") for number in range(3)
    ]
    with pytest.raises(LedgerError):
        run(human, tmp_path / "again", ledger=ledger, seed=5)


def test_part_of_the_human_data_can_be_kept(human, tmp_path, monkeypatch):
    @dataclass(frozen=True)
    class Half:
        name: str = "half"
        question: str = "Is half enough?"

        def compose(self, people, budget):
            return Recipe(human=people // 2, made=budget - people // 2)

    load = registry.load
    monkeypatch.setattr(registry, "load", lambda *of: Half() if of[1] == "half" else load(*of))
    ledger = Ledger.init(tmp_path)
    ledger.add(human)
    ledger.commit("human")
    steps = run(human, tmp_path / "half", ledger=ledger, policy="half", budget=50)
    kept = [{s.media for s in step.data.samples if not s.provenance.own} for step in steps]
    assert [len(each) for each in kept] == [60, 30, 30]
    assert kept[1] != kept[2]
    assert kept[1] <= kept[0]
    assert compose(ledger.read("gmm-half")).by_generation == {"0": 30, "2": 20}


def by_origin(step):
    """How many lines come from people, and how many of each generation of models."""
    return dict(compose(step.data).by_generation)


@pytest.mark.parametrize(
    ("policy", "options", "made_of"),
    [
        ("accumulate", {}, [{"0": 60, "1": 40}, {"0": 60, "1": 40, "2": 40}]),
        ("mixed", {"share": 0.25}, [{"0": 10, "1": 30}, {"0": 10, "2": 30}]),
        ("fresh", {"share": 0.2}, [{"0": 8, "1": 32}, {"0": 8, "2": 32}]),
        ("filtered", {"keep_doubtful": 0.2}, [{"1": 40}, {"2": 40}]),
        # 10 fresh samples with three times the weight of 30 generated ones in all
        ("weighted", {"share": 0.25, "weight": 0.75}, [{"0": 90, "1": 30}, {"0": 90, "2": 30}]),
    ],
)
def test_every_policy_is_followed_on_disk_and_the_ledger_agrees(
    human, tmp_path, policy, options, made_of
):
    fresh = draw_people(tmp_path / "fresh", {"a": 10, "b": 10, "c": 10}, seed=5)
    ledger = Ledger.init(tmp_path)
    ledger.add(human)
    ledger.commit("human")
    asked = spec(policy, 40, policy_options=tuple(options.items()))
    steps = list(lab.run(asked, human, 2, tmp_path / "out", ledger, fresh))
    assert [by_origin(step) for step in steps[1:]] == made_of
    for step in steps:
        assert compose(ledger.read(step.version)) == compose(step.data)


def test_a_subsample_of_everything_has_the_size_of_the_budget(human, tmp_path):
    steps = run(human, tmp_path / "out", policy="accumulate_subsample", budget=40, generations=3)
    assert [len(step.data.samples) for step in steps] == [60, 40, 40, 40]
    assert set(by_origin(steps[3])) <= {"0", "1", "2", "3"}
    assert {"0", "3"} < set(by_origin(steps[3]))


def test_fresh_samples_are_used_once(human, tmp_path):
    fresh = draw_people(tmp_path / "fresh", {"a": 10, "b": 10, "c": 10}, seed=5)
    steps = list(lab.run(spec("fresh", 60), human, 5, tmp_path / "out", fresh=fresh))
    used = [s.media for step in steps[1:] for s in step.data.samples if not s.provenance.own]
    assert len(used) == len(set(used)) == 30
    assert set(used) == {s.media for s in fresh.samples}


def test_the_verifier_rejects_what_lies_far_out(human, tmp_path):
    def outside(step):
        shown = lab.pictures.pictures(human)
        verifier = lab.on_disk.Verifier(Recipe(), shown)
        drawn = lab.pictures.pictures(step.data)
        return verifier.doubts(drawn.features, drawn.labels).mean()

    options = (("keep_doubtful", 0.0),)
    filtered = run(human, tmp_path / "f", 1, policy="filtered", policy_options=options)[1]
    free = run(human, tmp_path / "r", 1, policy="replace")[1]
    assert outside(filtered) < 0.04 < outside(free)  # pictures are rounded to whole levels


def test_a_class_that_died_out_keeps_the_names_of_the_others_right(tmp_path):
    human = draw_people(tmp_path / "human", {"a": 1, "b": 60, "c": 60})
    last = run(human, tmp_path / "out", budget=12, generations=4, seed=1)[-1]
    names = {last.data.classes[sample.category] for sample in last.data.samples}
    assert names == {"b", "c"}
    assert last.data.classes == ("a", "b", "c")
    for sample in last.data.samples:
        assert f"/{last.data.classes[sample.category]}/" in sample.path
        with Image.open(sample.path) as picture:
            rows = np.asarray(picture).mean(axis=1)
        assert "abc"[int(rows.argmax())] == last.data.classes[sample.category]


def test_rows_hold_all_that_was_measured(human, tmp_path):
    step = run(human, tmp_path / "out", generations=1)[-1]
    found = measure(human, step.data, seed=3, splits=99)
    rows = lab.rows(spec(), step, found)
    assert len(rows) == len(found.measurements) + len(found.undetermined)
    assert {row[:4] for row in rows} == {("gmm-replace", 0, "replace", 1)}
    assert [row.value for row in rows if row.reason == ""] == [m.value for m in found.measurements]


def test_wrong_use_is_worded(human, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(InputError, match=r"options of model gmm .*'colour'"):
        list(lab.run(replace(spec(), options=(("colour", 1),)), human, 1, out))
    with pytest.raises(InputError, match="60 human samples for a training set of 59"):
        run(human, out, policy="anchor", budget=59)
    with pytest.raises(InputError, match="12 fresh human samples in each of 2 generations"):
        run(human, out, policy="fresh", budget=60, policy_options=(("share", 0.2),))
    with pytest.raises(InputError, match="fresh has no option 'colour'"):
        run(human, out, policy="fresh", policy_options=(("colour", 1),))
    with pytest.raises(InputError, match="0 generated samples"):
        run(human, out, policy="anchor", budget=60)
    assert not out.exists()
    run(human, out, generations=1)
    with pytest.raises(InputError, match="generation-01: there are pictures of a generation"):
        run(human, out, generations=1)


def test_data_that_are_no_pictures_of_one_size_are_named(human, tmp_path):
    first = human.samples[0]
    cases = [
        (replace(first, category=None), "has no class"),
        (replace(first, path=""), "has no picture"),
        (replace(first, path=str(tmp_path / "gone.png")), "cannot be read"),
        (draw_people(tmp_path / "large", {"a": 1}, side=5).samples[0], "2 different sizes"),
    ]
    for wrong, said in cases:
        with pytest.raises(InputError, match=said):
            run(replace(human, samples=(*human.samples, wrong)), tmp_path / "out", budget=80)


def test_a_ledger_with_other_data_is_refused(human, tmp_path):
    ledger = Ledger.init(tmp_path)
    ledger.add(replace(human, samples=human.samples[:10]))
    ledger.commit("some")
    with pytest.raises(InputError, match="the main branch holds 10 samples from 1 sources"):
        run(human, tmp_path / "out", ledger=ledger)


def test_human_data_of_unknown_ancestry_stay_unknown(human, tmp_path):
    samples = (replace(human.samples[0], provenance=UNKNOWN), *human.samples[1:])
    step = run(replace(human, samples=samples), tmp_path / "out", generations=1)[-1]
    assert {sample.provenance.ancestry for sample in step.data.samples} == {None}
