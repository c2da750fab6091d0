"""How likely is each word after the two before it? An n-gram model with Kneser-Ney smoothing.

Interpolated modified Kneser-Ney (Chen & Goodman 1999, Computer Speech & Language 13:359): what is
discounted from the runs that were seen goes to the next shorter context, and shorter runs count in
how many contexts they occur rather than how often. Each document is preceded by a begin that is
context only. Every word of a closed vocabulary has a chance above 0, also one never seen, and the
chances of all words sum to 1 in every context.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import TokensView
from firsthand.numerics.tokens import Tokens
from firsthand.types import BoolArray, FloatArray

LENGTH = 3  # words of a run, the last one given those before it
BEGIN, UNKNOWN = 0, -1

Ids = NDArray[np.int64]


class Order(NamedTuple):
    """What was seen of runs of one length. Keys are sorted."""

    contexts: Ids  # (c,) the words before the last
    passed_on: FloatArray  # (c,) share that goes to the shorter context
    runs: Ids  # (r,) place of the context, and the last word
    chance: FloatArray  # (r,) what is left of each run after the discount


class Model(NamedTuple):
    """A trained model."""

    words: Tokens  # (k,) words that were seen, sorted; the first has the id 1
    vocabulary: int  # words that may be said, also those never seen
    orders: tuple[Order, ...]  # of runs of 1, 2, ... words


def train(view: TokensView, vocabulary: int, length: int = LENGTH) -> Model:
    """Learn from documents.

    Args:
        view: documents.
        vocabulary: how many different words may be said, at least those seen; the rest share
            equally in what is left for unseen words.
        length: of the longest runs.
    """
    words = np.unique(view.tokens)
    history = _history(_ids(view.tokens, words), view.start, length)
    radix = len(words) + 1
    context = np.zeros(len(view.tokens), np.int64)
    known = [np.zeros(1, np.int64)]
    for back in range(1, length):
        codes = history[back] * len(known[-1]) + context
        codes, context = np.unique(codes, return_inverse=True)
        known.append(codes)
    runs, times = np.unique(context * radix + history[0], return_counts=True)
    orders = list[Order]()
    for codes, shorter in zip(known[::-1], [*known[-2::-1], known[0]], strict=True):
        orders.insert(0, _order(codes, runs, times, radix))
        # A shorter run occurs in as many contexts as there are longer ones that end in it.
        before = codes[runs // radix] % len(shorter)
        runs, times = np.unique(before * radix + runs % radix, return_counts=True)
    return Model(words, vocabulary, tuple(orders))


def _order(contexts: Ids, runs: Ids, times: Ids, radix: int) -> Order:
    place = runs // radix
    discount = _discounts(times)[np.minimum(times, 3)]
    total = np.bincount(place, weights=times, minlength=len(contexts))
    taken = np.bincount(place, weights=discount, minlength=len(contexts))
    passed_on = np.divide(taken, total, out=np.ones(len(contexts)), where=total > 0)
    return Order(contexts, passed_on, runs, (times - discount) / total[place])


def _discounts(times: Ids) -> FloatArray:
    """What to take off a run seen 0, 1, 2, and 3 or more times.

    Estimated from how many runs occur 1 to 4 times. Where these are too few, so that one is missing
    or a discount would not be above 0, there is one for all (Ney, Essen & Kneser 1994), a half
    where even that cannot be estimated.

    >>> _discounts(np.repeat([1, 2, 3, 4], [8, 4, 2, 1])).tolist()
    [0.0, 0.5, 1.25, 2.0]
    """
    once, twice, three, four = np.bincount(times, minlength=5)[1:5].tolist()
    one = once / (once + 2 * twice) if once and twice else 0.5
    if not (once and twice and three and four):
        return np.array([0.0, one, one, one])
    found = [1 - 2 * one * twice / once, 2 - 3 * one * three / twice, 3 - 4 * one * four / three]
    return np.array([0.0, *(found if min(found) > 0 else [one] * 3)])


def log_chances(model: Model, view: TokensView) -> FloatArray:
    """Log of the chance of each token after those before it in its document, (tokens,) nats."""
    length = len(model.orders)
    history = _history(_ids(view.tokens, model.words), view.start, length)
    radix = len(model.words) + 1
    chance = np.full(len(view.tokens), 1.0 / model.vocabulary)
    context, width = np.zeros(len(view.tokens), np.int64), 1
    for back, order in enumerate(model.orders):
        if back:
            codes = history[back] * width + context
            context = _find(order.contexts, codes, (history[back] >= 0) & (context >= 0))
            width = len(order.contexts)
        seen = context >= 0
        chance[seen] *= order.passed_on[context[seen]]
        run = _find(order.runs, context * radix + history[0], seen & (history[0] >= 0))
        chance[run >= 0] += order.chance[run[run >= 0]]
    return np.asarray(np.log(chance))


def _ids(tokens: Tokens, words: Tokens) -> Ids:
    """The number of each word, from 1 on; UNKNOWN if it was not seen in training."""
    place = _find(words, tokens)
    return np.where(place >= 0, place + 1, UNKNOWN)


def _find(keys: Ids | Tokens, wanted: Ids | Tokens, asked: BoolArray | None = None) -> Ids:
    """Where does each wanted key stand among the sorted ones? -1 if nowhere or not asked."""
    out = np.full(len(wanted), -1)
    rows = np.arange(len(wanted)) if asked is None else np.flatnonzero(asked)
    if not len(keys) or not len(rows):
        return out
    some = wanted[rows]
    if keys[-1] < 8 * (len(keys) + len(rows)):  # a table is quicker than a search, if it is small
        table = np.full(int(keys[-1]) + 2, -1)
        table[keys] = np.arange(len(keys))
        out[rows] = table[np.minimum(some, keys[-1] + keys.dtype.type(1))]
        return out
    place = np.minimum(np.searchsorted(keys, some), len(keys) - 1)
    out[rows] = np.where(keys[place] == some, place, -1)
    return out


def _history(ids: Ids, start: Ids, length: int) -> list[Ids]:
    """Each token, the one before it, and so on; BEGIN before a document's first."""
    place = np.arange(len(ids)) - np.repeat(start[:-1], np.diff(start))
    out = [ids]
    for back in range(1, length):
        moved = np.concatenate([np.full(min(back, len(ids)), BEGIN), ids[:-back]])
        out.append(np.where(place >= back, moved, BEGIN))
    return out


def numbered(*views: TokensView) -> list[TokensView]:
    """The same documents with small numbers for words, which are found sooner than hashes."""
    _, numbers = np.unique(np.concatenate([view.tokens for view in views]), return_inverse=True)
    ends = np.cumsum([len(view.tokens) for view in views])
    cut = np.split(numbers.astype(np.uint64), ends[:-1])
    return [view._replace(tokens=tokens) for view, tokens in zip(views, cut, strict=True)]


def documents(view: TokensView, kept: BoolArray) -> TokensView:
    """Some of the documents of a view, (documents,) bool."""
    lengths = np.diff(view.start)
    start = np.concatenate([[0], np.cumsum(lengths[kept])])
    tokens = view.tokens[np.repeat(kept, lengths)]
    return view._replace(bucket=view.bucket[kept], tokens=tokens, start=start)
