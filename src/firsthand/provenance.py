"""Where did a sample come from? What people declare about it, and the class that amounts to.

Who made the media, who made the label and who verified it are three questions. A generation that
nobody knows stays None: it is never read as 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from firsthand.errors import InputError
from firsthand.types import (
    LabelOrigin,
    MediaOrigin,
    Provenance,
    ProvenanceClass,
    Verification,
)

ORIGINS: dict[str, tuple[MediaOrigin, LabelOrigin]] = {
    "human": ("human", "human"),
    "synthetic": ("synthetic", "model"),
    "model-labelled": ("human", "model"),
    "unknown": ("unknown", "unknown"),
}
"""What a declared origin says about who made the media and who made the label."""

TRUSTED: frozenset[ProvenanceClass] = frozenset(("real", "human-verified"))
"""What may stand in for reality: data that people made, or at least verified."""

FIELDS = (
    "origin",
    "media_origin",
    "label_origin",
    "generator",
    "media_generator",
    "label_generator",
    "generation",
    "verification",
    "verified_by",
)
"""Names under which provenance is declared, in side files and in the records of a dataset."""

_CHOICES: dict[str, tuple[str, ...]] = {
    "origin": tuple(ORIGINS),
    "media_origin": get_args(MediaOrigin),
    "label_origin": get_args(LabelOrigin),
    "verification": get_args(Verification),
}
_GENERATOR = re.compile(r"[^@\s][^@]*@[^@\s]+")


@dataclass(frozen=True, slots=True)
class Generator:
    """What is declared about a model that made media or labels."""

    trained_on: int | None = None  # highest generation among the data that it learned from
    ancestry: float | None = None  # share of those data that goes back to people
    own: bool = False  # it descends from this project's own models


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
    said = {
        "origin": origin,
        "generator": generator,
        "verified_by": verified_by,
        "generation": generation,
    }
    if verified_by is not None and not verified_by.strip():
        raise InputError("verified_by is empty", expected="who verified it, such as a name")
    return from_fields(said) or Provenance()


def from_fields(
    fields: Mapping[str, Any], generators: Mapping[str, Generator] | None = None
) -> Provenance | None:
    """The provenance that a record declares under the names in FIELDS; None if it says nothing.

    Other names are ignored, and so are empty values. What is declared of the generators that are
    named gives the generation, where the record does not.

    Raises:
        InputError: a value means nothing, or parts contradict each other.

    >>> from_fields({"label_origin": "model", "media_origin": "human"}).generation_at_least
    1
    >>> from_fields({"width": 640}) is None
    True
    """
    said = {name: fields[name] for name in FIELDS if _given(fields.get(name))}
    if not said:
        return None
    claim = _Claim(said)
    named = [(generators or {}).get(name or "", Generator()) for name in claim.generators]
    generation, bound = claim.generation(named)
    return Provenance(
        media_origin=claim.media,
        label_origin=claim.label,
        media_generator=claim.media_generator,
        label_generator=claim.label_generator,
        verification=claim.verification,
        verified_by=claim.verified_by,
        generation=generation,
        generation_at_least=bound,
        generation_declared=generation is not None and claim.made,
        ancestry=claim.ancestry(named),
        own=any(generator.own for generator in named),
    )


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


def generator_name(value: object) -> str:
    """A generator as NAME@VERSION.

    Raises:
        InputError: it is none.
    """
    if not isinstance(value, str) or not _GENERATOR.fullmatch(value.strip()):
        expected = "NAME@VERSION, such as detector@3"
        raise InputError(f"the generator is {value!r}"[:200], expected=expected)
    return value.strip()


def _given(value: object) -> bool:
    """Tables write nothing as None, as NaN or as an empty string."""
    return value is not None and value == value and str(value).strip() != ""


class _Claim:
    """What was said, checked and taken apart into media and label."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.said = said
        media, label = ORIGINS[self._choice("origin", "unknown")]
        self.media: MediaOrigin = self._choice("media_origin", media)
        self.label: LabelOrigin = self._choice("label_origin", label)
        if "origin" in said and ("media_origin" in said or "label_origin" in said):
            raise InputError("origin and media_origin or label_origin", expected="one of both ways")
        self.media_generator = self._generator("media_generator", self.media == "synthetic")
        self.label_generator = self._generator("label_generator", self.label == "model")
        self._check_generator()
        self.verified_by: str | None = said.get("verified_by")
        accepted = "accepted" if self.verified_by else "none"
        self.verification: Verification = self._choice("verification", accepted)
        if self.verification != "none" and not self.verified_by:
            raise InputError(f"verification {self.verification} by nobody", expected="verified_by")

    @property
    def made(self) -> bool:
        """Did a model make the media or the label?"""
        return self.media == "synthetic" or self.label == "model"

    @property
    def generators(self) -> list[str | None]:
        """Those that made a part; None for one that is not named."""
        parts = [(self.media == "synthetic", self.media_generator)]
        parts.append((self.label == "model", self.label_generator))
        return [name for made, name in parts if made]

    def generation(self, named: list[Generator]) -> tuple[int | None, int | None]:
        """The generation, and the least that it can be where it is unknown."""
        given = self._whole("generation")
        if given is not None:
            self._check_generation(given)
            return given, None
        if not self.made:
            return (0, None) if self.media == self.label == "human" else (None, None)
        known = [one.trained_on + 1 for one in named if one.trained_on is not None]
        if len(known) == len(named) and self.media != "unknown" and self.label != "unknown":
            return max(known), None
        return None, max(known, default=1)

    def ancestry(self, named: list[Generator]) -> float | None:
        """The share that goes back to people, where all of it is known."""
        if not self.made:
            return 1.0 if self.media == self.label == "human" else None
        shares = [1.0 if one.trained_on == 0 else one.ancestry for one in named]
        known = [share for share in shares if share is not None]
        return min(known) if len(known) == len(shares) else None

    def _choice(self, field: str, default: str) -> Any:
        value = self.said.get(field, default)
        if value not in _CHOICES[field]:
            expected = "one of " + ", ".join(_CHOICES[field])
            raise InputError(f"{field} is {value!r}"[:200], expected=expected)
        return value

    def _generator(self, field: str, made: bool) -> str | None:
        if field in self.said:
            return generator_name(self.said[field])
        return generator_name(self.said["generator"]) if made and "generator" in self.said else None

    def _check_generator(self) -> None:
        named = self.said.get("generator", self.media_generator or self.label_generator)
        if named is not None and not self.made:
            todo = "Say origin synthetic (it made the media) or model-labelled (it made the label)."
            origin = self.said.get("origin", "unknown")
            raise InputError(f"origin {origin} with the generator {named!r}"[:200], todo=todo)

    def _whole(self, field: str) -> int | None:
        value = self.said.get(field)
        if value is None:
            return None
        text = str(value).strip().removesuffix(".0")
        if isinstance(value, bool) or not (text.isascii() and text.isdigit()):
            raise InputError(f"{field} is {value!r}"[:200], expected="a whole number, 0 or more")
        return int(text)

    def _check_generation(self, given: int) -> None:
        if self.made and given < 1:
            expected = "1 or more: a model trained on human data makes generation 1"
            raise InputError(f"generation {given} of what a model made", expected=expected)
        if not self.made and (given or self.media == "unknown" or self.label == "unknown"):
            origin = self.said.get("origin", "unknown")
            todo = "Say which origin it has, or leave the generation out."
            raise InputError(f"origin {origin} with generation {given}", todo=todo)
