"""Label images with a detector, keeping what is rare and small, and say what may be lost.

Predictions come from a detector that can be asked, or from a file. The reference, which people
labelled, says how many objects of each class and size an image holds; its split `val`, if the
detector did not learn from it, says how often the detector is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from firsthand import registry
from firsthand.detections import Detections, cells_of, gather, labelled, weighted
from firsthand.detections import files as prediction_files
from firsthand.detections.choosing import FLOOR, Anchor, Labelling, anchor_of, expected
from firsthand.errors import InputError
from firsthand.provenance import from_fields
from firsthand.read import read, samples_digest
from firsthand.sources import BOXED
from firsthand.training_sets import anchored, pseudo_labels
from firsthand.training_sets.apart import check_apart, check_outside
from firsthand.training_sets.assembling import check_new
from firsthand.training_sets.labelled import SCHEMA, Labels, told, unknown
from firsthand.training_sets.unlabelled import Joined, Unlabelled, images, joined
from firsthand.training_sets.validation import trusted
from firsthand.types import HUMAN, Dataset, Provenance, Sample, Skip

if TYPE_CHECKING:
    from firsthand.ledger import Ledger

__all__ = ["Labels", "label"]

Predictor = Callable[[Iterable[Sample]], Iterator[Detections]]
"""A detector that can be asked. It may have `classes`, the names of its class numbers."""
Source = str | Path | Predictor
LINED = frozenset({"segment", "oriented"})
"""What a reference with outlines is read as."""


def label(
    source: Source,
    pool: str | Path,
    *,
    reference: str | Path | Dataset,
    out: str | Path,
    method: str | Labelling = "count_matched",
    options: Mapping[str, Any] | None = None,
    anchor: str | Path | None = None,
    prior: Mapping[str, float] | None = None,
    generator: str = "",
    trained_on: int | None = None,
    media: str = "unknown",
    checks: int = 100,
    seed: int = 0,
    ledger: Ledger | None = None,
) -> Labels:
    """Label a folder of images with a detector's predictions.

    Args:
        source: a detector that can be asked about images, or a file or folder of predictions.
        pool: a folder of images that nobody labelled, or a .txt list of them.
        reference: what people labelled: the mix to keep, and in its split `val` the anchor.
        out: folder to write; it must not exist.
        method: name of a way of labelling, or one with its options set.
        options: fields of the method, such as `{"floor": 0.05}`.
        anchor: predictions for the reference's split `val`, where `source` is a file without them.
        prior: objects an image of some classes, where the pool is known to differ.
        generator: NAME@VERSION of the detector.
        trained_on: highest generation among what the detector learned from; 0 is human data only.
        media: who made the images: human, synthetic or unknown.
        checks: how many boxes to list for a person.
        seed: of what is drawn, and of intervals.
        ledger: gets the set as a version, with what it knows of the detector.

    Raises:
        InputError: the reference is no human detection data, nothing was found, and so on.
        UnknownComponent: there is no such method.
    """
    check_new(Path(out))  # before a detector is asked for an hour
    human = _reference(reference)
    nameless = unknown(tuple(getattr(source, "classes", human.classes)), human.classes)
    waiting = _new(images(pool), human)
    check_outside(Path(out), {Path(one.path).resolve().parent for one in waiting.samples})
    check_apart(Path(out), [human])
    val = [one for one in human.samples if one.split == "val" and one.label is not None]
    way = _method(method, options)
    seen, generator = _predictions(source, waiting, val, human.classes, generator, _floor(way))
    made_by = _made_by(generator, trained_on, media)
    lined = human.task in LINED and _all_outlined(seen)
    objects = labelled(human)
    reached = expected(objects, cells_of(objects, human.classes), dict(prior or {}))
    tried = _anchor(human, val, seen, anchor)
    chosen = way.choose(gather(seen.found.values()), reached, np.random.default_rng(seed), tried)
    pseudo_labels.refuse_nothing(chosen)
    known = {one.key: one for one in waiting.samples}
    train = pseudo_labels.samples_of(
        chosen, seen.found, known, waiting.sizes, human.classes, made_by, lined=lined
    )
    tell = told(chosen, reached, tried, checks, seed)
    absent = {one.name for one in nameless}  # more about these would only say it again
    tell["doubts"] = (*nameless, *(one for one in tell["doubts"] if one.name not in absent))
    found = Labels(
        out=Path(out),
        method=method if isinstance(method, str) else method.name,
        generator=generator,
        generation=made_by.generation,
        val=len(val),
        media=media,
        boxes_only=human.task in LINED and not lined,
        skips=(*waiting.skips, *seen.skips, *_unseen(waiting, seen)),
        seed=seed,
        **tell,
    )
    beside = {
        pseudo_labels.PREDICTIONS: pseudo_labels.predictions(
            chosen, seen.found, human.classes, generator
        ),
        pseudo_labels.CHECKS: pseudo_labels.checks(found.checks, chosen),
    }
    summary = {"schema": SCHEMA, **found.document}
    pseudo_labels.write(found.out, train, val, human.classes, beside, summary)
    return found if ledger is None else replace(found, version=_recorded(found, ledger))


def _reference(source: str | Path | Dataset) -> Dataset:
    human = source if isinstance(source, Dataset) else read(source, declared=HUMAN)
    if human.task not in BOXED:
        raise InputError(
            f"the reference was read as {human.task}",
            expected="images with boxes that people labelled",
            where=human.name,
        )
    doubtful = [one for one in human.samples if not trusted(one)]
    if doubtful:
        raise InputError(
            f"{len(doubtful):,} of {len(human.samples):,} samples of the reference were neither "
            f"made nor verified by people, the first is {doubtful[0].key}",
            expected="a reference by people: counts are taken from it",
            todo="Take them out, or have a person verify them and say so in provenance.yaml.",
            where=human.name,
        )
    return human


def _all_outlined(seen: Joined) -> bool:
    """Can every label be an outline? A set of both would cost a trainer of masks all of them."""
    return all(each.outlines or not len(each.confidence) for each in seen.found.values())


def _new(pool: Unlabelled, human: Dataset) -> Unlabelled:
    """Without images that people labelled already: those are the truth, and may be validated on."""
    known = {one.media for one in human.samples if one.label is not None}
    again = [one for one in pool.samples if one.media in known]
    if len(again) == len(pool.samples):
        raise InputError(
            f"people labelled all {len(again):,} images already",
            expected="images that the reference does not hold",
        )
    skips = (Skip("labelled-already", one.path) for one in again)
    samples = tuple(one for one in pool.samples if one.media not in known)
    return pool._replace(samples=samples, skips=(*pool.skips, *skips))


def _method(method: str | Labelling, options: Mapping[str, Any] | None) -> Labelling:
    if not isinstance(method, str):
        return method
    found: Labelling = registry.load("labelling", method)
    known = {name for name in vars(found) if name not in {"name", "question"}}
    for name in options or {}:
        if name not in known:
            raise InputError(
                f"{method} has no option {name!r}", expected="one of " + ", ".join(sorted(known))
            )
    try:
        made: Labelling = replace(found, **(options or {}))  # type: ignore[type-var]
    except TypeError as error:
        raise InputError(f"an option of {method} is of another kind: {error}") from error
    return made


def _predictions(
    source: Source,
    waiting: Unlabelled,
    val: list[Sample],
    classes: tuple[str, ...],
    generator: str,
    floor: float,
) -> tuple[Joined, str]:
    """Predictions on the pool and on the reference's val, and the name of what made them."""
    if not isinstance(source, str | Path):
        own = tuple(getattr(source, "classes", classes))
        items: Iterable[Detections | Skip] = source([*waiting.samples, *val])
        seen = joined(waiting.samples, _above(floor, _renumbered(items, own, classes)))
        return seen._replace(skips=[*seen.skips, *getattr(source, "skips", ())]), generator
    opened = prediction_files.read(Path(source), classes)
    items = _renumbered(opened.items, opened.classes, classes)
    seen = joined(waiting.samples, _above(floor, items))
    if not opened.every_image:
        for one in waiting.samples:
            seen.found.setdefault(one.key, _nothing(one.key))
    found = {one.key: seen.found[one.key] for one in waiting.samples if one.key in seen.found}
    return seen._replace(found=found), generator or opened.generator


