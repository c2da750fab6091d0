"""Counting what a set is made of."""

from __future__ import annotations

from dataclasses import replace

from firsthand.composition import compose
from firsthand.provenance import declare
from firsthand.types import Dataset, Sample


def test_counts_by_class_generation_split_and_label() -> None:
    human = Sample("a", b"a" * 32, b"l", "train", provenance=declare("human"), category=0)
    model = declare("model-labelled", "det@1", generation=2)
    pseudo = Sample("b", b"b" * 32, b"l", "val", provenance=model, category=1)
    found = compose(Dataset("d", "classify", ("cat", "dog"), (human, pseudo, pseudo)))
    assert found.by_class == {"real": 1, "pseudo-label": 2}
    assert found.by_generation == {"0": 1, "2": 2}
    assert found.by_split == {"train": {"real": 1}, "val": {"pseudo-label": 2}}
    assert found.by_label == {"cat": {"real": 1}, "dog": {"pseudo-label": 2}}


def test_an_unknown_generation_is_never_zero_and_ancestry_is_never_guessed() -> None:
    known = Sample("a", b"a" * 32, provenance=declare("human"))
    unknown = Sample("b", b"b" * 32, provenance=declare("synthetic"))
    found = compose(Dataset("d", "text", (), (known, unknown)))
    assert found.by_generation == {"0": 1, "unknown": 1}
    assert (found.ancestry, found.ancestry_known) == (None, 1)


def test_an_unlabelled_human_photo_is_real() -> None:
    said = replace(declare("human"), label_origin="unknown")
    found = compose(Dataset("d", "detect", ("cat",), (Sample("a", b"a" * 32, provenance=said),)))
    assert found.by_class == {"real": 1}


def test_generations_are_in_order() -> None:
    made = [declare("synthetic", "m@1", generation=at) for at in (10, 9, None)]
    samples = tuple(
        Sample(str(at), bytes([at]) * 32, provenance=one) for at, one in enumerate(made)
    )
    found = compose(Dataset("d", "text", (), samples))
    assert list(found.by_generation) == ["9", "10", "unknown"]
