"""Shall this training run begin? The audit of what it trains on, and which open questions stop it.

A breached limit stops it, and so does a required limit that nothing could be said about. One such
question is let pass: where too few samples are there to measure a loss, but people made or verified
all of them. No model's output is in such a set, so that nothing can have been lost to one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from firsthand.audit import audit
from firsthand.composition import labelled
from firsthand.config import Limits, load_limits
from firsthand.errors import Blocked, CannotSay, InputError
from firsthand.integrations.ultralytics import data
from firsthand.messages import Language, text
from firsthand.provenance import declare, provenance_class
from firsthand.read import read
from firsthand.report.story import Story, tell
from firsthand.splits import held_out_as_in, is_held_out, training_samples
from firsthand.training_sets import anchored
from firsthand.types import HUMAN, Audit, Dataset, Provenance, Sample

Source = str | Path | Dataset

_BY_PEOPLE = frozenset(("real", "human-verified"))
_TOO_SMALL = frozenset(("nothing-measured", "too-little-measured"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What decides whether a run begins, as the user gave it."""

    reference: Source | None = None
    anchor: Source | None = None
    limits: Limits | Path | str | None = None
    origin: Provenance | str | None = None
    allow_undetermined: bool = False
    seed: int = 0
    lang: Language = "en"


class Admitted(NamedTuple):
    """A training set that may be trained on, with what it was held against."""

    named: data.Named
    candidate: Dataset
    reference: Dataset
    anchor: Dataset | None  # human, and not trained on
    audit: Audit
    declared: Provenance | None  # of samples of which nothing else says where they come from
    all_human: bool  # every training sample was made or verified by people
    generation: int | None  # the highest among the training samples; None while any is unknown

    def light(self) -> Admitted:
        """The same without samples, which a training need not keep in memory."""
        return self._replace(
            candidate=replace(self.candidate, samples=()),
            reference=replace(self.reference, samples=()),
            anchor=None,
        )

    def again(self) -> Dataset:
        """The training set as it lies there now.

        Raises:
            InputError: it is not what was audited.
        """
        found = data.load(self.named, self.declared)
        if found.digest != self.candidate.digest:
            raise InputError(
                "the training set was changed while it was trained on",
                expected=f"what was audited, {self.candidate.digest[:12]}",
                where=str(self.named.path),
            )
        return found


def examine(name: object, task: str, asked: Question) -> Admitted:
    """Find and read what a run trains on, and audit it. Says nothing yet about stopping.

    Raises:
        InputError: something cannot be read, or cannot be compared.
    """
    named = data.find(name, task)
    declared = declare(asked.origin) if isinstance(asked.origin, str) else asked.origin
    candidate = data.load(named, declared)
    _refuse_no_masks(candidate, task)
    reference = _reference(candidate, asked.reference, task)
    if asked.reference is not None:
        candidate = held_out_as_in(reference, candidate, declared)
    told = None if asked.anchor is None else _human(asked.anchor, task)
    anchor = told or _held_out(reference)
    apart = None if anchor is None or _inside(anchor, candidate) else anchor
    result = audit(candidate, reference, anchor=apart, limits=asked.limits, seed=asked.seed)
    return Admitted(
        named,
        candidate,
        reference,
        _watched(anchor, reference, candidate),
        _sourced(result, named, asked),
        declared,
        all_human=all(map(by_people, training_samples(candidate))),
        generation=_generation(candidate),
    )


def refuse(given: Admitted, asked: Question) -> None:
    """Stop unless the run may begin.

    Raises:
        Blocked: a limit is breached.
        CannotSay: a required question is open, and it was not said that it may be.
    """
    result, story = given.audit, tell(given.audit, asked.lang)
    if result.verdict == "block":
        raise Blocked(story.sentence, result, todo=_first_advice(story))
    if result.verdict == "cannot-say" and not _may_go_on(given, asked):
        raise CannotSay(story.sentence, result, todo=_how_to_say(given, story, asked.lang))


def by_people(sample: Sample) -> bool:
    """Did people make it, or verify it?"""
    return provenance_class(sample.provenance, labelled(sample)) in _BY_PEOPLE


def _generation(candidate: Dataset) -> int | None:
    found = [each.provenance.generation for each in training_samples(candidate)]
    known = [each for each in found if each is not None]
    return max(known) if known and len(known) == len(found) else None


def _may_go_on(given: Admitted, asked: Question) -> bool:
    required = {name for name, limit in _rules(asked).limits.items() if limit.required}
    open_ = {each.reason for each in given.audit.undetermined if each.metric in required}
    return asked.allow_undetermined or (given.all_human and open_ <= _TOO_SMALL)


