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

from firsthand.content import (
    FileCache,
    FileFacts,
    Stamp,
    boxes_digests,
    class_keys,
    read_file,
    read_stamped,
)
from firsthand.formats.layout import printable
from firsthand.readers.yolo import config
from firsthand.readers.yolo.listing import Entry, Listing
from firsthand.readers.yolo.memory import Known, Memory
from firsthand.readers.yolo.rows import Problem, Rules, class_index, empty_boxes, parse
from firsthand.types import Reading, Sample, Skip, Task

_BLOCK = 1024
_SNIFFED = 200


class _Image(NamedTuple):
    entry: Entry
    facts: FileFacts

    @property
    def size(self) -> tuple[int, int]:
        return self.facts[2:]


class _Text(NamedTuple):
    at: int  # index of the image
    data: bytes
    stamp: Stamp
    settled: bool


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
    root = str(found.root.absolute())
    with FileCache(root) as cache, Memory(root, names, rules) as memory:
        cache.expect(entry.path for entry in found.entries)
        for start in range(0, len(found.entries), _BLOCK):
            opened = [_open(entry, cache) for entry in found.entries[start : start + _BLOCK]]
            yield from (skip for skip in opened if isinstance(skip, Skip))
            images = [image for image in opened if isinstance(image, _Image)]
            labels, skips = _labels(images, rules, keys, memory)
            yield from skips
            yield from map(_sample, images, labels)


def _open(entry: Entry, cache: FileCache) -> _Image | Skip:
    try:
        facts = cache.facts(entry.path)
    except OSError as error:
        return Skip("unreadable-file", printable(entry.path), 0, error.strerror or "")
    if not facts.ok:
        return Skip("undecodable-image", printable(entry.path))
    return _Image(entry, facts)


def _sample(image: _Image, label: Known | None) -> Sample:
    entry = image.entry
    return Sample(
        key=entry.key,
        media=image.facts.digest,
        label=label and label.digest,
        split=entry.split,
        path=entry.path,
        boxes=label and label.boxes,
    )


def _labels(
    images: list[_Image], rules: Rules, keys: NDArray[np.uint64], memory: Memory
) -> tuple[list[Known | None], list[Skip]]:
    """The label of each image, None where nothing usable is said, and what was dropped."""
    out = [memory.find(image.entry.label_path, image.size) for image in images]
    texts, skips = _texts(images, out)
    labels = parse([text.data for text in texts], rules)
    boxes = [label.boxes or empty_boxes() for label in labels]
    sizes = np.array([images[text.at].size for text in texts], np.int64).reshape(-1, 2)
    digests = boxes_digests(boxes, keys, sizes)
    for text, label, digest in zip(texts, labels, digests, strict=True):
        image = images[text.at]
        if label.boxes is not None:
            out[text.at] = known = Known(label.boxes, digest)
            if text.settled and not label.problems and not label.boxes.outlines:
                memory.keep(image.entry.label_path, text.stamp, image.size, known)
        skips += _named(image.entry.label_path, label.problems)
    return out, skips


def _texts(images: list[_Image], known: list[Known | None]) -> tuple[list[_Text], list[Skip]]:
    """What is in the label files that are not known yet; one that cannot be read is named."""
    out: list[_Text] = []
    skips: list[Skip] = []
    for at, image in enumerate(images):
        path = image.entry.label_path
        if known[at] is not None or not path:
            continue
        try:
            data, stamp = read_stamped(path)
            out.append(_Text(at, data, stamp, stamp.settled))
        except OSError as error:
            found = error.strerror or ""
            skips.append(Skip("unreadable-file", printable(path), 0, found, keeps_sample=True))
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
