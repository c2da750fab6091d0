"""Results of cells on disk, by the digest of the cell: a run that was stopped goes on from here."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from uuid import uuid4

import numpy as np

from firsthand.engine.cells import Arrays, Cell


class Store:
    """A folder with one `.npz` file a finished cell; a reader sees whole files only."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def get(self, cell: Cell) -> Arrays | None:
        """What the cell gave; None where it is not there or was damaged, and has to be computed."""
        try:
            with self._path(cell).open("rb") as file, np.load(file, allow_pickle=False) as found:
                return {name: found[name] for name in found.files}
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
            return None

    def put(self, cell: Cell, result: Arrays) -> None:
        """Keep it, also if the machine stops right after."""
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f".{uuid4().hex}"
        try:
            with part.open("wb") as file:
                np.savez(file, allow_pickle=False, **result)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path(cell))
        finally:
            part.unlink(missing_ok=True)

    def _path(self, cell: Cell) -> Path:
        return self.folder / f"{cell.digest}.npz"
