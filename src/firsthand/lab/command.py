"""Any program as a model: it trains and samples through files.

    model: {command: [python, train.py]}

is called as `python train.py fit TRAIN.npz MODEL SEED`, where it writes what it learnt into the
empty folder MODEL, and as `python train.py sample MODEL N SEED OUT.npz`. Both `.npz` files hold
`features` (n, d) and `labels` (n,). It runs with the rights of whoever wrote the spec; nothing in a
dataset can name a program.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import weakref
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firsthand.errors import InputError
from firsthand.types import FloatArray

SAID = 400  # last letters of what a failing program said


class Folder:
    """What one fit left behind; removed when nobody needs it any more."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="firsthand-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program with its first arguments."""

    name: str = "command"
    question: str = "What does this program lose when it trains on its own output?"
    command: tuple[str, ...] = ()
    seconds: float = 3600.0  # that one call may take

    def __post_init__(self) -> None:
        words = isinstance(self.command, tuple) and all(isinstance(w, str) for w in self.command)
        if not words:
            raise InputError(f"command is {self.command!r}", expected="a list of words")

    def fit(
        self, features: FloatArray, labels: NDArray[np.int64], rng: np.random.Generator
    ) -> Folder:
        """Let the program learn from a file."""
        folder = Folder()
        train, model = folder.path / "train.npz", folder.path / "model"
        np.savez(train, features=features, labels=labels)
        model.mkdir()
        self._run("fit", train, model, _seed(rng))
        train.unlink()
        return folder

    def sample(
        self, state: Folder, n: int, rng: np.random.Generator
    ) -> tuple[FloatArray, NDArray[np.int64]]:
        """Let the program write a file of samples."""
        out = state.path / "out.npz"
        self._run("sample", state.path / "model", n, _seed(rng), out)
        try:
            with out.open("rb") as file, np.load(file, allow_pickle=False) as found:
                return found["features"], found["labels"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{self._words} wrote no samples that can be read ({error})",
                expected="an .npz file with features and labels",
            ) from error
        finally:
            out.unlink(missing_ok=True)

    @property
    def _words(self) -> str:
        return " ".join(self.command)

    def _run(self, *arguments: object) -> None:
        call = [*self.command, *map(str, arguments)]
        try:
            done = subprocess.run(
                call, capture_output=True, text=True, timeout=self.seconds, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InputError(
                f"{self._words} did not run ({error})",
                expected=f"a program that ends within {self.seconds:g} s",
            ) from error
        if done.returncode:
            raise InputError(
                f"{self._words} {arguments[0]} ended with code {done.returncode}: "
                f"{done.stderr.strip()[-SAID:]}",
                expected="code 0",
            )


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))
