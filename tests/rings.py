"""Twenty modes on a ring, and each failure made on them: the toy world of docs/diagnosis.md."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MODES = 20
SHARES = np.arange(1, MODES + 1) ** -1.3 / (np.arange(1, MODES + 1) ** -1.3).sum()
WIDTH = 0.05
ANGLES = np.linspace(0, 2 * np.pi, MODES, endpoint=False)
CENTRES = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)


class Case(NamedTuple):
    """What `diagnose` is given."""

    reference: np.ndarray
    train: np.ndarray
    samples: np.ndarray
    heldout: np.ndarray
    unfiltered: np.ndarray | None = None
    origin: str = "human"


def drawn(n, rng, shares=SHARES, width=WIDTH):
    mode = rng.choice(MODES, size=n, p=shares / shares.sum())
    return CENTRES[mode] + width * rng.normal(size=(n, 2))


def some_of(shares, share, rng, modes=None):
    """Shares of the modes that are kept, at random."""
    kept = rng.permutation(MODES)[: round(share * MODES)] if modes is None else modes
    return np.where(np.isin(np.arange(MODES), kept), shares, 0.0)


def kde(points, n, bandwidth, rng):
    return points[rng.integers(0, len(points), n)] + bandwidth * rng.normal(size=(n, 2))


def healthy(n, rng):
    return Case(*(drawn(n, rng) for _ in range(4)))


def overfitting(n, rng, copies=0.5):
    """Some of the samples are points of the training set, a hair aside."""
    reference, train, fair, heldout = healthy(n, rng)[:4]
    copied = rng.random(n) < copies
    samples = np.where(copied[:, None], kde(train, n, 1e-4, rng), fair)
    return Case(reference, train, samples, heldout)


def mode_collapse(n, rng, kept=0.5, modes=None):
    case = healthy(n, rng)
    return case._replace(samples=drawn(n, rng, some_of(SHARES, kept, rng, modes)))


def forgetting(n, rng, kept=0.5):
    shares = some_of(SHARES, kept, rng)
    train, samples, heldout = (drawn(n, rng, shares) for _ in range(3))
    return Case(drawn(n, rng), train, samples, heldout)


def shift(n, rng, moved=0.5):
    away = np.array([2 * drawn(2000, rng).std(axis=0)[0], 0.0])
    sets = [drawn(n, rng) for _ in range(4)]
    for each in sets[1:]:
        each[rng.random(n) < moved] += away
    return Case(*sets)


def biased(n, rng, exponent=2.0):
    """Modes are drawn by sharpened shares; without the sharpening the model is as it should be."""
    case = healthy(n, rng)
    return case._replace(samples=drawn(n, rng, SHARES**exponent), unfiltered=drawn(n, rng))


def chain(n, rng, generations, bandwidth=0.2 * WIDTH):
    """Training sets of a replace chain of kernel densities; nothing human is left after the first.

    Returns the last one, and the one that its model was fitted to.
    """
    before = train = drawn(n, rng)
    for _ in range(generations):
        before, train = train, kde(train, n, bandwidth, rng)
    return train, before


def model_collapse(n, rng, generations=8):
    """The model of the last training set is as good as can be: it follows the law behind it."""
    reference = drawn(n, rng)
    train, before = chain(n, rng, generations)
    samples, heldout = (kde(before, n, 0.2 * WIDTH, rng) for _ in range(2))
    return Case(reference, train, samples, heldout, origin="synthetic")


def over_dispersion(n, rng, factor=1.5):
    case = healthy(n, rng)
    middle = case.train.mean(axis=0)
    return case._replace(samples=middle + factor * (drawn(n, rng) - middle))


MAKERS = {
    "healthy": healthy,
    "overfitting": overfitting,
    "mode-collapse": mode_collapse,
    "catastrophic-forgetting": forgetting,
    "distribution-shift": shift,
    "biased-sampling": biased,
    "model-collapse": model_collapse,
    "over-dispersion": over_dispersion,
}


def accumulated(n, rng, generations=25):
    """A sample of everything, where each generation adds to all that went before."""
    pool = drawn(n, rng)
    for _ in range(generations):
        pool = np.concatenate([pool, kde(pool, n, 0.2 * WIDTH, rng)])
    return pool[rng.permutation(len(pool))[:n]]


def toy(column, n, rng):
    """One column of the toy table in docs/diagnosis.md."""
    if column.startswith("replace"):
        generations = int(column.split("-")[1])
        reference = drawn(n, rng)
        train, _ = chain(n, rng, generations)
        samples = kde(train, n, 0.2 * WIDTH, rng)
        return Case(reference, train, samples, drawn(n, rng), origin="synthetic")
    case = healthy(n, rng)
    if column == "accumulate-25":
        return case._replace(train=accumulated(n, rng), origin="synthetic")
    if column == "overfitting":
        return case._replace(samples=kde(case.train, n, 0.025 * WIDTH, rng))
    if column == "mode-collapse":
        modes = rng.choice(MODES, 4, replace=False, p=SHARES)
        return case._replace(samples=drawn(n, rng, some_of(SHARES, 0, rng, modes)))
    if column == "catastrophic-forgetting":
        half = some_of(SHARES, 0, rng, np.arange(1, MODES, 2))
        sets = [drawn(n, rng, half) for _ in range(3)]  # what is held out is like the training set
        return Case(case.reference, *sets)
    return case
