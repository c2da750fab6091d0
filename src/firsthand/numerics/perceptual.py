"""Nearly the same image, nearly the same text: cheap signatures, then an exact comparison.

Signatures only propose pairs. What counts is decided on the content: the correlation of two small
pictures, or the Jaccard similarity of two sets of word runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import TokensView
from firsthand.numerics.tokens import Tokens, n_grams
from firsthand.types import BoolArray

HASH_BITS = 12
"""Differing bits of 64 up to which two images are compared; copies differ in up to 10."""

ALIKE = 0.98
"""Correlation of two pictures from which on they are one; chosen in docs/leaks.md."""

LEAST_SIDE = 32
"""Pixels below which different images of one kind are as alike as copies are (digits are)."""

JACCARD = 0.8
RUN = 3  # words
PERMUTATIONS = 128
ROWS = 4  # 32 bands of 4: texts of similarity 0.8 share a band with probability 1 - 5e-8
BLOCK = 1024

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


class Pair(NamedTuple):
    """Two items that are nearly the same, by row, and how similar they are."""

    first: int
    second: int
    similarity: float


def grey(pixels: Pixels) -> Floats:
    """Brightness of pictures (n, h, w, 3) as (n, h, w) in 0..255."""
    return np.asarray(pixels @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def d_hash(pictures: Floats) -> BoolArray:
    """Is it brighter to the right? 8 x 8 comparisons, (n, 64) from (n, 16, 16) grey values."""
    rows = pictures.reshape(-1, 8, 2, pictures.shape[2]).mean(axis=2)
    columns = rows[:, :, np.linspace(0, pictures.shape[2] - 1, 9).round().astype(np.int64)]
    return np.asarray(np.diff(columns, axis=2) > 0).reshape(-1, 64)


def p_hash(pictures: Floats) -> BoolArray:
    """Is a low frequency above the median of all? (n, 64) from (n, side, side) grey values."""
    side = pictures.shape[1]
    angle = np.pi * (np.arange(side) + 0.5) / side
    cosine = np.cos(np.arange(1, 9)[:, None] * angle)
    low = np.einsum("ui,nij,vj->nuv", cosine, pictures, cosine).reshape(-1, 64)
    return np.asarray(low > np.median(low, axis=1, keepdims=True))


def alike_images(first: Pixels, second: Pixels, alike: float = ALIKE) -> Iterator[Pair]:
    """Which pictures of one list are nearly one of the other?

    Args:
        first: (n, 16, 16, 3) pictures.
        second: (m, 16, 16, 3) pictures.
        alike: correlation of grey values from which on two are the same.

    Yields every pair that either hash proposes and the correlation confirms. Pictures of one
    brightness have no correlation and match nothing.
    """
    greys = grey(first), grey(second)
    hashes = [[_signs(make(each)) for make in (d_hash, p_hash)] for each in greys]
    left, right = (_standardised(each) for each in greys)
    for start in range(0, len(left), BLOCK):
        part = slice(start, start + BLOCK)
        # For signs in {-1, 1} the product is 64 minus twice the number of differing bits.
        shared = np.maximum(*(mine[part] @ their.T for mine, their in zip(*hashes, strict=True)))
        rows, columns = np.nonzero(shared >= 64 - 2 * HASH_BITS)
        similarity = np.einsum("ij,ij->i", left[start + rows], right[columns])
        for at in np.flatnonzero(similarity >= alike):
            yield Pair(int(start + rows[at]), int(columns[at]), float(similarity[at]))


def _signs(bits: BoolArray) -> Floats:
    return np.where(bits, np.float32(1), np.float32(-1))


def _standardised(pictures: Floats) -> Floats:
    flat = pictures.reshape(-1, pictures.shape[1] * pictures.shape[2])
    flat = flat - flat.mean(axis=1, keepdims=True)
    length = np.sqrt(np.einsum("ij,ij->i", flat, flat))[:, None]
    return np.asarray(np.divide(flat, length, out=np.zeros_like(flat), where=length > 0))


def alike_texts(first: TokensView, second: TokensView, jaccard: float = JACCARD) -> Iterator[Pair]:
    """Which texts of one list are nearly one of the other?

    Args:
        first: n documents.
        second: m documents.
        jaccard: shared runs of three words over all runs of both, from which on two are the same.

    Documents under three tokens are not compared: so little is shared by chance.
    """
    left, right = _runs(first), _runs(second)
    for row, column in sorted(_proposed(_min_hash(left), _min_hash(right))):
        one, other = left[row], right[column]
        shared = len(np.intersect1d(one, other, assume_unique=True))
        similarity = shared / (len(one) + len(other) - shared)
        if similarity >= jaccard:
            yield Pair(row, column, similarity)


def _runs(view: TokensView) -> list[Tokens]:
    """The distinct runs of three words of each document."""
    by_document = view._replace(bucket=np.arange(len(view.bucket)))
    hashes, document = n_grams(by_document, RUN)
    edges = np.searchsorted(document, np.arange(len(view.bucket) + 1))
    return [np.unique(hashes[a:b]) for a, b in zip(edges[:-1], edges[1:], strict=True)]


def _min_hash(runs: list[Tokens]) -> NDArray[np.uint64]:
    """(n, 128) smallest value of each of 128 hash functions over a document's runs.

    Two documents agree in each with a probability equal to their Jaccard similarity (Broder 1997).
    """
    rng = np.random.default_rng(128)
    factor = rng.integers(0, 2**63, PERMUTATIONS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    shift = np.uint64(32)
    out = np.zeros((len(runs), PERMUTATIONS), np.uint64)
    for at, values in enumerate(runs):
        if len(values):
            out[at] = ((values[:, None] * factor) >> shift).min(axis=0)
    return out


def _proposed(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> set[tuple[int, int]]:
    """Pairs that agree in all four values of some band."""
    pairs: set[tuple[int, int]] = set()
    for start in range(0, PERMUTATIONS, ROWS):
        band = slice(start, start + ROWS)
        by_key = defaultdict(list)
        for row in np.flatnonzero(first.any(axis=1)):
            by_key[first[row, band].tobytes()].append(int(row))
        for column in np.flatnonzero(second.any(axis=1)):
            pairs |= {(row, int(column)) for row in by_key.get(second[column, band].tobytes(), ())}
    return pairs
