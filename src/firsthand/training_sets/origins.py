"""The provenance side file of a set: who made each sample, and what is known of the models.

Generation, human ancestry and whose output it is follow from the models, so these are written from
what their outputs say. A model whose outputs disagree is named without saying more, and each output
then says its generation itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from firsthand.errors import InputError
from firsthand.provenance_file import rule_of
from firsthand.types import Provenance, Sample

NAME = "provenance.jsonl"


def write(folder: Path, samples: Iterable[Sample], keys: Sequence[str] | None = None) -> None:
    """Write one rule a medium, or, where keys are given by position, one a key.

    Raises:
        InputError: one medium is said to come from two places.
    """
    held = list(samples)
    models = _models(held)
    rules: dict[str, dict[str, object]] = {}
    for at, one in enumerate(held):
        match = "" if keys is None else keys[at]
        rule = rule_of(one, match)
        before = rules.setdefault(match or one.media.hex(), rule)
        if before != rule:
            raise InputError(
                f"{one.key} has content of which something else is said elsewhere in the set",
                expected="one origin for one content",
                todo="Correct what is said of it, or take one of the two out.",
                where=one.path,
            )
    records = [*models, *(rule for rule in rules.values() if rule)]
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    (folder / NAME).write_text(text, encoding="utf-8")


def _models(samples: Iterable[Sample]) -> list[dict[str, object]]:
    """What follows of each model from its outputs; those of two models at once say nothing."""
    found: dict[str, set[Provenance | None]] = {}
    for said in {one.provenance for one in samples}:
        names = _generators(said)
        for name in names:
            known = found.setdefault(name, set())
            if len(names) == 1:
                known.add(_of_model(said))
    return [
        _model(name, next(iter(facts)) if len(facts) == 1 else None, _own(facts))
        for name, facts in sorted(found.items())
    ]


def _generators(said: Provenance) -> set[str]:
    parts = (
        (said.media_origin == "synthetic", said.media_generator),
        (said.label_origin == "model", said.label_generator),
    )
    return {name for made, name in parts if made and name}


def _of_model(said: Provenance) -> Provenance:
    """Only what a model gives to its outputs."""
    return Provenance(generation=said.generation, ancestry=said.ancestry, own=said.own)


def _own(facts: set[Provenance | None]) -> bool:
    return any(one is not None and one.own for one in facts)


def _model(name: str, said: Provenance | None, own: bool) -> dict[str, object]:
    record: dict[str, object] = {"model": name, "own": own}
    if said is not None and said.generation is not None:
        record["trained_on"] = said.generation - 1
    if said is not None and said.ancestry is not None:
        record["ancestry"] = said.ancestry
    return record
