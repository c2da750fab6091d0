"""COCO and VOC: what becomes of boxes, polygons, masks, sizes, splits and file names."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from written import BOXES, HEIGHT, WIDTH, coco, put, voc

from firsthand.errors import InputError
from firsthand.read import read


def change(path, **changes):
    """A COCO file with its first annotation and image changed."""
    document = json.loads(path.read_text())
    for key, value in changes.items():
        document[key][0] |= value
    path.write_text(json.dumps(document))
    return path


def test_bccd_names_its_two_boxes_without_area(real_data):
    root = real_data("bccd")
    skips = read(root / "annotations_voc").skips
    assert [(skip.code, skip.path.rpartition("/")[2], skip.line) for skip in skips] == [
        ("label-zero-area", "BloodImage_00338.xml", 158),
        ("label-zero-area", "BloodImage_00343.xml", 50),
    ]


def test_bccd_is_the_same_in_voc_and_yolo(real_data):
    root = real_data("bccd")
    first, second = read(root, format="voc"), read(root, format="yolo")
    assert {s.media: s.label for s in first.samples} == {s.media: s.label for s in second.samples}
    assert Counter(one.split for one in first.samples) == {"train": 205, "val": 87, "test": 72}


def test_boxes_become_shares(tmp_path):
    boxes = read(coco(tmp_path)).samples[0].boxes
    _, left, top, right, bottom = BOXES[0]
    centre = [(left + right) / 2 / WIDTH, (top + bottom) / 2 / HEIGHT]
    size = [(right - left) / WIDTH, (bottom - top) / HEIGHT]
    assert boxes.xywh[0] == pytest.approx([*centre, *size])


def test_polygons_become_outlines_and_plain_boxes_rectangles(tmp_path):
    parts = [[4, 6, 20, 6, 20, 30], [4, 6, 5, 6, 5, 7]]
    dataset = read(change(coco(tmp_path), annotations={"segmentation": parts}))
    first, second = dataset.samples[0].boxes.outlines
    assert dataset.task == "segment"
    assert first * [WIDTH, HEIGHT] == pytest.approx(np.array([[4, 6], [20, 6], [20, 30]]))
    assert second.shape == (4, 2)


def test_a_mask_is_read_as_its_box_with_one_note(tmp_path):
    mask = {"size": [HEIGHT, WIDTH], "counts": "abc"}
    dataset = read(change(coco(tmp_path), annotations={"segmentation": mask}))
    assert [(skip.code, skip.found) for skip in dataset.skips] == [("label-mask", "1 masks")]
    assert len(dataset.samples[0].boxes.classes) == 2


def test_without_its_size_an_annotation_is_made_for_the_image(tmp_path):
    plain = read(coco(tmp_path / "a"))
    other = read(change(coco(tmp_path / "b"), images={"width": None, "height": 0}))
    assert other.digest == plain.digest


def test_an_edge_a_pixel_outside_is_cut_off(tmp_path):
    dataset = read(change(coco(tmp_path), annotations={"bbox": [-0.5, 0, WIDTH + 1, HEIGHT]}))
    assert dataset.samples[0].boxes.xywh[0] == pytest.approx([0.5, 0.5, 1, 1])


def test_what_an_image_record_says_about_itself(tmp_path):
    said = {"origin": "synthetic", "generator": "painter@2", "group": 7, "split": "validation"}
    sample = read(change(coco(tmp_path), images=said)).samples[0]
    assert (sample.split, sample.group) == ("val", "7")
    assert sample.provenance.media_generator == "painter@2"


def test_a_missing_image_is_named_by_its_record(tmp_path):
    path = coco(tmp_path)
    (tmp_path / "images" / "3.png").unlink()
    dataset = read(path)
    assert [(skip.code, skip.path, skip.line) for skip in dataset.skips] == [
        ("missing-file", str(path), 6)
    ]
    assert len(dataset.samples) == 5


def test_coco_folders_are_splits_and_share_classes(tmp_path):
    for split in ("train", "valid"):
        folder = tmp_path / split
        coco(folder).rename(folder / "_annotations.coco.json")
        for image in (folder / "images").iterdir():
            image.rename(folder / image.name)
    dataset = read(tmp_path)
    assert (dataset.format, dataset.classes) == ("coco", ("cell", "dot"))
    assert Counter(one.split for one in dataset.samples) == {"train": 6, "val": 6}


@pytest.mark.parametrize("text", ['{"images": [', '{"images": [], "annotations": []}', "\xff"])
def test_a_file_that_is_no_coco_is_an_error_with_its_place(tmp_path, text):
    path = put(tmp_path / "a.json", text.encode("latin-1"))
    with pytest.raises(InputError) as caught:
        read(path, format="coco")
    assert caught.value.where.startswith(str(path))


def test_labels_without_images_and_images_without_labels(tmp_path):
    root = voc(tmp_path)
    (root / "JPEGImages" / "0.png").unlink()
    (root / "Annotations" / "1.xml").unlink()
    put(root / "Annotations" / "2.xml", "<annotation/>")
    dataset = read(root)
    label = {sample.key: sample.boxes for sample in dataset.samples}
    assert [(skip.code, skip.path) for skip in dataset.skips] == [
        ("orphan-label", str(root / "Annotations" / "0.xml"))
    ]
    assert label["JPEGImages/1.png"] is None
    assert len(label["JPEGImages/2.png"].classes) == 0


def test_where_every_row_is_bad_the_image_is_not_called_empty(tmp_path):
    path = coco(tmp_path)
    document = json.loads(path.read_text())
    for each in document["annotations"]:
        each["category_id"] = 9
    path.write_text(json.dumps(document))
    assert all(sample.label is None for sample in read(path).samples)


def test_voc_splits_come_from_image_sets(tmp_path):
    root = voc(tmp_path)
    put(root / "ImageSets" / "Main" / "train.txt", "0\n1\n")
    put(root / "ImageSets" / "Main" / "cell_val.txt", "2 1\n")
    put(root / "ImageSets" / "Main" / "val.txt", "2\n")
    assert [sample.split for sample in read(root).samples] == ["train", "train", "val", "", "", ""]


def test_xml_that_stops_is_named_by_line(tmp_path):
    root = voc(tmp_path)
    file = put(root / "Annotations" / "3.xml", "<annotation>\n<size>\n</annotation>")
    assert [(s.code, s.path, s.line) for s in read(root).skips] == [("xml-invalid", str(file), 3)]
