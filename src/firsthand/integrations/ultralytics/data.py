"""What a training run names as `data`, found where Ultralytics would find it, and read by us.

A name is looked up as `YOLO.train` does: as a path, then among the package's own descriptions, with
folders in `datasets_dir` of its public settings. Nothing is downloaded, and nothing that stands
in a data.yaml is run.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from firsthand.errors import InputError
from firsthand.formats import yamltext
from firsthand.integrations.ultralytics.predict import framework
from firsthand.provenance_file import find_file
from firsthand.read import read
from firsthand.readers.yolo import config
from firsthand.report.left_out import skipped
from firsthand.types import Dataset, Provenance

DROPPED = frozenset(
    ("label-class", "label-columns", "label-confidence", "label-encoding", "label-nan")
    + ("label-range",)
)
"""What makes Ultralytics leave an image out of training with no more than a warning."""
TASKS = ("detect", "segment", "classify")


class Named(NamedTuple):
    """A training set that was named."""

    name: str  # as it was typed
    path: Path  # data.yaml, or the folder of images
    root: Path  # the dataset's folder as Ultralytics takes it


def find(name: object, task: str) -> Named:
    """Where is the data that a run names?

    Raises:
        InputError: it is nowhere here, or would be downloaded, or comes with a script.
    """
    if not isinstance(name, str | Path) or "://" in str(name):
        raise InputError(
            f"data is {name!r}",
            expected="a data.yaml or a folder on this machine; the guard reads it before training",
        )
    if task == "classify":
        return _folder(str(name))
    path = _described(str(name))
    told = yamltext.load(path)
    _check(told)
    return Named(str(name), path, _root(told))


def load(named: Named, declared: Provenance | None) -> Dataset:
    """Read it, without Ultralytics.

    Raises:
        InputError: it cannot be read, or its labels hold what would be left out of training.
    """
    if named.path.is_dir():
        dataset = read(named.path, format="image_folder", declared=declared)
    else:
        dataset = _read(named, declared)
    _refuse_dropped(dataset)
    return replace(dataset, name=Path(named.name).name)


def trains_on(dataset: Dataset, split: str = "train") -> Dataset:
    """Only the samples of one split."""
    return replace(
        dataset, samples=tuple(each for each in dataset.samples if each.split == split), digest=""
    )


def same_place(named: Named, loaded: object) -> bool:
    """Is what the trainer loaded in the folder, or the lists, that were read?"""
    if named.path.is_dir():
        return _places([str(named.root / "train")]) == _places(loaded)
    told = yamltext.load(named.path).value["train"]
    given = told if isinstance(told, list) else [told]
    return _places(loaded) <= _places([str(named.root / each) for each in given]) | _places(
        [str(named.root / each.removeprefix("../")) for each in given]
    )


def _places(named: object) -> set[Path]:
    each = named if isinstance(named, Sequence) and not isinstance(named, str) else [named]
    return {Path(str(one)).resolve() for one in each}


def _folder(name: str) -> Named:
    for path in (Path(name), _datasets() / name):
        if path.is_dir():
            if not (path / "train").is_dir() or not _held_out(path):
                raise InputError(
                    "there is no train/ or no val/ in it",
                    expected="train/CLASS/..., val/CLASS/...: Ultralytics would split it itself",
                    where=str(path),
                )
            return Named(name, path, path.resolve())
    raise _absent(name, "a folder with train/CLASS/... and val/CLASS/...")


def _held_out(path: Path) -> bool:
    return any((path / each).is_dir() for each in ("val", "validation", "valid", "test"))


def _described(name: str) -> Path:
    """The data.yaml that a name means."""
    known = Path(framework().__file__).parent / "cfg" / "datasets"
    ways = (name, f"{name}.yaml", f"{name}.yml")
    places = [Path(way) for way in ways] + [known / Path(way).name for way in ways]
    for path in places:
        if path.is_dir():
            found = config.find_yaml(path)
            if found is not None:
                return found
        elif path.is_file():
            return path
    raise _absent(name, "a data.yaml, or a folder with one")


def _absent(name: str, wanted: str) -> InputError:
    if Path(name).exists():
        return InputError("there is none for this task", expected=wanted, where=name)
    return InputError(
        f"there is no {name!r} on this machine",
        expected="a data.yaml or a folder that is there; the guard downloads nothing",
        todo=f"Name its path, or put it into {_datasets()}.",
    )


def _check(told: yamltext.Document) -> None:
    if not isinstance(told.value, dict):
        raise InputError("no keys", expected="train, val, names", where=told.where())
    script = told.value.get("download")
    if script is not None and not str(script).strip().lower().startswith(("http://", "https://")):
        raise InputError(
            "it holds a script under download, which Ultralytics would run",
            expected="data that are here, and no script",
            todo="Read the script, run it yourself if you trust it, and take the key out.",
            where=told.where("download"),
        )
    for key, others in (("train", ()), ("val", ("validation",))):
        if not any(told.value.get(each) for each in (key, *others)):
            raise InputError(
                f"it names no {key}",
                expected="train, and val: images that people labelled and that are not trained on",
                where=told.where(key),
            )


def _root(told: yamltext.Document) -> Path:
    """The dataset's folder as Ultralytics takes it: from here, else from its datasets_dir."""
    said = told.value.get("path")
    if not said:
        return told.path.absolute().parent
    path = Path(str(said))
    if not path.exists() and not path.is_absolute():
        path = _datasets() / path
    if path.exists():
        return path.resolve()
    raise InputError(
        f"path is {str(said)!r}, and there is no {path}",
        expected="the dataset's folder, from here or in the datasets_dir of Ultralytics' settings",
        todo="Write the whole path; the guard downloads nothing.",
        where=told.where("path"),
    )


def _datasets() -> Path:
    return Path(str(framework().settings["datasets_dir"]))


def _read(named: Named, declared: Provenance | None) -> Dataset:
    """Read a data.yaml whose `path` means what it means to Ultralytics."""
    if _read_alike(named):
        return read(named.path, format="yolo", declared=declared)
    side = find_file(named.path.absolute().parent, named.root)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / named.path.name
        copy.write_text(_with_root(named), encoding="utf-8")
        try:
            return read(copy, format="yolo", declared=declared, provenance=side)
        except InputError as error:  # lines are in their places, so only the file is another
            error.where = error.where.replace(str(copy), str(named.path))
            error.args = (error._sentence(),)
            raise


def _read_alike(named: Named) -> bool:
    """Does the reader take it for the same folder? Without `path` it is that of the file."""
    if not yamltext.load(named.path).value.get("path"):
        return True
    with contextlib.suppress(InputError):  # said again when it is read
        return config.load(named.path).root.resolve() == named.root.resolve()
    return False


def _with_root(named: Named) -> str:
    """The text of a data.yaml with its whole path, every line in its place."""
    told = yamltext.load(named.path)
    lines = named.path.read_text("utf-8-sig").splitlines()
    if ("path",) in told.lines:
        lines[told.lines["path",] - 1] = f"path: {json.dumps(str(named.root))}"
    return "\n".join(lines)


def _refuse_dropped(dataset: Dataset) -> None:
    wrong = [each for each in dataset.skips if each.code in DROPPED]
    if not wrong:
        return
    said = "; ".join(
        f"{each.count:,} × {each.text}, first {each.places[0]}" for each in skipped(wrong, "en")
    )
    raise InputError(
        f"labels that Ultralytics would leave out of training, with their images: {said}",
        expected="rows of a class of names and four shares of the image, and no more columns",
        todo="Correct them; confidences belong into a file beside the labels.",
        where=dataset.name,
    )
