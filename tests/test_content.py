"""Digests that do not depend on the format, image checks, and a cache that never lies."""

import io
import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from firsthand.content import (
    FileCache,
    boxes_digest,
    category_digest,
    image_facts,
    media_digest,
    text_digest,
)
from firsthand.content.files import cache_folder
from firsthand.types import Boxes

SIZE = (640, 480)


def boxes(rows, outlines=()):
    rows = np.array(rows, float).reshape(-1, 5)
    return Boxes(rows[:, 0].astype(np.int32), rows[:, 1:], tuple(np.array(o) for o in outlines))


def image_bytes(format="JPEG", size=(40, 30), **options):
    out = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(noise).save(out, format, **options)
    return out.getvalue()


class TestDigests:
    def test_order_of_rows_and_of_class_names_does_not_matter(self):
        rows = [[0, 0.5, 0.5, 0.1, 0.1], [1, 0.2, 0.3, 0.1, 0.2]]
        swapped = [[0, 0.2, 0.3, 0.1, 0.2], [1, 0.5, 0.5, 0.1, 0.1]]
        first = boxes_digest(boxes(rows), ("cat", "dog"), SIZE)
        assert first == boxes_digest(boxes(swapped), ("dog", "cat"), SIZE)

    @pytest.mark.parametrize(
        "other",
        [
            [[0, 0.5, 0.5, 0.1, 0.1]] * 2,
            [[1, 0.5, 0.5, 0.1, 0.1]],
            [[0, 0.502, 0.5, 0.1, 0.1]],
            [[0, 0.5, 0.5, 0.1, 0.104]],
            [],
        ],
        ids=["twice", "another class", "moved by a pixel", "taller by two", "nothing"],
    )
    def test_what_is_different_differs(self, other):
        first = boxes_digest(boxes([[0, 0.5, 0.5, 0.1, 0.1]]), ("cat", "dog"), SIZE)
        assert first != boxes_digest(boxes(other), ("cat", "dog"), SIZE)

    def test_no_objects_is_one_label_whatever_the_size(self):
        assert boxes_digest(boxes([]), ("cat",), SIZE) == boxes_digest(boxes([]), (), None)

    @given(
        st.integers(8, 6000),
        st.integers(8, 6000),
        st.lists(st.tuples(*[st.floats(0, 1)] * 4), min_size=1, max_size=8),
    )
    def test_pixels_and_six_decimals_are_one_label(self, width, height, corners):
        """VOC holds whole pixels, COCO two decimals, YOLO shares with six."""
        pixels, shares = [], []
        for a, b, c, d in corners:
            left, right = sorted((round(a * width), round(b * width)))
            top, bottom = sorted((round(c * height), round(d * height)))
            exact = [(left + right) / 2 / width, (top + bottom) / 2 / height]
            exact += [(right - left) / width, (bottom - top) / height]
            pixels.append([0, *exact])
            shares.append([0, *(round(value, 6) for value in exact)])
        first = boxes_digest(boxes(pixels), ("cat",), (width, height))
        assert first == boxes_digest(boxes(shares), ("cat",), (width, height))

    @given(st.lists(st.tuples(*[st.integers(0, 63_999)] * 4), min_size=1, max_size=8))
    def test_two_decimals_of_a_pixel_survive_six_decimals_of_a_share(self, corners):
        exact, rounded = [], []
        for a, b, c, d in corners:
            left, right = sorted((a / 100, b / 100))
            top, bottom = sorted((c / 100 * 0.75, d / 100 * 0.75))
            top, bottom = round(top, 2), round(bottom, 2)
            row = [(left + right) / 1280, (top + bottom) / 960]
            row += [(right - left) / 640, (bottom - top) / 480]
            exact.append([0, *row])
            rounded.append([0, *(round(value, 6) for value in row)])
        first = boxes_digest(boxes(exact), ("cat",), SIZE)
        assert first == boxes_digest(boxes(rounded), ("cat",), SIZE)

    def test_a_polygon_may_begin_anywhere_and_run_either_way(self):
        outline = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.3], [0.2, 0.5]]
        row = [[0, 0.25, 0.3, 0.3, 0.4]]
        digests = {
            boxes_digest(boxes(row, [line]), ("cat",), SIZE)
            for line in (outline, outline[2:] + outline[:2], outline[::-1], [*outline, outline[0]])
        }
        assert len(digests) == 1
        assert boxes_digest(boxes(row), ("cat",), SIZE) not in digests
        other = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.3], [0.2, 0.48]]
        assert boxes_digest(boxes(row, [other]), ("cat",), SIZE) not in digests

    def test_texts_and_categories(self):
        assert text_digest("Cafe\u0301") == text_digest("Caf\u00e9") != text_digest("Cafe")
        assert text_digest("\ud800") != text_digest("")
        assert category_digest("cat") != media_digest(b"cat")


