"""What is asked of a link by letting samples change places, beside the metrics.

Exact where samples are independent, and far more sensitive than counts of neighbours and of words:
modes that are gone, modes that have drawn together, texts that speak of other things, rarer words.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, cast

from firsthand.contracts import FeatureView, TokensView
from firsthand.diagnosing.answer import Code
from firsthand.diagnosing.exchange import Chance
from firsthand.diagnosing.modes import left, pooled, within
from firsthand.diagnosing.wording import in_common
from firsthand.diagnosing.wording import rarity as word_rarity
from firsthand.sides import Side

INDEPENDENT = 0.95  # groups a sample: a few equal samples do no harm


class Exact(NamedTuple):
    """One answer."""

    found: Chance
    metric: str
    unit: str
    worse: Literal["up", "down"]
    n: int


def lost(first: Side, second: Side, code: Code, seed: int) -> tuple[Exact, ...]:
    """What of the first set is lost in the second; of sampling (I), also what drew together."""
    if _are("tokens", first, second):
        found = _texts(first, second, seed)
        return (*found, rarity(first, second, seed, "down")) if code == "I" else found
    if not _are("features", first, second):
        return ()
    views = [cast(FeatureView, side.view("features")) for side in (first, second)]
    pool = pooled(views[0], views[1], seed)
    if pool is None:
        return ()
    n = min(len(view.media) for view in views)
    unit = "share of what a second human sample shows"
    gone = Exact(left(pool, seed), "modes-left", unit, "down", n)
    if code != "I":
        return (gone,)
    return gone, Exact(within(pool, seed), "spread-within-modes", "times as wide", "down", n)


def strange(first: Side, second: Side, code: Code, seed: int) -> tuple[Exact, ...]:
    """What in the samples is strange to the training set (F)."""
    if code != "F" or not _are("tokens", first, second):
        return ()
    return (rarity(first, second, seed, "up"),)


def _texts(first: Side, second: Side, seed: int) -> tuple[Exact, ...]:
    views = [cast(TokensView, side.view("tokens")) for side in (first, second)]
    found = in_common(views[0], views[1], seed)
    n = min(len(view.bucket) for view in views)
    unit = "share of texts that have their like, at most"
    return () if found is None else (Exact(found, "texts-in-common", unit, "down", n),)


def rarity(first: Side, second: Side, seed: int, worse: Literal["up", "down"] = "up") -> Exact:
    """How rare are the words of the second set?"""
    views = [cast(TokensView, side.view("tokens")) for side in (first, second)]
    if worse == "up":
        found = word_rarity(views[0], views[1], seed)
    else:
        other = word_rarity(views[1], views[0], seed)
        found = Chance(1 / other.value, 1 / other.null_high, 1 / other.null_low, other.p_value)
    n = min(len(view.bucket) for view in views)
    return Exact(found, "word-rarity", "times as rare as words of the first set", worse, n)


def _are(view: Literal["tokens", "features"], first: Side, second: Side) -> bool:
    """Can both be seen so, and are their samples independent?"""
    if view not in first.offers & second.offers:
        return False
    seen = [cast(TokensView | FeatureView, side.view(view)) for side in (first, second)]
    return all(each.groups >= INDEPENDENT * len(each.bucket) for each in seen)
