"""Near-duplicates: copies are found, different things of one kind are not."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from firsthand.content.thumbnails import thumbnail
from firsthand.numerics.perceptual import alike_images, alike_texts, d_hash, grey, p_hash
from firsthand.numerics.tokens import tokenise, tokens_view
from firsthand.types import Dataset, Sample


def small(image: Image.Image) -> np.ndarray:
    out = io.BytesIO()
    image.save(out, "BMP")
    out.seek(0)
    return thumbnail(out).pixels


def photos(folder: Path) -> list[Image.Image]:
    files = sorted((folder / "images").glob("*.jpg"))[:8]
    return [Image.open(file).convert("RGB") for file in files]


def recompressed(image: Image.Image) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=30)
    return Image.open(out)


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "recompressed": recompressed,
    "half size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "grey": lambda image: image.convert("L"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_copy_of_a_photo_is_found(edit: str, real_data: Callable[[str], Path]) -> None:
    images = photos(real_data("bccd"))
    originals = np.array([small(image) for image in images])
    copies = np.array([small(EDITS[edit](image)) for image in images])
    found = {(pair.first, pair.second) for pair in alike_images(copies, originals)}
    assert found == {(at, at) for at in range(8)}


def test_different_blood_smears_are_different(real_data: Callable[[str], Path]) -> None:
    """The one pair that is found shows the same cells, refocused: images 37 and 38."""
    files = sorted((real_data("bccd") / "images").glob("*.jpg"))
    pictures = np.array([thumbnail(file).pixels for file in files])
    pairs = alike_images(pictures, pictures)
    found = {(files[one].stem, files[other].stem) for one, other, _ in pairs if one < other}
    assert found == {("BloodImage_00037", "BloodImage_00038")}


def test_hashes_follow_their_definition() -> None:
    ramp = np.tile(np.arange(16, dtype=np.float32), (1, 16, 1))
    assert d_hash(ramp).all()
    assert not d_hash(ramp[:, :, ::-1]).any()
    rng = np.random.default_rng(4)
    pictures = rng.random((5, 16, 16)).astype(np.float32)
    assert p_hash(pictures).shape == (5, 64)
    assert (p_hash(pictures).sum(axis=1) == 32).all()  # half above the median
    assert (p_hash(2 * pictures + 7) == p_hash(pictures)).all()


def test_grey_weighs_colours_as_the_eye_does() -> None:
    white = np.full((1, 2, 2, 3), 255, np.uint8)
    np.testing.assert_allclose(grey(white), 255, rtol=1e-5)


def test_blank_pictures_match_nothing() -> None:
    blank = np.full((3, 16, 16, 3), 9, np.uint8)
    assert list(alike_images(blank, blank)) == []


def documents(texts: list[str]) -> Dataset:
    return Dataset(
        "made",
        "text",
        (),
        tuple(
            Sample(str(at), hashlib.sha256(text.encode()).digest(), text=text)
            for at, text in enumerate(texts)
        ),
    )


def jaccard(one: str, other: str) -> float:
    runs = [
        {tuple(words[at : at + 3]) for at in range(len(words) - 2)}
        for words in (tokenise(one), tokenise(other))
    ]
    return len(runs[0] & runs[1]) / len(runs[0] | runs[1])


def test_texts_are_paired_by_their_exact_similarity() -> None:
    rng = np.random.default_rng(1)
    texts = [" ".join(f"w{word}" for word in rng.integers(0, 500, 80)) for _ in range(30)]
    edited = []
    for at, text in enumerate(texts):
        words = text.split()
        for place in rng.choice(80, at // 3, replace=False):
            words[place] = "changed"
        edited.append(" ".join(words))
    expected = {
        (row, column): jaccard(one, other)
        for row, one in enumerate(texts)
        for column, other in enumerate(edited)
        if jaccard(one, other) >= 0.8
    }
    pairs = alike_texts(tokens_view(documents(texts)), tokens_view(documents(edited)))
    found = {(pair.first, pair.second): pair.similarity for pair in pairs}
    assert found == pytest.approx(expected)
    assert 5 < len(found) < 30


def test_essays_on_the_same_question_are_different(real_data: Callable[[str], Path]) -> None:
    folder = real_data("essays_human_chatgpt_a")
    views = [
        tokens_view(
            documents(
                [
                    file.read_text(encoding="utf-8", errors="replace")
                    for file in sorted((folder / who).glob("*.txt"))
                ]
            )
        )
        for who in ("human", "chatgpt")
    ]
    assert list(alike_texts(*views)) == []


def test_texts_of_two_words_match_nothing() -> None:
    view = tokens_view(documents(["yes please", "no", ""]))
    assert list(alike_texts(view, view)) == []
