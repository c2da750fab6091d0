"""What a model is judged by must come from people, and must not be what it is trained on."""

from __future__ import annotations

from collections.abc import Iterable

from firsthand.composition import labelled
from firsthand.errors import InputError
from firsthand.provenance import TRUSTED, provenance_class
from firsthand.types import Sample

SHOWN = 3


def check(val: Iterable[Sample], training: Iterable[Sample]) -> None:
    """Refuse a validation set that would flatter the model.

    Raises:
        InputError: a sample was neither made nor verified by people, or its media are in training.
    """
    held = list(val)
    doubtful = [one for one in held if not trusted(one)]
    if doubtful:
        raise InputError(
            f"{len(doubtful):,} of {len(held):,} samples of the validation set were neither made "
            f"nor verified by people: {_some(doubtful)}",
            expected="samples that people made or verified",
            todo="Take them out, or have a person verify them and say so in provenance.yaml.",
        )
    seen = {one.media for one in training}
    twice = [one for one in held if one.media in seen]
    if twice:
        raise InputError(
            f"{len(twice):,} of {len(held):,} samples of the validation set are in the training "
            f"set too: {_some(twice)}",
            expected="validation media that are never trained on",
            todo="Take them out of one of the two.",
        )


def trusted(sample: Sample) -> bool:
    """Did people make it, or verify it?"""
    return provenance_class(sample.provenance, labelled(sample)) in TRUSTED


def _some(samples: list[Sample]) -> str:
    more = ", ..." if len(samples) > SHOWN else ""
    return ", ".join(one.key for one in samples[:SHOWN]) + more
