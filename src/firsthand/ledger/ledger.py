"""The ledger: versions of data that say where every sample came from.

    ledger = Ledger.init("project")
    ledger.add(read("data/human", declared=declare("human")), source="data/human")
    ledger.commit("human set")
    ledger.register_model("detector@1", trained_on="v1")
    ledger.add(read("data/auto", declared=declare("synthetic", "detector@1")), source="data/auto")
    ledger.commit("outputs of detector@1")  # generation 1, computed

Every method is also a command of the same name.
"""

from __future__ import annotations

import getpass
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firsthand.errors import LedgerError
from firsthand.ledger import clearing, exporting, reading, verifying, walking
from firsthand.ledger.adding import Adding
from firsthand.ledger.branches import MAIN, check_name
from firsthand.ledger.catalog import Catalog, Model
from firsthand.ledger.committing import Target, Words, commit
from firsthand.ledger.diff import Diff, diff
from firsthand.ledger.files import Files, check_not_headless, find, saying_what_failed
from firsthand.ledger.generations import with_lineage
from firsthand.ledger.intake import Data, intake
from firsthand.ledger.manifest import load
from firsthand.ledger.query import connect
from firsthand.ledger.registering import register
from firsthand.ledger.staging import Item, Mode, Stage, fold_repeats
from firsthand.ledger.upgrade import upgrade
from firsthand.ledger.versions import Version, describe, resolve, version
from firsthand.types import Dataset, Provenance


@dataclass(frozen=True, slots=True)
class Status:
    """Where a ledger stands."""

    root: str
    format: int
    branches: dict[str, str]  # branch -> v3
    models: tuple[Model, ...]
    staged: tuple[Item, ...]


