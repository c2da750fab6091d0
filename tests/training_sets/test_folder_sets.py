"""Classified images: folders that trainers number as the human classes are."""

import pytest
from small_sets import again, origins, picture

from firsthand.errors import InputError
from firsthand.mix import mix
from firsthand.provenance import declare
from firsthand.read import read
from firsthand.recursion import Recipe

MADE = declare("synthetic", "painter@1", generation=1)


def classified(folder, counts, seed, split=""):
    for at, (name, count) in enumerate(counts.items()):
        for number in range(count):
            picture(folder / split / name / f"{number:02d}.png", (seed, at, number))
    return folder


@pytest.fixture
def human(tmp_path):
    folder = classified(tmp_path / "human", {"猫": 6, "dog": 4, "a bird": 2}, 0, "train")
    return classified(folder, {"猫": 2, "dog": 1}, 1, "val")


@pytest.fixture
def made(tmp_path):
    return classified(tmp_path / "made", {"dog": 5, "猫": 5}, 2)


@pytest.mark.parametrize("place", ["reference", "copy"])
def test_every_class_has_a_folder_in_both_splits(tmp_path, human, made, place):
    mixed = mix(
        "anchor", out=tmp_path / "next", human=human, generated=made, made_by=MADE, place=place
    )
    found = again(mixed)
    assert found.format == "image_folder"
    assert origins(found) == {("real", 0): 12, ("other-synthetic", 1): 10}
    assert origins(found, "val") == {("real", 0): 3}
    for split in ("train", "val"):
        names = sorted(each.name for each in (mixed.out / split).iterdir())
        assert names == sorted(("猫", "dog", "a bird"))
    assert mixed.classes == {"a bird": (2, 2), "dog": (4, 9), "猫": (6, 11)}


def test_weights_repeat_files(tmp_path, human, made):
    recipe = Recipe(human=12, made=10, human_weight=2)
    mixed = mix(recipe, out=tmp_path / "next", human=human, generated=made, made_by=MADE)
    assert mixed.lines == {"human": 24, "generated": 10}
    assert len(list((mixed.out / "train").rglob("*.png"))) == 34
    again(mixed)


def test_stratified_by_class(tmp_path, human):
    held = read(human)
    counts = [
        mix(
            Recipe(human=4), out=tmp_path / f"{seed}", human=held, strategy="stratified", seed=seed
        ).classes["a bird"][1]
        for seed in range(8)
    ]
    assert sum(counts) / 8 > 1  # at random: 4 * 2 / 12 = 0.67


def test_images_without_a_class_are_left_out(tmp_path, human, made):
    picture(made / "loose.png", 300)
    mixed = mix("anchor", out=tmp_path / "next", human=human, generated=made, made_by=MADE)
    assert ("generated", "no-usable-label", 1) in {one[:3] for one in mixed.left_out}


def test_boxes_and_classes_do_not_mix(tmp_path, human):
    text = tmp_path / "made.jsonl"
    text.write_text('{"text": "a"}\n')
    with pytest.raises(InputError, match="was read as text, the human data as classify"):
        mix("anchor", out=tmp_path / "next", human=human, generated=text, made_by=MADE)
