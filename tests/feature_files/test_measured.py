"""Features in a file are measured as the same features made on the spot are."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from firsthand import feature_files
from firsthand.features import pixels
from firsthand.measure import measure
from firsthand.numerics.views import features_view
from firsthand.sources import check_comparable, side_of
from firsthand.types import Dataset, Sample

METRIC = ["tail_coverage"]


def pictures(folder: Path, spread: float, seed: int) -> Dataset:
    """Pictures of one bright spot each, in groups of two."""
    rng = np.random.default_rng(seed)
    folder.mkdir()
    samples = []
    for at in range(240):
        image = rng.integers(0, 40, (16, 16, 3), dtype=np.uint8)
        x, y = np.clip(rng.normal(7, spread, 2), 0, 14).astype(int)
        image[y : y + 2, x : x + 2] = 255
        path = folder / f"{at}.png"
        Image.fromarray(image).save(path)
        digest = hashlib.sha256(path.read_bytes()).digest()
        samples.append(Sample(path.name, digest, group=f"{seed}-{at // 2}", path=str(path)))
    return Dataset(folder.name, "classify", (), tuple(samples), root=str(folder))


def saved(dataset: Dataset, path: Path) -> Path:
    points, at = pixels.embed(dataset)
    group = np.array([dataset.samples[index].group for index in at])
    np.savez(path, features=points, group=group)
    return path


def test_a_file_of_an_embedders_points_measures_as_its_images_do(tmp_path: Path) -> None:
    human, new = pictures(tmp_path / "human", 3, 1), pictures(tmp_path / "new", 2, 2)
    files = [saved(each, tmp_path / f"{each.name}.npz") for each in (human, new)]
    for dataset, file in zip((human, new), files, strict=True):
        made, read = features_view(dataset, pixels.component), feature_files.open(file).view
        np.testing.assert_array_equal(made.features, read.features)
        np.testing.assert_array_equal(made.bucket, read.bucket)
        assert made.groups == read.groups == 120
    of_images = measure(human, new, metrics=METRIC, splits=299).measurements
    of_files = measure(*files, metrics=METRIC, splits=299).measurements
    assert len(of_images) == len(of_files) == 4
    for image, file in zip(of_images, of_files, strict=True):
        # Digests decide between equals, and those of a row and of a picture differ.
        assert file.value == pytest.approx(image.value, abs=0.01)
        assert (file.low, file.high) == pytest.approx((image.low, image.high), abs=0.02)
    assert of_files[0].value < 0.8


def test_any_way_to_save_them_measures_the_same(tmp_path: Path, rng: np.random.Generator) -> None:
    human = rng.normal(size=(300, 6)).astype(np.float32)
    new = rng.normal(size=(300, 6), scale=0.7).astype(np.float32)
    np.save(tmp_path / "human.npy", human)
    found = []
    for name, points in (("a", new), ("b", np.asfortranarray(new)), ("c", new.astype(np.float64))):
        np.save(tmp_path / f"{name}.npy", points)
        assert feature_files.can_read(tmp_path / f"{name}.npy")
        made = measure(tmp_path / "human.npy", tmp_path / f"{name}.npy", metrics=METRIC, splits=299)
        found.append(made.measurements)
    assert found[0] == found[1] == found[2]
    assert found[0][0].value < 0.5


def test_a_published_value_that_is_no_number_is_left_out(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    """Cubes of huge features are beyond float32; at one scale they compare all the same."""
    for name in ("human", "next"):
        np.save(tmp_path / f"{name}.npy", 1e15 * rng.normal(size=(200, 4)).astype(np.float32))
    found = measure(tmp_path / "human.npy", tmp_path / "next.npy", metrics=["kid"], splits=99)
    (kid,) = found.measurements
    assert kid.absolute is None
    assert kid.null_low < kid.value < kid.null_high


def test_views_are_made_once(tmp_path: Path, rng: np.random.Generator) -> None:
    """Metrics that share a pass know a view again by identity."""
    points = rng.normal(size=(60, 4)).astype(np.float32)
    np.savez(tmp_path / "human.npz", features=points, label=np.array(["a", "b"] * 30))
    side = side_of(tmp_path / "human.npz")
    assert side.offers == {"features", "boxes", "categories"}
    for name in side.offers:
        assert side.view(name) is side.view(name)


def test_points_with_classes_go_with_points_without(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    human, after = (rng.normal(size=(200, 4)).astype(np.float32) for _ in range(2))
    np.savez(tmp_path / "human.npz", features=human, label=np.array(["a", "b"] * 100))
    np.save(tmp_path / "next.npy", after)
    sides = side_of(tmp_path / "human.npz"), side_of(tmp_path / "next.npy")
    check_comparable(sides[1], sides[0])
    found = measure(*sides, splits=99)
    assert {"recall", "tail_coverage"} <= {each.metric for each in found.measurements}
    assert "class_drift" not in {each.metric for each in found.measurements}
