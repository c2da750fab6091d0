"""What a model is judged by comes from people, and is never trained on."""

import shutil

import pytest
from small_sets import AUTO, again, boxes, origins, people

from firsthand.errors import InputError
from firsthand.mix import mix
from firsthand.provenance import declare
from firsthand.read import read


@pytest.fixture
def human(tmp_path):
    return people(tmp_path / "human")


@pytest.fixture
def auto(tmp_path):
    return boxes(tmp_path / "auto", 6, 7)


def mixed(tmp_path, human, auto, **more):
    out = tmp_path / "next"
    return mix("anchor", out=out, human=human, generated=auto, made_by=AUTO, **more)


@pytest.mark.parametrize(
    ("origin", "labelled"),
    [("model-labelled", "pseudo-label"), ("synthetic", "other-synthetic"), ("unknown", "unknown")],
)
def test_what_no_person_made_is_refused(tmp_path, human, auto, origin, labelled):
    val = boxes(tmp_path / "val", 3, 20)
    (val / "provenance.yaml").write_text(
        f"rules:\n- origin: human\n- match: '*001.png'\n  origin: {origin}\n"
    )
    with pytest.raises(InputError, match="1 of 3 samples of the validation set were neither made"):
        mixed(tmp_path, human, auto, val=val)
    assert not (tmp_path / "next").exists()


def test_what_a_person_verified_is_taken(tmp_path, human, auto):
    val = boxes(tmp_path / "val", 3, 20)
    (val / "provenance.yaml").write_text(
        "rules:\n- origin: model-labelled\n  verification: corrected\n  verified_by: Ann\n"
    )
    found = again(mixed(tmp_path, human, auto, val=val))
    assert origins(found, "val") == {("human-verified", None): 3}


@pytest.mark.parametrize("part", ["human", "auto"])
def test_training_images_are_refused(tmp_path, human, auto, part):
    val = boxes(tmp_path / "val", 3, 20)
    trained = {"human": human, "auto": auto}[part] / "images" / "train" / "train002.png"
    shutil.copy(trained, val / "images" / "train" / "train002.png")
    with pytest.raises(InputError, match="1 of 3 samples .* are in the training set too"):
        mixed(tmp_path, human, auto, val=val)


def test_images_need_a_validation_set(tmp_path, auto):
    human = boxes(tmp_path / "human", 5, 0)
    with pytest.raises(InputError, match="there is no validation set, and trainers would make one"):
        mixed(tmp_path, human, auto)


def test_a_named_set_stands_in_for_the_human_split(tmp_path, human, auto):
    val = boxes(tmp_path / "val", 3, 20)
    found = mixed(tmp_path, human, auto, val=val)
    assert origins(again(found), "val") == {("real", 0): 3}
    [gone] = found.left_out
    assert gone[:3] == ("human", "other-split", 4)  # held out, and not trained on either


def test_only_its_split_val_is_taken_where_it_has_one(tmp_path, human, auto):
    other = people(tmp_path / "other", 5, seed=40, val=2)
    assert mixed(tmp_path, human, auto, val=other).val == 2


def test_a_generated_split_val_is_not_trained_on(tmp_path, human):
    auto = boxes(tmp_path / "auto", 6, 7)
    boxes(auto, 2, 8, "val")
    found = mixed(tmp_path, human, auto)
    assert found.parts["generated"] == 6
    assert origins(again(found), "val") == {("real", 0): 4}


def test_human_data_as_a_dataset_need_no_origin(tmp_path, human, auto):
    said = mixed(tmp_path, read(human), read(auto, declared=declare("synthetic", "painter@1")))
    assert origins(again(said))[("real", 0)] == 12
    assert origins(said.dataset)[("other-synthetic", None)] == 6
