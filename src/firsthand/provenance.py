"""Where did a sample come from? Declarations, the class they amount to, and the side file.

Who made the media, who made the label and who verified it are three questions. A generation that
nobody knows stays None: it is never read as 0.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal, get_args

from firsthand.errors import InputError
from firsthand.types import (
    HUMAN,
    Provenance,
    ProvenanceClass,
)

Origin = Literal["human", "synthetic", "model-labelled", "unknown"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)

_GENERATOR = re.compile(r"[^@\s][^@]*@[^@\s]+")


def declare(
    origin: str,
    generator: str | None = None,
    verified_by: str | None = None,
    generation: int | None = None,
) -> Provenance:
    """What does a person say about a sample as a whole?

    `human`: people made media and label. `synthetic`: a model made both. `model-labelled`: people
    made the media, a model the label. A generation that is not given stays unknown, with the bound
    that an output of a model is at least generation 1.

    Raises:
        InputError: an origin we do not know, or parts that contradict each other.

    >>> declare("model-labelled", "detector@3", generation=2).label_generator
    'detector@3'
    >>> declare("synthetic").generation is None
    True
    """
    if origin not in ORIGINS:
        expected = "one of " + ", ".join(ORIGINS)
        raise InputError(f"there is no origin {origin!r}", expected=expected)
    _check_generator(origin, generator)
    _check_generation(origin, generation)
    made = _base(origin, generator)
    if verified_by is not None:
        if not verified_by.strip():
            raise InputError("verified_by is empty", expected="who verified it, such as a name")
        made = replace(made, verification="accepted", verified_by=verified_by)
    if origin in {"synthetic", "model-labelled"} and generation is not None:
        made = replace(made, generation=generation, generation_declared=True)
    return made


def provenance_class(provenance: Provenance, labelled: bool) -> ProvenanceClass:
    """Which of the six classes of the report is it?

    What people made is real; what a person verified is human-verified, whoever made it; then an
    output of this project's own models; then unknown, if who made the media, or the label where
    there is one, is not known; then synthetic media; what is left has a model's label.

    >>> provenance_class(declare("human"), labelled=True)
    'real'
    >>> provenance_class(declare("model-labelled", verified_by="Ann"), labelled=True)
    'human-verified'
    """
    origins = (provenance.media_origin, provenance.label_origin if labelled else "human")
    if origins == ("human", "human"):
        return "real"
    if provenance.verification != "none":
        return "human-verified"
    if provenance.own:
        return "own-output"
    if "unknown" in origins:
        return "unknown"
    return "other-synthetic" if origins[0] == "synthetic" else "pseudo-label"


def _base(origin: str, generator: str | None) -> Provenance:
    if origin == "human":
        return HUMAN
    if origin == "unknown":
        return Provenance()
    made = Provenance("human", "model", label_generator=generator, generation_at_least=1)
    if origin == "synthetic":
        return replace(made, media_origin="synthetic", media_generator=generator)
    return made


def _check_generator(origin: str, generator: str | None) -> None:
    if generator is None:
        return
    if not _GENERATOR.fullmatch(generator):
        expected = "NAME@VERSION, such as detector@3"
        raise InputError(f"the generator is {generator!r}", expected=expected)
    if origin in {"human", "unknown"}:
        todo = "Say --origin synthetic (it made the media) or model-labelled (it made the label)."
        raise InputError(f"origin {origin} has the generator {generator!r}", todo=todo)


def _check_generation(origin: str, generation: int | None) -> None:
    if generation is None:
        return
    if origin == "human" and generation != 0:
        raise InputError(f"human data of generation {generation}", expected="generation 0")
    if origin == "unknown":
        raise InputError(
            f"origin unknown has the generation {generation}",
            todo="Say which origin, or leave the generation out.",
        )
    if origin in {"synthetic", "model-labelled"} and generation < 1:
        raise InputError(
            f"origin {origin} has the generation {generation}",
            expected="1 or more: a model trained on human data makes generation 1",
        )
