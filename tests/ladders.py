"""Damage that a training set can take, each with a dial from 0 (none) to 1 (plain to see).

A ladder gives a (reference, candidate) pair of views: two samples of one world, the second one
damaged. `healthy` damages nothing. Worlds are small and synthetic so that what was done to them is
known; what the metrics find in real data is tested with the data.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from firsthand.contracts import (
    BUCKETS,
    BoxesView,
    CategoriesView,
    Column,
    ColumnsView,
    FeatureView,
    Metric,
    TextsView,
    TokensView,
)

View = BoxesView | TokensView | TextsView | FeatureView | CategoriesView | ColumnsView
World = Callable[[str, float, np.random.Generator], View]


@cache
def pair(view: str, kind: str, strength: float, seed: int) -> tuple[View, View]:
    """A reference and a candidate that took `kind` of damage."""
    rng = np.random.default_rng([seed, sum(kind.encode())])
    world = WORLDS[view]
    return world("healthy", 0.0, rng), world(kind, strength, rng)


@cache
def small(view: str, seed: int) -> tuple[View, View]:
    """Sixty healthy samples a side, for properties that are tried many times."""
    reference, candidate = pair(view, "healthy", 0.0, seed)
    return take(reference, np.arange(60)), take(candidate, np.arange(60))


def take(view: View, index: np.ndarray) -> View:
    """The view of some samples, in the given order. Each sample is a group of its own."""
    index = np.asarray(index, dtype=np.int64)
    groups = len(np.unique(index))
    if isinstance(view, FeatureView):
        return FeatureView(view.features[index], view.bucket[index], view.media[index], groups)
    if isinstance(view, TokensView):
        rows = [view.tokens[view.start[at] : view.start[at + 1]] for at in index]
        return _documents(rows, view.bucket[index], groups)
    if isinstance(view, TextsView):
        return TextsView(view.bucket[index], groups, tuple(view.texts[at] for at in index))
    if isinstance(view, CategoriesView):
        return view._replace(bucket=view.bucket[index], groups=groups, label=view.label[index])
    if isinstance(view, ColumnsView):
        columns = tuple(each._replace(values=each.values[index]) for each in view.columns)
        return ColumnsView(view.bucket[index], groups, columns)
    boxes = [np.flatnonzero(view.sample == at) for at in index]
    rows = np.concatenate(boxes) if boxes else np.zeros(0, dtype=np.int64)
    sample = np.repeat(np.arange(len(index)), [len(each) for each in boxes])
    return view._replace(
        bucket=view.bucket[index],
        groups=groups,
        sample=sample.astype(np.int64),
        **{part: getattr(view, part)[rows] for part in ("label", "xywh", "area", "aspect")},
    )


def count(view: View) -> int:
    """How many samples are in a view? Of categories, how many objects."""
    return len(view.bucket)


# Boxes: three kinds of scene, five classes; the rarest class lives in the rarest scene.

CLASSES = ("common", "frequent", "regular", "rare", "rarest")
SCENES = np.array(
    [
        [0.55, 0.25, 0.15, 0.05, 0.00],
        [0.30, 0.40, 0.20, 0.10, 0.00],
        [0.20, 0.10, 0.10, 0.10, 0.50],
    ]
)
SCENE_SHARES = np.array([0.60, 0.28, 0.12])
SPREAD = 0.9  # standard deviation of log area


def boxes(kind: str, strength: float, rng: np.random.Generator, n: int = 500) -> BoxesView:
    """Images with six boxes on average; one in ten has none."""
    distinct, index = _copies(kind, strength, n, rng)
    shares = SCENE_SHARES.copy()
    if kind == "mode-loss":
        shares[2] *= 1 - strength
    scene = rng.choice(3, distinct, p=shares / shares.sum())
    sample = np.repeat(np.arange(distinct), rng.poisson(rng.gamma(1.3, 6 / 1.3, distinct)))
    label = np.array([rng.choice(5, p=SCENES[scene[at]]) for at in sample], dtype=np.int64)
    spread = _spread(kind, strength)
    log = SPREAD * spread * rng.standard_normal(len(label))
    area = np.minimum(np.exp(-5.0 + 0.3 * label + log), 1.0)
    aspect = np.exp(0.35 * spread * rng.standard_normal(len(label)))
    centre = 0.5 + np.clip(0.13 * spread * rng.standard_normal((len(label), 2)), -0.45, 0.45)
    size = np.stack([np.sqrt(area * aspect), np.sqrt(area / aspect)], axis=1)
    kept = _kept_boxes(kind, strength, label, area, rng)
    view = BoxesView(
        CLASSES,
        rng.integers(0, BUCKETS, distinct),
        distinct,
        sample[kept],
        label[kept],
        np.hstack([centre, np.minimum(size, 1.0)])[kept],
        area[kept],
        aspect[kept],
    )
    return _repeated(view, index, rng)


def _kept_boxes(
    kind: str, strength: float, label: np.ndarray, area: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    hit = np.zeros(len(label), dtype=bool)
    if kind == "class-drop":
        hit = label == 0
    if kind == "tail-cut":
        hit = area < np.quantile(area, 0.3)
    return ~(hit & (rng.random(len(label)) < strength))


# Tokens: five topics over one Zipf vocabulary.

VOCABULARY = 4000
TOPICS = 5


def tokens(kind: str, strength: float, rng: np.random.Generator, n: int = 300) -> TokensView:
    """Documents of about 120 tokens, each on one topic."""
    distinct, index = _copies(kind, strength, n, rng)
    names = np.random.default_rng(1).integers(0, 2**63, VOCABULARY).astype(np.uint64)
    rows = [names[row] for row in _said(kind, strength, rng, distinct)]
    view = _documents(rows, rng.integers(0, BUCKETS, distinct), distinct)
    return _repeated(view, index, rng)


def _said(kind: str, strength: float, rng: np.random.Generator, documents: int) -> list[np.ndarray]:
    """The rank of each word of each document."""
    lost = strength if kind == "mode-loss" else 0.0
    shares = np.array([1.0, 1.0, 1.0, 1.0, 1.0 - lost])
    topic = rng.choice(TOPICS, documents, p=shares / shares.sum())
    chances = [_topic(each, kind, strength) for each in range(TOPICS)]
    rows = [rng.choice(VOCABULARY, rng.poisson(120) + 1, p=chances[at]) for at in topic]
    for row in rows:
        _say_phrases(row, kind, strength, rng)
    return rows


PHRASES = np.random.default_rng(3).integers(0, 400, (100, 5))


def _say_phrases(row: np.ndarray, kind: str, strength: float, rng: np.random.Generator) -> None:
    """Three stock phrases a document on average, written over its words."""
    chance = (1 / (np.arange(len(PHRASES)) + 3.0)) ** _sharper(kind, strength)
    chosen = rng.choice(len(PHRASES), rng.poisson(3), p=chance / chance.sum())
    for at, phrase in zip(rng.integers(0, len(row), len(chosen)), PHRASES[chosen], strict=True):
        row[at : at + 5] = phrase[: len(row) - at]


def _sharper(kind: str, strength: float) -> float:
    """One over the temperature."""
    return {"variance-shrink": 1 + 0.5 * strength, "over-dispersion": 1 - 0.4 * strength}.get(
        kind, 1.0
    )


def _topic(topic: int, kind: str, strength: float) -> np.ndarray:
    """Chances of the words in one topic: Zipf, with every fifth word four times as likely."""
    chance = 1 / (np.arange(VOCABULARY) + 3.0)
    chance[topic::TOPICS] *= 4.0
    chance **= _sharper(kind, strength)
    if kind == "tail-cut":
        order = np.argsort(chance)
        chance[order[np.cumsum(chance[order]) < 0.2 * chance.sum()]] *= 1 - strength
    return chance / chance.sum()


def _documents(rows: list[np.ndarray], bucket: np.ndarray, groups: int) -> TokensView:
    start = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    flat = np.concatenate(rows) if rows else np.zeros(0, dtype=np.uint64)
    return TokensView(bucket, groups, flat.astype(np.uint64), start)


# Texts: the same words written out, three in eleven as a date, a number or a name.

SYLLABLES = ("ba", "ke", "di", "lo", "mu", "ra", "ne", "si", "to", "vu", "pa", "ge", "hi", "fo")


def texts(kind: str, strength: float, rng: np.random.Generator, n: int = 300) -> TextsView:
    """Documents of about 120 words in sentences of twelve."""
    distinct, index = _copies(kind, strength, n, rng)
    written = tuple(_written(row) for row in _said(kind, strength, rng, distinct))
    view = TextsView(rng.integers(0, BUCKETS, distinct), distinct, written)
    return _repeated(view, index, rng)


def _written(ranks: np.ndarray) -> str:
    words = [_word(rank) for rank in ranks.tolist()]
    sentences = [" ".join(words[at : at + 12]) for at in range(0, len(words), 12)]
    return ". ".join(sentences) + "."


@cache
def _word(rank: int) -> str:
    if rank % 11 == 8:
        return f"{1 + rank % 28} May {1500 + rank % 500}"
    if rank % 11 == 9:
        return f"{rank * 37}"
    if rank % 11 == 10:
        return f"{_spelling(rank).title()} {_spelling(rank % 97).title()}"
    return _spelling(rank)


def _spelling(rank: int) -> str:
    tail = _spelling(rank // len(SYLLABLES) - 1) if rank >= len(SYLLABLES) else ""
    return SYLLABLES[rank % len(SYLLABLES)] + tail


# Log chances: the same words as a model that knows all topics alike finds them.


def causal_lm(kind: str, strength: float, rng: np.random.Generator, n: int = 300) -> FeatureView:
    """Documents of about 120 words as the sum of their log chances and their number."""
    distinct, index = _copies(kind, strength, n, rng)
    known = np.log(np.mean([_topic(topic, "healthy", 0.0) for topic in range(TOPICS)], axis=0))
    said = _said(kind, strength, rng, distinct)
    points = np.array([[known[row].sum(), len(row)] for row in said], np.float32)
    media = np.array([rng.bytes(32) for _ in range(distinct)], dtype="S32")
    view = FeatureView(points, rng.integers(0, BUCKETS, distinct), media, distinct)
    return _repeated(view, index, rng)


# Features: four modes in four dimensions, the rarest one in twenty.

MODES = np.array([0.50, 0.30, 0.15, 0.05])
DIMENSIONS = 4


def features(kind: str, strength: float, rng: np.random.Generator, n: int = 1000) -> FeatureView:
    """Points around four modes."""
    distinct, index = _copies(kind, strength, n, rng)
    shares = MODES.copy()
    if kind in {"mode-loss", "class-drop"}:
        shares[3] *= 1 - strength
    mode = rng.choice(4, distinct, p=shares / shares.sum())
    centres = np.random.default_rng(2).normal(0, 4, (4, DIMENSIONS))
    offset = rng.standard_normal((distinct, DIMENSIONS)) * _spread(kind, strength)
    if kind == "tail-cut":
        radius = np.linalg.norm(offset, axis=1)
        hit = (radius > np.median(radius)) & (rng.random(distinct) < strength)
        inner = rng.choice(radius[radius <= np.median(radius)], hit.sum())
        offset[hit] *= (inner / radius[hit])[:, None]
    media = np.array([rng.bytes(32) for _ in range(distinct)], dtype="S32")
    view = FeatureView(
        (centres[mode] + offset).astype(np.float32),
        rng.integers(0, BUCKETS, distinct),
        media,
        distinct,
    )
    return _repeated(view, index, rng)


# Categories: two kinds of sample, forty classes by Zipf's law, six objects a sample on average.

KINDS = 40


def categories(
    kind: str, strength: float, rng: np.random.Generator, n: int = 500
) -> CategoriesView:
    """Objects of samples that each favour their own half of the classes."""
    distinct, index = _copies(kind, strength, n, rng)
    shares = np.array([0.7, 0.3 * (1 - strength) if kind == "mode-loss" else 0.3])
    favour = rng.choice(2, distinct, p=shares / shares.sum())
    chances = [_classes(each, kind, strength) for each in range(2)]
    rows = [rng.choice(KINDS, rng.poisson(5) + 1, p=chances[at]) for at in favour]
    sample = np.repeat(np.arange(n), [len(rows[at]) for at in index])
    label = np.concatenate([rows[at] for at in index])
    bucket = rng.integers(0, BUCKETS, n)[sample]
    names = np.array([f"class {at:02}" for at in range(KINDS)])
    kept = np.ones(len(label), dtype=bool)
    if kind == "class-drop":
        kept = (label != 0) | (rng.random(len(label)) >= strength)
    return CategoriesView(bucket[kept], n, names, label[kept].astype(np.int64))


def _classes(favour: int, kind: str, strength: float) -> np.ndarray:
    """Chances of the classes in one kind of sample: its own half three times as likely."""
    chance = 1 / (np.arange(KINDS) + 2.0)
    chance[favour::2] *= 3.0
    chance **= _sharper(kind, strength)
    if kind == "tail-cut":
        order = np.argsort(chance)
        chance[order[np.cumsum(chance[order]) < 0.2 * chance.sum()]] *= 1 - strength
    return chance / chance.sum()


# Columns: a shop's orders. Three kinds of customer; one in five is old.

CUSTOMERS = np.array([0.5, 0.3, 0.2])
REGIONS = np.array([0.45, 0.3, 0.15, 0.07, 0.03])


def columns(kind: str, strength: float, rng: np.random.Generator, n: int = 600) -> ColumnsView:
    """Rows with two numbers, a category and a rating that is often missing."""
    distinct, index = _copies(kind, strength, n, rng)
    shares = CUSTOMERS * np.array([1, 1, 1 - strength if kind == "mode-loss" else 1])
    customer = rng.choice(3, distinct, p=shares / shares.sum())
    spread = _spread(kind, strength)
    age = np.array([30.0, 50.0, 75.0])[customer] + 6 * spread * rng.standard_normal(distinct)
    price = np.exp(3 + 0.8 * spread * rng.standard_normal(distinct))
    if kind == "tail-cut":
        hit = (price > np.quantile(price, 0.8)) & (rng.random(distinct) < strength)
        price[hit] = rng.choice(price[~hit], hit.sum())
    regions = REGIONS * np.where(np.arange(5) == 2, 1 - strength * (kind == "class-drop"), 1)
    region = rng.choice(5, distinct, p=regions / regions.sum())
    rating = rng.choice(5, distinct) + 1.0
    rating[rng.random(distinct) < 0.3] = np.nan
    view = ColumnsView(
        rng.integers(0, BUCKETS, distinct),
        distinct,
        (
            Column("age", "number", age),
            Column("price", "number", price),
            Column("rating", "number", rating),
            Column("region", "category", np.array(["NO", "SE", "DK", "FI", "IS"])[region]),
        ),
    )
    return _repeated(view, index, rng)


# What all worlds share.


def _spread(kind: str, strength: float) -> float:
    return {"variance-shrink": 1 - 0.6 * strength, "over-dispersion": 1 + strength}.get(kind, 1.0)


def _copies(
    kind: str, strength: float, samples: int, rng: np.random.Generator
) -> tuple[int, np.ndarray]:
    """How many distinct samples there are, and which of them stands at each place."""
    if kind != "near-duplicates":
        return samples, np.arange(samples)
    distinct = round(samples * (1 - 0.5 * strength))
    return distinct, np.resize(rng.permutation(distinct), samples)


def _repeated(view: View, index: np.ndarray, rng: np.random.Generator) -> View:
    """Copies as different files would be: other bytes, other buckets, nearly the same content."""
    if len(index) == count(view):
        return view
    out = take(view, index)
    out = out._replace(bucket=rng.integers(0, BUCKETS, len(index)), groups=len(index))
    if isinstance(out, TextsView):
        return out._replace(texts=tuple(_one_word_changed(text, rng) for text in out.texts))
    if isinstance(out, FeatureView):
        noise = rng.normal(0, 0.01, out.features.shape).astype(np.float32)
        media = np.array([rng.bytes(32) for _ in index], dtype="S32")
        out = out._replace(features=out.features + noise, media=media)
    return out


def _one_word_changed(text: str, rng: np.random.Generator) -> str:
    words = text.split(" ")
    words[rng.integers(len(words))] = _spelling(int(rng.integers(VOCABULARY)))
    return " ".join(words)


def of(metric: Metric) -> str:
    """The world that a metric is asked about: that of its view, or of the embedder it needs."""
    return metric.embedder or metric.view


WORLDS: dict[str, World] = {
    "boxes": boxes,
    "tokens": tokens,
    "texts": texts,
    "causal_lm": causal_lm,
    "features": features,
    "categories": categories,
    "columns": columns,
}
