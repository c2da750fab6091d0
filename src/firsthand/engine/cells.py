"""A cell: everything that decides one result, and the random numbers that follow from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
"""What a cell gives: named arrays, of numbers or text."""


@dataclass(frozen=True)
class Cell:
    """A piece of work as canonical JSON. Equal cells have equal results.

    >>> Cell.of({"b": 1, "a": 2}) == Cell.of({"a": 2, "b": 1})
    True
    >>> float(Cell.of({"a": 1}).rng().random()) == float(Cell.of({"a": 1}).rng().random())
    True
    """

    text: str

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Cell:
        """The cell of a mapping of JSON values."""
        return cls(json.dumps(spec, sort_keys=True, separators=(",", ":"), allow_nan=False))

    @property
    def spec(self) -> dict[str, Any]:
        """The mapping that it was made of."""
        values: dict[str, Any] = json.loads(self.text)
        return values

    @cached_property
    def digest(self) -> str:
        """sha256 of the text, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def rng(self, *part: int) -> np.random.Generator:
        """Its random numbers, or those of a numbered part of it: Philox, keyed by the digest."""
        key = hashlib.sha256(f"{self.digest}{part}".encode()).digest()[:16]
        return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "big")))

    def swift(self, *part: int) -> np.random.Generator:
        """The same for simulators, which mostly wait for random numbers: SFC64, seeded by those."""
        seed = self.rng(*part).integers(2**63, size=4)
        return np.random.Generator(np.random.SFC64(seed.tolist()))


def digest(results: Iterable[Arrays]) -> str:
    """sha256 of results, bit for bit: names, types, shapes and values."""
    found = hashlib.sha256()
    for arrays in results:
        for name in sorted(arrays):
            values = np.ascontiguousarray(arrays[name])
            found.update(f"{name}:{values.dtype.str}:{values.shape};".encode())
            found.update(values.tobytes())
    return found.hexdigest()
