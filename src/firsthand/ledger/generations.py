"""Generation, human ancestry and ownership: computed from what models were trained on.

An output of a model is one generation above the highest generation in everything that the model
was trained on, directly or through the models it was fine-tuned from. Its human ancestry is the
mean over all of that. What is not known makes the result unknown, with a lower bound, and is
never read as 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from firsthand.composition import labelled as has_label
from firsthand.errors import InputError, LedgerError
from firsthand.ledger.catalog import Model, State
from firsthand.ledger.counts import Counts, ancestry_total
from firsthand.ledger.files import Files
from firsthand.ledger.manifest import load
from firsthand.types import Dataset, Provenance


class Worth(NamedTuple):
    """How far something is from people."""

    generation: int | None
    at_least: int
    ancestry: float | None
    own: bool = False


BY_PEOPLE = Worth(0, 0, 1.0)
NOT_SAID = Worth(None, 0, None)
OF_SOME_MODEL = Worth(None, 1, None)
"""What a model made was made after training on something: generation 1 or more."""


def outputs(trained_on: str | None, parent: str | None, state: State, files: Files) -> Worth:
    """What will the outputs of a model be worth that was trained on this version?

    Raises:
        LedgerError: the parent is not registered.
    """
    if trained_on is None and parent is None:
        return OF_SOME_MODEL
    known = [] if trained_on is None else [_trained_on(load(files, trained_on).counts)]
    if parent is not None:
        known.append(_of_parent(parent, state))
    if trained_on is None:
        known.append(OF_SOME_MODEL)
    ancestry = _ancestry(_training_sets(trained_on, parent, state), files)
    return together(known)._replace(ancestry=ancestry)


def together(parts: list[Worth]) -> Worth:
    """What is worth as little as the worst of its parts; one unknown part makes it unknown.

    >>> together([BY_PEOPLE, Worth(2, 2, 0.5)])
    Worth(generation=2, at_least=2, ancestry=0.5, own=False)
    >>> together([NOT_SAID, Worth(2, 2, 0.5)])
    Worth(generation=None, at_least=2, ancestry=None, own=False)
    """
    generations = [part.generation for part in parts if part.generation is not None]
    ancestries = [part.ancestry for part in parts if part.ancestry is not None]
    return Worth(
        max(generations) if len(generations) == len(parts) else None,
        max(part.at_least for part in parts),
        min(ancestries) if len(ancestries) == len(parts) else None,
        any(part.own for part in parts),
    )


def settle(declared: Provenance, labelled: bool, models: Mapping[str, Model]) -> Provenance:
    """Complete what was declared about a sample by what the ledger knows of its generators.

    A sample is as far from people as the farther of its media and its label. A declared
    generation stands, marked as declared, where none can be computed.

    Raises:
        InputError: the declared generation contradicts the lineage.
    """
    media = _part(declared.media_origin, declared.media_generator, models)
    both = together([media, _part(declared.label_origin, declared.label_generator, models)])
    worth = both if labelled else media
    # What was declared may speak of a label that a model makes, also where this sample has none.
    whole = both if declared.label_origin == "model" else worth
    said = declared.generation
    if said is not None and not whole.at_least <= said <= _most(whole):
        raise InputError(
            f"generation {said} was declared for an output of {_generators(declared)}",
            expected=f"generation {_text(whole)}, which follows from what it was trained on",
            todo="Leave the declared generation out, or correct how the model is registered.",
        )
    if worth.generation is not None:
        return replace(
            declared,
            generation=worth.generation,
            generation_at_least=None,
            generation_declared=False,
            ancestry=worth.ancestry,
            own=worth.own or declared.own,
        )
    bound = max(worth.at_least, declared.generation_at_least or 0)
    return replace(
        declared,
        generation_at_least=bound or None if said is None else None,
        generation_declared=said is not None,
        ancestry=worth.ancestry if said is None else declared.ancestry,
        own=worth.own or declared.own,
    )


def with_lineage(data: Dataset, models: Mapping[str, Model]) -> Dataset:
    """The same samples, settled."""
    kinds = {(one.provenance, has_label(one)) for one in data.samples}
    known = {kind: settle(*kind, models) for kind in kinds}
    samples = tuple(
        replace(one, provenance=known[one.provenance, has_label(one)]) for one in data.samples
    )
    return replace(data, samples=samples)


def _most(worth: Worth) -> float:
    return float("inf") if worth.generation is None else worth.generation


def _text(worth: Worth) -> str:
    return f"at least {worth.at_least}" if worth.generation is None else str(worth.generation)


def _generators(declared: Provenance) -> str:
    named = {declared.media_generator, declared.label_generator} - {None}
    return " and ".join(sorted(str(name) for name in named)) or "people"


def _part(origin: str, generator: str | None, models: Mapping[str, Model]) -> Worth:
    """What the media, or the label, of a sample is worth."""
    if origin == "human":
        return BY_PEOPLE
    if origin == "unknown":
        return NOT_SAID
    model = models.get(generator) if generator else None
    return OF_SOME_MODEL if model is None else _worth(model)


def _worth(model: Model) -> Worth:
    return Worth(model.generation, model.generation_at_least, model.ancestry, model.own)


def _of_parent(parent: str, state: State) -> Worth:
    if parent not in state.models:
        raise LedgerError(
            f"the parent model {parent} is not registered",
            expected="one of " + (", ".join(sorted(state.models)) or "none so far"),
            todo=f"Run: firsthand add --model {parent}  (--trained-on where it is known)",
        )
    return _worth(state.models[parent])


def _trained_on(counts: Counts) -> Worth:
    generations = [cell.generation for cell in counts.cells]
    bounds = [max(cell.generation or 0, cell.generation_at_least or 0) for cell in counts.cells]
    highest = [generation for generation in generations if generation is not None]
    known = len(highest) == len(generations)
    return Worth(max(highest) + 1 if known else None, max(bounds) + 1, None, True)


def _training_sets(trained_on: str | None, parent: str | None, state: State) -> set[str | None]:
    """Every version that a model was trained on, itself or through its parents."""
    found: set[str | None] = {trained_on}
    while parent is not None:
        model = state.models[parent]
        found.add(model.trained_on)
        parent = model.parent
    return found


def _ancestry(versions: set[str | None], files: Files) -> float | None:
    total, known, samples = 0.0, 0, 0
    for version in sorted(version for version in versions if version is not None):
        counts = load(files, version).counts
        share, n = ancestry_total(counts)
        total, known, samples = total + share, known + n, samples + counts.total
    return total / known if None not in versions and known == samples else None
