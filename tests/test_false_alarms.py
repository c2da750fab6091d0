"""The rate at which healthy sets are blocked is the stated one, on cells that people labelled.

Seeds are from 60000, which no setting was chosen on; docs/false-alarms.md has more halves.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from pathlib import Path

import pytest

from damage import halves
from firsthand.audit import audit
from firsthand.config import default_limits
from firsthand.read import read
from firsthand.types import HUMAN

HALVES = 100


@pytest.mark.slow
def test_the_stated_rate_lies_in_the_interval_of_the_observed_one(
    real_data: Callable[[str], Path],
) -> None:
    cells = read(real_data("bccd"), declared=HUMAN, progress=False)
    limits = default_limits()
    blocked = 0
    for seed in range(60000, 60000 + HALVES):
        candidate, reference = halves(cells, seed)
        blocked += audit(candidate, reference, seed=seed, limits=limits).verdict == "block"
    rate, z = blocked / HALVES, 1.96
    centre = (rate + z * z / (2 * HALVES)) / (1 + z * z / HALVES)
    half = z * sqrt(rate * (1 - rate) / HALVES + z * z / (4 * HALVES**2)) / (1 + z * z / HALVES)
    assert centre - half <= limits.family_wise_rate <= centre + half, blocked
