"""What a version is made of, as exact counts that can be added and taken away.

A commit knows the counts of its parent and of the rows that came and went; the counts of the new
version follow without reading the rest. Everything is an integer, so nothing drifts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from firsthand.composition import Kind, summed
from firsthand.types import Composition, ProvenanceClass


class Cell(NamedTuple):
    """Samples that are alike in everything a composition asks for."""

    provenance: ProvenanceClass
    generation: int | None
    generation_at_least: int | None
    split: str
    ancestry: float | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many samples are of which kind. All counts are positive."""

    cells: Counter[Cell] = field(default_factory=Counter)
    labels: Counter[tuple[str, ProvenanceClass]] = field(default_factory=Counter)
    generators: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """How many samples."""
        return sum(self.cells.values())

    def __add__(self, other: Counts) -> Counts:
        """Counts of both together."""
        return Counts(
            self.cells + other.cells,
            self.labels + other.labels,
            self.generators + other.generators,
            self.sources + other.sources,
        )

    def __sub__(self, other: Counts) -> Counts:
        """Counts of what is left when `other` is taken out."""
        return Counts(
            self.cells - other.cells,
            self.labels - other.labels,
            self.generators - other.generators,
            self.sources - other.sources,
        )

    def composition(self) -> Composition:
        """The same as shares are reported.

        >>> one = Counts(Counter({Cell("real", 0, None, "train", 1.0): 3}))
        >>> one.composition().by_class["real"], one.composition().ancestry
        (3, 1.0)
        """
        kinds = (
            (Kind(cell.provenance, cell.generation, cell.split, cell.ancestry), count)
            for cell, count in self.cells.items()
        )
        return summed(kinds, self.labels.items())

    def document(self) -> dict[str, Any]:
        """As JSON, in one order only."""
        return {
            "cells": _ordered([*cell, count] for cell, count in self.cells.items()),
            "labels": _ordered([*name, count] for name, count in self.labels.items()),
            "generators": _ordered([name, count] for name, count in self.generators.items()),
            "sources": _ordered([name, count] for name, count in self.sources.items()),
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Counts:
        """The opposite of `document`."""
        return cls(
            Counter({Cell(*row[:-1]): row[-1] for row in document["cells"]}),
            Counter({(row[0], row[1]): row[2] for row in document["labels"]}),
            Counter(dict(document["generators"])),
            Counter(dict(document["sources"])),
        )


def ancestry_total(counts: Counts) -> tuple[float, int]:
    """Sum of human ancestry over the samples whose ancestry is known, and how many those are."""
    known = [(cell.ancestry, n) for cell, n in counts.cells.items() if cell.ancestry is not None]
    return math.fsum(share * n for share, n in known), sum(n for _, n in known)


def _ordered(rows: Iterable[list[Any]]) -> list[list[Any]]:
    return sorted(rows, key=repr)
