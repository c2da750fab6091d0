"""Does every part of a training set say who made it, as the part demands?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from firsthand.composition import labelled
from firsthand.errors import InputError
from firsthand.provenance import provenance_class
from firsthand.training_sets.validation import trusted
from firsthand.types import Sample


def check_origins(
    human: Sequence[Sample],
    fresh: Sequence[Sample],
    made: Sequence[Sample],
    before: Sequence[Sequence[Sample]],
) -> None:
    """Human data come from people, and what models made says so.

    Raises:
        InputError: a part holds what it must not, or what nobody speaks for.
    """
    for role, samples in (("human", human), ("fresh", fresh)):
        doubtful = [one for one in samples if not trusted(one)]
        if doubtful:
            raise InputError(
                f"the {role} data hold {_kinds(doubtful)}, such as {doubtful[0].key}",
                expected="samples that people made or verified",
                todo=f"Take them out of the {role} data; they may be generated ones.",
            )
    for role, samples in (("generated", made), *(("earlier", each) for each in before)):
        unknown = [one for one in samples if _kind(one) == "unknown"]
        if unknown:
            raise _unsaid(role, unknown)


def _unsaid(role: str, unknown: Sequence[Sample]) -> InputError:
    """What is missing: all, or only who made what a model is known to have labelled."""
    labels = all(one.provenance.label_origin != "unknown" for one in unknown)
    said = "who made the media" if labels else "who made them"
    return InputError(
        f"of {len(unknown):,} {role} samples nobody says {said}, such as {unknown[0].key}",
        expected="an origin for each",
        todo="Label them with firsthand label --media human (or synthetic)."
        if labels
        else "Say --origin synthetic or model-labelled and --generator NAME@VERSION, or put a "
        "provenance.yaml beside them.",
    )


def _kind(sample: Sample) -> str:
    return provenance_class(sample.provenance, labelled(sample))


def _kinds(samples: Iterable[Sample]) -> str:
    counts = Counter(map(_kind, samples))
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())
