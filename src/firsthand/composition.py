"""What is a dataset made of? Exact counts by provenance class, generation, split and label."""

from __future__ import annotations

from collections import Counter, defaultdict

from firsthand.provenance import provenance_class
from firsthand.types import Composition, Dataset, Provenance, ProvenanceClass, Sample

Count = Counter[ProvenanceClass]


def compose(dataset: Dataset) -> Composition:
    """What is it made of?

    A sample whose generation nobody knows counts under `unknown`, never under 0. The mean human
    ancestry is None while it is unknown for any sample.
    """
    said = Counter((each.split, each.provenance, labelled(each)) for each in dataset.samples)
    by_class: Count = Counter()
    by_generation: Counter[str] = Counter()
    by_split: defaultdict[str, Count] = defaultdict(Counter)
    ancestry, known = 0.0, 0
    for (split, provenance, has_label), count in said.items():
        kind = provenance_class(provenance, has_label)
        by_class[kind] += count
        by_generation[_generation(provenance)] += count
        by_split[split][kind] += count
        if provenance.ancestry is not None:
            ancestry, known = ancestry + count * provenance.ancestry, known + count
    total = len(dataset.samples)
    return Composition(
        total=total,
        by_class=dict(by_class),
        by_generation=dict(sorted(by_generation.items())),
        by_split={split: dict(count) for split, count in sorted(by_split.items())},
        by_label=_by_label(dataset),
        ancestry=ancestry / total if total and known == total else None,
        ancestry_known=known,
    )


def _by_label(dataset: Dataset) -> dict[str, dict[ProvenanceClass, int]]:
    """How many samples of each provenance class hold each label?"""
    found: defaultdict[int, Count] = defaultdict(Counter)
    said = Counter((each.provenance, frozenset(held(each))) for each in dataset.samples)
    for (provenance, labels), count in said.items():
        kind = provenance_class(provenance, labelled=True)
        for label in labels:
            found[label][kind] += count
    names = sorted((dataset.classes[label], dict(count)) for label, count in found.items())
    return dict(names)


def labelled(sample: Sample) -> bool:
    """Was anything said about the sample?"""
    return sample.label is not None or sample.boxes is not None or sample.category is not None


def held(sample: Sample) -> set[int]:
    """Indices of the classes that a sample holds."""
    if sample.boxes is not None:
        return set(sample.boxes.classes.tolist())
    return set() if sample.category is None else {sample.category}


def _generation(provenance: Provenance) -> str:
    return "unknown" if provenance.generation is None else str(provenance.generation)
