"""Chains of generations: what each arm loses, and what is left of a run that was killed."""

import shutil

import numpy as np
import pytest
from blobs import Blobs, Killed

from firsthand import closed_loop
from firsthand.closed_loop import drawn
from firsthand.closed_loop.results import WHY_NOT, Results, as_text, table
from firsthand.errors import InputError
from firsthand.ledger import Ledger
from firsthand.types import Measurement

RARE, SMALL = (("class", "blue"),), (("size", "small"),)


def last(steps, arm):
    return [step for step in steps if step.arm.name == arm][-1].generation


def recall(results, arm, number, part):
    scored = results.scored[arm, 0, number]
    place = {"blue": scored.human.label == 1, "small": scored.cells.size(scored.human) == 0}[part]
    finder = scored.matching.found
    sure = np.append(scored.found.confidence, 0)[finder] >= 0.25
    return (sure & (finder >= 0))[place].mean()


def test_replace_loses_what_is_rare_and_counts_keep_it(spec, tmp_path):
    loop = spec(["replace", "DCK"], generations=3)
    results = Results(loop, closed_loop.run(loop, tmp_path))
    assert results.arms == ("replace", "DCK", "Z0", "Z0K")
    begin = recall(results, "replace", 0, "blue")
    assert begin > 0.3
    assert recall(results, "replace", 3, "blue") <= 0.5 * begin
    assert recall(results, "DCK", 3, "blue") >= begin


def test_labels_are_counted_beside_what_people_would_have_said(spec, tmp_path):
    told = last(closed_loop.run(spec(["replace"]), tmp_path), "replace").about
    assert told["images"] == 40
    assert sum(told["labels"]) < sum(told["truth"])
    assert told["right"] == told["labels"] == told["found"]  # it finds real squares only
    assert sum(told["labels"][2:]) < 0.5 * sum(told["expected"][2:])  # blue ones vanish
    assert 0 <= told["empty"] < 40


def test_controls_see_no_label_of_a_model(spec, tmp_path):
    steps = closed_loop.run(spec([]), tmp_path)
    first = {item.source for item in steps[0].generation.items()}
    assert len(first) == 40
    for arm in ("Z0", "Z0K"):
        items = last(steps, arm).items()
        assert len(items) == 40
        assert {item.origin for item in items} == {"human"}
        assert {item.source for item in items} <= first
    assert {item.source for item in last(steps, "Z0").items()} == first
    assert any(item.pasted for item in last(steps, "Z0K").items())


def test_a_picture_that_comes_several_times_keeps_its_labels(spec, tmp_path):
    steps = closed_loop.run(spec(["DCK"], humans=10), tmp_path)
    first = {item.source: item.labels for item in steps[0].generation.items()}
    for arm, human in (("Z0", 40), ("Z0K", 40), ("DCK", 12)):
        items = [one for one in last(steps, arm).items() if one.origin == "human"]
        assert len(items) == human > len({item.source for item in items})
        for item in items:
            assert item.labels[: len(first[item.source])] == first[item.source]


def test_model_labels_are_said_to_be_the_models(spec, tmp_path):
    loop = spec(["mix30"])
    items = last(closed_loop.run(loop, tmp_path), "mix30").items()
    made = [item for item in items if item.origin == "model"]
    assert (len(made), len(items)) == (28, 40)
    people = {str(path) for path in closed_loop.Chain.of(loop, 0).ground.humans.paths}
    assert not {item.source for item in made} & people


def test_a_run_that_was_killed_goes_on_and_ends_the_same(spec, tmp_path, monkeypatch):
    loop = spec(["DCK"], seeds=[0, 1])
    whole = closed_loop.run(loop, tmp_path / "whole")
    trained = len(Blobs.trained)
    assert trained == len({step.generation.digest for step in whole})
    monkeypatch.setattr(Blobs, "most", trained + 4)
    with pytest.raises(Killed):
        closed_loop.run(loop, tmp_path / "stopped")
    assert len([path for path in (tmp_path / "stopped").iterdir() if path.suffix == ".part"]) == 1
    monkeypatch.setattr(Blobs, "most", 10_000)
    resumed = closed_loop.run(loop, tmp_path / "stopped")
    assert len(Blobs.trained) == 2 * trained
    assert not list((tmp_path / "stopped").glob(".*"))
    for one, other in zip(whole, resumed, strict=True):
        assert one.generation.digest == other.generation.digest
        assert one.generation.weights.read_bytes() == other.generation.weights.read_bytes()
        assert one.generation.items() == other.generation.items()


