"""What the loop asks of a detector: weights are a file, training sets are files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from firsthand.closed_loop.pictures import Picture
from firsthand.detections import Detections


class Detector(Protocol):
    """A detector that can be trained on labels of its own. Its fields are its options."""

    name: str
    question: str

    def train(
        self, start: Path, data: Path, out: Path, *, epochs: int, rate: float, seed: int
    ) -> None:
        """Train on a YOLO data.yaml, from weights or the description of a model; writes `out`."""
        ...

    def predict(
        self, weights: Path, pictures: Iterable[tuple[str, Picture]], scale: float = 1.0
    ) -> Iterator[Detections]:
        """What it finds on named pictures, seen `scale` times as large."""
        ...
