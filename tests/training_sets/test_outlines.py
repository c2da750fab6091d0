"""Outlines, oriented boxes and other formats become sets for YOLO without losing a digit."""

import json

import pytest
from small_sets import AUTO, again, boxes, content, origins, people, picture

from firsthand.mix import mix
from firsthand.read import read

POLYGON = "0 0.1 0.1 0.4 0.15 0.35 0.5 0.123456789 0.4 0.05 0.2\n"
ORIENTED = "1 0.2 0.2 0.4 0.3 0.3 0.5 0.1 0.4\n"


@pytest.mark.parametrize("place", ["reference", "copy"])
@pytest.mark.parametrize(("task", "row"), [("segment", POLYGON), ("oriented", ORIENTED)])
def test_outlines(tmp_path, task, row, place):
    human = boxes(boxes(tmp_path / "human", 4, 0, rows=row), 2, 1, "val", rows=row)
    auto = boxes(tmp_path / "auto", 3, 7, rows=row, names=("platelet", "cell"))
    mixed = mix(
        "anchor", out=tmp_path / "next", human=human, generated=auto, made_by=AUTO, place=place
    )
    found = again(mixed)
    assert found.task == task
    assert content(read(auto).samples) <= content(found.samples)
    assert mixed.referenced == (6 if place == "reference" else 0)


def test_a_detector_that_found_nothing_goes_with_outlines(tmp_path):
    human = boxes(boxes(tmp_path / "human", 4, 0, rows=POLYGON), 2, 1, "val", rows=POLYGON)
    auto = boxes(tmp_path / "auto", 3, 7, rows="")
    mixed = mix("anchor", out=tmp_path / "next", human=human, generated=auto, made_by=AUTO)
    assert again(mixed).task == "segment"
    assert mixed.parts == {"human": 4, "generated": 3}


def test_coco_becomes_yolo(tmp_path):
    for at in range(3):
        picture(tmp_path / "coco" / "images" / f"{at}.png", (9, at))
    images = [{"id": at, "file_name": f"{at}.png", "width": 16, "height": 16} for at in range(3)]
    box = {"bbox": [2, 3, 5, 7], "area": 35, "iscrowd": 0}
    labels = [{"id": at, "image_id": at, "category_id": 5, **box} for at in range(3)]
    document = {
        "images": images,
        "annotations": labels,
        "categories": [{"id": 5, "name": "platelet"}],
    }
    (tmp_path / "coco" / "annotations.json").write_text(json.dumps(document))
    human = people(tmp_path / "human", 3, val=1)
    mixed = mix("anchor", out=tmp_path / "next", human=human, generated=tmp_path / "coco",
                made_by=AUTO)  # fmt: skip
    assert origins(again(mixed)) == {("real", 0): 3, ("pseudo-label", 1): 3}
    assert mixed.referenced == 4
    assert content(read(tmp_path / "coco").samples) <= content(mixed.dataset.samples)
