"""Read a dataset from anywhere: a path in any format that a reader knows, or a ledger version."""

from __future__ import annotations

import gc
import hashlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

from firsthand import provenance_file, registry
from firsthand.contracts import Reader
from firsthand.errors import FormatError, InputError, LedgerNotFound
from firsthand.provenance_file import SideFile, find_file
from firsthand.types import UNKNOWN, Dataset, Provenance, Reading, Sample, Skip

_UNSAID = (UNKNOWN,)  # `in` looks at identity before equality
_NAMES = [each.name for each in fields(Sample)]
_BEFORE = attrgetter(*_NAMES[: _NAMES.index("provenance")])
_AFTER = attrgetter(*_NAMES[_NAMES.index("provenance") + 1 :])


def read(
    source: str | Path,
    *,
    format: str | None = None,
    strict: bool = False,
    provenance: str | Path | None = None,
    declared: Provenance | None = None,
    group_by: str | None = None,
    progress: bool | None = None,
) -> Dataset:
    """What does a dataset hold, and what of it could not be used?

    Args:
        source: a file or folder, or a version of a ledger: `v3`, a branch, the first letters of a
            digest, or `PATH@VERSION` for the ledger of another folder.
        format: name of a reader; found by looking at the path where it is not given.
        strict: anything that would be skipped is an error.
        provenance: side file; `provenance.yaml` or `.jsonl` beside the data is found by itself.
        declared: what to assume of samples of which nothing else says where they come from.
        group_by: number of a path part, or regular expression, that tells from a sample's key which
            samples depend on each other (a video, patient or article); those that name a group
            themselves keep it.
        progress: show a bar on stderr; by default where stderr is a terminal.

    Raises:
        FormatError: no reader, or more than one, takes the path.
        InputError: it is not there, holds no sample, or, if strict, holds something unusable.
        LedgerError: a version cannot be read.
    """
    path = Path(source)
    if not path.exists():
        dataset = _version(str(source))
        side = Path(provenance) if provenance is not None else None
    else:
        dataset = _read_path(path, format, strict, progress)
        folder = path if path.is_dir() else path.parent
        side = Path(provenance) if provenance is not None else find_file(folder, Path(dataset.root))
    with _uncollected():
        if side is not None:
            dataset = _apply(provenance_file.load(side), dataset, strict)
        return _grouped(declared_as(dataset, declared), group_by)


def _read_path(path: Path, format: str | None, strict: bool, progress: bool | None) -> Dataset:
    reading = _reader(path, format).read(path)
    with _uncollected():
        samples, skips = _drain(reading, strict, progress)
    if not samples:
        raise InputError("there is no sample in it" + _summary(skips), where=str(path))
    return Dataset(
        name=path.name or str(path),
        task=reading.task,
        classes=reading.classes,
        samples=tuple(samples),
        skips=tuple(skips),
        format=reading.format,
        root=str(reading.root),
        digest=samples_digest(samples),
    )


def samples_digest(samples: Iterable[Sample]) -> str:
    """sha256 over the sorted (media, label, split) of all samples, as hexadecimal digits.

    Order and keys do not matter; how often a sample occurs does.
    """
    none = b"\0" * 32
    rows = [(one.media, one.label or none, one.split.encode()) for one in samples]
    total = hashlib.sha256(b"firsthand.dataset/1\0")
    for media, label, split in sorted(rows):
        total.update(media + label + split + b"\0")
    return total.hexdigest()


def _reader(path: Path, format: str | None) -> Reader:
    if format is not None:
        named: Reader = registry.load("readers", format)
        return named
    readers: dict[str, Reader] = registry.load_all("readers")
    able = [name for name, reader in readers.items() if reader.can_read(path)]
    if len(able) == 1:
        return readers[able[0]]
    if not able:
        raise FormatError(
            "no reader takes it" + _held(path),
            expected="data of one of the formats " + ", ".join(readers),
            todo="Name the file or folder that describes the data: data.yaml, an annotation file, "
            "a folder with images and labels or with a folder for each class.",
            where=str(path),
        )
    todo = f"Name the file inside it, or, where the command asks, say which: --format {able[0]}."
    raise FormatError("it can be read as " + " or as ".join(able), todo=todo, where=str(path))


