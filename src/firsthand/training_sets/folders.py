"""A training set for classifiers: one folder a split, one a class, and the images in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from firsthand.errors import InputError
from firsthand.training_sets.drawn import Line
from firsthand.training_sets.placing import Names, Place, put


def write(
    folder: Path, sets: Mapping[str, Sequence[Line]], classes: Sequence[str], place: Place
) -> int:
    """Write `train/CLASS/IMAGE` and `val/CLASS/IMAGE`; an image that counts twice is there twice.

    Trainers number the classes by the folders that they find, so every class has one, also where
    nothing is in it. Returns how many files there are.

    Raises:
        InputError: a class cannot be the name of a folder.
    """
    for name in classes:
        if not name.isprintable() or "/" in name or name.startswith(".") or name == "images":
            raise InputError(
                f"the class {name!r} cannot be the name of a folder", expected="a plain word"
            )
    files = 0
    for split, lines in sets.items():
        names = Names()
        for name in classes:
            (folder / split / name).mkdir(parents=True)
        for line in lines:
            sample = line.item.sample
            assert sample.category is not None
            inside = folder / split / classes[sample.category]
            for _ in range(line.times):
                put(Path(sample.path), inside / names.take(sample), place)
                files += 1
    return files
