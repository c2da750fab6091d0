"""Leaks: what is found, what is not a leak, and what is said not to have been checked."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from firsthand.leaks import find_leaks
from firsthand.types import HUMAN, UNKNOWN, Dataset, Provenance, Sample


@pytest.fixture
def images(tmp_path: Path) -> Dataset:
    """Forty photos of nothing in particular, eight of them validation."""
    rng = np.random.default_rng(2)
    samples = []
    for at in range(40):
        path = tmp_path / f"{at:02}.png"
        noise = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((64, 64), Image.Resampling.BICUBIC).save(path)
        samples.append(sample_of(path, "val" if at < 8 else "train"))
    return Dataset("photos", "detect", ("a",), tuple(samples), root=str(tmp_path))


def sample_of(path: Path, split: str) -> Sample:
    media = hashlib.sha256(path.read_bytes()).digest()
    return Sample(path.name, media, split=split, provenance=HUMAN, path=str(path))


def with_samples(dataset: Dataset, *samples: Sample) -> Dataset:
    return replace(dataset, samples=(*dataset.samples, *samples))


def test_a_clean_set_has_no_finding(images: Dataset) -> None:
    found = find_leaks(images, None)
    assert found.findings == ()
    assert found.unchecked == ()


def test_an_exact_copy_between_splits_is_found(images: Dataset) -> None:
    copy = replace(images.samples[3], key="copy.png", split="train")
    (finding,) = find_leaks(with_samples(images, copy), None).findings
    assert finding.code == "leak-exact"
    assert finding.limit == "anchor_clean"
    assert finding.slice == (("held-out", "val"),)
    assert dict(finding.params) == {"count": 1, "total": 33, "examples": "copy.png"}
    assert finding.samples == (("copy.png", images.samples[3].key),)


def test_a_recompressed_smaller_copy_is_found(images: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "copy.jpg"
    Image.open(tmp_path / "05.png").resize((48, 48)).save(path, quality=60)
    (finding,) = find_leaks(with_samples(images, sample_of(path, "train")), None).findings
    assert finding.code == "leak-near"
    assert dict(finding.params) == {"count": 1, "total": 33, "examples": "copy.jpg"}
    assert finding.samples == (("copy.jpg", images.samples[5].key),)


def test_copies_within_training_are_no_leak(images: Dataset) -> None:
    copy = replace(images.samples[20], key="copy.png")
    assert find_leaks(with_samples(images, copy), None).findings == ()


def test_training_on_the_anchor_is_found_and_val_is_checked_too(images: Dataset) -> None:
    anchor = replace(images, samples=tuple(images.samples[30:]))
    found = find_leaks(images, anchor)
    assert [each.code for each in found.findings] == ["leak-exact"]
    assert found.findings[0].params["count"] == 10
    assert found.findings[0].slice == (("held-out", "anchor"),)


def test_model_output_in_validation_is_found_unless_verified(images: Dataset) -> None:
    labelled = Provenance("human", "model", label_generator="yolo@1")
    checked = replace(labelled, verification="corrected", verified_by="ann")
    samples = list(images.samples)
    samples[0] = replace(samples[0], provenance=labelled)
    samples[1] = replace(samples[1], provenance=checked)
    samples[2] = replace(samples[2], provenance=UNKNOWN)
    found = find_leaks(replace(images, samples=tuple(samples)), None)
    assert [(each.code, each.params["count"]) for each in found.findings] == [
        ("anchor-not-human", 1)
    ]
    assert [(note.metric, note.reason, note.params["count"]) for note in found.unchecked] == [
        ("anchor_clean", "unknown-origin", 1)
    ]


def test_without_anything_held_out_it_says_so(images: Dataset) -> None:
    training = replace(images, samples=images.samples[8:])
    found = find_leaks(training, None)
    assert found.findings == ()
    assert [note.reason for note in found.unchecked] == ["no-anchor"]


def test_what_was_not_compared_is_counted(images: Dataset, tmp_path: Path) -> None:
    tiny, broken = tmp_path / "tiny.png", tmp_path / "broken.png"
    Image.new("RGB", (8, 8), "red").save(tiny)
    broken.write_bytes(b"no image")
    more = with_samples(images, sample_of(tiny, "train"), sample_of(broken, "train"))
    notes = {note.reason: note.params["count"] for note in find_leaks(more, None).unchecked}
    assert notes == {"images-too-small": 1, "images-unreadable": 1}


def test_out_of_time_is_said_and_what_is_cached_is_still_checked(images: Dataset) -> None:
    first = find_leaks(images, None, seconds=0)
    assert {note.reason: note.params["count"] for note in first.unchecked} == {"out-of-time": 40}
    find_leaks(images, None)
    assert find_leaks(images, None, seconds=0).unchecked == ()


def test_texts_that_differ_in_a_word_are_found() -> None:
    rng = np.random.default_rng(3)
    texts = [" ".join(f"w{word}" for word in rng.integers(0, 900, 120)) for _ in range(20)]
    texts.append(texts[0].replace(" ", "  ", 1) + " more")
    samples = tuple(
        Sample(
            str(at),
            hashlib.sha256(text.encode()).digest(),
            split="test" if at < 5 else "train",
            provenance=HUMAN,
            text=text,
        )
        for at, text in enumerate(texts)
    )
    found = find_leaks(Dataset("texts", "text", (), samples), None)
    assert [(each.code, each.params["examples"]) for each in found.findings] == [
        ("leak-near", "20")
    ]
