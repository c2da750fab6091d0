"""What is a dataset made of? Exact counts by provenance class, generation, split and label."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from firsthand.provenance import provenance_class
from firsthand.types import (
    PROVENANCE_CLASSES,
    Composition,
    Dataset,
    ProvenanceClass,
    Sample,
)


class Kind(NamedTuple):
    """What a composition asks of a sample, apart from the classes in its label."""

    provenance: ProvenanceClass
    generation: int | None
    split: str
    ancestry: float | None


Kinds = Iterable[tuple[Kind, int]]
Labels = Iterable[tuple[tuple[str, ProvenanceClass], int]]


def compose(dataset: Dataset) -> Composition:
    """What is it made of?

    A sample whose generation nobody knows counts under `unknown`, never under 0. The mean human
    ancestry is None while it is unknown for any sample.
    """
    said = Counter((each.split, each.provenance, labelled(each)) for each in dataset.samples)
    kinds = (
        (Kind(provenance_class(one, has_label), one.generation, split, one.ancestry), count)
        for (split, one, has_label), count in said.items()
    )
    holding = Counter((each.provenance, frozenset(held(each))) for each in dataset.samples)
    labels = (
        ((dataset.classes[label], provenance_class(one, labelled=True)), count)
        for (one, classes), count in holding.items()
        for label in classes
    )
    return summed(kinds, labels)


def summed(kinds: Kinds, labels: Labels) -> Composition:
    """A composition from how many samples are of each kind, and how many hold each label.

    >>> one = summed([(Kind("real", 0, "train", 1.0), 3)], [])
    >>> one.total, one.by_class, one.ancestry
    (3, {'real': 3}, 1.0)
    """
    by_class: Counter[ProvenanceClass] = Counter()
    by_generation: Counter[int | None] = Counter()
    by_split: defaultdict[str, Counter[ProvenanceClass]] = defaultdict(Counter)
    by_label: defaultdict[str, Counter[ProvenanceClass]] = defaultdict(Counter)
    shares: list[float] = []
    known = 0
    for kind, count in kinds:
        by_class[kind.provenance] += count
        by_generation[kind.generation] += count
        by_split[kind.split][kind.provenance] += count
        if kind.ancestry is not None:
            shares.append(count * kind.ancestry)
            known += count
    for (name, provenance), count in labels:
        by_label[name][provenance] += count
    total = by_class.total()
    return Composition(
        total=total,
        by_class=_in_order(by_class),
        by_generation=_by_generation(by_generation),
        by_split={split: _in_order(count) for split, count in sorted(by_split.items())},
        by_label={name: _in_order(count) for name, count in sorted(by_label.items())},
        ancestry=math.fsum(shares) / total if total and known == total else None,
        ancestry_known=known,
    )


def _in_order(counts: Counter[ProvenanceClass]) -> dict[ProvenanceClass, int]:
    return {name: counts[name] for name in PROVENANCE_CLASSES if counts[name]}


def _by_generation(counts: Counter[int | None]) -> dict[str, int]:
    """The unknown ones last; 10 after 9."""
    known = sorted(generation for generation in counts if generation is not None)
    found = {str(generation): counts[generation] for generation in known}
    return found | ({"unknown": counts[None]} if None in counts else {})


def labelled(sample: Sample) -> bool:
    """Was anything said about the sample?"""
    return sample.label is not None or sample.boxes is not None or sample.category is not None


def held(sample: Sample) -> set[int]:
    """Indices of the classes that a sample holds."""
    found: set[int] = set() if sample.category is None else {sample.category}
    return found if sample.boxes is None else found | set(sample.boxes.classes.tolist())
