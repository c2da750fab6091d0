"""What a single comparison cannot tell: spread (T), origins (E) and the shape over time (H)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from firsthand.composition import compose
from firsthand.contracts import FeatureView
from firsthand.diagnosing import places
from firsthand.diagnosing.answer import Evidence
from firsthand.diagnosing.exchange import difference
from firsthand.diagnosing.links import TOLERATED, Asked, Way, told, unknown
from firsthand.monitor import Monitored, Watched, monitor
from firsthand.sides import Side
from firsthand.sources import samples_of
from firsthand.trajectory import Row
from firsthand.types import UNKNOWN, Composition, Dataset, Provenance

WIDER = 1.1  # ratio of spreads from which it matters
AT_ONCE = 2 / 3  # of a fall in one step: a step; less: gradual
LOOKS = 3
MODELS = ("other-synthetic", "pseudo-label", "own-output")


def spread(train: Side, samples: Side, way: Way) -> Asked:
    """T: are the samples spread wider than the training set?

    Points: mean squared distance to the middle of the training set, samples over training set.
    Texts: by how much rarer its words are.
    """
    offers = train.offers & samples.offers
    if "tokens" in offers:
        return told("T", places.rarity(train, samples, way.seed))
    if "features" not in offers or train.task in {"detect", "segment", "oriented"}:
        return unknown("T", "labels-cannot-tell")
    seen = [cast(FeatureView, side.view("features")) for side in (samples, train)]
    rows = [each.features.astype(np.float64) for each in seen]
    middle = rows[1].mean(axis=0)
    away = [((each - middle) ** 2).sum(axis=1) for each in rows]
    chance = difference(
        np.concatenate(away), np.arange(sum(map(len, away))) < len(away[0]), way.seed, means=True
    )
    base = float(away[1].mean()) or 1.0
    evidence = Evidence(
        code="T",
        state="whole",
        value=1 + chance.value / base,
        null_low=1 + chance.null_low / base,
        null_high=1 + chance.null_high / base,
        p_value=chance.p_value,
        metric="spread",
        unit="times the spread of the training set",
        n=min(map(len, away)),
    )
    return Asked(evidence, 1 + chance.value / base >= WIDER)


def made_of(train: Side, declared: Provenance | None) -> Composition:
    """Origins of the training set; what is declared holds where a sample says nothing."""
    return compose(_said(samples_of(train, declared), declared))


def origin(made: Composition) -> Evidence:
    """E: what share of the training set did models make or label? The highest generation too.

    A share below the loss that is tolerated can take no more than that from anything, and explains
    nothing: such a set counts as human.
    """
    models = sum(made.by_class.get(kind, 0) for kind in MODELS)  # type: ignore[call-overload]
    unknowns = made.by_class.get("unknown", 0)
    known = [int(name) for name in made.by_generation if name != "unknown"]
    enough = models >= TOLERATED * made.total
    if not enough and models + unknowns >= TOLERATED * made.total:
        return Evidence(code="E", state="unknown", reason="unknown-origin", n=made.total)
    return Evidence(
        code="E",
        state="model-made" if enough else "human",
        value=models / made.total,
        absolute=float(max(known)) if known else None,
        metric="origin",
        unit="share of samples",
        n=made.total,
    )


def _said(found: Dataset, declared: Provenance | None) -> Dataset:
    """What is declared holds for samples that carry no word of it, also of data already read."""
    if declared is None:
        return found
    samples = tuple(
        replace(one, provenance=declared) if one.provenance == UNKNOWN else one
        for one in found.samples
    )
    return replace(found, samples=samples)


def shape(rows: Sequence[Row] | None, alpha: float) -> Evidence:
    """H: has it got worse over the generations, at once or step by step?

    The value is the share of the fall that came in one step, of the question with most evidence.
    """
    if rows is None:
        return Evidence(code="H", state="unknown", reason="no-history")
    found = monitor(rows, alpha=alpha)
    if not found.watched:
        return Evidence(code="H", state="unknown", reason="nothing-watched")
    if found.alarm is None and len(found.generations) < LOOKS:
        return Evidence(code="H", state="unknown", reason="too-few-looks", n=len(found.generations))
    if found.alarm is None:
        return Evidence(code="H", state="flat", metric="monitor", n=len(found.generations))
    worst = _worst(found)
    if len(worst.values) < LOOKS:
        return Evidence(code="H", state="unknown", reason="too-few-looks", n=len(worst.values))
    share = at_once(worst)
    return Evidence(
        code="H",
        state="step" if share >= AT_ONCE else "gradual",
        value=share,
        metric=worst.metric,
        slice=worst.slice,
        unit="share of the change that came in one step",
        n=len(worst.values),
    )


def _worst(found: Monitored) -> Watched:
    return max(found.watched, key=lambda one: (one.alarm is not None, max(one.adjusted, default=0)))


def at_once(one: Watched) -> float:
    """The largest step towards worse, as a share of the whole way; the way begins at the null."""
    sign = 1.0 if one.worse == "up" else -1.0
    start = sum(one.null[0]) / 2
    steps = sign * np.diff([start, *one.values])
    way = float(steps.sum())
    return float(min(steps.max() / way, 1.0)) if way > 0 else 1.0
