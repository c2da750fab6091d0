"""Three small models that train on what they made: of digits, of texts, and of box labels.

Each is a function from a training set and a random generator to the next output, as large as it.
They are as simple as can lose a tail: none is tuned to a metric. first_alarm.py runs them.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np

SMOOTH = 0.2  # share of a class's standard deviation that is put in the place of a digit's own
LEAST_SURE = 0.01  # of the boxes that a labeller draws, the share it is too unsure of to keep
MARK = ""  # stands before the first word of a text


class Digits(NamedTuple):
    """Images with their classes."""

    pixels: np.ndarray  # (n, h, w) 0..255
    labels: np.ndarray  # (n,)


def next_digits(given: Digits, rng: np.random.Generator, smooth: float = SMOOTH) -> Digits:
    """A kernel model of each class: a training image, moved about as its class varies.

    The smoothed bootstrap (Silverman 1986, 6.4.1): x' = m + sqrt(1 - h²) (x - m) + h e, with e of
    the class's own mean 0 and covariance, so that mean and covariance stay what they are in
    expectation. Classes are drawn in proportion. With `smooth` 0 images are copied as they are, and
    nothing but drawing loses anything.
    """
    labels = rng.choice(given.labels, len(given.labels))
    flat = given.pixels.reshape(len(given.pixels), -1).astype(np.float32)
    out = np.empty_like(flat)
    for label in np.unique(labels):
        own = flat[given.labels == label]
        here = np.flatnonzero(labels == label)
        centred = own - own.mean(axis=0)
        kernel = rng.standard_normal((len(here), len(own))) @ centred / np.sqrt(len(own))
        drawn = centred[rng.integers(0, len(own), len(here))]
        out[here] = own.mean(axis=0) + np.sqrt(1 - smooth**2) * drawn + smooth * kernel
    pixels = np.clip(np.round(out), 0, 255).astype(np.uint8)
    return Digits(pixels.reshape(given.pixels.shape), labels)


def next_texts(given: list[str], rng: np.random.Generator) -> list[str]:
    """A trigram model: each word follows two others as often as in the training texts.

    Texts are as many and as long as the training texts. A pair of words that was only seen at the
    end of a text goes on like its second word alone.
    """
    pairs: dict[tuple[str, str], list[str]] = defaultdict(list)
    words: dict[str, list[str]] = defaultdict(list)
    for text in given:
        row = [MARK, MARK, *text.split()]
        for first, second, third in zip(row, row[1:], row[2:], strict=False):
            pairs[first, second].append(third)
            words[second].append(third)
    return [_written(pairs, words, len(text.split()), rng) for text in given]


def _written(pairs: dict, words: dict, length: int, rng: np.random.Generator) -> str:
    row = [MARK, MARK]
    for chance in rng.random(length):
        seen = pairs.get((row[-2], row[-1])) or words.get(row[-1]) or words[MARK]
        row.append(seen[int(chance * len(seen))])
    return " ".join(row[2:])


class Labels(NamedTuple):
    """Boxes of images: class, and centre and logarithms of the sides."""

    image: np.ndarray  # (boxes,)
    label: np.ndarray  # (boxes,)
    place: np.ndarray  # (boxes, 4)
    images: int


def next_labels(given: Labels, rng: np.random.Generator) -> Labels:
    """A labeller that draws boxes where and as large as it saw them, and leaves out unsure ones.

    How many boxes of which class an image has is drawn from the training images; place and sides
    of each from a kernel density of its class (Scott's rule). Its confidence is the density of
    what it drew among all boxes of all classes, and the least sure hundredth is not kept, as by a
    threshold on the score of a detector.
    """
    source = rng.integers(0, given.images, given.images)
    rows = [np.flatnonzero(given.image == at) for at in range(given.images)]
    image = np.repeat(np.arange(given.images), [len(rows[at]) for at in source])
    label = given.label[np.concatenate([rows[at] for at in source])]
    place = np.empty((len(label), 4))
    density = np.zeros(len(label))
    for each in np.unique(label):
        own, here = given.place[given.label == each], np.flatnonzero(label == each)
        width = own.std(axis=0) * len(own) ** (-1 / 8) + 1e-9
        place[here] = own[rng.integers(0, len(own), len(here))]
        place[here] += width * rng.standard_normal((len(here), 4))
    for each in np.unique(given.label):
        own = given.place[given.label == each]
        density += _density(place, own) * len(own) / len(given.label)
    kept = density >= np.quantile(density, LEAST_SURE)
    return Labels(image[kept], label[kept], place[kept], given.images)


def _density(points: np.ndarray, own: np.ndarray) -> np.ndarray:
    width = own.std(axis=0) * len(own) ** (-1 / 8) + 1e-9
    scaled, centres = points / width, own / width
    squared = (scaled**2).sum(1)[:, None] + (centres**2).sum(1) - 2 * scaled @ centres.T
    return np.exp(-np.maximum(squared, 0) / 2).mean(axis=1) / width.prod()