def _floor(way: Labelling) -> float:
    """Confidence below which a prediction matters neither to the labels nor to their quality."""
    return min(float(getattr(way, "floor", 0.0)), FLOOR)


def _above(floor: float, items: Iterable[Detections | Skip]) -> Iterator[Detections | Skip]:
    """Without what is below: outlines of hundreds of boxes an image need not be kept."""
    for each in items:
        yield each if isinstance(each, Skip) else each.rows(each.confidence >= floor)


def _renumbered(
    items: Iterable[Detections | Skip], own: tuple[str, ...], classes: tuple[str, ...]
) -> Iterator[Detections | Skip]:
    """The detector's class numbers as the reference's, by name."""
    if own == classes:
        yield from items
        return
    place = {name: at for at, name in enumerate(classes)}
    table = np.array([place.get(name, -1) for name in own], np.int32)
    for each in items:
        if isinstance(each, Skip):
            yield each
            continue
        label = table[each.classes]
        for name in sorted({own[at] for at in each.classes[label < 0].tolist()}):
            yield Skip("label-class", each.key, found=name, keeps_sample=True)
        yield replace(each, classes=label).rows(label >= 0)


def _nothing(key: str) -> Detections:
    return Detections(key, np.zeros(0, np.int32), np.zeros((0, 4)), np.zeros(0))


def _unseen(waiting: Unlabelled, seen: Joined) -> list[Skip]:
    return [
        Skip("prediction-missing", one.path) for one in waiting.samples if one.key not in seen.found
    ]


def _anchor(
    human: Dataset, val: list[Sample], seen: Joined, named: str | Path | None
) -> Anchor | None:
    """The detector on the reference's val, where there are predictions for it."""
    others: list[Detections | Skip] = list(seen.others)
    if named is not None:
        opened = prediction_files.read(Path(named), human.classes)
        others += _renumbered(opened.items, opened.classes, human.classes)
    found = joined(val, others).found
    if not found:
        if named is not None:
            raise InputError(
                "it holds no image of the reference's split val",
                expected="predictions for images that people labelled",
                where=str(named),
            )
        return None
    people = weighted(labelled(replace(human, samples=tuple(val))), anchored.weights(human))
    return anchor_of(people, gather(found.values()))


def _made_by(generator: str, trained_on: int | None, media: str) -> Provenance:
    said = {
        "media_origin": media,
        "label_origin": "model",
        "label_generator": generator or None,
        "generation": None if trained_on is None else trained_on + 1,
    }
    return from_fields(said) or Provenance()


def _recorded(found: Labels, ledger: Ledger) -> str:
    """Commit the labelled images, not the people's that are validated on, on the main branch."""
    data = read(found.out, progress=False)
    train = tuple(one for one in data.samples if one.split != "val")
    data = replace(data, samples=train, digest=samples_digest(train))
    ledger.add(data, source=found.out.absolute(), replace=True)
    by = found.generator or "an unnamed detector"
    return ledger.commit(f"label: {found.method}, {found.labels} labels by {by}").name
