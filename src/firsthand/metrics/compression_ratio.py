"""How many times smaller does the text become when it is compressed?

Compression finds what is said again in the same letters, of any length, in a window of 32 KB: text
that repeats itself becomes smaller. The ratio grows with the amount of text, so both sides are cut
into pieces of one size, the documents of each bucket joined in an order that has nothing to do with
what they say. The absolute value compresses all of the candidate in one go, once.

Source: Shaib et al. 2024 (arXiv:2403.00553); DEFLATE at level 6.
"""

from __future__ import annotations

import hashlib
import zlib

import numpy as np

from firsthand.contracts import BUCKETS, Draws, Metric, Splits, TextsView
from firsthand.numerics.halves import nothing, ratio_draws, too_few
from firsthand.numerics.quotients import Sums, quotients
from firsthand.numerics.texts import shared_words
from firsthand.types import ALL

NAME = "compression_ratio"
LEVEL = 6
PIECE = 32768  # bytes at most: what the window holds
MIN_GROUPS = 20
MIN_BYTES = 200  # in a piece: less is mostly header


def compare(reference: TextsView, candidate: TextsView, splits: Splits) -> Draws:
    """The ratio of the candidate over that of a second human sample in pieces as large."""
    groups = min(reference.groups, candidate.groups)
    ours, theirs = _joined(reference), _joined(candidate)
    piece = min(PIECE, *(_typical(side) for side in (ours, theirs)))
    problem = too_few(NAME, groups, piece, (MIN_GROUPS, MIN_BYTES))
    if problem is not None:
        return nothing(splits, groups, problem)
    found, parts = quotients(_sums(ours, piece), _sums(theirs, piece), splits)
    whole = b"\n".join(text.encode(errors="replace") for text in candidate.texts)
    absolute = np.array([len(whole) / len(zlib.compress(whole, LEVEL))])
    return ratio_draws(
        (ALL,), found, parts, shared_words(reference, candidate), groups, absolute=absolute
    )


def _joined(view: TextsView) -> list[bytes]:
    """The documents of each bucket, joined in the order of their digests."""
    held: list[list[bytes]] = [[] for _ in range(BUCKETS)]
    for bucket, text in zip(view.bucket.tolist(), view.texts, strict=True):
        held[bucket].append(text.encode(errors="replace"))
    return [
        b"\n".join(sorted(each, key=lambda text: hashlib.sha256(text).digest())) for each in held
    ]


def _typical(joined: list[bytes]) -> int:
    """Half of the middle size of the buckets that hold any text: most give a piece or two."""
    sizes = [len(each) for each in joined if each]
    return int(np.median(sizes)) // 2 if sizes else 0


def _sums(joined: list[bytes], piece: int) -> Sums:
    """Bytes before and after, by bucket, of whole pieces; what is left over is left out."""
    before, after = np.zeros((2, BUCKETS))
    for at, data in enumerate(joined):
        for begin in range(0, len(data) - piece + 1, piece):
            after[at] += len(zlib.compress(data[begin : begin + piece], LEVEL))
            before[at] += piece
    return Sums(before, after)


component = Metric(
    name=NAME,
    question="How many times smaller does the text become when it is compressed?",
    unit="times the ratio of a second human sample",
    range=(0.0, float("inf")),
    worse="up",
    source="Shaib et al. 2024 (arXiv:2403.00553)",
    view="texts",
    tasks=frozenset({"text"}),
    neutral=1.0,
    size_free=False,
    audited=False,
    absolute_unit="bytes of the candidate before compression for each byte after it",
    min_groups=MIN_GROUPS,
    min_objects=MIN_BYTES,
    sees=frozenset({"variance-shrink", "tail-cut"}),
    blind_to=frozenset({"over-dispersion"}),
    compare=compare,
)
