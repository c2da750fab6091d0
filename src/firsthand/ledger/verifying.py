"""Are the bytes of a ledger still those that were written?

A version's id is the sha256 of its manifest, which names its parents and the sha256 of its
segments; blobs are named after their sha256; the catalog carries a seal. So a changed byte shows
without any second copy, except where both a file and everything that names it were changed alike.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from firsthand.content import text_digest
from firsthand.errors import LedgerCorrupt, LedgerError
from firsthand.ledger.catalog import Catalog, State
from firsthand.ledger.files import Files, find, sha256_of
from firsthand.ledger.manifest import Segment, SegmentKind, load
from firsthand.ledger.query import connect, parquet
from firsthand.ledger.staging import Stage
from firsthand.ledger.upgrade import upgrade

Problem = Literal["changed", "missing", "contradiction"]


class Damage(NamedTuple):
    """One thing that is not as it was written."""

    file: str
    problem: Problem
    detail: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What was checked, and what is damaged; nothing, if `damaged` is empty."""

    versions: int
    files: int
    bytes: int
    damaged: tuple[Damage, ...]

    @property
    def clean(self) -> bool:
        """Whether everything is as it was written."""
        return not self.damaged


def verify_folder(path: str | Path = ".", *, media: bool = False) -> Verified:
    """The same for the ledger of a folder, also if its catalog is too damaged to be opened."""
    files = find(Path(path))
    with contextlib.suppress(LedgerCorrupt):  # it is reported below, with all else
        upgrade(files)
    return verify(files, media)


def verify(files: Files, media: bool = False) -> Verified:
    """Check every byte that a version rests on; `media` also those referenced in place."""
    check = _Check(files)
    state = check.catalog()
    if state is not None:
        check.history(state)
        check.copies()
        if media:
            check.media()
    check.staged()
    return Verified(check.versions, len(check.seen), check.bytes, tuple(check.damaged))


class _Check:
    """Collects damage while it goes from file to file."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.damaged: list[Damage] = []
        self.seen: dict[Path, bool] = {}
        self._segments: dict[SegmentKind, set[str]] = {}
        self.versions = self.bytes = 0

    def catalog(self) -> State | None:
        catalog = Catalog(self._files.catalog)
        for line in catalog.integrity():
            self._report(catalog.path, "changed", line)
        try:
            state = catalog.read()
        except LedgerError as error:
            self._report(catalog.path, "changed", error.found)
            return None
        self.seen[catalog.path] = True
        self.bytes += catalog.path.stat().st_size
        self._references(state)
        return state

    def _references(self, state: State) -> None:
        known = {commit.id for commit in state.commits}
        named = [commit.parent for commit in state.commits] + list(state.refs.values())
        named += [model.trained_on for model in state.models.values()]
        for version in sorted({name for name in named if name is not None} - known):
            self._report(self._files.catalog, "contradiction", f"no version {version}")

    def history(self, state: State) -> None:
        for commit in state.commits:
            path = self._files.manifest(commit.id)
            if not self._digest(path, commit.id):
                continue
            self.versions += 1
            manifest = load(self._files, commit.id)
            if manifest.parents != ((commit.parent,) if commit.parent else ()):
                self._report(self._files.catalog, "contradiction", f"parent of {commit.id}")
            for segment in manifest.segments:
                self._segment(segment)

    def _segment(self, segment: Segment) -> None:
        if self._digest(self._files.segment(segment.sha256), segment.sha256):
            self._segments.setdefault(segment.kind, set()).add(segment.sha256)

    def copies(self) -> None:
        """Blobs are what their names say, and none is missing."""
        for path in sorted(self._files.blobs.rglob("*")):
            if path.is_file():
                self._digest(path, path.name)
        contents = self._table("contents")
        inside = f"AND media NOT IN (SELECT media FROM {contents})" if contents else ""
        for (name,) in self._rows(
            f"SELECT DISTINCT lower(hex(media)) FROM $ WHERE copied {inside}"
        ):
            if not self._files.blob(name).exists():
                self._report(self._files.blob(name), "missing", "a copied medium")

    def media(self) -> None:
        """Files that hold one medium each are still what they were when they were added."""
        query = "SELECT DISTINCT path, media FROM $ WHERE NOT copied AND path <> '' AND line = 0"
        for place, media in self._rows(f"{query} ORDER BY ALL"):
            path = self._files.absolute(place)
            if path.is_file() and _is_text(path, media):
                self.seen[path] = True
            else:
                self._digest(path, media.hex())

    def _rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Results of a query over all rows of all versions, which stand for `$`."""
        table = self._table("rows")
        if not table:
            return
        with connect(self._files) as connection:
            connection.execute(query.replace("$", table))
            while found := connection.fetchmany(10_000):
                yield from found

    def _table(self, kind: SegmentKind) -> str:
        found = sorted(self._segments.get(kind, ()))
        return parquet(self._files, found) if found else ""

    def staged(self) -> None:
        for folder in sorted(self._files.stage.glob("*")):
            try:
                for item in Stage(self._files, folder.name).items():
                    item.check()
            except LedgerCorrupt as error:
                self._report(Path(error.where), "changed", error.found)

    def _digest(self, path: Path, expected: str) -> bool:
        if path in self.seen:
            return self.seen[path]
        good = path.is_file()
        if not good:
            self._report(path, "missing", f"sha256 {expected}")
        else:
            self.bytes += path.stat().st_size
            found = sha256_of(path)
            good = found == expected
            if not good:
                self._report(path, "changed", f"sha256 is {found}, was {expected}")
        self.seen[path] = good
        return good

    def _report(self, path: Path, problem: Problem, detail: str) -> None:
        self.damaged.append(Damage(str(path), problem, detail))


def _is_text(path: Path, media: bytes) -> bool:
    """Whether the file is the text of this digest, which is taken of its normal form."""
    try:
        return text_digest(path.read_bytes().decode()) == media
    except UnicodeDecodeError:
        return False
