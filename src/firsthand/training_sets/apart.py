"""A new set must not lie among the images of the data that it is made of.

Whoever reads those data again would find the new set's images in them, generated ones too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from firsthand.errors import InputError
from firsthand.training_sets.pools import IMAGES, in_full
from firsthand.types import Dataset


def check_apart(out: Path, datasets: Iterable[Dataset]) -> None:
    """Refuse a place inside an image folder of the data.

    Raises:
        InputError: it is inside one.
    """
    for dataset in datasets:
        check_outside(out, image_folders(dataset))


def check_outside(out: Path, folders: Iterable[Path]) -> None:
    """Refuse a place inside one of these folders.

    Raises:
        InputError: it is inside one.
    """
    place = out.resolve()
    for folder in folders:
        if folder == place or folder in place.parents:
            raise InputError(
                f"it lies in {folder}, which holds images of the data",
                expected="a folder beside the data",
                todo="Name another one with --out.",
                where=str(out),
            )


def image_folders(dataset: Dataset) -> Iterator[Path]:
    """The uppermost folders that hold images of a dataset: below its root, or it."""
    if dataset.task not in IMAGES:
        return
    root = Path(dataset.root).resolve()
    if dataset.format == "image_folder":  # every folder in it is a split or a class
        yield root
        return
    for place in {Path(in_full(dataset.root, one.path)).parent for one in dataset.samples}:
        folder = place.resolve()
        inside = folder.relative_to(root).parts if folder.is_relative_to(root) else ()
        yield root / inside[0] if inside else folder
