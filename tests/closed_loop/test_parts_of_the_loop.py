"""Draws, pixels, teachers and the gate, one by one."""

from dataclasses import replace
from math import comb
from pathlib import Path

import numpy as np
import pytest
from blobs import found_squares
from PIL import Image

from firsthand.closed_loop import Chain, drawing, gate, items, pixels, teaching, writing
from firsthand.closed_loop.arms import ARMS, Arm
from firsthand.closed_loop.pictures import labelled_pictures
from firsthand.detections import Cells, Detections, gather
from firsthand.errors import InputError
from firsthand.recursion import Recipe

CELLS = Cells(("red", "blue"), (0.15**2,), ("small", "large"))


def objects(*images):
    """Each image as (class, x, y, width, confidence) rows."""
    return gather(
        Detections(
            str(at),
            np.array([row[0] for row in rows], np.int32),
            np.array([[row[1], row[2], row[3], row[3]] for row in rows], float).reshape(-1, 4),
            np.array([row[4] for row in rows], float),
        )
        for at, rows in enumerate(images)
    )


@pytest.fixture(scope="module")
def people(world):
    return labelled_pictures(world[0] / "people")


def test_random_draws_take_everybody_equally_often(people, rng):
    rows = drawing.chosen(people, 2 * len(people) + 7, CELLS, "random", rng)
    often = np.bincount(rows, minlength=len(people))
    assert set(often) == {2, 3}
    assert (often == 3).sum() == 7


def test_stratified_draws_bring_what_is_rare(people, rng):
    rare = np.isin(np.arange(len(people)), people.objects.image[people.objects.label == 1])
    shares = {
        way: np.mean([rare[drawing.chosen(people, 30, CELLS, way, rng)].mean() for _ in range(40)])
        for way in ("random", "stratified")
    }
    assert shares["stratified"] > 2 * shares["random"]
    many = drawing.chosen(people, 400, CELLS, "stratified", rng)
    assert len(many) == 400
    assert rare[many].mean() > 2 * rare.mean()


def test_a_pasted_object_is_where_its_label_says(people, rng):
    some = people.only(np.arange(30))
    before = items.items_of(some, some.objects, "human")
    after = drawing.pasting(before, people, CELLS, None, 1, rng)
    pasted = [(old, new) for old, new in zip(before, after, strict=True) if new.pasted]
    assert len(pasted) > 20
    for old, new in pasted:
        assert new.labels[:-1] == old.labels
        kind, box = new.labels[-1]
        there = list(found_squares(pixels.drawn(new)))
        assert any(k == kind and np.allclose(b, box, atol=1e-6) for k, b in there)


def test_nothing_is_pasted_over_what_may_be_an_object(people, rng):
    some = people.only(np.arange(10))
    bare = [replace(item, labels=()) for item in items.items_of(some, some.objects, "model")]
    everywhere = objects(*[[(0, 0.5, 0.5, 1.0, 0.1)]] * 10)
    assert drawing.pasting(bare, people, CELLS, everywhere, 1, rng) == bare


def test_painted_over_is_gone_and_the_rest_is_as_it_was(people):
    pytest.importorskip("cv2")
    [item] = items.items_of(people.only(np.array([0])), people.objects.only(np.array([0])), "model")
    first, *others = [box for _, box in item.labels]
    canvas = pixels.drawn(replace(item, covered=(first,)))
    left = [box for _, box in found_squares(canvas)]
    assert len(left) == len(others)
    assert not any(np.allclose(box, first) for box in left)


def test_items_are_kept_whole(people, rng, tmp_path):
    made = items.items_of(people, people.objects, "human")
    made = drawing.pasting(made, people, CELLS, None, 2, rng)
    made[3] = replace(made[3], covered=((0.5, 0.5, 0.25, 0.125),))
    items.save(made, tmp_path / "items.jsonl")
    back = items.restore(tmp_path / "items.jsonl")
    assert [item.source for item in back] == [item.source for item in made]
    assert back[3].covered == made[3].covered
    for one, other in zip(back, made, strict=True):
        assert [kind for kind, _ in one.labels] == [kind for kind, _ in other.labels]
        assert np.allclose(
            [box for _, box in one.labels] or 0, [box for _, box in other.labels] or 0, atol=1e-6
        )
        assert [piece.at for piece in one.pasted] == [piece.at for piece in other.pasted]


def test_files_have_five_columns_and_every_picture_a_label_file(people, tmp_path):
    made = items.items_of(people, people.objects, "human")
    made[0] = replace(made[0], labels=())
    path = writing.write(made, made, ("red", "blue"), tmp_path / "set")
    back = labelled_pictures(path)
    assert len(back) == len(made)
    assert len(back.objects) == sum(len(item.labels) for item in made)
    files = (tmp_path / "set").rglob("*.txt")
    rows = [row for file in files for row in file.read_text().splitlines()]
    assert {len(row.split()) for row in rows} == {5}
    assert (tmp_path / "set/train/labels/000000.txt").read_text() == ""
    assert len(list((tmp_path / "set/val/images").iterdir())) == 8


