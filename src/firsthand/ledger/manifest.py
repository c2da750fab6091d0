"""A version's manifest: the canonical JSON document whose sha256 is the version's id.

It names its parents, so an id vouches for the whole history; it names its own segments with
their sha256, so an id vouches for every row; it carries the counts, so the composition of a
version is known without reading one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from firsthand.errors import LedgerCorrupt
from firsthand.ledger.counts import Counts
from firsthand.ledger.files import Files
from firsthand.types import Task

SCHEMA = "firsthand.manifest/1"

SegmentKind = Literal["rows", "dead", "labels", "contents"]


@dataclass(frozen=True, slots=True)
class Segment:
    """One immutable Parquet file of a version."""

    kind: SegmentKind
    sha256: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one commit added to its parents, and the counts of the whole version."""

    parents: tuple[str, ...]
    message: str
    author: str
    time: str  # ISO 8601, UTC
    task: Task
    classes: tuple[str, ...]
    segments: tuple[Segment, ...]  # of this commit only; earlier ones stand in the parents
    counts: Counts  # of the whole version

    def encode(self) -> bytes:
        """Canonical JSON, whose sha256 is the version's id."""
        return canonical(
            {
                "schema": SCHEMA,
                "parents": self.parents,
                "message": self.message,
                "author": self.author,
                "time": self.time,
                "task": self.task,
                "classes": self.classes,
                "segments": [asdict(segment) for segment in self.segments],
                "counts": self.counts.document(),
            }
        )


def canonical(document: Any) -> bytes:
    """The one way in which a JSON document is written here: sorted keys, no spaces, ASCII.

    >>> canonical({"b": 1, "a": [None, 0.5]})
    b'{"a":[null,0.5],"b":1}'
    """
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def digest(content: bytes) -> str:
    """Hexadecimal sha256."""
    return hashlib.sha256(content).hexdigest()


def decode(content: bytes) -> Manifest:
    """The opposite of `Manifest.encode`."""
    document = json.loads(content)
    return Manifest(
        parents=tuple(document["parents"]),
        message=document["message"],
        author=document["author"],
        time=document["time"],
        task=document["task"],
        classes=tuple(document["classes"]),
        segments=tuple(Segment(**segment) for segment in document["segments"]),
        counts=Counts.from_document(document["counts"]),
    )


def load(files: Files, version: str) -> Manifest:
    """Read a manifest and check it against its own name.

    Raises:
        LedgerCorrupt: it is not there, or not what was written.
    """
    path = files.manifest(version)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise LedgerCorrupt(
            "the manifest of a version is missing",
            where=str(path),
            todo="Bring the file back from a copy of the ledger, then run: firsthand verify",
        ) from error
    if digest(content) != version:
        raise LedgerCorrupt(
            "the manifest is not what was written",
            expected=f"sha256 {version}, found {digest(content)}",
            where=str(path),
            todo="Bring the file back from a copy of the ledger, then run: firsthand verify",
        )
    return decode(content)
