"""What do temperature, filters and guidance do to the model's own distribution (I)?

The same model's output is given twice: as it is used, and at temperature 1 without filters. What it
costs if every generation samples so is simulated. Words are drawn inside their contexts, see
`decoded_on`. Classes are drawn independently: shares to the power of the exponent, as many draws as
the output holds, and each generation the share out of reach on top. Mass that moves is then the
population limit of `theory.decoding`, without noise.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.contracts import BoxesView, FeatureView, TokensView
from firsthand.diagnosing.answer import Evidence, SamplingBias
from firsthand.diagnosing.decoded_on import by_context
from firsthand.numerics.neighbours import Points, nearest
from firsthand.numerics.tokens import document_of
from firsthand.sides import Side
from firsthand.theory.decoding import nucleus_mass, tempered_shares
from firsthand.theory.sharpening import sharpening
from firsthand.types import FloatArray

GENERATIONS = 10
CELLS = 50  # of feature space, around as many samples; each holds 20 samples or more
LEAST = 20
LEVEL = 0.95
CHAINS = 5  # simulated; of thousands of words these hardly differ


class _Kinds(NamedTuple):
    """Objects of both outputs by kind, and which unfiltered ones are in the first half."""

    plain: NDArray[np.int64]  # (n,) kind of each object of the unfiltered output
    first: NDArray[np.bool_]  # (n,)
    used: NDArray[np.int64]  # (m,) of the output as it is used
    kinds: int
    counted: str
    kept: tuple[tuple[str, float], ...] = ()


def sampling_bias(unfiltered: Side, samples: Side, train: Side, seed: int) -> SamplingBias | None:
    """Exponent, mass that is out of reach, and both after ten generations; None if too little."""
    found = _kinds(unfiltered, samples, seed)
    if found is None or min(len(found.plain) // 2, len(found.used)) < LEAST or found.kinds < 2:
        return None
    halves = [found.plain[found.first], found.plain[~found.first], found.used]
    counts = np.stack([np.bincount(each, minlength=found.kinds) for each in halves]).astype(float)
    if (counts.sum(axis=1) == 0).any() or ((counts > 0).sum(axis=1) < 2).any():
        return None
    bias = _by_shares(found, counts, seed)
    if found.counted != "tokens":
        return bias
    return by_context(bias, (train, unfiltered, samples), seed)


def _by_shares(found: _Kinds, counts: FloatArray, seed: int) -> SamplingBias:
    """All of it as if each object were drawn from the shares of the kinds."""
    power = None if found.counted == "cells" else sharpening(counts, level=LEVEL)
    lost, error = _out_of_reach(counts, seed)
    whole = counts[0] + counts[1]
    drawn = 1.0 if power is None else _drawn(whole, counts[2].sum(), power.value, seed)
    return SamplingBias(
        exponent=power and power.value,
        low=power and power.low,
        high=power and power.high,
        lost=lost,
        lost_low=max(lost - 1.96 * error, 0.0),
        lost_high=min(max(lost, 0.0) + 1.96 * error, 1.0),
        kept_after=drawn * float(nucleus_mass(float(np.clip(1 - lost, 1e-12, 1)), GENERATIONS)),
        fair_after=None if power is None else _drawn(whole, counts[2].sum(), 1.0, seed),
        moved_after=None if power is None else _moved(whole / whole.sum(), power.value),
        generations=GENERATIONS,
        kinds=int((whole > 0).sum()),
        counted=found.counted,
        kept=found.kept,
    )


def _drawn(counts: FloatArray, size: float, exponent: float, seed: int) -> float:
    """Share of the mass whose kinds are still there after so many generations of so many draws."""
    rng = np.random.Generator(np.random.Philox(key=seed, counter=16))
    start = counts[counts > 0] / counts.sum()
    now = np.tile(start, (CHAINS, 1))
    for _ in range(GENERATIONS):
        power = np.where(now > 0, now, 0.0) ** max(exponent, 0.05)
        now = rng.multinomial(int(size), power / power.sum(axis=1, keepdims=True)) / size
    return float(((now > 0) @ start).mean())


def _moved(start: FloatArray, exponent: float) -> float:
    """Share of mass that stands elsewhere after so many generations, by the exponent alone."""
    later = tempered_shares(start, 1 / max(exponent, 0.05), GENERATIONS)
    return float(np.abs(later - start).sum() / 2)


def _out_of_reach(counts: FloatArray, seed: int) -> tuple[float, float]:
    """Mass of kinds that the used output misses beyond what an equal sample misses, and its error.

    The second half of the unfiltered output is what mass is counted in, the first half is the equal
    sample: both outputs are thinned to one size.
    """
    rng = np.random.Generator(np.random.Philox(key=seed, counter=14))
    first, second, used = counts
    size = min(first.sum(), used.sum())
    equal, thin = (rng.binomial(each.astype(int), size / each.sum()) for each in (first, used))
    mass = second / second.sum()
    missed, usual = float(mass[thin == 0].sum()), float(mass[equal == 0].sum())
    error = np.sqrt((missed * (1 - missed) + usual * (1 - usual)) / second.sum())
    return max(missed - usual, 0.0), float(error)


def _kinds(unfiltered: Side, samples: Side, seed: int) -> _Kinds | None:
    offers = unfiltered.offers & samples.offers
    if "tokens" in offers:
        return _words(unfiltered, samples)
    if "boxes" in offers:
        return _classes(unfiltered, samples)
    return _cells(unfiltered, samples, seed) if "features" in offers else None


def _words(unfiltered: Side, samples: Side) -> _Kinds:
    plain, used = (side.view("tokens") for side in (unfiltered, samples))
    assert isinstance(plain, TokensView)
    assert isinstance(used, TokensView)
    names, ids = np.unique(np.concatenate([plain.tokens, used.tokens]), return_inverse=True)
    cut = len(plain.tokens)
    return _Kinds(ids[:cut], document_of(plain) % 2 == 0, ids[cut:], len(names), "tokens")


def _classes(unfiltered: Side, samples: Side) -> _Kinds:
    plain, used = (side.view("boxes") for side in (unfiltered, samples))
    assert isinstance(plain, BoxesView)
    assert isinstance(used, BoxesView)
    names = tuple(dict.fromkeys([*plain.classes, *used.classes]))
    place = {name: at for at, name in enumerate(names)}
    ids = [np.array([place[view.classes[at]] for at in view.label], int) for view in (plain, used)]
    rates = [
        np.bincount(each, minlength=len(names)) / len(view.bucket)
        for each, view in zip(ids, (plain, used), strict=True)
    ]
    kept = [
        (name, float(used_ / whole))
        for name, whole, used_ in zip(names, *rates, strict=True)
        if whole > 0
    ]
    return _Kinds(ids[0], plain.sample % 2 == 0, ids[1], len(names), "classes", tuple(kept))


def _cells(unfiltered: Side, samples: Side, seed: int) -> _Kinds:
    """Cells around unfiltered samples chosen at random, which are then left out."""
    plain, used = (side.view("features") for side in (unfiltered, samples))
    assert isinstance(plain, FeatureView)
    assert isinstance(used, FeatureView)
    rng = np.random.Generator(np.random.Philox(key=seed, counter=15))
    order = rng.permutation(len(plain.media))
    many = int(np.clip(len(order) // LEAST, 2, CELLS))
    own = np.arange(many)
    middle = Points(plain.features[order[:many]], own, own)
    rest = order[many:]
    sets = (plain.features[rest], used.features)
    away = [np.arange(many, many + len(each)) for each in sets]
    ids = [
        nearest(Points(each, at, at), middle, 1).rows[:, 0]
        for each, at in zip(sets, away, strict=True)
    ]
    return _Kinds(ids[0], np.arange(len(rest)) % 2 == 0, ids[1], many, "cells")


def state_of(evidence: Evidence, bias: SamplingBias | None, *, cured: bool) -> Evidence:
    """I: biased if the used output lost what the unfiltered one has, and is not merely flatter.

    Args:
        evidence: what of the unfiltered output is lost in the used one.
        bias: the exponent.
        cured: the link from the training set is broken, but not to the unfiltered output.
    """
    if evidence.state == "unknown":
        return evidence
    flatter = bias is not None and bias.high is not None and bias.high < 1
    biased = (evidence.state == "broken" or cured) and not flatter
    return replace(evidence, state="biased" if biased else "fair")
