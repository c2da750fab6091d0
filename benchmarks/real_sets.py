"""The real sets that metrics are calibrated on, as views of any part of them.

MNIST (10,000 digits), five classes of CIFAR-10 (1,000 photographs), WikiText-2 (articles) and BCCD
(364 microscope images with boxes; its boxes are a table too). The folder is the one that
FIRSTHAND_DATA names. Nothing here runs by itself: calibration.py and first_alarm.py use it.
"""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from firsthand.content import media_digest, text_digest
from firsthand.contracts import (
    Column,
    ColumnsView,
    Draws,
    FeatureView,
    Metric,
    Splits,
    TextsView,
)
from firsthand.features.pixels import describe
from firsthand.numerics.buckets import bucket_of
from firsthand.numerics.categories import categories_view
from firsthand.numerics.resampling import Pair, draw
from firsthand.numerics.tokens import tokens_view
from firsthand.numerics.views import boxes_view
from firsthand.read import read
from firsthand.types import HUMAN, Dataset, Sample, Shared

FOLDER = Path(os.environ.get("FIRSTHAND_DATA") or Path(__file__).parents[2] / "shared" / "data")
HEADING = re.compile(r"^ = [^=].* = *$", re.MULTILINE)
COMPONENTS = 64  # of the features of CIFAR; MNIST is seen with all 416
WORDS = 600  # of each article: as much as makes 200 pairs affordable

Views = dict[str, Any]


@dataclass(frozen=True)
class RealSet:
    """Human data, of which any part can be seen as metrics see it."""

    name: str
    task: str
    samples: int
    part: Callable[[np.ndarray], Views]


def ask(metric: Metric, reference: Any, candidate: Any, shared: Shared, splits: Splits) -> Draws:
    """What `measure` does with one metric."""
    if metric.compare is not None:
        return metric.compare(reference, candidate, splits)
    return draw(metric, Pair(metric.profile(reference), metric.profile(candidate), shared), splits)


def mnist() -> RealSet:
    pixels, labels = digits()
    features, media = described(pixels)

    def part(index: np.ndarray) -> Views:
        return {
            "features": feature_view(features[index], media[index]),
            **labelled([f"{each}" for each in range(10)], labels[index], media[index]),
        }

    return RealSet("MNIST", "classify", len(pixels), part)


def digits() -> tuple[np.ndarray, np.ndarray]:
    """MNIST as (10000, 28, 28) grey values and (10000,) digits, from its IDX files."""
    folder = FOLDER / "mnist_t10k"
    raw = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())
    pixels = np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28)
    raw = gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())
    return pixels, np.frombuffer(raw, np.uint8, offset=8).astype(np.int64)


def described(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixel descriptors of (n, h, w) or (n, h, w, 3) images, and their digests."""
    small = np.stack([_small(image) for image in pixels])
    media = np.array([media_digest(image.tobytes()) for image in pixels], dtype="S32")
    return describe(small), media


def leading(features: np.ndarray, components: int = COMPONENTS) -> Callable:
    """The principal components with the largest variance, as a smaller embedder would give."""
    mean = features.mean(axis=0)
    _, axes = np.linalg.eigh((features - mean).T @ (features - mean))
    kept = np.ascontiguousarray(axes[:, ::-1][:, :components])
    return lambda points: np.asarray((points - mean) @ kept, dtype=np.float32)


def _small(image: np.ndarray) -> np.ndarray:
    picture = Image.fromarray(image).convert("RGB")
    return np.asarray(picture.resize((16, 16), Image.Resampling.BOX))


def feature_view(features: np.ndarray, media: np.ndarray) -> FeatureView:
    return FeatureView(features, buckets(media), media, len(set(media.tolist())))


def buckets(media: np.ndarray) -> np.ndarray:
    return np.array([bucket_of("", each.ljust(32, b"\0")) for each in media.tolist()], np.int64)


def labelled(names: Sequence[str], labels: np.ndarray, media: np.ndarray) -> Views:
    """Images of one class each, as `boxes` and as `categories`."""
    samples = tuple(
        Sample(f"{at}", each.ljust(32, b"\0"), label=b"x", category=int(label))
        for at, (label, each) in enumerate(zip(labels, media.tolist(), strict=True))
    )
    return of_dataset(Dataset("made", "classify", tuple(names), samples))


def of_dataset(dataset: Dataset) -> Views:
    return {"boxes": boxes_view(dataset), "categories": categories_view(dataset)}


def cifar() -> RealSet:
    folder = FOLDER / "cifar10_dev5"
    names = sorted(each.name for each in folder.iterdir() if each.is_dir())
    files = [
        (path, at) for at, name in enumerate(names) for path in sorted((folder / name).iterdir())
    ]
    pixels = np.stack([np.asarray(Image.open(path).convert("RGB")) for path, _ in files])
    labels = np.array([at for _, at in files])
    features, media = described(pixels)
    features = leading(features)(features)

    def part(index: np.ndarray) -> Views:
        return {
            "features": feature_view(features[index], media[index]),
            **labelled(names, labels[index], media[index]),
        }

    return RealSet("CIFAR-10, five classes", "classify", len(files), part)


def wikitext(words: int = WORDS) -> RealSet:
    texts = articles(words)
    return RealSet(
        "WikiText-2", "text", len(texts), lambda index: written([texts[i] for i in index])
    )


def articles(words: int) -> list[str]:
    """Articles of WikiText-2, the first words of each; those shorter than a third are left out."""
    found = []
    for name in ("train_sample.txt", "valid.txt"):
        text = (FOLDER / "wikitext2" / name).read_text(encoding="utf-8")
        found += [part.split() for part in HEADING.split(text)]
    return [" ".join(each[:words]) for each in found if len(each) >= words / 3]


def written(texts: Sequence[str]) -> Views:
    """Documents as `tokens`, as `texts` and as `categories`."""
    samples = tuple(Sample(f"{at}", text_digest(text), text=text) for at, text in enumerate(texts))
    dataset = Dataset("made", "text", (), samples)
    tokens = tokens_view(dataset)
    return {
        "tokens": tokens,
        "texts": TextsView(tokens.bucket, tokens.groups, tuple(texts)),
        "categories": categories_view(dataset),
    }


def bccd() -> RealSet:
    whole = read(FOLDER / "bccd", declared=HUMAN, progress=False)

    def part(index: np.ndarray) -> Views:
        return of_dataset(replace(whole, samples=tuple(whole.samples[at] for at in index)))

    return RealSet("BCCD", "detect", len(whole.samples), part)


def bccd_table() -> RealSet:
    """The boxes of BCCD as rows of a table; rows of one image are one group."""
    whole = read(FOLDER / "bccd", declared=HUMAN, progress=False)

    def part(index: np.ndarray) -> Views:
        chosen = replace(whole, samples=tuple(whole.samples[at] for at in index))
        return {"columns": table_of(chosen)}

    return RealSet("BCCD boxes as a table", "table", len(whole.samples), part)


def table_of(dataset: Dataset) -> ColumnsView:
    boxes = boxes_view(dataset)
    numbers = {name: boxes.xywh[:, at] for at, name in enumerate(("x", "y", "width", "height"))}
    columns = [Column(name, "number", values) for name, values in numbers.items()]
    kinds = np.array(boxes.classes)[boxes.label]
    columns.append(Column("class", "category", kinds))
    return ColumnsView(boxes.bucket[boxes.sample], boxes.groups, tuple(columns))


SETS: dict[str, Callable[[], RealSet]] = {
    "mnist": mnist,
    "cifar": cifar,
    "wikitext": wikitext,
    "bccd": bccd,
    "table": bccd_table,
}
