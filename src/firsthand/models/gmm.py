"""A Gaussian mixture for every class: the smallest generator that loses tails by itself.

Each class is fitted by expectation-maximisation, started by k-means++, with a ridge on the
covariances. Samples are clipped to the valid range and rounded to the pixel levels, as any image
file would do. Trained on its own output it forgets what it saw seldom, without any trick: each fit
sees a finite sample, and its estimate of the spread is too small on average by (1 - 1/n).

Meant for small images and tables: a covariance has d x d entries, so keep d below about 1000.

Many chains at once (`numerics/mixtures.py`) learn a mixture in the plane without classes, whose
human population is a ring of modes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.errors import InputError
from firsthand.numerics import mixtures
from firsthand.recursion import Setting
from firsthand.types import FloatArray

Labels = NDArray[np.int64]

TOLERANCE = 1e-4  # nats a sample: smaller gains of the mean log-likelihood end the fit
ROUNDS = 100
ROWS_A_COMPONENT = 5  # a class with fewer rows than this for each component gets fewer components


class Mixture(NamedTuple):
    """One fitted class: k components in d dimensions."""

    weights: FloatArray  # (k,) sum to 1
    means: FloatArray  # (k, d)
    factors: FloatArray  # (k, d, d) lower Cholesky factors of the covariances


class State(NamedTuple):
    """A fitted model: its classes, how often each occurs, and how each looks."""

    classes: Labels  # (c,)
    shares: FloatArray  # (c,) sum to 1
    mixtures: tuple[Mixture, ...]


@dataclass(frozen=True, kw_only=True)
class GaussianMixture:
    """A class-conditional Gaussian mixture.

    `low`, `high` and `levels` describe the pixels: samples are clipped to the range and rounded to
    that many equal steps. `levels=0` leaves samples as they were drawn.

    >>> rng = np.random.default_rng(0)
    >>> points = rng.normal(0.5, 0.1, size=(60, 2))
    >>> model = GaussianMixture(components=1, levels=17)
    >>> state = model.fit(points, np.repeat([3, 8], 30), rng)
    >>> drawn, labels = model.sample(state, 5, rng)
    >>> drawn.shape, set(labels) <= {3, 8}, bool(np.all(drawn * 16 % 1 == 0))
    ((5, 2), True, True)
    """

    name: str = "gmm"
    components: int = 3
    covariance: Literal["full", "diagonal"] = "full"
    ridge: float = 1e-3  # added to the variance of each feature
    low: float = 0.0
    high: float = 1.0
    levels: int = 256
    modes: int = 3  # of the human population of many chains

    question: str = "Which modes are lost when a mixture is fitted to its own samples?"
    exact = False
    units = mixtures.UNITS
    sampling = frozenset({"spread"})
    takes = "points"

    def chains(self, setting: Setting) -> mixtures.MixtureChains | None:
        """Many chains at once; None where people's data are to be learnt, one chain at a time."""
        if setting.human is not None:
            return None
        return mixtures.MixtureChains(self.components, self.modes, setting)

    def width(self, rows: int) -> int:
        """How many numbers one chain keeps in memory, about."""
        return 4 * rows * self.components

    def fit(self, features: FloatArray, labels: Labels, rng: np.random.Generator) -> State:
        """Learn the shares of the classes and the mixture of each.

        Args:
            features: (n, d) finite numbers.
            labels: (n,) class of each row.
            rng: places the first means.

        Raises:
            InputError: there is no row, a row is not finite, or the lengths differ.
        """
        _check(features, labels)
        classes, counts = np.unique(labels, return_counts=True)
        mixtures = tuple(self._fit_class(features[labels == one], rng) for one in classes)
        return State(classes, counts / counts.sum(), mixtures)

    def sample(self, state: State, n: int, rng: np.random.Generator) -> tuple[FloatArray, Labels]:
        """Draw n rows, each with its class. (n, d) and (n,)."""
        which = rng.choice(len(state.classes), size=n, p=state.shares)
        drawn = np.empty((n, state.mixtures[0].means.shape[1]))
        for index, mixture in enumerate(state.mixtures):
            here = np.flatnonzero(which == index)
            drawn[here] = _draw(mixture, len(here), rng)
        return self._as_pixels(drawn), state.classes[which]

    def log_likelihood(self, state: State, features: FloatArray, labels: Labels) -> FloatArray:
        """How probable is each row under its class? (n,) in nats; higher is likelier.

        It is the log density before clipping and rounding; a class never seen gives -inf.
        """
        result = np.full(len(features), -np.inf)
        for one, mixture in zip(state.classes, state.mixtures, strict=True):
            here = labels == one
            result[here] = np.logaddexp.reduce(_joint(mixture, features[here]), axis=1)
        return result

    def _fit_class(self, rows: FloatArray, rng: np.random.Generator) -> Mixture:
        k = max(1, min(self.components, len(rows) // ROWS_A_COMPONENT))
        centres = _spread_out(rows, k, rng)
        share = np.eye(k)[_distances(rows, centres).argmin(axis=1)]
        before = -np.inf
        for _ in range(ROUNDS):
            mixture = self._maximise(rows, share)
            if k == 1:  # its estimate is closed
                break
            joint = _joint(mixture, rows)
            total = np.logaddexp.reduce(joint, axis=1, keepdims=True)
            if total.mean() - before < TOLERANCE:
                break
            before, share = total.mean(), np.exp(joint - total)
        return mixture

    def _maximise(self, rows: FloatArray, share: FloatArray) -> Mixture:
        weight = share.sum(axis=0) + 10 * np.finfo(float).eps  # a component may lose all its rows
        means = (share.T @ rows) / weight[:, None]
        spread = [
            self._covariance(rows - mean, part) for mean, part in zip(means, share.T, strict=True)
        ]
        return Mixture(weight / weight.sum(), means, np.linalg.cholesky(np.array(spread)))

    def _covariance(self, centred: FloatArray, share: FloatArray) -> FloatArray:
        total = share.sum() + 10 * np.finfo(float).eps
        spread: FloatArray = (centred.T * share) @ centred / total
        if self.covariance == "diagonal":
            spread = np.diag(np.diag(spread))
        return spread + self.ridge * np.eye(len(spread))

    def _as_pixels(self, drawn: FloatArray) -> FloatArray:
        if not self.levels:
            return drawn
        step = (self.high - self.low) / (self.levels - 1)
        clipped = np.clip(drawn, self.low, self.high)
        return self.low + np.round((clipped - self.low) / step) * step


def _check(features: FloatArray, labels: Labels) -> None:
    if features.ndim != 2 or len(features) != len(labels) or not len(features):
        raise InputError(
            f"features of shape {features.shape} with {len(labels)} labels",
            expected="(n, d) features with n labels, n at least 1",
            todo="Give one row and one label a sample.",
        )
    bad = np.flatnonzero(~np.isfinite(features).all(axis=1))
    if len(bad):
        raise InputError(
            f"row {bad[0]} of the features is not finite ({len(bad)} such rows)",
            expected="finite numbers",
            todo="Leave these samples out, or repair them.",
        )


def _distances(rows: FloatArray, centres: FloatArray) -> FloatArray:
    """Squared Euclidean distances. (n, k)."""
    return np.array([((rows - centre) ** 2).sum(axis=1) for centre in centres]).T


def _spread_out(rows: FloatArray, k: int, rng: np.random.Generator) -> FloatArray:
    """k-means++ (Arthur and Vassilvitskii 2007): far rows are likelier to be the next centre."""
    chosen = [int(rng.integers(len(rows)))]
    while len(chosen) < k:
        nearest = _distances(rows, rows[chosen]).min(axis=1)
        total = nearest.sum()
        odds = nearest / total if total > 0 else None  # all rows equal: any will do
        chosen.append(int(rng.choice(len(rows), p=odds)))
    return rows[chosen]


def _joint(mixture: Mixture, rows: FloatArray) -> FloatArray:
    """Log of weight times density, per row and component. (n, k)."""
    dimensions = rows.shape[1]
    found = np.empty((len(rows), len(mixture.weights)))
    for index, (weight, mean, factor) in enumerate(zip(*mixture, strict=True)):
        whitened = np.linalg.solve(factor, (rows - mean).T)
        log_scale = np.log(np.diag(factor)).sum() + dimensions / 2 * np.log(2 * np.pi)
        found[:, index] = np.log(weight) - 0.5 * (whitened**2).sum(axis=0) - log_scale
    return found


def _draw(mixture: Mixture, n: int, rng: np.random.Generator) -> FloatArray:
    which = rng.choice(len(mixture.weights), size=n, p=mixture.weights)
    noise = rng.standard_normal((n, mixture.means.shape[1]))
    drawn = np.empty_like(noise)
    for index, (mean, factor) in enumerate(zip(mixture.means, mixture.factors, strict=True)):
        here = which == index
        drawn[here] = mean + noise[here] @ factor.T
    return drawn


component = GaussianMixture()