def test_outlines_are_gone_round_as_the_boxes_around_them(spec, world, tmp_path):
    """Labels, hidden labels and what is pasted are those of the same squares as boxes."""
    for part in ("people", "test", "anchor"):
        shutil.copytree(world[0] / part, tmp_path / part)
        for path in (tmp_path / part / "labels").iterdir():
            path.write_text("".join(outline(row) for row in path.read_text().splitlines()))
    lined = {part: str(tmp_path / part) for part in ("human", "test", "anchor")}
    lined["human"] = str(tmp_path / "people")
    boxes, outlines = (
        closed_loop.run(spec(["DCK"], generations=1, **changes), tmp_path / name)
        for name, changes in (("boxes", {}), ("outlines", lined))
    )
    plain, told = (last(steps, "DCK") for steps in (boxes, outlines))
    for name in ("labels", "truth", "right"):
        assert told.about[name] == plain.about[name]
    assert any(item.pasted for item in told.items())
    for one, other in zip(plain.items(), told.items(), strict=True):
        assert [kind for kind, _ in one.labels] == [kind for kind, _ in other.labels]
        np.testing.assert_allclose(
            [box for _, box in one.labels], [box for _, box in other.labels], atol=1e-4
        )
        assert [paste.at for paste in one.pasted] == [paste.at for paste in other.pasted]


