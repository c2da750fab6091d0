"""Where a ledger keeps its files, and how a file gets there whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from firsthand.errors import LedgerCorrupt, LedgerError, LedgerNotFound

FOLDER = ".firsthand"
READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one ledger; `root` is the folder that holds `.firsthand`."""

    root: Path

    @property
    def folder(self) -> Path:
        """The ledger's own folder."""
        return self.root / FOLDER

    @property
    def catalog(self) -> Path:
        """The SQLite catalog: versions, branches, models."""
        return self.folder / "catalog.db"

    @property
    def segments(self) -> Path:
        """Immutable Parquet files, each named after its sha256."""
        return self.folder / "segments"

    @property
    def manifests(self) -> Path:
        """One canonical JSON file a version, named after its sha256."""
        return self.folder / "manifests"

    @property
    def blobs(self) -> Path:
        """Copied media, each named after its sha256."""
        return self.folder / "blobs"

    @property
    def stage(self) -> Path:
        """What was added and is not committed yet."""
        return self.folder / "stage"

    @property
    def temporary(self) -> Path:
        """Files that are being written."""
        return self.folder / "tmp"

    def segment(self, sha256: str) -> Path:
        """Where the segment with this digest lies."""
        return self.segments / f"{sha256}.parquet"

    def manifest(self, version: str) -> Path:
        """Where the manifest of the version with this id lies."""
        return self.manifests / f"{version}.json"

    def blob(self, sha256: str) -> Path:
        """Where a copied medium lies."""
        return self.blobs / sha256[:2] / sha256[2:4] / sha256

    def make(self) -> None:
        """Create the folders."""
        for folder in (self.segments, self.manifests, self.blobs, self.stage, self.temporary):
            folder.mkdir(parents=True, exist_ok=True)

    def relative(self, path: str) -> str:
        """A path as the ledger stores it: relative to its root where it lies inside it."""
        if not path:
            return ""
        full = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
        with contextlib.suppress(ValueError):
            return full.relative_to(self.root).as_posix()
        return full.as_posix()

    def absolute(self, path: str) -> Path:
        """The opposite of `relative`."""
        return self.root / path


def find(start: Path) -> Files:
    """The ledger of this folder or of the nearest one above it.

    Raises:
        LedgerNotFound: there is none.
        LedgerCorrupt: there was one, and its catalog is gone.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        files = Files(folder)
        if files.catalog.exists():
            return files
        check_not_headless(files)
    raise LedgerNotFound(
        f"there is no ledger in {start} nor in a folder above it",
        expected=f"a folder {FOLDER}",
        todo="Run: firsthand init",
    )


def check_not_headless(files: Files) -> None:
    """Versions without their catalog are a damaged ledger, not a place for a new one.

    Raises:
        LedgerCorrupt: there are manifests and no catalog.
    """
    versions = len(list(files.manifests.glob("*.json")))
    if versions and not files.catalog.exists():
        raise LedgerCorrupt(
            f"catalog.db is gone, and {versions} versions need it",
            todo="Bring it back from a copy of the folder; nothing else was touched.",
            where=str(files.folder),
        )


def sha256_of(path: Path) -> str:
    """Hexadecimal sha256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def write_durably(files: Files, target: Path, content: bytes) -> None:
    """Write a file that is there whole, or not at all, also after a crash."""
    with temporary(files, target.suffix) as path:
        path.write_bytes(content)
        place_durably(path, target)


def place_durably(path: Path, target: Path) -> None:
    """Flush a finished file and move it to its place in one step."""
    flush(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    path.replace(target)
    flush(target.parent)


def flush(path: Path) -> None:
    """Ask the system to bring a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def temporary(files: Files, suffix: str = "") -> Iterator[Path]:
    """A path for a file that is being written; what is left of it afterwards is removed."""
    files.temporary.mkdir(parents=True, exist_ok=True)
    path = files.temporary / f"{uuid.uuid4().hex}{suffix}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def saying_what_failed(doing: str) -> Iterator[None]:
    """Turn a failed write into an error that says that nothing was lost, and what to do."""
    try:
        yield
    except OSError as error:
        raise LedgerError(
            f"{doing} failed: {error.strerror or error} ({error.filename or 'no file named'})",
            expected="a disk with free space that can be written to",
            todo="Nothing was committed and nothing was lost. Free some space and run it again.",
        ) from error
