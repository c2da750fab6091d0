"""What became of the model: held against generation 0 and its parent on the human anchor, written.

A loss blocks where less than nine tenths of an earlier model's recall is left in a class, a size or
a class of a size, and chance does not explain it at 5 % over everything that was looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from firsthand.config import default_limits
from firsthand.detections import Objects
from firsthand.errors import InputError
from firsthand.integrations.ultralytics.lineage import FOLDER, Ancestor, digest_of
from firsthand.integrations.ultralytics.watch import Look, Watch
from firsthand.report.plain import plain
from firsthand.types import Measurement, Undetermined, Verdict

PREDICTIONS = "predictions.npz"
LEFT = 0.9
"""Of an earlier model's recall, as elsewhere: a tenth lost each time is half lost in seven."""
RATE = default_limits().family_wise_rate


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """The model against an earlier one."""

    role: str  # generation-0 or parent
    before: Look
    left: tuple[Measurement | Undetermined, ...]

    def lost(self, contrasts: int = 1) -> tuple[Measurement, ...]:
        """Slices of which too little is left, beyond chance over all contrasts."""
        rate = RATE / contrasts
        return tuple(
            each
            for each in self.left
            if isinstance(each, Measurement)
            and each.value < LEFT
            and (each.adjusted_p if each.adjusted_p is not None else 1.0) <= rate
        )

    @property
    def told(self) -> bool:
        """Could anything be compared?"""
        return any(isinstance(each, Measurement) for each in self.left)


def contrast(role: str, before: Look, after: Look) -> Contrast:
    """Hold a model against an earlier one, paired image by image."""
    return Contrast(role, before, after.against(before))


def decide(contrasts: Sequence[Contrast], open_: Sequence[str], *, all_human: bool) -> Verdict:
    """Block if something was lost; else cannot-say if a question that matters is open; else pass.

    Args:
        contrasts: the model against earlier ones.
        open_: codes of what keeps the question open whatever the data are.
        all_human: no model's output was trained on, so that there need be nothing to compare with.
    """
    if any(each.lost(len(contrasts)) for each in contrasts):
        return "block"
    if open_ or not (all_human or any(each.told for each in contrasts)):
        return "cannot-say"
    return "pass"


def earlier(watch: Watch, ancestor: Ancestor, role: str) -> Look | None:
    """An earlier model on the same anchor: from its stored predictions, else asked again."""
    stored = Path(ancestor.run, FOLDER, PREDICTIONS) if ancestor.run else None
    found = None if stored is None else load_predictions(stored, watch.cells.classes)
    if found is not None and set(found.media.tolist()) >= set(watch.human.media.tolist()):
        return watch.scored(found, role)
    weights = Path(ancestor.weights)
    if not weights.is_file() or digest_of(weights) != ancestor.digest:
        return None
    return watch.look(weights, role)


def save_predictions(found: Objects, classes: Sequence[str], path: Path) -> None:
    """Keep what a model found, so that later ones can be held against it without its weights."""
    np.savez_compressed(
        path,
        keys=np.array(found.keys),
        media=found.media,
        image=found.image,
        label=found.label,
        xywh=found.xywh,
        confidence=found.confidence,
        classes=np.array(classes),
    )


def load_predictions(path: Path, classes: Sequence[str]) -> Objects | None:
    """What `save_predictions` kept; None where nothing is, or it is of other classes."""
    try:
        with np.load(path, allow_pickle=False) as held:
            columns = {name: held[name] for name in held.files}
        if tuple(columns.pop("classes").tolist()) != tuple(classes):
            return None
        images = len(columns["keys"])
        keys = tuple(columns.pop("keys").tolist())
        return Objects(keys=keys, group=np.arange(images), weight=np.ones(images), **columns)
    except (OSError, ValueError, KeyError, TypeError, InputError):
        return None


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What is said where the record of a run cannot be written.

    Raises:
        InputError: it cannot.
    """
    try:
        yield
    except OSError as error:
        raise InputError(
            f"the record of the run cannot be written: {error.strerror or error}",
            expected="a run folder that can be written to, on a disk with room",
            where=str(error.filename or folder),
        ) from error


def write(document: Mapping[str, Any], path: Path) -> None:
    """Write it whole or not at all: a run that is killed leaves what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_suffix(".new")
    body = json.dumps(plain(document), ensure_ascii=False, allow_nan=False, indent=2)
    making.write_text(body + "\n", encoding="utf-8")
    making.replace(path)
