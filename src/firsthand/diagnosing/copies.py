"""Does the model repeat what it was trained on (D), and does it fit that better than new data (C)?

With held-out samples of the training set's law both are permutation tests (see `exchange`). Points:
D is the share of copies that explains how many samples lie nearer to the training set than to the
held-out set, if the rest is fair (of sets of one size twice that share, less one); C is by how much
nearer the training set lies to the samples, log ratio of distances. Texts: D is the share of the
samples' runs of eight words that occur in the training set, less that in the held-out set; C is the
surprise of a model of the samples at the held-out texts, less that at the training set, in nats a
word.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import FeatureView, TokensView
from firsthand.diagnosing.answer import Code, Evidence
from firsthand.diagnosing.exchange import Chance, difference
from firsthand.diagnosing.links import Asked, Link, unknown
from firsthand.numerics.language import Model, documents, log_chances, numbered, train
from firsthand.numerics.neighbours import Points, nearest
from firsthand.numerics.surprise import vocabulary_of
from firsthand.numerics.tokens import document_of
from firsthand.sides import Side
from firsthand.types import FloatArray

COPIED = 0.2  # share of copies from which it matters (decision 0022)
GAP = 0.05  # log ratio of distances, or nats a word, from which it matters
AT_MOST = 2000  # documents of each of the three sets; more are drawn from
SOUGHT = 20_000  # points of the training set and of the held-out set among which copies are sought
MADE = 5000  # points that the model made of which each is looked for
RUN = 8  # words in a row that two texts do not share by chance
NEAR = 3.0  # near_copies of a training set of which a fifth is repeated: 1 + 10 x COPIED
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)

Words = NDArray[np.uint64]


def memorised(train_side: Side, samples: Side, heldout: Side, seed: int) -> tuple[Asked, Asked]:
    """C and D, from held-out samples that are like the training set."""
    offers = train_side.offers & samples.offers & heldout.offers
    if "tokens" in offers:
        words = [cast(TokensView, side.view("tokens")) for side in (train_side, samples, heldout)]
        return _of_texts(words[0], words[1], words[2], seed)
    if "features" not in offers or train_side.task in {"detect", "segment", "oriented"}:
        return unknown("C", "labels-cannot-tell"), unknown("D", "labels-cannot-tell")
    seen = [cast(FeatureView, side.view("features")) for side in (train_side, samples, heldout)]
    return _of_points(seen[0], seen[1], seen[2], seed)


def near_copies(link: Link, why: str = "no-heldout") -> Asked:
    """D without held-out samples: near copies against what the training set shows of itself.

    A model that keeps to the middle lies near to everything there too, so that where something is
    lost this cannot tell.

    Args:
        link: from the training set to the samples.
        why: code of the reason why no held-out samples can be used.
    """
    one = next((each for each in link.measurements if each.metric == "near_copies"), None)
    if one is None:
        return unknown("D", why)
    evidence = Evidence(
        code="D",
        state="whole",
        value=one.value,
        null_low=one.null_low,
        null_high=one.null_high,
        p_value=one.adjusted_p,
        metric=one.metric,
        unit=one.unit,
        absolute=one.absolute,
        n=min(one.n_reference, one.n_candidate),
    )
    narrow = link.lost.material and (link.lost.evidence.p_value or 0.0) <= 0.05
    if narrow and one.value >= NEAR:
        return unknown("D", "copies-or-narrow")
    return Asked(evidence, one.value >= NEAR)


def _pool(n: int, m: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], ...]:
    """As many of n as of m, at random."""
    size = min(n, m, AT_MOST)
    return rng.permutation(n)[:size], rng.permutation(m)[:size]


def _of_points(
    train_view: FeatureView, samples: FeatureView, heldout: FeatureView, seed: int
) -> tuple[Asked, Asked]:
    rng = np.random.Generator(np.random.Philox(key=seed, counter=12))
    fresh = np.flatnonzero(~np.isin(heldout.media, train_view.media))
    if len(fresh) < 20 or len(train_view.media) < 20:
        return unknown("C", "too-few-heldout"), unknown("D", "too-few-heldout")
    mine = rng.permutation(len(train_view.media))[:SOUGHT]
    other = rng.permutation(len(fresh))[:SOUGHT]
    pool = np.concatenate([train_view.features[mine], heldout.features[fresh[other]]])
    made = samples.features[rng.permutation(len(samples.media))[:MADE]]
    trained = np.arange(len(pool)) < len(mine)
    there, back = _points(pool, 0), _points(made, len(pool))
    hits = np.bincount(nearest(back, there, 1).rows[:, 0], minlength=len(pool)).astype(float)
    gap = nearest(there, back, 1).distance[:, 0].astype(float)
    least = max(float(np.median(gap)) * 1e-3, 1e-12)
    # With the share t of the pool trained on and c of the samples copies, c + (1 - c) t lie nearer
    # to training: what is compared is (share - t) / (1 - t), which is c.
    copied = difference(hits * (len(mine) / len(made)), trained, seed, means=True)
    closer = difference(-np.log(gap + least), trained, seed, means=True)
    n = int(trained.sum())
    return (
        _answer("C", closer, "log ratio of distances", n, closer.value >= GAP),
        _answer("D", copied, "share of samples", n, copied.value >= COPIED),
    )


def _points(rows: NDArray[np.float32], start: int) -> Points:
    """All independent: each a bucket and a medium of its own."""
    own = np.arange(start, start + len(rows))
    return Points(rows, own, own)


def _of_texts(
    train_view: TokensView, samples: TokensView, heldout: TokensView, seed: int
) -> tuple[Asked, Asked]:
    rng = np.random.Generator(np.random.Philox(key=seed, counter=13))
    mine, other = _pool(len(train_view.bucket), len(heldout.bucket), rng)
    if len(mine) < 20:
        return unknown("C", "too-few-heldout"), unknown("D", "too-few-heldout")
    parts = [_some(train_view, mine), _some(heldout, other)]
    lengths = [len(part.bucket) for part in parts]
    trained = np.arange(sum(lengths)) < lengths[0]
    runs, _ = _runs(samples)
    seen = np.concatenate([_found(part, np.unique(runs)) for part in parts])
    held = max(len(runs), 1) / max(len(np.unique(runs)), 1)
    copied = difference(seen * held / max(len(runs), 1), trained, seed, means=False)
    views = numbered(samples, *parts)
    model = train(views[0], vocabulary_of(*views))
    surprise = np.concatenate([_surprise(model, part) for part in views[1:]])
    closer = difference(-surprise, trained, seed, means=True)
    return (
        _answer("C", closer, "nats a word", lengths[0], closer.value >= GAP),
        _answer("D", copied, "share of samples", lengths[0], copied.value >= COPIED),
    )


def _some(view: TokensView, rows: NDArray[np.int64]) -> TokensView:
    kept = np.zeros(len(view.bucket), bool)
    kept[rows] = True
    return documents(view, kept)


def _runs(view: TokensView) -> tuple[Words, NDArray[np.int64]]:
    """A hash of each run of eight words inside a document, and its document."""
    count = len(view.tokens) - RUN + 1
    if count <= 0:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    document = document_of(view)
    code = np.zeros(count, np.uint64)
    for at in range(RUN):
        code = code * MULTIPLIER + view.tokens[at : at + count]
    inside = document[:count] == document[RUN - 1 :]
    return code[inside], document[:count][inside]


def _found(view: TokensView, wanted: Words) -> FloatArray:
    """How many of the wanted runs does each document hold, each once?"""
    runs, document = _runs(view)
    kept = np.isin(runs, wanted)
    pairs = np.unique(np.stack([document[kept].astype(np.uint64), runs[kept]]), axis=1)[0]
    return np.bincount(pairs.astype(np.int64), minlength=len(view.bucket)).astype(float)


def _surprise(model: Model, view: TokensView) -> FloatArray:
    """Mean surprise at each document, nats a word."""
    nats = -log_chances(model, view)
    document, many = document_of(view), len(view.bucket)
    total = np.bincount(document, weights=nats, minlength=many)
    return np.asarray(total / np.maximum(np.bincount(document, minlength=many), 1))


def _answer(code: Code, found: Chance, unit: str, n: int, material: bool) -> Asked:
    evidence = Evidence(
        code=code,
        state="whole",
        value=found.value,
        null_low=found.null_low,
        null_high=found.null_high,
        p_value=found.p_value,
        metric="held-out-gap" if code == "C" else "copied-share",
        unit=unit,
        n=n,
    )
    return Asked(evidence, material)
