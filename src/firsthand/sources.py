"""From what a caller names to two sides that may be compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from firsthand import feature_files, profile, registry
from firsthand.contracts import Embedder
from firsthand.errors import InputError
from firsthand.read import read
from firsthand.sides import DatasetSide, FeatureSide, Side, bare
from firsthand.types import UNKNOWN, Dataset, Provenance, Task

BOXED = frozenset({"detect", "segment", "oriented"})
IMAGES = BOXED | {"classify"}
Source = str | Path | Dataset | Side


def side_of(source: Source, features: str | None = None, **reading: Any) -> Side:
    """One side of a comparison, from whatever names it.

    Args:
        source: a dataset, path or ledger version; a saved profile; or a side as it is.
        features: what turns media into points, NAME or NAME=MODEL.
        reading: passed on to `read`.

    Raises:
        UnknownComponent: nothing is called as `features` says.
        InputError: it cannot be read or holds no sample; or a side file says origins by file, of
            what names no files.
    """
    if features is not None:  # a name that is wrong is said, also where nothing makes points
        registry.load("features", features.partition("=")[0])
    if isinstance(source, str | Path) and profile.can_read(Path(source)):
        _refuse_side_file(Path(source), reading)
        return profile.load(Path(source))
    if isinstance(source, str | Path) and _holds_points(source, reading.get("format")):
        _refuse_side_file(Path(source), reading)
        return FeatureSide(feature_files.open(source, **_only(reading, "group_by", "strict")))
    if isinstance(source, str | Path):
        source = read(source, **reading)
    if isinstance(source, Dataset):
        return DatasetSide(opened(source), chosen_embedder(features, source.task))
    return source


def _holds_points(source: str | Path, format: str | None) -> bool:
    """Is it a file of features? Told by looking, unless a format is named."""
    if format is not None:
        return format == "features"
    return Path(source).is_file() and feature_files.can_read(source)


def _refuse_side_file(path: Path, reading: dict[str, Any]) -> None:
    if reading.get("provenance") is not None:
        raise InputError(
            "a file of provenance says origins by file, and a profile or points name no files",
            expected="one origin for all of it",
            todo="Say --origin human, synthetic or model-labelled.",
            where=str(path),
        )


def _only(reading: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in reading.items() if name in names}


def opened(
    source: str | Path | Dataset, declared: Provenance | None = None, strict: bool = False
) -> Dataset:
    """A dataset with something in it.

    Raises:
        InputError: it cannot be read or holds no sample.
    """
    dataset = source
    if not isinstance(dataset, Dataset):
        dataset = read(dataset, declared=declared, strict=strict)
    if not dataset.samples:
        raise InputError("the dataset holds no sample", expected="at least one", where=dataset.name)
    return dataset


def samples_of(side: Side, declared: Provenance | None = None) -> Dataset:
    """The samples of a side; those of a profile or of points are bare (`sides.bare`).

    Args:
        side: what was opened.
        declared: who made samples that carry no word of it.
    """
    return side.dataset if isinstance(side, DatasetSide) else bare(side, declared or UNKNOWN)


def chosen_embedder(asked: str | None, task: Task) -> Embedder | None:
    """What makes points of a kind of data: the embedder named, else one that needs no model.

    Args:
        asked: NAME, or NAME=MODEL where it opens a model by path or name.
        task: the kind of data; None is returned where nothing makes points of it.

    Raises:
        UnknownComponent: nothing is called NAME.
        MissingExtra: it needs a package that is not installed.
        InputError: it needs a MODEL and none is named, or takes none, or cannot see such data.
    """
    if asked is not None:
        return _able(_named(asked), task)
    embedders: dict[str, Embedder] = registry.load_all("features")
    able = (each for each in embedders.values() if each.open is None and task in each.tasks)
    return next(able, None)


def _named(asked: str) -> Embedder:
    name, given, model = asked.partition("=")
    found: Embedder = registry.load("features", name)
    if found.open is not None and given:
        return found.open(model)
    if found.open is None and not given:
        return found
    raise InputError(
        f"--features {asked}",
        expected=f"{name}=MODEL, a path or a name" if found.open else f"{name} without a model",
    )


def _able(embedder: Embedder, task: Task) -> Embedder:
    if task in embedder.tasks:
        return embedder
    raise InputError(
        f"{embedder.name} cannot make points of {task} data",
        expected="data of one of the kinds " + ", ".join(sorted(embedder.tasks)),
        todo="Leave --features away for what fits, or name another",
    )


def check_comparable(candidate: Side | Dataset, reference: Side | Dataset) -> None:
    """Refuse two sets that no number can compare.

    Datasets without one class name in common would show every class as lost.

    Raises:
        InputError: they are of different kinds, or have no class name in common.
    """
    check_kind(candidate, reference, "reference")
    if {"text", "features"} & {candidate.task, reference.task} or not reference.classes:
        return
    if set(candidate.classes) & set(reference.classes):
        return
    raise InputError(
        f"no class name is in both sets: the candidate has {_some(candidate.classes)}",
        expected=f"names such as the reference's {_some(reference.classes)}",
        todo="Give both sets the same names (names: in data.yaml, or classes.txt).",
        where=candidate.name,
    )


def check_kind(candidate: Side | Dataset, other: Side | Dataset, role: str) -> None:
    """Texts cannot lose what images have, nor objects what whole images have.

    Raises:
        InputError: the two are of different kinds.
    """
    bare = not (candidate.classes and other.classes)  # without labels, they go with any
    alike = BOXED if not bare else IMAGES | {"features"}
    if candidate.task == other.task or {candidate.task, other.task} <= alike:
        return
    raise InputError(
        f"the candidate was read as {candidate.task}, the {role} {other.name} as {other.task}",
        expected="two sets of one kind",
        todo="Where one was taken for what it is not, name its format, or the file inside it.",
        where=candidate.name,
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") or "none"
