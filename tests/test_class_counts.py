"""Objects by class, who labelled them, and how far clustering takes them from independent draws."""

from __future__ import annotations

import json

import numpy as np
import pytest

from firsthand.class_counts import class_counts, design_effect, parse_counts
from firsthand.errors import InputError
from firsthand.provenance import declare
from firsthand.read import read
from firsthand.types import HUMAN, UNKNOWN, Boxes, Dataset, Sample

MADE = declare("model-labelled")
CHECKED = declare("model-labelled", verified_by="Ann")


def image(at, classes, provenance=HUMAN, group=""):
    boxes = Boxes(np.array(classes, np.int32), np.full((len(classes), 4), 0.5))
    return Sample(f"{at}", bytes(32), b"said", group=group, provenance=provenance, boxes=boxes)


def test_objects_of_people_are_counted_apart():
    samples = (
        image(0, [0, 0, 1]),
        image(1, [0], MADE),
        image(2, [1, 1], CHECKED),
        image(3, [], UNKNOWN),
        Sample("4", bytes(32)),
    )
    data = Dataset("d", "detect", ("cell", "star", "never"), samples)
    found = class_counts(data)
    assert found.objects.tolist() == [3, 3, 0]
    assert found.human.tolist() == [2, 3, 0]
    assert found.holding.tolist() == [2, 2, 0]
    assert (found.samples, found.human_samples, found.unlabelled, found.groups) == (4, 2, 1, 4)
    assert np.isnan(found.design_effect[2])
    people = class_counts(data, human_only=True)
    assert people.objects.tolist() == [2, 3, 0]
    assert (people.samples, people.unlabelled) == (2, 0)


def test_groups_make_a_share_less_certain(rng):
    """Ten frames of one clip hold the same class: ten times the variance."""
    clips = np.arange(2000) // 10
    category = rng.integers(0, 2, 200)[clips]
    samples = tuple(
        Sample(f"{at}", bytes(32), b"x", group=f"clip{clips[at]}", category=int(category[at]))
        for at in range(2000)
    )
    found = class_counts(Dataset("d", "classify", ("a", "b"), samples))
    assert found.groups == 200
    assert found.design_effect == pytest.approx([10, 10], rel=0.05)
    alone = tuple(Sample(one.key, one.media, category=one.category) for one in samples)
    free = class_counts(Dataset("d", "classify", ("a", "b"), alone)).design_effect
    assert free == pytest.approx([1, 1], abs=0.01)


def test_design_effect_is_the_ratio_of_the_variances(rng):
    """Over many datasets of clustered images, the estimate meets the variance it stands for."""
    shares, effects = [], []
    for _ in range(600):
        own = rng.dirichlet([1.0, 3.0], 100)
        table = np.array([rng.multinomial(5, each) for each in own], dtype=float)
        shares.append(table[:, 0].sum() / table.sum())
        effects.append(design_effect(table, np.arange(100))[0])
    true = np.var(shares) / (0.25 * 0.75 / 500)
    assert true == pytest.approx(1 + 4 / 5, rel=0.2)  # 1 + (m - 1) rho, rho = 1 / (1 + 4)
    assert np.mean(effects) == pytest.approx(true, rel=0.15)


def test_evenly_spread_classes_are_more_certain():
    assert design_effect(np.full((50, 2), 3.0), np.arange(50)).tolist() == [0, 0]
    assert np.isnan(design_effect(np.ones((3, 2)), np.zeros(3, np.int64))).all()
    assert np.isnan(design_effect(np.zeros((0, 2)), np.zeros(0, np.int64))).all()


def test_typed_counts():
    found = parse_counts("circle = 95,star=5, a=b=0")
    assert found.names == ("circle", "star", "a=b")
    assert found.objects.tolist() == found.human.tolist() == [95, 5, 0]
    assert found.total == found.samples == 100
    assert found.design_effect[:2].tolist() == [1, 1]


@pytest.mark.parametrize("text", ["", "a", "a=", "=3", "a=-1", "a=1.5", "a=1,a=2", "a=nan"])
def test_what_is_no_count(text):
    with pytest.raises(InputError, match=r"Expected .*NAME=COUNT"):
        parse_counts(text)


def test_texts_and_rows_are_counted_by_their_label(tmp_path):
    rows = [
        {"text": f"text {at}", "label": "rare" if at % 10 == 0 else "common"} for at in range(40)
    ]
    lines = tmp_path / "texts.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = class_counts(read(lines))
    assert dict(zip(found.names, found.objects.tolist(), strict=True)) == {"common": 36, "rare": 4}


def test_texts_have_no_classes():
    with pytest.raises(InputError, match="read as text"):
        class_counts(Dataset("d", "text", (), (Sample("1", bytes(32), text="a"),)))


def test_blood_cells(real_data):
    data = read(real_data("bccd"), declared=HUMAN)
    found = class_counts(data)
    held = dict(zip(found.names, found.objects, strict=True))
    assert min(held, key=held.get) == "Platelets"
    assert found.total == found.human.sum() > 4000
    assert (found.design_effect > 0).all()