class TestRealCopies:
    def test_yolo_and_voc_copies_are_one_label(self, real_data):
        """All images but the two whose XML holds a box of no area."""
        from firsthand.read import read

        root = real_data("bccd")
        yolo = read(root, format="yolo")
        voc = read(root, format="voc")
        assert sum(skip.code == "label-zero-area" for skip in voc.skips) == 2
        labels = {sample.media: sample.label for sample in voc.samples}
        same = sum(labels[sample.media] == sample.label for sample in yolo.samples)
        assert (same, len(yolo.samples), len(voc.samples)) == (364, 364, 364)


class TestImages:
    @pytest.mark.parametrize("format", ["JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF"])
    def test_a_whole_image_has_its_size(self, format):
        assert image_facts(image_bytes(format)) == (True, 40, 30)

    @pytest.mark.parametrize("format", ["JPEG", "PNG", "BMP", "WEBP"])
    def test_a_truncated_image_is_broken(self, format):
        data = image_bytes(format)
        assert not image_facts(data[: len(data) // 2]).ok

    def test_progressive_and_trailing_bytes_are_fine(self):
        assert image_facts(image_bytes(progressive=True) + b"\0" * 9) == (True, 40, 30)

    def test_a_flipped_byte_in_a_png_is_noticed(self):
        data = bytearray(image_bytes("PNG"))
        data[60] ^= 1
        assert not image_facts(bytes(data)).ok

    @pytest.mark.parametrize("order", [6, 8])
    def test_the_size_is_the_displayed_one(self, order):
        exif = Image.Exif()
        exif[0x0112] = order
        assert image_facts(image_bytes(exif=exif)) == (True, 30, 40)

    def test_an_end_in_the_thumbnail_is_not_the_end_of_the_image(self):
        exif = Image.Exif()
        exif[0x010E] = "\xff\xd9" * 20
        whole = image_bytes(exif=exif)
        assert image_facts(whole).ok
        assert not image_facts(whole[: whole.rindex(b"\xff\xda") + 30]).ok

    @given(st.binary(max_size=300), st.integers(0, 300))
    def test_no_bytes_raise(self, noise, at):
        for whole in (image_bytes(size=(9, 9)), image_bytes("PNG", (9, 9))):
            image_facts(whole[:at] + noise + whole[at + len(noise) :])
        image_facts(noise)


class TestFileCache:
    @pytest.fixture
    def image(self, tmp_path):
        file = tmp_path / "图 片" / "a.png"
        file.parent.mkdir()
        file.write_bytes(image_bytes("PNG"))
        past = time.time() - 100
        os.utime(file, (past, past))
        return str(file)

    def put_back(self, path, data):
        """New content of the same size at the same time."""
        before = Path(path).stat()
        Path(path).write_bytes(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def test_an_unchanged_file_is_not_read_again(self, image, tmp_path):
        with FileCache(tmp_path) as cache:
            first = cache.facts(image)
        self.put_back(image, b"\0" * Path(image).stat().st_size)
        assert FileCache(tmp_path).facts(image) == first

    def test_a_touched_file_is_read_again(self, image, tmp_path):
        with FileCache(tmp_path) as cache:
            cache.facts(image)
        data = Path(image).read_bytes() + b"x"
        Path(image).write_bytes(data)
        assert FileCache(tmp_path).facts(image).digest == media_digest(data)

    def test_a_fresh_file_is_not_trusted(self, image, tmp_path):
        os.utime(image)
        with FileCache(tmp_path) as cache:
            first = cache.facts(image)
        self.put_back(image, b"\0" * Path(image).stat().st_size)
        assert FileCache(tmp_path).facts(image) != first

    @pytest.mark.parametrize("damage", ["empty", "flip", "cut", "garbage", "folder"])
    def test_a_damaged_cache_is_ignored_and_written_anew(self, image, tmp_path, damage):
        with FileCache(tmp_path) as cache:
            first = cache.facts(image)
        data = cache.file.read_bytes()
        flipped = bytes([*data[:60], data[60] ^ 1, *data[61:]])
        bad = {"empty": b"", "flip": flipped, "cut": data[:-3], "garbage": b"\x80\x04." * 50}
        if damage == "folder":
            cache.file.unlink()
            cache.file.mkdir()
        else:
            cache.file.write_bytes(bad[damage])
        with FileCache(tmp_path) as again:
            assert again.facts(image) == first
        if damage != "folder":
            assert cache.file.read_bytes() == data

    def test_an_unwritable_cache_is_no_reason_to_stop(self, image, tmp_path, monkeypatch):
        monkeypatch.setenv("FIRSTHAND_CACHE", image)  # a file where a folder should be
        with FileCache(tmp_path) as cache:
            assert cache.facts(image).ok
        assert FileCache(tmp_path).facts(image).ok

    def test_where_it_lives(self, monkeypatch, tmp_path):
        monkeypatch.delenv("FIRSTHAND_CACHE")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert cache_folder() == tmp_path / "firsthand"
        monkeypatch.delenv("XDG_CACHE_HOME")
        assert cache_folder().parts[-2:] == (".cache", "firsthand")

    def test_a_pipe_is_not_waited_for(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.jpg")
        with pytest.raises(OSError, match="not a regular file"):
            FileCache(tmp_path).facts(str(tmp_path / "pipe.jpg"))