def outline(row):
    """The corners of a box, as a segmentation label has them."""
    kind, *box = row.split()
    x, y, w, h = map(float, box)
    ends = [(x + a * w / 2, y + b * h / 2) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    return f"{kind} " + " ".join(f"{each:.6f}" for end in ends for each in end) + "\n"


def test_what_is_there_is_not_trained_again(spec, tmp_path):
    closed_loop.run(spec(["replace"], generations=1), tmp_path)
    trained = len(Blobs.trained)
    longer = closed_loop.run(spec(["replace", "mix30"]), tmp_path)
    assert len(longer) == 4 * 3
    assert len(Blobs.trained) - trained == 3 + 2  # the second of three arms, and all of a new one


def test_what_is_finished_is_found_without_making_anything(spec, tmp_path):
    loop = spec(["replace", "mix30"], seeds=[0, 1])
    assert closed_loop.finished(loop, tmp_path) == []
    assert not list(tmp_path.iterdir())
    closed_loop.run(spec(["mix30"], generations=1), tmp_path)
    there = closed_loop.finished(loop, tmp_path)
    assert [(step.arm.name, step.seed, step.number) for step in there] == [
        *[("replace", 0, 0), ("mix30", 0, 0), ("mix30", 0, 1)],
        *[("Z0", 0, 0), ("Z0", 0, 1), ("Z0K", 0, 0), ("Z0K", 0, 1)],
    ]


def test_seeds_have_other_people_and_fewer_people_are_among_more(spec):
    chains = [closed_loop.Chain.of(spec([], humans=n), seed) for n, seed in ((20, 0), (40, 0))]
    few, many = ({*chain.ground.humans.objects.keys} for chain in chains)
    assert few < many
    assert many != {*closed_loop.Chain.of(spec([]), 1).ground.humans.objects.keys}
    assert not many & {*chains[1].ground.pool.objects.keys}


def test_accumulated_sets_hold_what_came_before(spec, tmp_path):
    loop = spec([{"name": "all", "policy": "accumulate", "repeats": False}])
    sizes = [len(s.generation.items()) for s in closed_loop.run(loop, tmp_path)[:3]]
    assert sizes == [40, 80, 120]
    loop = spec(["accumulate"], generations=3)
    steps = [s.generation.items() for s in closed_loop.run(loop, tmp_path)[:4]]
    assert [len(items) for items in steps] == [40] * 4
    people = {item.source for item in steps[0]}
    assert 0 < len(people & {item.source for item in steps[3]}) < 40


def test_fresh_pictures_come_with_labels_of_people(spec, tmp_path):
    loop = spec(["fresh10"])
    items = last(closed_loop.run(loop, tmp_path), "fresh10").items()
    people = {str(path) for path in closed_loop.Chain.of(loop, 0).ground.humans.paths}
    fresh = [item for item in items if item.origin == "human"]
    assert len(fresh) == 4
    assert not {item.source for item in fresh} & people


def test_people_label_what_likely_holds_the_tail(spec, tmp_path):
    loop = spec(["fresh10", "fresh10-tail"], generations=1, seeds=[0, 1, 2])
    rare = {}
    for step in closed_loop.run(loop, tmp_path):
        items = [item for item in step.generation.items() if item.origin == "human"]
        if step.number:
            held = sum(kind == 1 for item in items for kind, _ in item.labels)
            rare[step.arm.name] = rare.get(step.arm.name, 0) + held
            assert step.arm.name[:2] == "Z0" or len(items) == 4
    assert rare["fresh10-tail"] > 2 * rare["fresh10"]


def test_a_gate_ships_what_was_accepted_before(spec, tmp_path):
    loop = spec(["replace-gated", "DCK-gated"], anchor="anchor")
    steps = closed_loop.run(loop, tmp_path)
    first = steps[0].generation
    bad = [step.generation for step in steps if step.arm.name == "replace-gated"][1:]
    assert [one.about["accepted"] for one in bad] == [False, False]
    assert {one.weights.read_bytes() for one in bad} == {first.weights.read_bytes()}
    lost = {one["part"]: one for one in bad[0].about["gate"]}
    assert lost["class=blue"]["lost"] > 5
    assert lost["class=blue"]["p_value"] < 0.01
    good = [step.generation for step in steps if step.arm.name == "DCK-gated"][1:]
    assert [one.about["accepted"] for one in good] == [True, True]


def test_several_teachers_and_students_from_the_start(spec, tmp_path):
    parts = {"labels": "count_matched", "policy": {"name": "mixed", "share": 0.5}}
    arms = [
        {"name": teacher, "teacher": teacher, "student": student, **parts}
        for teacher, student in (("first", "first"), ("both", "start"), ("peers", "parent"))
    ]
    steps = closed_loop.run(spec(arms), tmp_path)
    assert len({step.generation.digest for step in steps}) == 1 + 5 * 2
    assert len(Blobs.trained) == 1 + 5 * 2 + 1  # and the peer


def test_a_rare_class_is_labelled_only_where_it_is_sure_and_else_painted_over(spec, tmp_path):
    pytest.importorskip("cv2")
    loop = spec([{"name": "careful", "labels": "count_matched", "rare": 0.99}])
    made = last(closed_loop.run(loop, tmp_path), "careful")
    items = [item for item in made.items() if item.origin == "model"]
    assert sum(made.about["labels"][2:]) == 0
    assert made.about["painted"] == sum(len(item.covered) for item in items) > 0


@pytest.mark.parametrize("labels", ["people", "count_matched"])
def test_balanced_arms_take_what_is_rare_more_often(spec, tmp_path, labels):
    """Of model-labelled pictures and of the control's human ones; as many come in as elsewhere."""
    parts = {"labels": labels, "policy": {"name": "mixed", "share": 0.1}}
    arms = [{"name": "even", **parts}, {"name": "balanced", "balance": True, **parts}]
    steps = closed_loop.run(spec(arms, generations=1), tmp_path)
    share = {}
    for arm in ("even", "balanced"):
        items = last(steps, arm).items()
        assert len(items) == 40
        blue = [any(label == 1 for label, _ in item.labels) for item in items]
        share[arm] = np.mean(blue)
    assert share["balanced"] > 1.3 * share["even"] > 0


def test_where_people_label_everything_the_controls_need_no_pool(spec, tmp_path):
    loop = spec(["Z0K-balanced"], humans=160, generations=1)
    steps = closed_loop.run(loop, tmp_path)
    assert {step.arm.name for step in steps if step.number} == {"Z0", "Z0K", "Z0K-balanced"}


def test_a_pool_of_its_own_takes_the_place_of_the_rest(spec, world, tmp_path):
    loop = spec(["replace"], pool="anchor", generations=1)
    items = last(closed_loop.run(loop, tmp_path), "replace").items()
    assert all(item.source.startswith(str(world[0] / "anchor")) for item in items)
    with pytest.raises(InputError, match="100 new pictures are asked for, and there are 80"):
        closed_loop.run(spec(["replace"], pool="anchor", images=100), tmp_path)


def test_results_are_held_against_generation_0_and_against_controls(spec, tmp_path):
    loop = spec(["replace"], seeds=[0, 1])
    results = Results(loop, closed_loop.run(loop, tmp_path))
    assert results.seeds("replace", 2) == [0, 1]
    lost = results.against("replace", 2, ("replace", 0))[RARE]
    assert isinstance(lost, Measurement)
    assert lost.low <= lost.value <= lost.high < 0.8
    control = results.against("replace", 2, ("Z0", 2), "average_precision", how="difference")
    assert control[()].high < 0
    with pytest.raises(InputError, match="no seed has generation 5"):
        results.against("replace", 5, ("replace", 0))


def test_the_rare_class_is_the_one_with_fewest_labels_unless_named(spec, tmp_path):
    assert Results(spec([]), []).rarest == RARE
    assert Results(spec([], rare="red"), []).rarest == (("class", "red"),)
    with pytest.raises(InputError, match="rare is 'rde'.*one of red, blue"):
        closed_loop.run(spec([], rare="rde"), tmp_path)
    assert not any(tmp_path.iterdir())


def test_rows_say_everything_by_class_and_size(spec, tmp_path):
    loop = spec(["replace"], generations=1)
    rows = Results(loop, closed_loop.run(loop, tmp_path)).rows()
    told = {(row.policy, row.generation, row.metric, row.slice): row for row in rows}
    assert len(told) == len(rows)
    begin = told["replace", 0, "recall@0.25", RARE]
    assert begin.low <= begin.value <= begin.high
    labels = told["replace", 1, "labels:labels", (*RARE, *SMALL)]
    assert labels.value < told["replace", 1, "labels:expected", (*RARE, *SMALL)].value


def test_the_table_is_of_arms_that_ran_to_their_end(spec, tmp_path):
    loop = spec(["replace"])
    steps = closed_loop.run(loop, tmp_path)
    text = as_text(Results(loop, steps))
    assert [line.split()[0] for line in text.splitlines()[3:]] == ["arm", "replace", "Z0", "Z0K"]
    assert as_text(Results(loop, steps[:1])) == "no arm has run to its end yet\n"
    lines = table(Results(loop, steps[:3]))
    assert [(line["arm"], line["seeds"]) for line in lines] == [("replace", [0])]


def test_every_generation_is_in_the_ledger_with_who_labelled_it(spec, tmp_path):
    loop = spec(["DCK"], ledger=str(tmp_path / "ledger"))
    closed_loop.run(loop, tmp_path / "out")
    ledger = Ledger.open(tmp_path / "ledger")
    models = {one.name: one for one in ledger.models()}
    assert sorted(models) == sorted(
        f"blobs-{arm}-0@{number}" for arm in ("DCK", "Z0", "Z0K") for number in range(3)
    )
    assert models["blobs-DCK-0@2"].parent == "blobs-DCK-0@1"
    data = ledger.read("blobs-DCK-0")
    made = [one.provenance for one in data.samples if one.provenance.label_origin == "model"]
    assert {(one.label_generator, one.generation) for one in made} == {("blobs-DCK-0@1", 2)}
    assert len(data.samples) == 40
    controls = ledger.read("blobs-Z0K-0").samples
    assert {one.provenance.label_origin for one in controls} == {"human"}
    closed_loop.run(loop, tmp_path / "out")
    assert len(ledger.models()) == 9


def test_labels_are_bounded_by_what_the_anchor_says(spec, tmp_path):
    loop = spec(["SCK", "DCK-anchored"], anchor="anchor", generations=1)
    steps = closed_loop.run(loop, tmp_path)
    for arm in ("SCK", "DCK-anchored"):
        told = last(steps, arm).about
        assert 0 < sum(told["labels"]) <= 1.2 * sum(told["truth"])
    with pytest.raises(InputError, match="SCK looks at an anchor, and there is none"):
        spec(["SCK"])


def test_a_picture_draws_seeds_that_ran_to_the_end_and_arms_keep_their_marks(spec, tmp_path):
    loop = spec(["replace"], seeds=[0, 1])
    steps = closed_loop.run(loop, tmp_path)
    cut = [step for step in steps if (step.seed, step.number) != (1, loop.generations)]
    assert {step.seed for step in Results(loop, cut).whole().steps} == {0}
    svg = drawn.picture(Results(loop, cut), ["Z0", "replace"])
    assert "Z0 (1 seed)" in svg
    labels = svg.split("labels made over expected")[-1]
    assert 'class="line s1"' in labels  # replace is the second, also where Z0 makes no labels
    assert 'class="line s0"' not in labels.split("</svg>")[0]
    alone = drawn.picture(Results(loop, steps), ["Z0"])
    assert "labels made" not in alone


def test_more_people_than_there_are_is_said(spec, tmp_path):
    loop = spec(["replace"], humans=10_000)
    with pytest.raises(InputError, match="10,000 of people's pictures are asked for"):
        closed_loop.run(loop, tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_table_says_what_cannot_be_said_needs(spec, tmp_path):
    loop = spec(["replace"], generations=1)
    steps = closed_loop.run(loop, tmp_path)
    assert WHY_NOT not in as_text(Results(loop, steps))
    one = spec(["replace"], generations=1, small=1e-6)
    assert as_text(Results(one, closed_loop.run(one, tmp_path / "b"))).endswith(WHY_NOT + "\n")
