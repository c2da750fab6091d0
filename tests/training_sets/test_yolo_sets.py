"""A YOLO set holds exactly what was asked for, and a trainer finds the right labels."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from small_sets import AUTO, again, boxes, content, origins, people, picture

from firsthand.errors import HumanDataLost, InputError
from firsthand.mix import mix
from firsthand.provenance import declare
from firsthand.read import read
from firsthand.recursion import Recipe


@pytest.fixture
def human(tmp_path):
    return people(tmp_path / "human")


@pytest.fixture
def auto(tmp_path):
    return boxes(tmp_path / "auto", 20, 7)


def listed(folder):
    return sorted(each.name for each in Path(folder).iterdir())


def lines(mixed, split="train"):
    return (Path(mixed.out) / f"{split}.txt").read_text("utf-8").splitlines()


def by_trainers(mixed, split="train"):
    """What Ultralytics makes of a list: the last /images/ is /labels/, the suffix .txt."""
    found = []
    for line in lines(mixed, split):
        image = Path(mixed.out) / line if line.startswith("./") else Path(line)
        before, _, after = str(image).rpartition("/images/")
        label = Path(f"{before}/labels/{after}").with_suffix(".txt")
        assert image.is_file()
        rows = sorted(label.read_text().split("\n")) if label.exists() else None
        found.append((image.read_bytes(), rows))
    return found


def test_anchor_keeps_all_human_samples_and_stays_in_place(human, auto, tmp_path):
    mixed = mix("anchor", out=tmp_path / "next", human=human, generated=auto, made_by=AUTO)
    found = again(mixed)
    assert origins(found) == {("real", 0): 12, ("pseudo-label", 1): 20}
    assert origins(found, "val") == {("real", 0): 4}
    assert mixed.parts == mixed.lines == {"human": 12, "generated": 20}
    assert (mixed.human_left_out, mixed.referenced, mixed.unlabelled) == (0, 36, 0)
    people_there = content(one for one in read(human).samples if one.split == "train")
    assert people_there <= content(found.samples)
    assert listed(mixed.out) == [
        "data.yaml",
        "firsthand-mix.json",
        "provenance.jsonl",
        "train.txt",
        "val.txt",
    ]
    data = yaml.safe_load(mixed.data.read_text())
    assert data == {
        "train": "train.txt",
        "val": "val.txt",
        "names": {0: "cell", 1: "platelet"},
    }
    assert len(by_trainers(mixed)) == 32


@pytest.mark.parametrize("place", ["link", "copy"])
def test_everything_in_the_folder_can_be_moved(human, auto, tmp_path, place):
    mixed = mix(
        "anchor", out=tmp_path / "next", human=human, generated=auto, made_by=AUTO, place=place
    )
    assert mixed.referenced == 0
    first = Path(mixed.out) / lines(mixed)[0]
    assert (first.stat().st_nlink == 2) == (place == "link")
    there = by_trainers(mixed)
    moved = mixed.out.rename(tmp_path / "elsewhere")
    (tmp_path / "human").rename(tmp_path / "gone")
    assert content(read(moved).samples) == content(mixed.dataset.samples)
    assert by_trainers(replace(mixed, out=moved)) == there


def test_classes_in_another_order_are_mapped_by_name(human, tmp_path):
    rows = "0 0.5 0.5 0.1 0.1\n"
    auto = boxes(tmp_path / "auto", 5, 7, names=("platelet", "cell"), rows=rows)
    mixed = mix("anchor", out=tmp_path / "next", human=human, generated=auto, made_by=AUTO)
    assert mixed.referenced == 16  # the human ones; the others need labels of their own
    made = [one for one in again(mixed).samples if one.provenance.generation == 1]
    assert {tuple(one.boxes.classes.tolist()) for one in made} == {(1,)}
    assert [rows for _, rows in by_trainers(mixed)].count(["", "1 0.5 0.5 0.1 0.1"]) == 5
    assert content(made) == content(read(auto).samples)


def test_classes_that_the_human_data_do_not_have_are_named(human, tmp_path):
    auto = boxes(tmp_path / "auto", 2, 7, names=("cell", "dust"), rows="1 .5 .5 .1 .1\n")
    with pytest.raises(InputError, match="holds classes that the human data do not have: dust"):
        mix("anchor", out=tmp_path / "next", human=human, generated=auto, made_by=AUTO)
    unused = boxes(tmp_path / "unused", 2, 7, names=("cell", "dust"), rows="0 .5 .5 .1 .1\n")
    mix("anchor", out=tmp_path / "next", human=human, generated=unused, made_by=AUTO)


def test_labels_that_trainers_would_not_find_are_written(human, tmp_path):
    """The reader takes labels beside images where no labels/ is; trainers look in labels/."""
    auto = tmp_path / "auto"
    picture(auto / "images" / "a.png", 99)
    (auto / "images" / "a.txt").write_text("1 0.5 0.5 0.25 0.25\n")
    (auto / "data.yaml").write_text(f"path: {auto}\ntrain: images\nnames: [cell, platelet]\n")
    mixed = mix("anchor", out=tmp_path / "next", human=human, generated=auto, made_by=AUTO)
    assert mixed.referenced == 16
    assert ["", "1 0.5 0.5 0.25 0.25"] in [rows for _, rows in by_trainers(mixed)]


def test_labels_changed_since_reading_do_not_get_in(human, auto, tmp_path):
    made = read(auto, declared=AUTO)
    for label in (auto / "labels" / "train").iterdir():
        label.write_text("0 0.1 0.1 0.1 0.1\n")
    mixed = mix("anchor", out=tmp_path / "next", human=human, generated=made)
    assert mixed.referenced == 16
    assert content(made.samples) <= content(again(mixed).samples)


def test_a_file_that_changed_since_reading_is_an_error_and_leaves_nothing(human, auto, tmp_path):
    made = read(auto, declared=AUTO)
    picture(Path(made.samples[0].path), 1234)
    with pytest.raises(InputError, match="1 of 36 samples are missing and 1 others are there"):
        mix("anchor", out=tmp_path / "next", human=human, generated=made)
    assert listed(tmp_path) == ["auto", "human"]


def test_rows_with_a_confidence_are_skipped_by_name(human, tmp_path):
    """Trainers drop the whole image for six columns; here it is not taken for an empty one."""
    auto = boxes(tmp_path / "auto", 3, 7)
    label = auto / "labels" / "train" / "train000.txt"
    label.write_text("1 0.5 0.5 0.2 0.2 0.9\n")
    mixed = mix("anchor", out=tmp_path / "next", human=human, generated=auto, made_by=AUTO)
    [gone] = mixed.left_out
    assert gone[:3] == ("generated", "no-usable-label", 1)
    assert gone.keys == ("images/train/train000.png",)
    assert mixed.parts["generated"] == 2
    told = json.loads((mixed.out / "firsthand-mix.json").read_text())
    assert told["sources"][1]["skips"] == {"label-confidence": 1}


def test_images_without_a_label_file_are_counted(human, tmp_path):
    auto = boxes(tmp_path / "auto", 3, 7)
    (auto / "labels" / "train" / "train000.txt").unlink()
    mixed = mix("anchor", out=tmp_path / "next", human=human, generated=auto, made_by=AUTO)
    assert (mixed.parts["generated"], mixed.unlabelled) == (3, 1)


def test_human_labels_win_over_those_of_a_model(human, tmp_path):
    auto = boxes(tmp_path / "auto", 5, 7)
    for name in ("train000.png", "train003.png"):
        image = human / "images" / "train" / name
        (auto / "images" / "train" / name).write_bytes(image.read_bytes())
    mixed = mix("anchor", out=tmp_path / "next", human=human, generated=auto, made_by=AUTO)
    assert mixed.parts == {"human": 12, "generated": 3}
    [gone] = mixed.left_out
    assert gone[:3] == ("generated", "labelled-by-people", 2)
    kept = content(one for one in read(human).samples if one.split == "train")
    assert kept <= content(again(mixed).samples)


def test_earlier_sets_stay_in_without_repeating_anything(human, auto, tmp_path):
    first = mix("accumulate", out=tmp_path / "1", human=human, generated=auto, made_by=AUTO)
    second = boxes(tmp_path / "later", 6, 9)
    again_labelled = auto / "images" / "train" / "train000.png"
    (second / "images" / "train" / "train000.png").write_bytes(again_labelled.read_bytes())
    by = declare("model-labelled", "detector@2", generation=2)
    mixed = mix(
        "accumulate",
        out=tmp_path / "2",
        human=human,
        generated=second,
        earlier=[first.out],
        made_by=by,
    )
    assert mixed.parts == {"human": 12, "earlier": 19, "generated": 6}
    assert origins(again(mixed)) == {
        ("real", 0): 12,
        ("pseudo-label", 1): 19,
        ("pseudo-label", 2): 6,
    }
    assert {one[:3] for one in mixed.left_out} >= {
        ("earlier", "in-human-data", 12),
        ("earlier", "in-newer-set", 1),
    }


def test_weights_become_repeats_to_half_a_sample(human, auto, tmp_path):
    recipe = Recipe(human=12, made=20, human_weight=2.6)
    mixed = mix(recipe, out=tmp_path / "next", human=human, generated=auto, made_by=AUTO)
    assert mixed.lines == {"human": 31, "generated": 20}  # 12 x 2.6 = 31.2
    assert mixed.weight == (2.6, pytest.approx(31 / 12))
    counts = Counter(lines(mixed))
    assert sorted(Counter(counts.values()).items()) == [(1, 20), (2, 5), (3, 7)]
    assert origins(again(mixed)) == {("real", 0): 31, ("pseudo-label", 1): 20}


def test_lighter_human_samples_repeat_the_others(human, auto, tmp_path):
    recipe = Recipe(human=12, made=20, human_weight=0.25)
    mixed = mix(recipe, out=tmp_path / "next", human=human, generated=auto, made_by=AUTO)
    assert mixed.lines == {"human": 12, "generated": 80}
    recipe = Recipe(human=12, made=20, human_weight=1000)
    with pytest.raises(InputError, match="would stand in the set 1,000.0 times"):
        mix(recipe, out=tmp_path / "more", human=human, generated=auto, made_by=AUTO)


COUNTS = st.tuples(st.integers(0, 12), st.integers(0, 20), st.sampled_from((1, 1.5, 3, 0.5)))


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lasting")
    human = read(people(folder / "human"), declared=declare("human"))
    return folder, human, read(boxes(folder / "auto", 20, 7), declared=AUTO)


@settings(max_examples=25)
@given(counts=COUNTS, seed=st.integers(0, 99), number=st.integers(0, 10**9))
def test_counts_are_those_of_the_recipe(lasting, counts, seed, number):
    folder, human, auto = lasting
    people_, made, weight = counts
    if people_ + made == 0:
        return
    recipe = Recipe(human=people_, made=made, human_weight=weight)
    out = folder / f"{number}-{seed}-{people_}-{made}-{weight}"
    if out.exists():
        return
    mixed = mix(recipe, out=out, human=human, generated=auto, seed=seed, allow_replace=True)
    found = origins(again(mixed))
    ratio = max(weight, 1 / weight) if people_ and made else 1
    heavy, light = (people_, made) if weight > 1 else (made, people_)
    wanted = round(ratio * heavy) + light
    assert sum(found.values()) == wanted
    assert mixed.parts.get("human", 0) == people_
    assert mixed.parts.get("generated", 0) == made
    assert set(found) <= {("real", 0), ("pseudo-label", 1)}


def test_the_seed_decides_and_where_files_lie_does_not(human, auto, tmp_path):
    def chosen(name, seed, source=human):
        mixed = mix(
            "mixed",
            options={"share": 0.5},
            samples=10,
            out=tmp_path / name,
            human=source,
            generated=auto,
            made_by=AUTO,
            seed=seed,
        )
        assert mixed.parts == {"human": 5, "generated": 5}
        return mixed.dataset.digest

    one = chosen("one", 3)
    moved = people(tmp_path / "other place" / "人")
    assert chosen("two", 3) == one == chosen("three", 3, moved)
    assert chosen("four", 4) != one


def test_rare_classes_are_drawn_first(tmp_path):
    human = tmp_path / "human"
    boxes(human, 40, 0, rows="0 .5 .5 .1 .1\n")
    for at in range(4):
        label = human / "labels" / "train" / f"train{at:03d}.txt"
        label.write_text("1 .5 .5 .1 .1\n")
    boxes(human, 2, 1, "val")
    read_once = read(human, declared=declare("human"))

    def rare(strategy):
        drawn = [
            mix(
                Recipe(human=10),
                out=tmp_path / f"{strategy}{seed}",
                human=read_once,
                strategy=strategy,
                seed=seed,
            ).classes["platelet"]
            for seed in range(12)
        ]
        return np.mean([here for _, here in drawn])

    assert rare("random") < 2 < 2.5 < rare("stratified")


def test_quota_keeps_the_human_class_shares():
    """Random draws miss the shares more than three times as far."""
    from firsthand.training_sets.drawn import drawn
    from firsthand.training_sets.replay import quota
    from firsthand.types import Sample

    shares = np.array([0.6, 0.3, 0.1])
    rng = np.random.default_rng(4)
    category = rng.choice(3, 600, p=shares)
    people = drawn(
        [
            Sample(f"{at}", bytes([at % 256, at // 256]), category=int(k))
            for at, k in enumerate(category)
        ],
        "human",
    )
    truth = np.bincount(category, minlength=3) / 600

    def missed(items):
        found = [one.sample.category for one in items.pick(60, rng)]
        assert len(found) == 60
        return np.abs(np.bincount(found, minlength=3) / 60 - truth).max()

    even = quota(people, people, ("a", "b", "c"))
    by_quota = np.mean([missed(even) for _ in range(20)])
    at_random = np.mean([missed(people) for _ in range(200)])
    assert by_quota < at_random / 3
    with pytest.raises(InputError, match="no classes"):
        quota(people, drawn([Sample("a", b"a")], "human"), ("a",))


def test_an_empty_generated_set(human, tmp_path):
    none = replace(read(human), samples=(), classes=())
    mixed = mix("anchor", out=tmp_path / "next", human=human, generated=none)
    assert mixed.parts == {"human": 12}
    with pytest.raises(InputError, match="the policy needs generated samples"):
        mix("replace", out=tmp_path / "no", human=human, generated=none, allow_replace=True)


def test_replacing_needs_to_be_allowed(human, auto, tmp_path):
    with pytest.raises(HumanDataLost, match="leaves all 12 human samples out") as caught:
        mix("replace", out=tmp_path / "next", human=human, generated=auto, made_by=AUTO)
    assert caught.value.exit_code == 1
    assert not (tmp_path / "next").exists()
    mixed = mix(
        "replace",
        out=tmp_path / "next",
        human=human,
        generated=auto,
        made_by=AUTO,
        allow_replace=True,
    )
    assert (mixed.parts, mixed.human_left_out) == ({"generated": 20}, 12)


def test_the_verifier_rejects_what_it_doubts(human, auto, tmp_path):
    keys = sorted(one.key for one in read(auto).samples)
    mixed = mix(
        "filtered",
        options={"keep_doubtful": 0},
        doubted=keys[:8],
        out=tmp_path / "next",
        human=human,
        generated=auto,
        made_by=AUTO,
        allow_replace=True,
    )
    assert mixed.parts == {"generated": 12}
    names = {Path(one.path).name for one in mixed.dataset.samples if one.split == "train"}
    assert not names & {Path(key).name for key in keys[:8]}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"policy": Recipe(human=13, made=1)}, "asks for 13 human samples, and there are 12"),
        ({"policy": Recipe(human=1, made=21)}, "asks for 21 generated samples, and there are 20"),
        ({"policy": "anchor", "samples": 40}, "asks for 28 generated samples"),
        ({"policy": "anchor", "samples": 11}, "12 human samples for a training set of 11"),
        ({"policy": "fresh"}, "the policy needs fresh samples, and there are none"),
        ({"policy": "filtered", "allow_replace": True}, "nothing is doubted"),
        ({"policy": "anchor", "options": {"colour": 1}}, "anchor has no option 'colour'"),
        ({"policy": "mixed", "options": {"share": 2}}, "share is 2"),
        ({"policy": Recipe(human=1, earlier=True)}, "one of both"),
        ({"policy": Recipe()}, "makes a set of 0 samples"),
        ({"policy": "anchor", "format": "jsonl"}, "format 'jsonl' for detect data"),
        ({"policy": "anchor", "place": "nowhere"}, "place is 'nowhere'"),
        ({"policy": "anchor", "made_by": None}, "of 20 generated samples nobody says who made"),
    ],
)
def test_wrong_use_is_worded_and_writes_nothing(human, auto, tmp_path, asked, said):
    given_ = {"human": human, "generated": auto, "made_by": AUTO, **asked}
    with pytest.raises(InputError, match=said):
        mix(given_.pop("policy"), out=tmp_path / "next", **given_)
    assert listed(tmp_path) == ["auto", "human"]


def test_an_existing_folder_is_left_alone(human, auto, tmp_path):
    (tmp_path / "next").mkdir()
    with pytest.raises(InputError, match="it exists already"):
        mix("anchor", out=tmp_path / "next", human=human, generated=auto, made_by=AUTO)
    assert not list((tmp_path / "next").iterdir())


def test_model_labels_in_the_human_data_are_refused(human, auto, tmp_path):
    (human / "provenance.yaml").write_text(
        "rules:\n- origin: human\n- match: '*000.png'\n  origin: model-labelled\n"
    )
    with pytest.raises(InputError, match=r"the human data hold 1 pseudo-label"):
        mix("anchor", out=tmp_path / "next", human=human, generated=auto, made_by=AUTO)
