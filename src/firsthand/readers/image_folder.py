"""Folders of images: one folder a class, below train/, val/ and test/ or without them.

    cat/001.jpg  dog/002.jpg                 classes
    train/cat/001.jpg  val/dog/002.jpg       classes in splits
    001.jpg  002.jpg                         no labels: nothing is said about the images
    train/001.jpg  val/002.jpg               splits without labels

Folders count as splits only where all of them are named so. Folders inside a class are part of it.
Class names are sorted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from firsthand.content import IMAGE_SUFFIXES, FileCache, category_digest
from firsthand.errors import FormatError
from firsthand.formats.boxes import image_file
from firsthand.formats.layout import (
    class_folders,
    contents,
    files_in,
    folders_in,
    has_annotations,
    printable,
)
from firsthand.types import Reading, Sample, Skip

TABLES = frozenset({".yaml", ".yml", ".xml", ".json", ".jsonl", ".ndjson", ".csv", ".parquet"})


class ImageFolder:
    """Reads images by the folders that they are in."""

    name = "image_folder"
    question = "Is it a folder of images, or of one folder of images a class?"
    suffixes = ()

    def can_read(self, path: Path) -> bool:
        """Images at a place that counts, and no file or folder that says more about them."""
        if not path.is_dir() or _annotated(path):
            return False
        return any(True for place in class_folders(path) for _ in place.files(IMAGE_SUFFIXES))

    def read(self, path: Path) -> Reading:
        """Open the folder.

        Raises:
            FormatError: there is no image in it.
        """
        root = path.absolute()
        total, classes = contents(class_folders(root), IMAGE_SUFFIXES)
        if not total:
            expected = "images, or one folder of images a class"
            raise FormatError("there is no image in it", expected=expected, where=str(path))
        return Reading("image_folder", root, "classify", classes, _items(root, classes), total)


def _annotated(path: Path) -> bool:
    """Does something say more about the images than their folders do?"""
    stems = {image.stem for image in files_in(path, IMAGE_SUFFIXES)}
    texts = any(file.stem in stems for file in files_in(path, {".txt"}))
    tables = any(files_in(place, TABLES) for place in (path, *folders_in(path)[:8]))
    return texts or tables or has_annotations(path)


def _items(root: Path, classes: tuple[str, ...]) -> Iterator[Sample | Skip]:
    index = {name: at for at, name in enumerate(classes)}
    digests = {name: category_digest(name) for name in classes}
    found = (
        (place, image) for place in class_folders(root) for image in place.files(IMAGE_SUFFIXES)
    )
    with FileCache(root) as cache:
        for place, image in found:
            facts = image_file(str(image), cache)
            if isinstance(facts, Skip):
                yield facts
                continue
            yield Sample(
                key=printable(image.relative_to(root).as_posix()),
                media=facts.digest,
                label=digests.get(place.category),
                split=place.split,
                path=str(image),
                category=index.get(place.category),
            )


component = ImageFolder()
