"""The pixel descriptor: deterministic, bounded, and different for what looks different."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from firsthand.features import pixels
from firsthand.features.pixels import DIMENSIONS, describe, embed
from firsthand.types import Dataset, Sample


def folder(path: Path, images: list[np.ndarray]) -> Dataset:
    samples = []
    for at, image in enumerate(images):
        file = path / f"{at}.png"
        Image.fromarray(image).save(file)
        digest = hashlib.sha256(file.read_bytes()).digest()
        samples.append(Sample(file.name, digest, path=str(file)))
    return Dataset("made", "classify", (), tuple(samples), root=str(path))


def test_small_digits_are_read(tmp_path: Path) -> None:
    digits = pytest.importorskip("sklearn.datasets").load_digits().images[:30]
    features, index = embed(folder(tmp_path, [(each * 15).astype(np.uint8) for each in digits]))
    assert features.shape == (30, DIMENSIONS)
    assert index.tolist() == list(range(30))
    mean = (digits * 15).astype(np.uint8).mean(axis=(1, 2)) / 255
    np.testing.assert_allclose(features[:, :256].mean(axis=1), mean, atol=0.01)


def test_of_many_images_a_stable_sample_is_taken(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pixels, "AT_MOST", 10)
    images = [rng.integers(0, 256, (20, 20, 3), dtype=np.uint8) for _ in range(40)]
    whole = folder(tmp_path, images)
    _, index = embed(whole)
    tails = [sample.media[::-1] for sample in whole.samples]
    assert set(index) == set(np.argsort(tails)[:10])


def test_colour_and_direction_are_told_apart() -> None:
    flat = np.full((16, 16, 3), 100, np.uint8)
    red, blue = flat.copy(), flat.copy()
    red[..., 0], blue[..., 2] = 200, 200
    stripes = np.where(np.arange(16) % 4 < 2, 50, 150).astype(np.uint8)
    across = np.broadcast_to(stripes[:, None, None], (16, 16, 3))
    along = np.broadcast_to(stripes[None, :, None], (16, 16, 3))
    points = describe(np.stack([flat, red, blue, across, along]))
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    assert (apart[~np.eye(5, dtype=bool)] > 0.5).all()
    edges = points[:, 288:].reshape(5, 16, 8).sum(axis=1)
    assert edges[3].argmax() != edges[4].argmax()
    assert (edges[0] == 0).all()


def test_photos_decode_the_same_from_the_cache(real_data: Callable[[str], Path]) -> None:
    files = sorted((real_data("bccd") / "images").glob("*.jpg"))[:20]
    samples = tuple(
        Sample(file.name, hashlib.sha256(file.read_bytes()).digest(), path=str(file))
        for file in files
    )
    dataset = Dataset("bccd", "detect", (), samples, root=str(files[0].parent))
    first, _ = embed(dataset)
    again, _ = embed(dataset)
    np.testing.assert_array_equal(first, again)
    assert first[:, :256].std() > 0.05
