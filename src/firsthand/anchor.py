"""Choose a validation set by people that sees the loss of what is rare and small.

A random part of the images holds too few rare objects to tell a loss from chance. Here images with
rare classes and small objects are taken likelier; the chance of each is kept beside the set, so
that averages over it can still be those of all images.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from firsthand.detections import cells_of, labelled
from firsthand.errors import InputError
from firsthand.numerics.power import Design, loss_seen, objects_needed
from firsthand.read import read
from firsthand.sources import BOXED
from firsthand.training_sets import anchored, anchoring, origins, validation, yolo
from firsthand.training_sets.assembling import building
from firsthand.training_sets.drawn import Item, Line
from firsthand.types import BoolArray, Dataset, FloatArray, Provenance, Sample, Slice, slice_text

__all__ = ["Anchored", "Sight", "anchor"]

SCHEMA = "firsthand.anchor/1"
SUMMARY = "firsthand-anchor.json"


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What the set can see of one slice."""

    slice: Slice
    objects: int  # in the set
    of: int  # in all the data
    needed: int  # to see the loss that was asked for
    sees: float | None  # the smallest share lost that so many objects show; None: not even all

    @property
    def enough(self) -> bool:
        """Does the set show the loss that was asked for?"""
        return self.objects >= self.needed


@dataclass(frozen=True, kw_only=True)
class Anchored:
    """A validation set, what it can see, and what is left to train on."""

    out: Path
    images: int
    groups: int
    train: int
    made: int  # images that a model made or labelled: never in the set
    design: Design
    sights: tuple[Sight, ...]
    seed: int
    skips: Mapping[str, int] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, Any]:
        """As plain values."""
        sights = [
            {**asdict(each), "slice": slice_text(each.slice), "enough": each.enough}
            for each in self.sights
        ]
        return {**asdict(self), "out": str(self.out), "sights": sights}


def anchor(
    source: str | Path | Dataset,
    *,
    out: str | Path,
    share: float = 0.2,
    declared: Provenance | None = None,
    group_by: str | None = None,
    design: Design | None = None,
    seed: int = 0,
) -> Anchored:
    """Split images that people labelled into a validation set and what may be trained on.

    Args:
        source: images with boxes.
        out: folder to write: data.yaml with train.txt and val.txt, and the chance of each image.
        share: of the groups of images that people labelled, at most a half.
        declared: where samples come from of which nothing says it.
        group_by: what depends on each other goes to one side; see `read`.
        design: the loss to be seen, and how surely.
        seed: of the choice.

    Raises:
        InputError: nobody says who labelled the images, too few are by people, or `out` exists.
    """
    if not isinstance(source, Dataset):
        source = read(source, declared=declared, group_by=group_by)
    data = source
    able, made = _able(data)
    chance = anchoring.chances(able, data.classes, share)
    strata = anchoring.strata(able, data.classes)
    taken = anchoring.take(able, chance, np.random.default_rng(seed), strata)
    rest = _rest(data, able, taken)
    if not any(one.split != "test" for one in rest):
        raise InputError("nothing is left to train on", expected="more images by people")
    asked = design or Design()
    found = Anchored(
        out=Path(out),
        images=int(taken.sum()),
        groups=len(np.unique(anchoring.groups(able)[taken])),
        train=sum(one.split != "test" for one in rest),
        made=made,
        design=asked,
        sights=_sights(replace(data, samples=tuple(able)), taken, asked),
        seed=seed,
    )
    val = [one for one, into in zip(able, taken, strict=True) if into]
    _write(found, data, val, rest, list(_records(val, chance[taken])))
    return found


def _able(data: Dataset) -> tuple[list[Sample], int]:
    """Images that people labelled, and how many others there are. Those of a test set stay there.

    Raises:
        InputError: these are no boxes, or who labelled them is unknown.
    """
    if data.task not in BOXED:
        raise InputError(
            f"it was read as {data.task}", expected="images with boxes", where=data.name
        )
    held = [one for one in data.samples if one.label is not None and one.split != "test"]
    if not held:
        raise InputError(
            f"none of {len(data.samples):,} images carries a label, but for those of split test",
            expected="images that people labelled",
            where=data.name,
        )
    able = [one for one in held if validation.trusted(one)]
    unknown = [
        one
        for one in held
        if "unknown" in {one.provenance.media_origin, one.provenance.label_origin}
        and not validation.trusted(one)
    ]
    if unknown:
        raise InputError(
            f"who made {len(unknown):,} of {len(held):,} labelled images is not said, the first is "
            f"{unknown[0].key}",
            expected="images that people made and labelled, or verified",
            todo="Where people did: --origin human. Else say it in provenance.yaml.",
            where=data.name,
        )
    if len({one.group or one.media for one in able}) < 2:
        raise InputError(
            f"{len(able)} of {len(held):,} labelled images are by people",
            expected="images that people made and labelled, or verified",
            todo="A model's labels cannot tell what the model misses.",
            where=data.name,
        )
    return able, len(held) - len(able)


def _rest(data: Dataset, able: Sequence[Sample], taken: BoolArray) -> list[Sample]:
    """Everything that shares neither content nor group with the set."""
    chosen = [one for one, into in zip(able, taken, strict=True) if into]
    media, together = {one.media for one in chosen}, {one.group for one in chosen if one.group}
    return [one for one in data.samples if one.media not in media and one.group not in together]


def _sights(data: Dataset, taken: BoolArray, design: Design) -> tuple[Sight, ...]:
    objects = labelled(data)
    cells = cells_of(objects, data.classes)
    parts, members = cells.slices()
    there, whole = (
        members @ cells.counts(objects.rows(which)).astype(np.int64)
        for which in (taken[objects.image], np.ones(len(objects), bool))
    )
    needed = objects_needed(design)
    return tuple(
        Sight(
            slice=part,
            objects=int(ours),
            of=int(of),
            needed=needed,
            sees=_number(loss_seen(int(ours), design)),
        )
        for part, ours, of in zip(parts, there, whole, strict=True)
        if of
    )


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _records(val: Sequence[Sample], chance: FloatArray) -> Iterator[dict[str, Any]]:
    for one, likely in zip(val, chance.tolist(), strict=True):
        yield {"image": one.key, "media": one.media.hex(), "chance": round(likely, 9)}


def _write(
    found: Anchored,
    data: Dataset,
    val: Sequence[Sample],
    rest: Sequence[Sample],
    records: Sequence[Mapping[str, Any]],
) -> None:
    validation.check(val, rest)
    sets = {
        "train": [Line(Item(one, "human"), 1) for one in rest if one.split != "test"],
        "val": [Line(Item(one, "human"), 1) for one in val],
        "test": [Line(Item(one, "human"), 1) for one in rest if one.split == "test"],
    }
    sets = {split: lines for split, lines in sets.items() if lines}
    with building(found.out) as part:
        yolo.write(part, sets, data.classes, "reference")
        origins.write(part, [*rest, *val])
        text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records)
        (part / anchored.NAME).write_text(text, encoding="utf-8")
        document = json.dumps({"schema": SCHEMA, **found.document}, ensure_ascii=False, indent=1)
        (part / SUMMARY).write_text(document + "\n", encoding="utf-8")
