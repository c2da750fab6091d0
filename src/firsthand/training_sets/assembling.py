"""Writes a chosen training set, whole or not at all, and proves that it is what was chosen.

Everything is written beside the final folder, read back with the package's own reader, compared
sample by sample, and only then given its name.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from firsthand.composition import labelled
from firsthand.errors import FirsthandError, InputError
from firsthand.provenance import provenance_class
from firsthand.read import read, samples_digest
from firsthand.training_sets import folders, origins, rows, yolo
from firsthand.training_sets.drawn import Drawn, Item, Line, repeated
from firsthand.training_sets.mixed import SCHEMA, Chosen, Mixed, Order, told
from firsthand.training_sets.pools import BOXED, IMAGES, Given
from firsthand.types import Dataset, Sample, Task

if TYPE_CHECKING:
    from firsthand.ledger import Ledger

MANIFEST = "firsthand-mix.json"
FORMATS = ("yolo", "folders", *rows.FORMATS)


def check_format(format: str | None, task: Task) -> str:
    """The format for a kind of data.

    Raises:
        InputError: such data cannot be written so.
    """
    able = ("yolo",) if task in BOXED else ("folders",) if task in IMAGES else rows.FORMATS
    if format is not None and format not in able:
        raise InputError(f"format {format!r} for {task} data", expected="one of " + ", ".join(able))
    return format or able[0]


def assemble(
    order: Order,
    given: Given,
    chosen: Chosen,
    rng: np.random.Generator,
    ledger: Ledger | None = None,
) -> Mixed:
    """Write the chosen samples and what is known of them.

    Raises:
        InputError: the folder exists, the disk is full, or the set cannot be read back as chosen.
    """
    sets = {"train": chosen.training}
    if chosen.pools.val:
        sets["val"] = Drawn(tuple(Item(one, "human") for one in chosen.pools.val))
    lines = {split: _lines(order, items, rng) for split, items in sets.items()}
    with building(order.out) as part:
        referenced = _write(order, part, sets, lines, chosen.pools.classes)
        found = read(part, progress=False)
        _prove(found, lines)
        found = _moved(found, part, order.out)
        mixed = told(order, given, chosen, lines["train"], found)
        mixed = replace(mixed, referenced=referenced)
        _save(part / MANIFEST, mixed)
    return mixed if ledger is None else _recorded(mixed, ledger)


def _lines(order: Order, items: Drawn, rng: np.random.Generator) -> tuple[Line, ...]:
    """Rows carry their weight in a column, images are repeated."""
    if order.format in rows.FORMATS:
        return tuple(Line(one, 1) for one in items)
    return repeated(items, rng)


def _write(
    order: Order,
    part: Path,
    sets: Mapping[str, Drawn],
    lines: Mapping[str, Sequence[Line]],
    classes: Sequence[str],
) -> int:
    samples = [line.item.sample for each in lines.values() for line in each]
    if order.format in rows.FORMATS:
        keys = rows.write(part, sets, classes, order.format)
        origins.write(part, samples, [key for split in sets for key in keys[split]])
        return 0
    origins.write(part, samples)
    if order.format == "folders":
        folders.write(part, lines, classes, order.place)
        return 0
    return yolo.write(part, lines, classes, order.place).referenced


def check_new(out: Path) -> None:
    """Refuse a folder that is there.

    Raises:
        InputError: it is.
    """
    if out.exists() or out.is_symlink():
        raise InputError("it exists already", todo="Name another folder.", where=str(out))


@contextlib.contextmanager
def building(out: Path) -> Iterator[Path]:
    """A folder that becomes `out` if all goes well, and vanishes if not.

    A process that is killed leaves it under its own name; the next one for this `out` removes it.
    """
    check_new(out)
    part = out.with_name(f".{out.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        yield part
        part.rename(out)
    except OSError as error:
        raise InputError(
            f"writing failed: {error.strerror or error}",
            todo="Make room, or name a folder on another disk; nothing was left behind.",
            where=str(error.filename or out),
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _prove(found: Dataset, lines: Mapping[str, Sequence[Line]]) -> None:
    """Is what was read back what was chosen: content, labels, splits, origins, and how often?"""
    chosen: Counter[Any] = Counter()
    for split, each in lines.items():
        for line in each:
            chosen[_content(line.item.sample, split)] += line.times
    there = Counter(_content(one, one.split) for one in found.samples)
    if chosen != there:
        missing, strange = chosen - there, there - chosen
        first = next(iter([*missing, *strange]))
        raise InputError(
            f"read back, {missing.total():,} of {chosen.total():,} samples are missing and "
            f"{strange.total():,} others are there, the first in {first[0]} as {first[3]} "
            f"(media {first[1].hex()[:12]}); {len(found.skips)} could not be read",
            expected="exactly what was chosen",
            todo="Did a source change meanwhile? Otherwise copy or convert it, and report this.",
        )


def _content(sample: Sample, split: str) -> tuple[str, bytes, bytes, str, str]:
    origin = provenance_class(sample.provenance, labelled(sample))
    return split, sample.media, sample.label or b"", origin, str(sample.provenance.generation)


def _moved(found: Dataset, part: Path, out: Path) -> Dataset:
    """The same data under the name that the folder gets."""
    old, new = f"{part.absolute()}/", f"{out.absolute()}/"
    samples = tuple(
        replace(one, path=new + one.path.removeprefix(old)) if one.path.startswith(old) else one
        for one in found.samples
    )
    root = str(out.absolute())
    return replace(found, name=out.name, root=root, samples=samples, digest=samples_digest(samples))


def _save(path: Path, mixed: Mixed) -> None:
    text = json.dumps({"schema": SCHEMA, **mixed.document}, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def _recorded(mixed: Mixed, ledger: Ledger) -> Mixed:
    """Commit the set as a version on a branch of its own name, made of nothing else.

    Its parent is the head of main. Where the ledger refuses, the folder goes again.
    """
    branch = f"mix-{mixed.out.absolute().name}"
    try:
        branches = ledger.status().branches
        base = branch if branch in branches else "main"
        for source in ledger.version(base).sources if base in branches else ():
            ledger.remove(ledger.root / source)
        ledger.add(mixed.dataset, source=mixed.out.absolute(), replace=True)
        message = f"mix: {mixed.order.policy}, {mixed.recipe}, digest {mixed.dataset.digest[:12]}"
        version = ledger.commit(message, branch=branch)
    except FirsthandError:
        shutil.rmtree(mixed.out)
        raise
    return replace(mixed, version=version.name)
