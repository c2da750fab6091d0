"""Does the model say the same again and again (B), where too few different samples are left?

The metrics of `measure` count equal samples as one group, so that of a model which is down to a
handful of outputs they cannot say anything. How few different ones there are says it all: if
training set and samples followed one law, samples could change places between the two (`exchange`).
A sample is one draw of the model here; a file written twice over looks the same.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from firsthand.diagnosing.answer import Evidence
from firsthand.diagnosing.links import TOLERATED, Asked, Link
from firsthand.sides import Side

Numbers = NDArray[np.int64]

FEWEST = 20  # samples of each side: as many as the metrics ask for
AT_MOST = 20_000  # samples of each side; more are drawn from
PERMUTATIONS = 999


def or_repeats(found: Link, first: Side, second: Side, seed: int) -> Link:
    """The link, with the loss that repeats show where nothing else could be measured of it."""
    if found.lost.evidence.reason != "too-few-groups":
        return found
    pool = _pool(first, second, seed)
    if len(pool[0]) < FEWEST:
        return found
    return found._replace(lost=_told(found.lost.evidence, pool[0], pool[1], seed))


def repeats(side: Side) -> bool:
    """Is it down to a few different samples? Words and classes of repeats are not independent."""
    return len(side.media) >= FEWEST > len(np.unique(side.media))


def _pool(first: Side, second: Side, seed: int) -> tuple[Numbers, Numbers]:
    """Numbers of the media of as many samples of each side."""
    rng = np.random.Generator(np.random.Philox(key=seed, counter=15))
    size = min(len(first.media), len(second.media), AT_MOST)
    drawn = [side.media[rng.permutation(len(side.media))[:size]] for side in (first, second)]
    number = np.unique(np.concatenate(drawn), return_inverse=True)[1]
    return number[:size], number[size:]


def _told(unknown: Evidence, first: Numbers, second: Numbers, seed: int) -> Asked:
    rng = np.random.Generator(np.random.Philox(key=seed, counter=16))
    pool, size = np.concatenate([first, second]), len(first)
    shuffled = (rng.permutation(pool) for _ in range(PERMUTATIONS))
    null = np.array([_different(each[size:]) / _different(each[:size]) for each in shuffled])
    value = _different(second) / _different(first)
    low, high = np.quantile(null, [0.025, 0.975])
    evidence = replace(
        unknown,  # keeps its reason: different samples of a few groups are not shown to be whole
        value=value,
        null_low=float(low),
        null_high=float(high),
        p_value=(1 + int((null <= value).sum())) / (PERMUTATIONS + 1),
        metric="different-samples",
        unit="share of what the training set shows",
        n=size,
    )
    return Asked(evidence, value <= 1 - TOLERATED)


def _different(numbers: Numbers) -> int:
    return len(np.unique(numbers))
