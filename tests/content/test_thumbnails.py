"""Thumbnails: upright, cached by content, and never in the way when a cache is broken."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from firsthand.content import thumbnails as module
from firsthand.content.thumbnails import thumbnail, thumbnails
from firsthand.types import Dataset, Sample


def one(tmp_path: Path, name: str = "a.png") -> tuple[Dataset, Sample]:
    path = tmp_path / name
    sample = Sample(name, hashlib.sha256(path.read_bytes()).digest(), path=str(path))
    return Dataset("made", "detect", (), (sample,), root=str(tmp_path)), sample


def test_each_pixel_is_the_mean_of_what_it_covers(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (48, 32, 3), dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")
    found = thumbnail(tmp_path / "a.png")
    means = image.reshape(16, 3, 16, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(found.pixels, means, atol=1)
    assert found.side == 32


def test_a_photo_is_turned_as_its_camera_was(tmp_path: Path) -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[:32] = 255
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(image).save(tmp_path / "a.jpg", exif=exif)
    found = thumbnail(tmp_path / "a.jpg").pixels
    assert found[:8].mean() < 10
    assert found[8:].mean() > 245


@pytest.mark.parametrize("content", [b"", b"no image", b"\xff\xd8\xff\xe0 torn", b"\x89PNG\r\n"])
def test_what_is_no_image_is_counted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    dataset, sample = one(tmp_path)
    found = thumbnails(dataset, [sample])
    assert (len(found.rows), found.unreadable, found.skipped) == (0, 1, 0)


def test_known_content_is_not_decoded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (40, 40), "red").save(tmp_path / "a.png")
    dataset, sample = one(tmp_path)
    first = thumbnails(dataset, [sample])
    monkeypatch.setattr(module, "thumbnail", lambda _path: pytest.fail("decoded again"))
    again = thumbnails(dataset, [sample])
    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert again.sides.tolist() == [40]


def test_a_broken_cache_is_only_slow(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), "red").save(tmp_path / "a.png")
    dataset, sample = one(tmp_path)
    thumbnails(dataset, [sample])
    [file] = Path(os.environ["FIRSTHAND_CACHE"]).rglob("*.bin")
    for content in (b"", b"junk", file.read_bytes()[:-1]):
        file.write_bytes(content)
        assert thumbnails(dataset, [sample]).rows.tolist() == [0]


def test_samples_without_a_file_are_counted(tmp_path: Path) -> None:
    dataset = Dataset("made", "detect", (), (Sample("a", bytes(32)),), root=str(tmp_path))
    assert thumbnails(dataset, dataset.samples).unreadable == 1


def test_a_file_that_changed_is_not_taken_for_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (40, 40), "red").save(path)
    dataset, sample = one(tmp_path)
    content = path.read_bytes()
    Image.new("RGB", (40, 40), "blue").save(path)
    assert thumbnails(dataset, [sample]).unreadable == 1
    path.unlink()
    assert thumbnails(dataset, [sample]).unreadable == 1
    path.write_bytes(content)  # and it is found again once it is back
    assert thumbnails(dataset, [sample]).pixels[0, 0, 0].tolist() == [255, 0, 0]