class Ledger:
    """Versions, provenance and lineage of data, in the folder `.firsthand`."""

    def __init__(self, files: Files, stage: str) -> None:
        self._files = files
        self._catalog = Catalog(files.catalog)
        self._stage = Stage(files, stage)

    @classmethod
    def init(cls, path: str | Path = ".") -> Ledger:
        """Make a ledger in a folder.

        Raises:
            LedgerError: there is one already, or what is left of one.
        """
        files = Files(Path(path).resolve())
        if files.catalog.exists():
            raise LedgerError("there is a ledger already", where=str(files.folder))
        check_not_headless(files)
        with saying_what_failed("making a ledger"):
            files.make()
            _create_catalog(files)
        return cls.open(files.root)

    @classmethod
    def open(cls, path: str | Path = ".", *, stage: str | None = None) -> Ledger:
        """The ledger of a folder or of the nearest one above it.

        What this object adds waits on a stage of its own, so that two writers never commit each
        other's additions; `stage="shared"` is the one of the command line.

        Raises:
            LedgerNotFound: there is none.
        """
        files = find(Path(path))
        upgrade(files)
        return cls(files, stage or f"{os.getpid()}-{uuid.uuid4().hex[:12]}")

    @property
    def root(self) -> Path:
        """The folder that holds `.firsthand`."""
        return self._files.root

    def add(
        self,
        data: Data,
        *,
        declared: Provenance | None = None,
        source: str | Path | None = None,
        group_by: str | None = None,
        copy: bool = False,
        replace: bool = False,
    ) -> Item:
        """Stage samples for the next commit.

        A sample is known by its source and key: adding the same key of the same source again
        changes that sample, and with `replace` samples of the source that are not in `data` go.

        Args:
            data: a dataset, samples, or columns of arrays (see `Columns`), which are much faster.
            declared: who made the samples that do not say so themselves.
            source: a path, or any name, that stands for where they come from; by default the
                dataset's folder.
            group_by: number of a path part, or regular expression, that tells the group from the
                key.
            copy: keep a copy of media and texts in the ledger.
            replace: the source then holds exactly these samples.

        Raises:
            InputError: two samples have one key and differ, a file to copy changed, and so on.
        """
        taken = intake(data, keep_contents=copy)
        if source is None:
            source = Path(data.root) if isinstance(data, Dataset) and data.root else ""
        place = self._place(source)
        adding = Adding(self._files, self._catalog.read(), place, declared, group_by, copy)
        with saying_what_failed("adding"), connect(self._files) as connection:
            folder = self._stage.new_folder()
            samples = adding.write(connection, taken.chunks, folder)
            if samples:
                fold_repeats(connection, folder)
            mode: Mode = "replace" if replace else "add"
            item = Item(mode, place, taken.task, taken.classes, samples)
            return self._stage.finish(folder, item).item

    def remove(self, source: str | Path, keys: Sequence[str] | None = None) -> Item:
        """Stage the removal of some samples of a source, or of all of them."""
        going = None if keys is None else tuple(keys)
        item = Item("remove", self._place(source), keys=going)
        return self._stage.finish(self._stage.new_folder(), item).item

    def commit(
        self,
        message: str,
        *,
        author: str | None = None,
        branch: str = MAIN,
        base: str | None = None,
    ) -> Version:
        """Make a version of what is staged and move the branch to it.

        A branch that does not exist begins at `base`, by default at the head of main. What
        others committed meanwhile is kept; where they changed one of the same samples, the commit
        is refused.

        Raises:
            LedgerError: nothing is staged or nothing would change, or the disk is full.
            LedgerConflict: somebody else changed one of the samples.
        """
        check_name(branch)
        items = self._stage.items()
        if not items:
            raise LedgerError("nothing is staged", todo="Run: firsthand add PATH")
        words = Words(message, author if author is not None else _who())
        with saying_what_failed("committing"):
            done = commit(self._files, items, Target(branch, base), words)
        self._stage.clear(items)
        return self.version(done.id)

    def register_model(
        self, name: str, *, trained_on: str | None = None, parent: str | None = None
    ) -> Model:
        """Say on which version a model was trained, so that the generation of its outputs follows.

        Without `trained_on` its outputs have an unknown generation, at least 1.

        Args:
            name: NAME@VERSION.
            trained_on: a version of this ledger.
            parent: the registered model that it was fine-tuned from.

        Raises:
            InputError: the name has no version, or there is no such version of the data.
            LedgerError: it is registered with other facts, or the parent is not registered.
        """
        return register(self._files, name, trained_on, parent)

    def models(self) -> tuple[Model, ...]:
        """The registered models, by name."""
        models = self._catalog.read().models
        return tuple(models[name] for name in sorted(models))

    def settled(self, data: Dataset) -> Dataset:
        """The same samples, with what follows from the models that are registered.

        Raises:
            InputError: a declared generation contradicts how a model is registered.
        """
        return with_lineage(data, self._catalog.read().models)

    def version(self, name: str = MAIN) -> Version:
        """One version: v3, a branch, or the beginning of an id."""
        return version(self._files, self._catalog.read(), name)

    def status(self) -> Status:
        """Branches, models, and what is staged."""
        state = self._catalog.read()
        branches = {name: f"v{state.commit(at).number}" for name, at in sorted(state.refs.items())}
        staged = tuple(staged.item for staged in self._stage.items())
        return Status(str(self.root), state.format, branches, self.models(), staged)

    def log(self, name: str | None = None) -> tuple[Version, ...]:
        """All versions, newest first, or those that lead to one."""
        state = self._catalog.read()
        commits = state.commits[::-1] if name is None else state.history(resolve(state, name).id)
        return tuple(describe(c, load(self._files, c.id), state) for c in commits)

    def diff(self, a: str, b: str = MAIN, *, limit: int | None = 20) -> Diff:
        """What changed from version a to version b; at most `limit` samples of a kind listed."""
        state = self._catalog.read()
        old, new = (version(self._files, state, name) for name in (a, b))
        return diff(self._files, state, old, new, limit)

    def lineage(self, name: str) -> walking.Lineage:
        """What a sample (key or media digest), model or version comes from, and what came of it."""
        return walking.lineage(self._files, self._catalog.read(), name)

    def read(self, name: str = MAIN, *, resolve: reading.Resolve | None = None) -> Dataset:
        """A version as a dataset; see `reading.read` about texts that were not copied."""
        state = self._catalog.read()
        return reading.read(self._files, state, version(self._files, state, name), resolve)

    def export(self, name: str, out: str | Path, format: str = "jsonl") -> Path:
        """Write a version as `jsonl`, `parquet`, or as a `yolo` folder with its own val split."""
        state = self._catalog.read()
        found = version(self._files, state, name)
        with saying_what_failed("exporting"):
            return exporting.export(self._files, state, found, Path(out), format)

    def verify(self, *, media: bool = False) -> verifying.Verified:
        """Check every byte; `media` also files that are referenced where they lie."""
        return verifying.verify(self._files, media)

    def gc(
        self, *, grace_seconds: float = clearing.GRACE_SECONDS, dry_run: bool = False
    ) -> clearing.Cleared:
        """Remove what stopped commits left behind, if older than the grace time."""
        return clearing.clear(self._files, grace_seconds, dry_run)

    def _place(self, source: str | Path) -> str:
        if isinstance(source, Path) or Path(source).is_absolute():
            return self._files.relative(str(source))
        return source


def _create_catalog(files: Files) -> None:
    # Made aside and renamed, so that a ledger is there whole or not at all.
    making = files.folder / "catalog.new"
    for path in files.folder.glob("catalog.new*"):
        path.unlink()
    Catalog(making).create()
    making.replace(files.catalog)


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
