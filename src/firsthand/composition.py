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
    by_class: Count = Counter()
    by_generation: Counter[str] = Counter()
    by_split: defaultdict[str, Count] = defaultdict(Counter)
    by_label: defaultdict[str, Count] = defaultdict(Counter)
    classes: dict[tuple[Provenance, bool], ProvenanceClass] = {}
    ancestry: list[float] = []
    for sample in dataset.samples:
        said = (sample.provenance, labelled(sample))
        kind = classes.get(said) or classes.setdefault(said, provenance_class(*said))
        by_class[kind] += 1
        by_generation[_generation(sample.provenance)] += 1
        by_split[sample.split][kind] += 1
        for label in held(sample):
            by_label[dataset.classes[label]][kind] += 1
        if sample.provenance.ancestry is not None:
            ancestry.append(sample.provenance.ancestry)
    whole = len(ancestry) == len(dataset.samples) and ancestry
    return Composition(
        total=len(dataset.samples),
        by_class=dict(by_class),
        by_generation=dict(sorted(by_generation.items())),
        by_split={split: dict(count) for split, count in sorted(by_split.items())},
        by_label={label: dict(count) for label, count in sorted(by_label.items())},
        ancestry=sum(ancestry) / len(ancestry) if whole else None,
        ancestry_known=len(ancestry),
    )


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
