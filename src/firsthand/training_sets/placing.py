"""How a file gets to where a trainer looks for it: as a second name of it, or as a copy."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

from firsthand.errors import InputError
from firsthand.types import Sample

Place = Literal["reference", "link", "copy"]
PLACES: tuple[Place, ...] = get_args(Place)
LONGEST = 120  # bytes of a name without its suffix

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029/\\:*?\[\]\"<>|\ud800-\udfff]+")

_REPEAT = re.compile(r"#\d+$")  # behind the key of a sample that a dataset holds twice


class Names:
    """One name a file, unique in a folder also without its suffix."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._tried: dict[str, int] = {}

    def take(self, sample: Sample) -> str:
        """A name like that of the sample's file.

        >>> names = Names()
        >>> [names.take(Sample(key, b"")) for key in ("a/1.jpg", "b/1.png", "c/1.jpg")]
        ['1.jpg', '1_2.png', '1_3.jpg']
        """
        path = PurePosixPath(sample.path)
        if not path.suffix:  # what a ledger copied has its digest as name
            path = PurePosixPath(_REPEAT.sub("", sample.key))
        stem = _UNSAFE.sub("_", path.stem).strip() or "sample"
        stem = stem.encode()[:LONGEST].decode("utf-8", "ignore").strip()
        name, number = stem, self._tried.get(stem.lower(), 1)
        while name.lower() in self._taken:  # some disks take A for a
            number += 1
            name = f"{stem}_{number}"
        self._tried[stem.lower()] = number
        self._taken.add(name.lower())
        return name + path.suffix


def put(source: Path, target: Path, place: Place) -> None:
    """Make the file be there under another name.

    A link is a second name of the same content; where the disk allows none, it is copied.

    Raises:
        InputError: there is no such file any more.
    """
    if not source.is_file():
        raise InputError("the file is not there any more", where=str(source))
    target.parent.mkdir(parents=True, exist_ok=True)
    if place == "copy":
        shutil.copyfile(source, target)
        return
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
