"""What does a failure look like on my data? Human data in, sets that show it out.

To try `diagnose` on data of one's own, where the right answer is known. A failure is a file of
`firsthand.failures`; its dial is in a physical unit.
"""

from __future__ import annotations

from typing import TypeGuard, cast

import numpy as np

from firsthand import registry
from firsthand.cases.case import Case, Failure, Pool, TooFew
from firsthand.cases.opening import pool_of
from firsthand.sources import Source

SETS = 6  # four, the unfiltered output, and what is cut from it
MOST = 1000
LEAST = 20


def stress(
    failure: str,
    data: Source | Pool,
    *,
    strength: float | None = None,
    n: int | None = None,
    seed: int = 0,
    other: Source | None = None,
    features: str | None = None,
) -> Case:
    """Make a failure on human data.

    Args:
        failure: its name, such as "mode_collapse".
        data: human data: a dataset, a path, points in a file; or a pool that was opened.
        strength: in the unit of its dial; medium, unless told.
        n: samples of each set; what the data suffice for, 1,000 at most, unless told.
        seed: the same seed makes the same case.
        other: texts of another collection, for a shift of texts.
        features: what turns whole images into points, NAME or NAME=MODEL.

    Returns:
        Reference, training set, samples and held-out set, which share no human sample, and the
        cause that a diagnosis should name first.

    Raises:
        UnknownComponent: there is no such failure.
        InputError: the data cannot be read, cannot show it, or do not suffice for n.

    >>> from firsthand.cases.points import PointPool
    >>> points = PointPool(np.random.default_rng(0).normal(size=(900, 2)))
    >>> case = stress("over_dispersion", points, n=200)
    >>> case.cause, case.samples.shape, bool(case.samples.std() > 1.3 * case.train.std())
    ('over-dispersion', (200, 2), True)
    """
    found: Failure = registry.load("failures", failure)
    pool = data if _is_pool(data) else pool_of(cast(Source, data), other, features)
    dial = medium(found) if strength is None else strength
    if n is not None:
        return found.case(pool, n, dial, np.random.default_rng(seed))
    size = max(2, min(len(pool) // SETS, MOST))
    while True:
        try:
            return found.case(pool, size, dial, np.random.default_rng(seed))
        except TooFew:  # of classes or modes that are asked for by name there may be few
            if size <= LEAST:
                raise
            size = max(LEAST, size * 3 // 4)


def medium(failure: Failure) -> float:
    """The strength at which a diagnosis is judged."""
    return failure.strengths[len(failure.strengths) // 2]


def _is_pool(data: Source | Pool) -> TypeGuard[Pool]:
    return hasattr(data, "fitting")
