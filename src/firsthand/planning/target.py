"""What is to be kept, of which classes, in training sets of which size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from firsthand.class_counts import ClassCounts, class_counts, of_split, sample_kinds
from firsthand.errors import InputError
from firsthand.numerics.domain import number, whole
from firsthand.numerics.special import beta_cdf
from firsthand.types import Dataset, FloatArray, Skip

LEVEL = 0.95  # of the interval of a human share
TINY = 1e-9
HALVINGS = 16  # of ten standard deviations


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Per class: P(share in generation G >= keep x human share) >= probability.

    `keep` 0 asks that the class occurs at all. `generations` None: any one generation once the
    process has settled, which is the worst that comes.

    >>> Target(samples=1000, keep=1.5)
    Traceback (most recent call last):
    ...
    firsthand.errors.InputError: keep is 1.5. Expected a finite number in [0, 1].
    """

    samples: int
    generations: int | None = None
    keep: float = 0.9
    probability: float = 0.95

    def __post_init__(self) -> None:
        whole("samples", self.samples, 2)
        number("keep", self.keep, 0, 1)
        number("probability", self.probability, 0, 1, inside=True)
        if self.generations is not None:
            whole("generations", self.generations, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanClass:
    """A class as the human data show it."""

    name: str
    objects: int
    share: float  # of the human objects
    low: float  # of the share's 95 % interval: Clopper and Pearson 1934, on independent draws
    high: float
    each: float  # objects of all classes in one sample, on average
    draws: float  # independent draws of this class that one sample amounts to


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """The human data, as far as a plan looks at them."""

    name: str
    samples: int  # labelled or verified by people
    left_out: int  # samples whose label no person made or verified, or that have none
    classes: tuple[HumanClass, ...]  # that occur
    absent: tuple[str, ...]  # that are declared and never occur
    kinds: FloatArray  # (kinds, classes) objects that samples of one kind hold
    times: FloatArray  # (kinds,) how many human samples are of that kind
    other_split: int = 0  # samples that were left out, as they are not of the split asked for
    skips: tuple[Skip, ...] = ()  # what was left out while reading


def people_of(source: Dataset | ClassCounts, split: str = "") -> People:
    """What a plan has to know of the human data.

    Args:
        source: the data.
        split: of the samples that have one, those of this split count; "" counts all.

    Raises:
        InputError: fewer than two classes occur, so that no share can change, or no sample is of
            the split.
    """
    if isinstance(source, ClassCounts):
        counts, name, left_out = source, "", 0
        kinds, times = np.eye(len(counts.names)), counts.human
    else:
        counts, name = class_counts(source, human_only=True, split=split), source.name
        kinds, times = sample_kinds(of_split(source, split), human_only=True)
        left_out = len(source.samples) - counts.other_split - counts.samples
    there = counts.human > 0
    if there.sum() < 2:
        raise InputError(
            f"{int(there.sum())} class{'' if there.sum() == 1 else 'es'} with human labels"
            f" in {name or 'the counts'}",
            expected="at least two classes that occur, or no share can change",
            todo="Name human data with labels, or --counts NAME=COUNT,NAME=COUNT.",
        )
    return People(
        name=name,
        samples=counts.human_samples,
        left_out=left_out,
        classes=_classes(counts),
        absent=tuple(n for n, here in zip(counts.names, there, strict=True) if not here),
        kinds=kinds[:, there],
        times=times,
        other_split=counts.other_split,
        skips=counts.skips,
    )


def _classes(counts: ClassCounts) -> tuple[HumanClass, ...]:
    there = counts.human > 0
    total, each = counts.human.sum(), counts.human.sum() / counts.human_samples
    objects, effect = counts.human[there], counts.design_effect[there]
    clustered = np.where(np.isfinite(effect), np.maximum(effect, 1.0), 1.0)
    low, high = exact_interval(objects / clustered, total / clustered, LEVEL)
    names = [name for name, here in zip(counts.names, there, strict=True) if here]
    return tuple(
        HumanClass(
            name=name,
            objects=int(objects[at]),
            share=float(objects[at] / total),
            low=float(low[at]),
            high=float(high[at]),
            each=float(each),
            draws=float(each / clustered[at]),
        )
        for at, name in enumerate(names)
    )


def exact_interval(hits: ArrayLike, of: ArrayLike, level: float) -> tuple[FloatArray, FloatArray]:
    """Between which shares does the true one lie, after so many hits? Clopper and Pearson 1934.

    >>> [round(float(end), 4) for end in exact_interval(5, 100, 0.95)]
    [0.0164, 0.1128]
    """
    found, n = np.broadcast_arrays(np.asarray(hits, float), np.asarray(of, float))
    tail = (1 - level) / 2
    low = _beta_quantile(tail, np.maximum(found, TINY), n - found + 1)
    high = _beta_quantile(1 - tail, found + 1, np.maximum(n - found, TINY))
    return np.where(found > 0, low, 0.0), np.where(found < n, high, 1.0)


def _beta_quantile(probability: float, a: FloatArray, b: FloatArray) -> FloatArray:
    """Looked for where nearly all of the law lies, and closer by halving."""
    mean = a / (a + b)
    room = 5 * np.sqrt(mean * (1 - mean) / (a + b + 1)) + 30 / (a + b)
    low, high = np.maximum(mean - room, 0.0), np.minimum(mean + room, 1.0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        under = beta_cdf(middle, a, b) < probability
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.asarray((low + high) / 2)
