"""Which part of a dataset is trained on, and which is held out?"""

from __future__ import annotations

from dataclasses import replace

from firsthand.types import UNKNOWN, Dataset, Provenance, Sample

HELD_OUT = frozenset({"val", "valid", "validation", "test"})
"""Names of splits that no model is trained on."""


def is_held_out(sample: Sample) -> bool:
    """Does it belong to a split that is not trained on?"""
    return sample.split.lower() in HELD_OUT


def training_samples(dataset: Dataset) -> tuple[Sample, ...]:
    """The samples that are not held out."""
    return tuple(each for each in dataset.samples if not is_held_out(each))


def trained_on(dataset: Dataset) -> Dataset:
    """The part that a model sees; all of it where everything is held out, or nothing.

    >>> rows = tuple(Sample(key=name, media=name.encode(), split=name) for name in ("train", "val"))
    >>> mixed = Dataset("mixed", "detect", ("cat",), rows)
    >>> [each.key for each in trained_on(mixed).samples]
    ['train']
    """
    kept = training_samples(dataset)
    if len(kept) in (0, len(dataset.samples)):
        return dataset
    return replace(dataset, samples=kept, digest="")


def without_held_out(reference: Dataset, candidate: Dataset) -> Dataset:
    """The reference without what the candidate holds out: that cannot be missed in training.

    A validation set chosen for what is rare takes it from the part that is trained on, and nothing
    is lost by that. A reference that is nothing else stays as it is.
    """
    if len(trained_on(candidate).samples) == len(candidate.samples):
        return reference
    held = {each.media for each in candidate.samples if is_held_out(each)}
    kept = tuple(each for each in reference.samples if each.media not in held)
    if len(kept) in (0, len(reference.samples)):
        return reference
    return replace(reference, samples=kept, digest="")


def held_out_as_in(
    reference: Dataset, candidate: Dataset, declared: Provenance | None = None
) -> Dataset:
    """The candidate, its held-out samples with the reference's word on where they come from.

    One origin that is declared of a training set is meant of what is trained on. Validation data
    that the reference holds too, label and all, are the reference's, whatever was declared.

    Args:
        reference: what is known to be human.
        candidate: the training set, with what it holds out.
        declared: what was said of all its samples that carry no word of their own.
    """
    if not any(map(is_held_out, candidate.samples)):
        return candidate
    known = {(each.media, each.label): each.provenance for each in reference.samples}

    def said(sample: Sample) -> Sample:
        theirs = known.get((sample.media, sample.label))
        open_ = sample.provenance in (UNKNOWN, declared)
        if theirs is None or not open_ or not is_held_out(sample):
            return sample
        return replace(sample, provenance=theirs)

    return replace(candidate, samples=tuple(said(each) for each in candidate.samples))