def test_the_mean_of_teachers_is_over_all_who_looked():
    one = objects([(0, 0.50, 0.5, 0.2, 0.9), (1, 0.2, 0.2, 0.1, 0.6)], [])
    other = objects([(0, 0.52, 0.5, 0.2, 0.3)], [(1, 0.8, 0.8, 0.1, 0.4)])
    mean = teaching.mean([one, other])
    columns = (mean.image, mean.label, mean.confidence.round(6), mean.xywh[:, 0].round(6))
    told = sorted(zip(*columns, strict=True))
    assert told == [(0, 0, 0.6, 0.505), (0, 1, 0.3, 0.2), (1, 1, 0.2, 0.8)]


def test_every_view_sees_the_same_places(people):
    class Reader:
        def predict(self, weights, pictures, scale=1.0):
            for key, canvas in pictures:
                found = list(found_squares(canvas))
                yield Detections(
                    key,
                    np.array([kind for kind, _ in found], np.int32),
                    np.array([box for _, box in found], float).reshape(-1, 4),
                    np.full(len(found), 0.8),
                )

    some = people.only(np.arange(20))
    plain = teaching.look(Reader(), [Path()], some, 1)
    four = teaching.look(Reader(), [Path(), Path()], some, 4)
    for seen in (plain, four):
        assert len(seen) == len(some.objects)
        assert np.allclose(seen.confidence, 0.8)
    assert np.allclose(np.sort(four.xywh[:, 0]), np.sort(some.objects.xywh[:, 0]), atol=1e-6)


def test_the_gate_counts_what_only_one_of_both_found():
    human = objects([(0, 0.2, 0.2, 0.1, 1), (0, 0.8, 0.8, 0.3, 1), (1, 0.5, 0.5, 0.3, 1)])
    sure = objects([(0, 0.2, 0.2, 0.1, 0.3), (0, 0.8, 0.8, 0.3, 0.2), (1, 0.5, 0.5, 0.3, 0.9)])
    before = gate.found_of(human, sure)
    assert before.tolist() == [True, False, True]
    told = {one.part: one[1:3] for one in gate.losses(human, before, ~before, CELLS)}
    assert told == {
        "class=red": (1, 1),
        "class=blue": (1, 0),
        "size=small": (1, 0),
        "size=large": (1, 1),
    }


def test_the_gate_closes_at_its_level_over_all_that_it_looks_at():
    assert gate.at_least(9, 10) == pytest.approx((comb(10, 9) + 1) / 2**10)
    quiet = [gate.Lost("a", 3, 3, 0.66), gate.Lost("b", 8, 1, 0.0196)]
    assert gate.passes([*quiet, gate.Lost("c", 0, 0, 1.0)])
    assert not gate.passes([*quiet, gate.Lost("c", 9, 0, 1 / 2**9)])


def test_false_rejections_of_the_gate_are_rare(rng):
    """No change: each object that only one of both finds is as likely the one's as the other's."""
    rejected = 0
    for _ in range(2000):
        told = []
        for odd in (4, 9, 15, 22, 20, 30):
            lost = int(rng.binomial(odd, 0.5))
            told.append(gate.Lost("", lost, odd - lost, gate.at_least(lost, odd)))
        rejected += not gate.passes(told)
    assert rejected / 2000 <= 0.05


@pytest.mark.parametrize(
    ("arm", "humans", "recipe"),
    [
        ("replace", 300, Recipe(made=300)),
        ("mix30", 300, Recipe(human=90, made=210)),
        ("DCK", 30, Recipe(human=90, made=210)),  # people's pictures come in several times
        ("Z0", 30, Recipe(human=300)),
        ("fresh10", 300, Recipe(fresh=30, made=270)),
    ],
)
def test_arms_follow_the_policies_of_the_lab(arm, humans, recipe):
    assert ARMS[arm].recipe(humans, 300) == recipe


def test_what_is_as_usual_does_not_change_what_an_arm_is_known_by():
    assert Arm(name="a").decided() == Arm(name="b", paste=0).decided()
    assert ARMS["DCK"].decided() != ARMS["DCKT"].decided()
    assert "views" not in ARMS["DCK"].decided()


def test_policies_with_a_verifier_are_not_for_detectors():
    with pytest.raises(InputError, match="Choose labels by `labels`"):
        Arm(name="a", policy="filtered").recipe(30, 30)


def test_pictures_of_two_splits_come_once_and_test_is_what_is_no_training(world, tmp_path):
    for name in ("one", "two"):
        for kind in ("images", "labels"):
            (tmp_path / name / kind).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / name / "images" / "a.png")
        (tmp_path / name / "labels" / "a.txt").write_text("0 .5 .5 .5 .5\n")
    told = "train: [one/images]\nval: [one/images, two/images]\nnames: [red]\n"
    (tmp_path / "data.yaml").write_text(told)
    assert [path.parts[-3] for path in labelled_pictures(tmp_path).paths] == ["one"]
    assert len(labelled_pictures(tmp_path, test=True)) == 2
    assert len(labelled_pictures(world[0] / "test", test=True)) == 60


def test_other_pictures_have_another_digest(people):
    assert people.digest == people.only(np.arange(len(people))).digest
    assert people.digest != people.only(np.arange(len(people) - 1)).digest


def test_a_chain_knows_its_ground_without_running(spec):
    ground = Chain.of(spec([]), 0).ground
    assert ground.expected.images == 40
    assert (len(ground.humans), len(ground.pool)) == (40, 120)
