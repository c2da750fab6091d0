"""A version as a YOLO folder whose validation set is written out and made or checked by people.

Without a `val` entry some trainers take a random tenth of the training images for validation, and
so put generated images there; this export therefore always writes one, and refuses to fill it
with what no person made or verified.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import yaml

from firsthand.errors import InputError
from firsthand.formats.yolotext import label_text
from firsthand.ledger.catalog import Model
from firsthand.provenance import TRUSTED, provenance_class
from firsthand.provenance_file import rule_of
from firsthand.types import Dataset, Sample

TASKS = frozenset({"detect", "segment", "oriented"})


def write_yolo(dataset: Dataset, models: Iterable[Model], folder: Path, final: Path) -> None:
    """Write images, labels, `data.yaml` and `provenance.jsonl`; `final` is its later place.

    Raises:
        InputError: it is no detection data, or has no validation set that people made or checked.
    """
    _refuse(dataset)
    names = _file_names(dataset.samples)
    records: list[dict[str, object]] = []
    for sample, name in zip(dataset.samples, names, strict=True):
        split = sample.split or "train"
        image = folder / "images" / split / name
        _place(Path(sample.path), image)
        if sample.label is not None:
            label = folder / "labels" / split / f"{image.stem}.txt"
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text(label_text(sample.boxes))
        records.append(rule_of(sample))
    records = [_model(model) for model in models] + [record for record in records if record]
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    (folder / "provenance.jsonl").write_text(lines)
    (folder / "data.yaml").write_text(_data_yaml(dataset, final))


def _model(model: Model) -> dict[str, object]:
    said: dict[str, object] = {"model": model.name, "own": model.own}
    if model.generation is not None:
        said["trained_on"] = model.generation - 1
    if model.ancestry is not None:
        said["ancestry"] = model.ancestry
    return said


def _refuse(dataset: Dataset) -> None:
    if dataset.task not in TASKS:
        raise InputError(f"a YOLO folder of {dataset.task} data", expected="detection data")
    for split in ("train", "val"):
        if not any((sample.split or "train") == split for sample in dataset.samples):
            raise InputError(
                f"the version has no split {split!r}",
                expected="samples in train and in val",
                todo="Trainers would make up a validation set; add one that people made.",
            )
    doubtful = [sample.key for sample in dataset.samples if not _may_validate(sample)]
    if doubtful:
        raise InputError(
            f"{len(doubtful)} samples of the split val were neither made nor verified by people, "
            f"the first is {doubtful[0]!r}",
            expected="a validation set that people made or verified",
            todo="Declare who made them (firsthand add --origin human), or verify them.",
        )


def _may_validate(sample: Sample) -> bool:
    if sample.split != "val":
        return True
    return provenance_class(sample.provenance, sample.label is not None) in TRUSTED


def _file_names(samples: Iterable[Sample]) -> list[str]:
    """One file name a sample, unique in its split, also where samples repeat."""
    taken: set[tuple[str, str]] = set()
    names = []
    for sample in samples:
        suffix = Path(sample.path).suffix or PurePosixPath(sample.key).suffix
        stem = PurePosixPath(sample.key.replace(":", "/")).with_suffix("").as_posix()
        name = base = stem.strip("/").replace("/", "__")
        repeat = 1
        while (sample.split, name) in taken:
            repeat += 1
            name = f"{base}__{repeat}"
        taken.add((sample.split, name))
        names.append(name + suffix)
    return names


def _place(source: Path, target: Path) -> None:
    """A second name of the same file where the disk allows it, else a copy."""
    if not source.is_file():
        raise InputError("the image is not there any more", where=str(source))
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _data_yaml(dataset: Dataset, final: Path) -> str:
    splits = {sample.split or "train" for sample in dataset.samples}
    document: dict[str, object] = {"path": str(final.absolute())}
    document |= {split: f"images/{split}" for split in ("train", "val", "test") if split in splits}
    document["names"] = dict(enumerate(dataset.classes))
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
