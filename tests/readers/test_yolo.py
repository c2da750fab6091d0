"""YOLO datasets as people have them: every layout, every kind of bad content, by name."""

import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from firsthand.errors import FormatError, InputError
from firsthand.readers.yolo import component
from firsthand.readers.yolo.rows import Rules, class_index, parse, parse_slowly
from firsthand.types import Sample, Skip

GOOD = "0 0.5 0.5 0.2 0.2\n"


def picture(path, number=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    color = (number % 256, number // 256 % 256, 7)
    Image.new("RGB", (16, 12), color).save(path)


def build(root, images, labels=None, yaml="train: images/train\nnames: [cat, dog]\n"):
    """A dataset: names of images, texts of label files by stem, and data.yaml (None: without)."""
    for number, name in enumerate(images):
        picture(root / "images/train" / name, number)
    (root / "labels/train").mkdir(parents=True, exist_ok=True)
    for stem, text in (labels or {}).items():
        data = text if isinstance(text, bytes) else text.encode()
        (root / "labels/train" / f"{stem}.txt").write_bytes(data)
    if yaml is not None:
        (root / "data.yaml").write_text(yaml, "utf-8")
    return root


def read(path):
    reading = component.read(Path(path))
    items = list(reading.items)
    samples = [item for item in items if isinstance(item, Sample)]
    return reading, samples, [item for item in items if isinstance(item, Skip)]


def named(skips):
    return [(skip.code, Path(skip.path).name, skip.line, skip.keeps_sample) for skip in skips]


class TestRealData:
    @pytest.mark.parametrize("path", ["", "path: coco8", "path: ."], ids=["empty", "name", "dot"])
    @pytest.mark.parametrize("as_folder", [True, False])
    def test_coco8_as_a_user_has_it(self, real_data, tmp_path, path, as_folder):
        root = tmp_path / "coco8"
        shutil.copytree(real_data("coco8"), root)
        file = root / "coco8.yaml"
        file.chmod(0o600)
        lines = file.read_text("utf-8").splitlines()
        lines = [path if line.startswith("path:") and path else line for line in lines]
        file.write_text("\n".join(lines), "utf-8")
        reading, samples, skips = read(root if as_folder else file)
        assert (reading.task, len(reading.classes), skips) == ("detect", 80, [])
        assert Counter(sample.split for sample in samples) == {"train": 4, "val": 4}
        assert sum(len(sample.boxes.classes) for sample in samples) == 30

    def test_bccd_without_a_yaml(self, real_data):
        reading, samples, skips = read(real_data("bccd"))
        assert reading.classes == ("WBC", "RBC", "Platelets")
        counts = Counter(kind for sample in samples for kind in sample.boxes.classes.tolist())
        assert (counts, skips) == ({0: 372, 1: 4153, 2: 361}, [])

    def test_both_orphans_of_coco128_are_named(self, real_data, tmp_path):
        source = real_data("coco128_labels") / "labels/train2017"
        stems = {file.stem for file in source.iterdir()} - {"000000000656", "000000000659"}
        for number, stem in enumerate(sorted(stems | {"000000000250", "000000000508"})):
            picture(tmp_path / "images/train2017" / f"{stem}.png", number)
        shutil.copytree(source, tmp_path / "labels/train2017")
        shutil.copy(real_data("coco8") / "coco8.yaml", tmp_path / "data.yaml")
        text = (tmp_path / "data.yaml").read_text("utf-8")
        text = text.replace("images/train #", "images/train2017 #").replace(
            "val: images/val", "val:"
        )
        (tmp_path / "data.yaml").write_text(text, "utf-8")
        _, samples, skips = read(tmp_path)
        assert named(skips) == [
            ("orphan-label", "000000000656.txt", 0, False),
            ("orphan-label", "000000000659.txt", 0, False),
        ]
        assert len(samples) == 128
        bare = [sample.key[-16:-4] for sample in samples if sample.label is None]
        assert bare == ["000000000250", "000000000508"]
        assert sum(len(sample.boxes.classes) for sample in samples if sample.boxes) == 929

    def test_ten_columns_are_refused_and_their_guesses_not_repeated(self, real_data):
        _, samples, skips = read(real_data("coco8_human"))
        assert {skip.code for skip in skips} == {"label-columns"}
        assert (len(skips), [sample.label for sample in samples]) == (18, [None] * 8)
        assert all(len(skip.found.split()) == 6 for skip in skips)  # "10:" and the box


class TestLayouts:
    def test_names_with_spaces_and_chinese_characters(self, tmp_path):
        root = build(tmp_path / "数据 集", ["图 1.png"], {"图 1": GOOD})
        _, (sample,), skips = read(root)
        assert (sample.key, skips) == ("images/train/图 1.png", [])
        assert len(sample.boxes.classes) == 1

    def test_lists_and_folders_together_with_repeats(self, tmp_path):
        root = build(tmp_path, ["a.png", "b.png"], {"a": GOOD, "b": ""})
        picture(root / "more/images/c.png", 9)
        lines = "./images/train/a.png\r\nimages/train/a.png\n\nimages/train/gone.png\n"
        (root / "list.txt").write_text("\ufeff" + lines + str(root / "images/train/b.png"), "utf-8")
        (root / "data.yaml").write_text("train: [list.txt, more]\nval: list.txt\nnames: [cat]\n")
        _, samples, skips = read(root)
        assert [sample.key for sample in samples] == [
            "images/train/a.png",
            "images/train/a.png#2",
            "images/train/b.png",
            "more/images/c.png",
            "images/train/a.png#3",
            "images/train/a.png#4",
            "images/train/b.png#2",
        ]
        assert [sample.split for sample in samples] == ["train"] * 4 + ["val"] * 3
        assert named(skips) == [("missing-file", "list.txt", 4, False)] * 2
        assert skips[0].found == "images/train/gone.png"

    @pytest.mark.parametrize(
        "yaml",
        [
            "path: {root}\ntrain: images/train\n",
            "path: ../{name}\ntrain: images/train\n",
            "path: {name}\ntrain: images/train\n",
            "path: datasets/../{name}\ntrain: images/train\n",
            "train: {root}/images/train\n",
            "train: ../images/train\n",
            "train: images/train/\nval:\ntest:\ndownload: 'https://example.com/x.zip'\n",
            "valid: images/train\n",
            "train: images\n",
        ],
    )
    def test_where_the_images_are(self, tmp_path, yaml):
        root = build(tmp_path / "set", ["a.png"], {"a": GOOD}, "")
        text = yaml.format(root=root, name=root.name) + "names: {0: cat}\n"
        (root / "data.yaml").write_text(text)
        _, (sample,), _ = read(root)
        assert sample.boxes is not None

    def test_a_path_below_datasets_beside_the_yaml(self, tmp_path):
        build(tmp_path / "datasets/shapes", ["a.png"], {"a": GOOD}, None)
        file = tmp_path / "cfg/shapes.yaml"
        file.parent.mkdir()
        file.write_text("path: shapes\ntrain: images/train\nnames: [cat]\n")
        reading, samples, _ = read(file)
        assert (reading.root, len(samples)) == (tmp_path / "datasets/shapes", 1)

    def test_labels_beside_the_images(self, tmp_path):
        for at, name in enumerate("ab"):
            picture(tmp_path / f"{name}.png", at)
        (tmp_path / "a.txt").write_text(GOOD)
        (tmp_path / "classes.txt").write_text("cat\n")
        assert component.can_read(tmp_path)
        _, samples, skips = read(tmp_path)
        assert [sample.label is not None for sample in samples] == [True, False]
        assert skips == []

    def test_only_the_last_images_of_a_path_becomes_labels(self, tmp_path):
        root = build(tmp_path / "images/set", ["a.png"], {"a": GOOD})
        _, (sample,), _ = read(root)
        assert len(sample.boxes.classes) == 1

    def test_splits_of_a_bare_folder(self, tmp_path):
        root = build(tmp_path, ["a.png"], {"a": GOOD}, None)
        picture(root / "images/val2017/b.png", 1)
        (root / "classes.txt").write_text("\ufeffcat\r\ndog\r\n", "utf-8")
        reading, samples, _ = read(root)
        assert reading.classes == ("cat", "dog")
        assert [sample.split for sample in samples] == ["train", "val"]

    def test_a_loop_of_links_ends(self, tmp_path):
        root = build(tmp_path, ["a.png"], {"a": GOOD})
        (root / "images/train/again").symlink_to(root / "images")
        (root / "images/train/self.png").symlink_to(root / "images/train/self.png")
        (root / "images/train/gone.png").symlink_to(root / "nowhere.png")
        _, samples, skips = read(root)
        assert len(samples) == 1
        assert named(skips) == [
            ("broken-symlink", "gone.png", 0, False),
            ("broken-symlink", "self.png", 0, False),
        ]

    def test_a_folder_that_may_not_be_looked_into(self, tmp_path, monkeypatch):
        root = build(tmp_path, ["a.png", "x/b.png"], {"a": GOOD})
        scandir = os.scandir

        def refuse(path):
            if str(path).endswith("/x"):
                raise PermissionError(13, "Permission denied", path)
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refuse)
        _, samples, skips = read(root)
        assert [sample.key for sample in samples] == ["images/train/a.png"]
        assert named(skips) == [("unreadable-file", "x", 0, False)]

    def test_a_name_that_is_no_text(self, tmp_path):
        root = build(tmp_path, ["a.png"], {"a": GOOD})
        (root / "images/train/a.png").rename(root / "images/train/\udcff.png")
        _, (sample,), _ = read(root)
        assert sample.key == "images/train/\\xff.png"
        assert Path(sample.path).is_file()


class TestNames:
    def test_a_mapping_with_gaps(self, tmp_path):
        yaml = "train: images/train\nnames:\n  7: dog\n  0: no\n"
        root = build(
            tmp_path, ["a.png"], {"a": "7 .5 .5 .1 .1\n0 .5 .5 .1 .1\n3 .5 .5 .1 .1"}, yaml
        )
        reading, (sample,), skips = read(root)
        assert reading.classes == ("no", "dog")
        assert sample.boxes.classes.tolist() == [1, 0]
        assert named(skips) == [("label-class", "a.txt", 3, True)]

    def test_a_number_of_classes_alone(self, tmp_path):
        root = build(tmp_path, ["a.png"], {}, "train: images/train\nnc: 2\n")
        assert read(root)[0].classes == ("class_0", "class_1")

    @pytest.mark.parametrize(
        ("yaml", "line", "found"),
        [
            ("names: [cat, dog, cat]", 2, "'cat' is there twice"),
            ("nc: 3\nnames: [cat, dog]", 2, "nc is 3, but there are 2 names"),
            ("nc: 1000000000", 2, "nc is 1000000000"),
            ("names: {1000000000000: cat}", 2, "the number 1000000000000"),
            ("nc: many\nnames: [cat]", 2, "nc is 'many'"),
            ("names: {cat: 0}", 2, "the number 'cat'"),
            ("names: {-1: cat}", 2, "the number -1"),
            ("names:\n  - cat\n  -\n", 4, "class 1 has no name"),
            ("names: {0: [cat]}", 2, "class 0 has no name"),
            ("names: cat", 2, "names is 'cat'"),
            ("names: [cat]\nval: 7", 3, "val is 7"),
            ("names: [cat]\nval: nowhere", 3, "there is no"),
            ("names: [cat]\npath: nowhere", 3, "path is 'nowhere'"),
            ("names: [cat]\npath: [a]", 3, "path is ['a']"),
            ("names: [cat]\nkpt_shape: 17", 3, "kpt_shape is 17"),
            ("names: [cat\n", 4, "this is no YAML"),
        ],
    )
    def test_errors_name_the_line(self, tmp_path, yaml, line, found):
        root = build(tmp_path, ["a.png"], {}, f"train: images/train\n{yaml}\n")
        with pytest.raises(InputError) as error:
            component.read(root / "data.yaml")
        assert str(error.value).startswith(f"{root}/data.yaml:{line}: ")
        assert found in str(error.value)

    def test_a_bare_folder_without_class_names(self, tmp_path):
        root = build(tmp_path, ["a.png"], {"a": GOOD}, None)
        with pytest.raises(InputError, match=r"Add classes\.txt"):
            component.read(root)

    def test_something_else(self, tmp_path):
        with pytest.raises(FormatError, match="no YOLO dataset"):
            component.read(tmp_path)


class TestLabels:
    def test_no_label_file_an_empty_one_and_a_broken_one_are_three_things(self, tmp_path):
        labels = {"b": "", "c": " \n\r\n", "d": "0 nan 0.5 0.1 0.1\n", "e": b"\xff\xfe0\x00"}
        root = build(tmp_path, ["a.png", "b.png", "c.png", "d.png", "e.png"], labels)
        _, (a, b, c, d, e), skips = read(root)
        assert [sample.boxes is None for sample in (a, b, c, d, e)] == [
            True,
            False,
            False,
            True,
            True,
        ]
        assert [sample.label is None for sample in (a, b, c, d, e)] == [
            True,
            False,
            False,
            True,
            True,
        ]
        assert b.label == c.label
        assert named(skips) == [
            ("label-nan", "d.txt", 1, True),
            ("label-encoding", "e.txt", 0, True),
        ]

    @pytest.mark.parametrize(
        ("row", "code"),
        [
            ("0 nan 0.5 0.1 0.1", "label-nan"),
            ("0 inf 0.5 0.1 0.1", "label-nan"),
            ("0 0.5 0,5 0.1 0.1", "label-nan"),
            ("0 0.5 0.5.5 0.1 0.1", "label-nan"),
            ("0 1_0 0.5 0.1 0.1", "label-nan"),
            ("0 \u0661 0.5 0.1 0.1", "label-nan"),
            ("cat 0.5 0.5 0.1 0.1", "label-nan"),
            ("0 -0.1 0.5 0.1 0.1", "label-range"),
            ("0 0.5 1.01 0.1 0.1", "label-range"),
            ("0 0.5 0.5 -0.1 0.1", "label-range"),
            ("0 0.5 0.5 0 0.1", "label-zero-area"),
            ("0 0.5 0.5 0.1 0.0", "label-zero-area"),
            ("0 0.5 0.5 0.1", "label-columns"),
            ("0 0.5 0.5 0.1 0.1 7", "label-columns"),
            ("0 0.5 0.5 0.1 0.1 0.93", "label-confidence"),
            ("0 0.5 0.5 0.1 0.1 0.1 0.1 0.1", "label-columns"),
            ("0", "label-columns"),
            ("2 0.5 0.5 0.1 0.1", "label-class"),
            ("-1 0.5 0.5 0.1 0.1", "label-class"),
            ("0.5 0.5 0.5 0.1 0.1", "label-class"),
            ("1e300 0.5 0.5 0.1 0.1", "label-class"),
            ("0 " * 200_000, "label-columns"),
        ],
    )
    def test_a_bad_row_is_dropped_by_name_and_the_others_stay(self, tmp_path, row, code):
        root = build(tmp_path, ["a.png", "b.png"], {"a": GOOD + row + "\r\n" + GOOD, "b": GOOD})
        _, (a, b), skips = read(root)
        assert named(skips) == [(code, "a.txt", 2, True)]
        assert (len(a.boxes.classes), len(b.boxes.classes)) == (2, 1)
        assert len(skips[0].found) <= 120

    def test_rounding_at_the_border_is_no_error(self, tmp_path):
        root = build(tmp_path, ["a.png"], {"a": "0 1.000001 0.5 1.00004 -0.0"[:-4] + "0.1"})
        _, (sample,), skips = read(root)
        assert (sample.boxes.xywh.max(), skips) == (1.0, [])

    @pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
    def test_line_ends_and_a_byte_order_mark(self, tmp_path, ending):
        text = "\ufeff" + GOOD.strip() + ending + "1\t0.5 0.5  0.1 0.1"
        root = build(tmp_path, ["a.png"], {"a": text})
        _, (sample,), skips = read(root)
        assert (sample.boxes.classes.tolist(), skips) == ([0, 1], [])

    def test_images_that_are_none(self, tmp_path):
        root = build(tmp_path, ["a.png", "b.png", "c.png", "d.png"], {"b": GOOD})
        whole = (root / "images/train/a.png").read_bytes()
        (root / "images/train/a.png").write_bytes(whole[:-20])
        (root / "images/train/b.png").write_bytes(b"")
        (root / "images/train/c.png").unlink()
        os.mkfifo(root / "images/train/c.png")
        _, samples, skips = read(root)
        assert [sample.key for sample in samples] == ["images/train/d.png"]
        assert named(skips) == [
            ("undecodable-image", "a.png", 0, False),
            ("undecodable-image", "b.png", 0, False),
        ]

    def test_a_changed_label_changes_its_digest_and_nothing_else(self, tmp_path):
        root = build(tmp_path, ["a.png", "b.png"], {"a": GOOD, "b": GOOD})
        before = read(root)[1]
        (root / "labels/train/a.txt").write_text("1" + GOOD[1:])
        after = read(root)[1]
        assert before[0].media == after[0].media
        assert before[0].label != after[0].label
        assert before[1].label == after[1].label


class TestOutlines:
    TRIANGLE = "0 0.1 0.1 0.5 0.1 0.3 0.4\n"
    QUAD = "1 0.2 0.2 0.6 0.3 0.5 0.7 0.1 0.6\n"

    def test_polygons(self, tmp_path):
        root = build(tmp_path, ["a.png"], {"a": self.TRIANGLE + self.QUAD + GOOD})
        reading, (sample,), _ = read(root)
        assert reading.task == "segment"
        assert [len(outline) for outline in sample.boxes.outlines] == [3, 4, 4]
        np.testing.assert_allclose(sample.boxes.xywh[0], [0.3, 0.25, 0.4, 0.3])

    def test_oriented_boxes(self, tmp_path):
        root = build(tmp_path, ["a.png"], {"a": self.QUAD * 2 + self.TRIANGLE})
        (root / "labels/train/a.txt").write_text(self.QUAD * 2)
        assert read(root)[0].task == "oriented"

    def test_a_polygon_among_boxes_counts_as_its_enclosing_box(self, tmp_path):
        root = build(tmp_path, ["a.png"], {"a": GOOD * 3 + self.TRIANGLE})
        reading, (sample,), skips = read(root)
        assert (reading.task, sample.boxes.outlines, skips) == ("detect", (), [])
        np.testing.assert_allclose(sample.boxes.xywh[3], [0.3, 0.25, 0.4, 0.3])

    @pytest.mark.parametrize("row", ["0 .1 .1 .2 .2 .3 .3", "0 .1 .1 .1 .1 .1 .1"])
    def test_a_polygon_that_encloses_nothing(self, tmp_path, row):
        root = build(tmp_path, ["a.png"], {"a": self.TRIANGLE * 2 + row})
        _, (sample,), skips = read(root)
        assert named(skips) == [("label-zero-area", "a.txt", 3, True)]
        assert len(sample.boxes.outlines) == 2

    def test_poses_are_read_as_their_boxes(self, tmp_path):
        yaml = "train: images/train\nkpt_shape: [2, 3]\nnames: [cat]\n"
        rows = "0 0.5 0.5 0.2 0.2 0.1 0.1 2 0.2 0.2 1\n" + GOOD
        root = build(tmp_path, ["a.png"], {"a": rows}, yaml)
        reading, (sample,), skips = read(root)
        assert (reading.task, len(sample.boxes.classes)) == ("detect", 1)
        assert named(skips) == [("label-columns", "a.txt", 2, True)]


class TestSecondRead:
    @pytest.fixture
    def old(self, tmp_path):
        """A dataset whose files are older than the resolution of any clock."""
        labels = {"a": GOOD + "1 .2 .2 .1 .1\n", "b": "", "c": "0 nan 0 0 0\n" + GOOD}
        root = build(tmp_path, ["a.png", "b.png", "c.png", "d.png"], labels)
        for file in root.rglob("*.*"):
            os.utime(file, (1e9, 1e9))
        return root

    def same(self, first, second):
        assert [one.key for one in first[1]] == [one.key for one in second[1]]
        for one, other in zip(first[1], second[1], strict=True):
            assert (one.media, one.label) == (other.media, other.label)
            assert (one.boxes is None) == (other.boxes is None)
            if one.boxes:
                assert one.boxes.classes.tolist() == other.boxes.classes.tolist()
                assert one.boxes.xywh.tolist() == other.boxes.xywh.tolist()
        assert first[2] == second[2]

    def replaced(self, file, text):
        """Other content of the same size, at the same time."""
        assert len(text) == file.stat().st_size
        file.write_text(text)
        os.utime(file, (1e9, 1e9))

    def test_it_says_the_same_and_names_the_same(self, old):
        self.same(read(old), read(old))

    def test_unchanged_label_files_are_not_opened(self, old):
        first = read(old)
        self.replaced(old / "labels/train/a.txt", "1" + GOOD[1:] + "1 .3 .2 .1 .1\n")
        self.same(first, read(old))

    def test_a_changed_label_file_is_read(self, old):
        first = read(old)[1][0]
        (old / "labels/train/a.txt").write_text(GOOD)
        second = read(old)[1][0]
        assert (len(first.boxes.classes), len(second.boxes.classes)) == (2, 1)

    def test_a_fresh_label_file_is_not_trusted(self, old):
        file = old / "labels/train/a.txt"
        os.utime(file)
        now = file.stat().st_mtime_ns
        first = read(old)[1][0]
        file.write_text("1" + GOOD[1:] + "1 .3 .2 .1 .1\n")
        os.utime(file, ns=(now, now))
        assert read(old)[1][0].label != first.label

    def test_other_class_names_are_other_labels(self, old):
        first = read(old)[1][0]
        (old / "data.yaml").write_text("train: images/train\nnames: [dog, cat]\n")
        assert read(old)[1][0].label != first.label

    def test_an_image_of_another_size_has_another_label(self, old):
        first = read(old)[1][0]
        Image.new("L", (640, 480)).save(old / "images/train/a.png")
        assert read(old)[1][0].label != first.label

    def test_a_damaged_memory_is_ignored(self, old, monkeypatch, tmp_path_factory):
        cache = tmp_path_factory.mktemp("cache")
        monkeypatch.setenv("FIRSTHAND_CACHE", str(cache))
        first = read(old)
        files = [file for file in cache.rglob("*") if file.is_file()]
        assert len(files) == 2
        for file in files:
            data = file.read_bytes()
            file.write_bytes(data[:-9] + b"\0" + data[-8:])
        self.same(first, read(old))


NUMBER = st.one_of(
    st.sampled_from(["0", "1", "2", "0.5", "1.0", "-0.00001", "1.1", "nan", "", "x", ".", "1e-2"]),
    st.floats(-0.1, 1.1).map(str),
)
ROW = st.lists(NUMBER, min_size=0, max_size=7).map(" ".join)
TEXT = st.lists(ROW, max_size=4).flatmap(
    lambda rows: st.sampled_from(["\n", "\r\n", "\r"]).map(lambda end: end.join(rows).encode())
)


@given(st.lists(st.one_of(TEXT, st.binary(max_size=20)), max_size=6))
def test_the_fast_parser_says_what_the_slow_one_says(files):
    rules = Rules("detect", class_index([0, 2]))
    for fast, slow in zip(
        parse(files, rules), [parse_slowly(one, rules) for one in files], strict=True
    ):
        assert fast.problems == slow.problems
        assert (fast.boxes is None) == (slow.boxes is None)
        if fast.boxes is not None:
            assert fast.boxes.classes.tolist() == slow.boxes.classes.tolist()
            assert fast.boxes.xywh.tolist() == slow.boxes.xywh.tolist()
