"""Ultralytics itself finds every image and label of a set that `mix` wrote, each as often."""

from collections import Counter

import pytest
from small_sets import AUTO, boxes, people

from firsthand.mix import mix
from firsthand.read import read
from firsthand.recursion import Recipe


@pytest.mark.slow
@pytest.mark.parametrize("place", ["reference", "copy"])
def test_ultralytics_reads_what_was_chosen(tmp_path, place):
    pytest.importorskip("ultralytics")
    from ultralytics.data.dataset import YOLODataset
    from ultralytics.data.utils import check_det_dataset

    human = people(tmp_path / "人 images" / "human", 6)
    auto = boxes(tmp_path / "auto", 5, 7, names=("platelet", "cell"))
    mixed = mix(
        Recipe(human=6, made=5, human_weight=2.5),
        out=tmp_path / "next",
        human=human,
        generated=auto,
        made_by=AUTO,
        place=place,
    )
    data = check_det_dataset(str(mixed.data), autodownload=False)
    assert data["names"] == {0: "cell", 1: "platelet"}
    for split in ("train", "val"):
        found = YOLODataset(img_path=data[split], data=data, task="detect", augment=False)
        theirs = Counter(
            (tuple(label["cls"].ravel().astype(int)), label["bboxes"].round(5).tobytes())
            for label in found.labels
        )
        ours = Counter(
            (tuple(one.boxes.classes), one.boxes.xywh.astype("float32").round(5).tobytes())
            for one in read(mixed.out).samples
            if one.split == split
        )
        assert sum(theirs.values()) == {"train": 20, "val": 4}[split]
        assert theirs == ours