def _rules(asked: Question) -> Limits:
    return asked.limits if isinstance(asked.limits, Limits) else load_limits(asked.limits)


def _how_to_say(given: Admitted, story: Story, lang: Language) -> str:
    reasons = {each.reason for each in given.audit.undetermined}
    if "unknown-origin" in reasons:
        return text("guard.declare", lang)
    return _first_advice(story) or text("guard.allow", lang)


def _first_advice(story: Story) -> str:
    return next((f"{each.text}: {each.command}".rstrip(": ") for each in story.next), "")


def _reference(candidate: Dataset, told: Source | None, task: str) -> Dataset:
    if told is not None:
        return _human(told, task)
    own = _held_out(candidate)
    if own is None:
        raise InputError(
            "there is nothing to hold the training set against: it has no val of its own",
            expected="reference=, a set that people labelled",
            where=candidate.name,
        )
    return _all_by_people(candidate, own) if anchored.weights(own) else own


def _all_by_people(candidate: Dataset, own: Dataset) -> Dataset:
    """In place of a val that was chosen for what is rare: no fair sample falls behind that."""
    found = _by_people(candidate)
    if found is None or len(found.samples) <= len(own.samples):
        raise InputError(
            "its val was chosen to hold much of what is rare, and people made nothing else of it",
            expected="reference=, the set that people labelled and that val was chosen from",
            todo="In a terminal: firsthand train --reference HUMAN.",
            where=candidate.name,
        )
    return found


def _refuse_no_masks(candidate: Dataset, task: str) -> None:
    if task == "segment" and candidate.task == "detect":
        raise InputError(
            "its labels are boxes, and masks are to be learned",
            expected="outlines, a class and three points or more a row",
            todo="Train a detector of boxes on it, or label outlines.",
            where=candidate.name,
        )


def _human(source: Source, task: str) -> Dataset:
    """A set that naming it here declares human where nothing else is said."""
    if isinstance(source, Dataset):
        return source
    if Path(source).exists() or "@" in str(source):
        return read(source, declared=HUMAN)
    try:
        return data.load(data.find(source, task), HUMAN)
    except InputError as error:
        raise InputError(
            f"the human reference or anchor {str(source)!r} cannot be read: {error.found}",
            expected=error.expected,
            todo=error.todo,
            where=error.where,
        ) from error


def _held_out(dataset: Dataset) -> Dataset | None:
    """Its val split, declared as it is."""
    held = (each for each in dataset.samples if is_held_out(each))
    val = tuple(each for each in held if each.split.lower() != "test")
    return replace(dataset, samples=val, digest="") if val else None


def _inside(anchor: Dataset, candidate: Dataset) -> bool:
    """Is it what the candidate holds out itself, which every audit looks at anyway?"""
    own = _held_out(candidate)
    held = {each.media for each in own.samples} if own else set()
    return all(each.media in held for each in anchor.samples)


def _by_people(dataset: Dataset) -> Dataset | None:
    """What of it people made or verified."""
    kept = tuple(filter(by_people, dataset.samples))
    return replace(dataset, samples=kept, digest="") if kept else None


def _watched(anchor: Dataset | None, reference: Dataset, candidate: Dataset) -> Dataset | None:
    """What people made that is not trained on: the anchor, else others, else the set's own val."""
    own = _held_out(candidate)
    found = _unseen(reference, candidate) if anchor is None else _by_people(anchor)
    return found or (_by_people(own) if own is not None else None)


def _unseen(reference: Dataset, candidate: Dataset) -> Dataset | None:
    """What of a reference without a val split is not trained on."""
    seen = {each.media for each in training_samples(candidate)}
    rest = tuple(each for each in reference.samples if each.media not in seen)
    return _by_people(replace(reference, samples=rest, digest=""))


def _sourced(result: Audit, named: data.Named, asked: Question) -> Audit:
    """Sets as the user named them, so that the advised commands can be typed."""
    origin = asked.origin if isinstance(asked.origin, str) else None
    options = ["--origin", origin] if origin else []
    anchor = (
        None if asked.anchor is None else {**(result.anchor or {}), "source": str(asked.anchor)}
    )
    told = asked.reference if isinstance(asked.reference, str | Path) else named.path
    return replace(
        result,
        candidate={**result.candidate, "source": str(named.path), "options": options},
        reference={**result.reference, "source": str(told)},
        anchor=anchor,  # one that nobody named cannot be typed
    )