def _held(path: Path) -> str:
    """What there is instead, for somebody who named the wrong folder."""
    if not path.is_dir():
        return ""
    kinds = Counter(each.suffix.lower() or "no suffix" for each in path.iterdir() if each.is_file())
    if not kinds:
        return ": it is a folder without files" if any(path.iterdir()) else ": it is empty"
    return ": it holds " + ", ".join(f"{many:,} of {kind}" for kind, many in kinds.most_common(3))


def _version(source: str) -> Dataset:
    from firsthand.ledger import Ledger

    folder, _, version = source.rpartition("@")
    try:
        ledger = Ledger.open(folder or ".")
    except LedgerNotFound as error:
        raise InputError(
            f"there is no file or folder {source!r}, and no ledger that could have such a version",
            todo="Check the path, or run: firsthand init",
        ) from error
    dataset = ledger.read(version, resolve=_originals)
    return dataset if dataset.digest else replace(dataset, digest=samples_digest(dataset.samples))


def _originals(path: Path) -> tuple[Sample, ...]:
    """What texts and rows were added from: a ledger holds their content only where it copied it."""
    return _read_path(path, None, strict=False, progress=False).samples


@contextmanager
def _uncollected() -> Iterator[None]:
    """Samples hold no cycles; looking for some among them takes a fifth of a large read."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _drain(
    reading: Reading, strict: bool, progress: bool | None
) -> tuple[list[Sample], list[Skip]]:
    samples: list[Sample] = []
    skips: list[Skip] = []
    keys: set[str] = set()
    for item in _shown(reading, progress):
        skip = item if isinstance(item, Skip) else _repeated(item, keys)
        if skip is None:
            samples.append(item)
        else:
            skips.append(_noted(skip, strict))
    return samples, skips


def _repeated(sample: Sample, keys: set[str]) -> Skip | None:
    if sample.key in keys:
        return Skip("duplicate-key", sample.path, sample.line, sample.key)
    keys.add(sample.key)
    return None


def _noted(skip: Skip, strict: bool) -> Skip:
    if not strict:
        return skip
    where = f"{skip.path}:{skip.line}" if skip.line else skip.path
    raise InputError(f"{skip.code}: {skip.found}".removesuffix(": "), where=where)


def _summary(skips: list[Skip]) -> str:
    counts = Counter(skip.code for skip in skips)
    return ": " + ", ".join(f"{times} {code}" for code, times in counts.items()) if counts else ""


def _apply(side: SideFile, dataset: Dataset, strict: bool) -> Dataset:
    """What the side file says stands above what the records themselves say."""
    root = dataset.root.rstrip("/") + "/"
    insides = [one.path.removeprefix(root) for one in dataset.samples]
    pairs = list(zip(dataset.samples, insides, strict=True))
    samples = tuple(_from(one, side.find(one, inside)) for one, inside in pairs)
    unused = tuple(_noted(skip, strict) for skip in side.unused(pairs))
    return replace(dataset, samples=samples, skips=dataset.skips + unused)


def declared_as(dataset: Dataset, declared: Provenance | None) -> Dataset:
    """The same data; samples of which nothing is said come from where `declared` says."""
    if declared is None:
        return dataset
    samples = tuple(
        _from(one, declared) if one.provenance in _UNSAID else one for one in dataset.samples
    )
    return replace(dataset, samples=samples)


def _grouped(dataset: Dataset, pattern: str | None) -> Dataset:
    if pattern is None:
        return dataset
    from firsthand.ledger.groups import group_keys

    groups = group_keys((sample.key for sample in dataset.samples), pattern)
    pairs = zip(dataset.samples, groups, strict=True)
    return replace(
        dataset,
        samples=tuple(one if one.group else replace(one, group=group) for one, group in pairs),
    )


def _from(sample: Sample, provenance: Provenance | None) -> Sample:
    """The same sample said to come from elsewhere; six times faster than `replace`."""
    if provenance is None:
        return sample
    told: tuple[Any, ...] = (*_BEFORE(sample), provenance, *_AFTER(sample))
    return Sample(*told)


def _shown(reading: Reading, progress: bool | None) -> Iterator[Any]:
    """The items, with a bar on stderr where somebody is looking."""
    if progress is None:
        progress = sys.stderr.isatty()
    if not progress:
        yield from reading.items
        return
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    label = f"Reading {reading.root.name}"
    yield from track(reading.items, label, reading.total, console=console, transient=True)
