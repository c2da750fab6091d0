"""Does a pool hold the classes in the proportions of the reference? Told from predictions alone.

How often a detector reports a class says how often it is there, once what it misses and makes up is
taken into account: with r found of the objects and f false boxes an image on the anchor, p reports
an image of the pool mean (p - f) / r objects an image. Over the reference's, that is 1 where the
mix is the same. r and f are taken at the confidence at which that varies least.

Fails below 10 objects of the class in the anchor (Undetermined). Supposes that the detector does as
well on the pool as on the anchor: a ratio far from 1 says that the mix or the images differ, and a
person has to look.

Source: adjusted counting, Forman 2008 (Data Mining and Knowledge Discovery 17); label shift seen
through a classifier, Lipton et al. 2018 (arXiv:1802.03916).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firsthand.detections.choosing import Anchor, Expected
from firsthand.detections.measures import too_few
from firsthand.detections.objects import IntArray, Objects
from firsthand.types import BoolArray, FloatArray, Measurement, Undetermined

NAME = "class_mix"
UNIT = "objects per image, pool over reference"
REPLICATES = 2000
LEVEL = 0.95
UNITS = 500


class Mix(NamedTuple):
    """The pool's share of each class over the reference's."""

    answers: tuple[Measurement | Undetermined, ...]  # one a class
    low: FloatArray  # (classes,) family-wise interval of the ratio; 0 where nothing can be said
    high: FloatArray  # (classes,) infinite where nothing can be said

    @property
    def differs(self) -> BoolArray:
        """Which classes are rarer or more frequent than in the reference, (classes,)."""
        return np.asarray((self.high < 1) | (self.low > 1))


def mix(pool: Objects, reference: Expected, anchor: Anchor, seed: int = 0) -> Mix:
    """Estimate each class's frequency in the pool, over that of the reference.

    Args:
        pool: predictions on images that nobody labelled, after NMS.
        reference: how many objects an image of the reference holds.
        anchor: the same detector's predictions on images that people labelled.
        seed: of the bootstrap over images of both.
    """
    names = reference.cells.classes
    drawn = _Drawn(anchor, pool, np.random.Generator(np.random.Philox(key=seed, counter=6)))
    answers: list[Measurement | Undetermined] = []
    low, high = np.zeros(len(names)), np.full(len(names), np.inf)
    tail = (1 - LEVEL) / 2 / len(names)  # Bonferroni: any class, both ways
    for label, name in enumerate(names):
        short = _too_few(anchor, reference, label, name)
        if short is not None:
            answers.append(short)
            continue
        ratio = drawn.ratio(reference, label)
        low[label], high[label] = np.quantile(ratio[1:], [tail, 1 - tail])
        answers.append(drawn.said(ratio, label, name, seed))
    return Mix(tuple(answers), low, high)


def _too_few(anchor: Anchor, reference: Expected, label: int, name: str) -> Undetermined | None:
    objects = float((anchor.human.label == label).sum())
    groups = int(anchor.human.group.max(initial=-1)) + 1
    rate = reference.by_class[label] * reference.images
    return too_few(NAME, (("class", name),), min(objects, rate), groups)


class _Drawn:
    """Multiplicities of groups of the anchor's images and of the pool's, in every replicate.

    The first row of each counts everything once: the estimate itself.
    """

    def __init__(self, anchor: Anchor, pool: Objects, rng: np.random.Generator) -> None:
        self.anchor, self.pool, self.rng = anchor, pool, rng
        self.of_anchor, self.of_pool = (_draws(each, rng) for each in (anchor.human, pool))

    def ratio(self, reference: Expected, label: int) -> FloatArray:
        """The class's frequency in the pool over the reference's, (1 + replicates,)."""
        found, right = self.anchor.found, self.anchor.right
        sure = _operating(self.anchor, label)
        reported = (found.label == label) & (found.confidence >= sure)
        there = self._rate(self.anchor.human, self.anchor.human.label == label, self.of_anchor)
        false = self._rate(found, reported & ~right, self.of_anchor)
        hit = self._rate(found, reported & right, self.of_anchor)
        seen = (self.pool.label == label) & (self.pool.confidence >= sure)
        share = np.divide(hit, there, out=np.full_like(hit, np.nan), where=there > 0)
        objects = (self._rate(self.pool, seen, self.of_pool) - false) / np.maximum(share, 1e-9)
        theirs = np.full(len(objects), reference.by_class[label])
        theirs[1:] += reference.error[label] * self.rng.normal(size=len(objects) - 1)
        out = np.clip(objects, 0, None) / np.maximum(theirs, 1e-9)
        return np.asarray(np.where(np.isfinite(out), out, out[0]))

    def _rate(self, objects: Objects, which: BoolArray, side: _Draws) -> FloatArray:
        amount = which * objects.weight[objects.image]
        held = np.bincount(side.unit[objects.image], amount, side.weights.shape[1])
        return np.asarray((side.weights @ held) / np.maximum(side.weights @ side.images, 1e-9))

    def said(self, ratio: FloatArray, label: int, name: str, seed: int) -> Measurement:
        """The estimate, with what chance would have shown of a pool of the same mix."""
        value = float(ratio[0])
        low, high = np.quantile(ratio[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        apart = np.quantile(ratio[1:] - value, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Measurement(
            metric=NAME,
            slice=(("class", name),),
            value=value,
            low=float(min(low, value)),
            high=float(max(high, value)),
            null_low=max(1 + float(apart[0]), 0.0),
            null_high=1 + float(apart[1]),
            unit=UNIT,
            worse="down" if value < 1 else "up",
            n_reference=int((self.anchor.human.label == label).sum()),
            n_candidate=int((self.pool.label == label).sum()),
            groups=self.pool.images,
            seed=seed,
            method="adjusted count; bootstrap over images of anchor and pool",
            level=LEVEL,
        )


class _Draws(NamedTuple):
    weights: FloatArray  # (1 + replicates, units)
    unit: IntArray  # (images,)
    images: FloatArray  # (units,)


def _draws(objects: Objects, rng: np.random.Generator) -> _Draws:
    unit = objects.group % UNITS
    units = int(unit.max(initial=0)) + 1
    drawn = rng.multinomial(units, np.full(units, 1 / units), size=REPLICATES)
    images = np.bincount(unit, objects.weight, units).astype(np.float64)
    return _Draws(np.concatenate([np.ones((1, units)), drawn]), unit, images)


def _operating(anchor: Anchor, label: int) -> float:
    """The confidence at which the estimate varies least, going by the anchor.

    With r of the objects found and f false reports an image its variance goes as (ρ r + 2 f) / r²:
    reports of the pool, and false ones of the anchor that are taken off.
    """
    of = anchor.found.label == label
    order = np.argsort(-anchor.found.confidence[of], kind="stable")
    sure, right = anchor.found.confidence[of][order], anchor.right[of][order]
    hits, false = np.cumsum(right), np.cumsum(~right)
    spread = np.divide(
        hits + 2 * false + 1, hits**2, out=np.full(len(hits), np.inf), where=hits > 0
    )
    return float(sure[np.argmin(spread)]) if len(sure) else 1.0
