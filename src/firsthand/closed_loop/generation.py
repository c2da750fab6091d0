"""One generation on disk: all of it is there, or nothing.

A folder is named by the digest of everything that decides the generation, so a run that was
stopped, or another run that has it in common, finds it there and does not make it again. It is
filled under another name and renamed when it is whole; what a killed run left is thrown away.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from firsthand.closed_loop.items import Item, restore
from firsthand.detections import Objects
from firsthand.engine import Cell

WEIGHTS, FOUND, ABOUT = "weights.pt", "found.npz", "about.json"
ITEMS, ADDED = "items.jsonl", "added.jsonl"


@dataclass(frozen=True)
class Generation:
    """A trained detector, what it was trained on, and what it finds on the test pictures."""

    folder: Path

    @property
    def weights(self) -> Path:
        """Its file of weights."""
        return self.folder / WEIGHTS

    @property
    def digest(self) -> str:
        """What it is known by: all that decided it."""
        return self.folder.name

    @cached_property
    def about(self) -> dict[str, Any]:
        """What is told of it: label counts, the gate's answer, seconds."""
        told: dict[str, Any] = json.loads((self.folder / ABOUT).read_text("utf-8"))
        return told

    def items(self) -> list[Item]:
        """Its training set."""
        return restore(self.folder / ITEMS)

    def added(self) -> list[Item]:
        """What was new in it, before it was put together with earlier sets or drawn from."""
        return restore(self.folder / ADDED)

    def found(self, test: Objects) -> Objects:
        """What it finds on the test pictures, which have to be those it was tested on."""
        with np.load(self.folder / FOUND, allow_pickle=False) as kept:
            return replace(
                test,
                image=kept["image"].astype(np.int64),
                label=kept["label"].astype(np.int64),
                xywh=kept["xywh"].astype(np.float64),
                confidence=kept["confidence"].astype(np.float64),
            )


class Unfinished(Exception):
    """A generation is not there, and nobody is to make it."""


def made(cell: Cell, out: Path, fill: Callable[[Path], dict[str, Any]] | None) -> Generation:
    """The generation of a cell: found, or made by `fill` in an empty folder and told about.

    Raises:
        Unfinished: it is not there, and there is no `fill`.
    """
    folder = out / cell.digest[:24]
    if folder.is_dir():
        return Generation(folder)
    if fill is None:
        raise Unfinished(folder.name)
    part = out / f".{folder.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    began = time.process_time()
    told = fill(part)
    told |= {"cell": cell.spec, "cpu_seconds": round(time.process_time() - began, 2)}
    (part / ABOUT).write_text(json.dumps(told), encoding="utf-8")
    _settle(part)
    part.rename(folder)
    return Generation(folder)


def keep_found(found: Objects, folder: Path) -> None:
    """Write what was found on the test pictures."""
    np.savez_compressed(
        folder / FOUND,
        allow_pickle=False,
        image=found.image.astype(np.int32),
        label=found.label.astype(np.int16),
        xywh=found.xywh.astype(np.float32),
        confidence=found.confidence.astype(np.float32),
    )


def _settle(folder: Path) -> None:
    """The bytes of every file reach the disk before its name does."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
