"""Which images make a validation set that sees losses where they happen first?

Images with rare classes and small objects are taken likelier, by group, with a chance that is known
and kept: weighing by one over it gives unbiased means of all images. Systematic sampling with
unequal chances (Madow 1949) takes exactly as many groups as were asked for; as groups stand in the
order of the rarest class and size that they hold, each of these gets its share.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firsthand.detections import cells_of, labelled
from firsthand.errors import InputError
from firsthand.training_sets.drawn import Drawn, Item
from firsthand.training_sets.replay import stratified
from firsthand.types import Dataset, FloatArray, Sample

HIGHEST = 0.5
"""The likeliest image is taken with this chance: what is rare is needed for training as well."""


def chances(samples: Sequence[Sample], classes: Sequence[str], share: float) -> FloatArray:
    """The chance of each image to be taken, (n,): that of its group, summing to `share` of groups.

    A group weighs what its images weigh on average; `training_sets.replay` says what an image does.

    Raises:
        InputError: the samples have no classes, or the share is none.
    """
    if not 0 < share <= HIGHEST:
        raise InputError(f"a share of {share:g}", expected=f"above 0, at most {HIGHEST:g}")
    odds = stratified(Drawn(tuple(Item(one, "human") for one in samples)), classes).odds
    assert odds is not None
    group = groups(samples)
    weight = np.bincount(group, odds) / np.bincount(group)
    wanted = min(round(share * len(weight)), int(HIGHEST * len(weight)))
    return np.asarray(_scaled(weight, max(wanted, 1))[group])


def strata(samples: Sequence[Sample], classes: Sequence[str]) -> NDArray[np.int64]:
    """The rarest class and size that each image holds, (n,), 0 the rarest; the largest for none."""
    data = Dataset("", "detect", tuple(classes), tuple(samples))
    objects = labelled(data)
    cells = cells_of(objects, classes)
    rank = np.argsort(np.argsort(cells.counts(objects), kind="stable"), kind="stable")
    out = np.full(len(samples), len(cells))
    place = np.flatnonzero([one.label is not None and one.boxes is not None for one in samples])
    np.minimum.at(out, place[objects.image], rank[cells.of(objects)])
    return out


def groups(samples: Sequence[Sample]) -> NDArray[np.int64]:
    """The number of each sample's group, (n,); without one, a sample is a group of its own."""
    names = [one.group.encode() or b"\0" + one.media for one in samples]
    place = {name: at for at, name in enumerate(dict.fromkeys(names))}
    return np.array([place[name] for name in names], np.int64)


def _scaled(weight: FloatArray, total: int) -> FloatArray:
    """Chances in proportion to the weights, of this sum, none above the highest."""
    out: FloatArray = np.minimum(weight * total / weight.sum(), HIGHEST)
    while out.sum() < total * (1 - 1e-12):
        free = out < HIGHEST
        rest = total - HIGHEST * (~free).sum()
        out[free] = np.minimum(weight[free] * rest / weight[free].sum(), HIGHEST)
    return out


def take(
    samples: Sequence[Sample],
    chance: FloatArray,
    rng: np.random.Generator,
    strata: NDArray[np.int64] | None = None,
) -> NDArray[np.bool_]:
    """Which images are taken, (n,); all of a group or none.

    Args:
        samples: the images.
        chance: of each; alike in a group.
        rng: decides.
        strata: of each; each gets its share of what is taken, give or take one.

    >>> images = [Sample(key, key.encode()) for key in "abcdefgh"]
    >>> int(take(images, np.full(8, 0.25), np.random.default_rng(0)).sum())
    2
    """
    group = groups(samples)
    first = np.unique(group, return_index=True)[1]
    order = rng.permutation(len(first))
    if strata is not None:
        rarest = np.full(len(first), strata.max())
        np.minimum.at(rarest, group, strata)
        order = order[np.argsort(rarest[order], kind="stable")]
    ends = np.cumsum(chance[first][order])
    ends[-1] = np.round(ends[-1])  # the sum of the chances is whole
    marks = np.floor(ends + rng.random())
    taken = np.zeros(len(first), bool)
    taken[order] = np.diff(marks, prepend=0) > 0
    return np.asarray(taken[group])
