"""Ultralytics YOLO datasets: data.yaml, or a folder with images/ and labels/.

Rows of five columns are boxes, of nine oriented boxes, longer ones polygons; what most rows of the
first label files are decides the task. A label file that is there and empty declares that no object
is in the image; without a label file nothing is said about it. A label file of which nothing can be
used leaves its image unlabelled: it never counts as empty.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.content import FileCache, FileFacts, boxes_digests, class_keys, read_file
from firsthand.layout import printable
from firsthand.readers.yolo import config
from firsthand.readers.yolo.listing import Entry, Listing
from firsthand.readers.yolo.rows import Problem, Rules, class_index, empty_boxes, parse
from firsthand.types import Boxes, Reading, Sample, Skip, Task

_BLOCK = 1024
_SNIFFED = 200


class _Image(NamedTuple):
    entry: Entry
    facts: FileFacts


class Yolo:
    """Reads what Ultralytics trains on, without Ultralytics."""

    name = "yolo"
    question = "Which boxes, polygons or oriented boxes do YOLO label files hold?"
    suffixes = (".yaml", ".yml")

    def can_read(self, path: Path) -> bool:
        """A data.yaml, a folder with exactly one, or a folder with images/ and labels/."""
        return config.find_yaml(path) is not None or (path.is_dir() and config.is_bare(path))

    def read(self, path: Path) -> Reading:
        """Open it.

        Raises:
            FormatError: no YOLO dataset is there.
            InputError: data.yaml names no classes or folders, or contradicts itself.
        """
        given = config.load(path)
        found = Listing(given)
        task = _task(found.entries, given.keypoint_columns)
        rules = Rules(task, class_index(list(given.names)), given.keypoint_columns)
        names = tuple(given.names.values())
        items = chain(found.skips, _items(found, rules, names))
        return Reading(self.name, given.root, task, names, items, len(found.entries))


component = Yolo()


def _items(found: Listing, rules: Rules, names: tuple[str, ...]) -> Iterator[Sample | Skip]:
    keys = class_keys(names)
    with FileCache(found.root) as cache:
        for start in range(0, len(found.entries), _BLOCK):
            opened = [_open(entry, cache) for entry in found.entries[start : start + _BLOCK]]
            yield from (skip for skip in opened if isinstance(skip, Skip))
            images = [image for image in opened if isinstance(image, _Image)]
            yield from _block(images, rules, keys)


def _open(entry: Entry, cache: FileCache) -> _Image | Skip:
    try:
        facts = cache.facts(entry.path)
    except OSError as error:
        return Skip("unreadable-file", printable(entry.path), 0, error.strerror or "")
    if not facts.ok:
        return Skip("undecodable-image", printable(entry.path))
    return _Image(entry, facts)


def _block(images: list[_Image], rules: Rules, keys: NDArray[np.uint64]) -> Iterator[Sample | Skip]:
    """Samples of up to a thousand images, whose label files are parsed at once."""
    labels, skips = _labels([image.entry for image in images], rules)
    yield from skips
    boxes = [label if label is not None else empty_boxes() for label in labels]
    sizes = np.array([image.facts[2:] for image in images], np.int64).reshape(-1, 2)
    digests = boxes_digests(boxes, keys, sizes)
    for image, label, digest in zip(images, labels, digests, strict=True):
        entry = image.entry
        yield Sample(
            key=entry.key,
            media=image.facts.digest,
            label=None if label is None else digest,
            split=entry.split,
            path=entry.path,
            boxes=label,
        )


def _labels(entries: list[Entry], rules: Rules) -> tuple[list[Boxes | None], list[Skip]]:
    """The boxes of each image, None where nothing usable is said, and what was dropped."""
    out: list[Boxes | None] = [None] * len(entries)
    skips: list[Skip] = []
    read: list[tuple[int, bytes]] = []
    for at, entry in enumerate(entries):
        if entry.label_path:
            try:
                read.append((at, read_file(entry.label_path)))
            except OSError as error:
                found = error.strerror or ""
                path = printable(entry.label_path)
                skips.append(Skip("unreadable-file", path, 0, found, keeps_sample=True))
    for (at, _), label in zip(read, parse([data for _, data in read], rules), strict=True):
        out[at] = label.boxes
        skips += _named(entries[at].label_path, label.problems)
    return out, skips


def _named(path: str, problems: tuple[Problem, ...]) -> Iterator[Skip]:
    for problem in problems:
        yield Skip(problem.code, printable(path), problem.line, problem.found, keeps_sample=True)


def _task(entries: list[Entry], keypoint_columns: int) -> Task:
    """What most rows of the first label files are."""
    counts: Counter[int] = Counter()
    labelled = (entry.label_path for entry in entries if entry.label_path)
    for path in islice(labelled, _SNIFFED):
        with contextlib.suppress(OSError):
            lines = read_file(path).splitlines()
            counts.update(len(line.split()) for line in lines)
    outlines = sum(times for count, times in counts.items() if count >= 7 and count % 2)
    if keypoint_columns or outlines <= counts[5]:
        return "detect"
    return "oriented" if outlines == counts[9] else "segment"
