"""Images that nobody labelled: found, told apart by content, joined with what a detector says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from firsthand.content import IMAGE_SUFFIXES, FileCache
from firsthand.detections import Detections
from firsthand.errors import InputError
from firsthand.formats.layout import files_below, printable
from firsthand.types import Sample, Skip


class Unlabelled(NamedTuple):
    """Images in the order of their names, each content once."""

    samples: tuple[Sample, ...]
    sizes: dict[str, tuple[int, int]]  # key -> width and height in pixels
    skips: tuple[Skip, ...]


def images(place: str | Path) -> Unlabelled:
    """The images of a folder at any depth, or those that a .txt list names.

    Raises:
        InputError: there is none.
    """
    root = Path(place)
    if not root.exists():
        raise InputError(
            "there is no such folder or list",
            expected="a folder of images, or a .txt list of them",
            where=str(root),
        )
    samples: list[Sample] = []
    sizes: dict[str, tuple[int, int]] = {}
    skips: list[Skip] = []
    seen: set[bytes] = set()
    files = _listed(root) if root.is_file() else sorted(files_below(root, IMAGE_SUFFIXES))
    with FileCache(root) as cache:
        for path in files:
            full = str(path.absolute())
            try:
                facts = cache.facts(full)
            except OSError as error:
                code = "missing-file" if isinstance(error, FileNotFoundError) else "unreadable-file"
                skips.append(Skip(code, printable(full)))
                continue
            if not facts.ok:
                skips.append(Skip("undecodable-image", printable(full)))
            elif facts.digest in seen:
                skips.append(Skip("duplicate-media", printable(full)))
            else:
                seen.add(facts.digest)
                key = printable(path.relative_to(root) if root.is_dir() else path)
                samples.append(Sample(key, facts.digest, path=full))
                sizes[key] = (facts.width, facts.height)
    if not samples:
        raise InputError(
            f"there is no image that can be read, and {len(skips)} that cannot",
            expected="a folder of images, or a .txt list of them",
            where=str(root),
        )
    return Unlabelled(tuple(samples), sizes, tuple(skips))


def _listed(path: Path) -> list[Path]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read it as UTF-8: {error}", where=str(path)) from error
    return [path.parent / line.strip() for line in lines if line.strip()]


class Joined(NamedTuple):
    """Predictions by image."""

    found: dict[str, Detections]  # key of the sample -> what was found, under that key
    others: list[Detections]  # of images that are none of the samples
    skips: list[Skip]


def joined(samples: Iterable[Sample], items: Iterable[Detections | Skip]) -> Joined:
    """Which predictions belong to which image: by content, else by path, else by a unique name."""
    held = list(samples)
    by_media = {one.media: one for one in held}
    by_name = _names(held)
    out = Joined({}, [], [])
    for item in items:
        if isinstance(item, Skip):
            out.skips.append(item)
            continue
        sample = by_media.get(item.media) or (None if item.media else by_name.get(item.key))
        if sample is None or sample.key in out.found:
            out.others.append(item)
        else:
            out.found[sample.key] = replace(item, key=sample.key, media=sample.media)
    return out


def _names(held: list[Sample]) -> dict[str, Sample]:
    """Every way to name a sample that means no other one."""
    ways = [
        (way, one)
        for one in held
        for way in {one.key, one.path, Path(one.path).name, Path(one.path).stem}
    ]
    times = Counter(way for way, _ in ways)
    return {way: one for way, one in ways if times[way] == 1}
