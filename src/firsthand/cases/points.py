"""Points (features of pictures, tables of numbers) from which failures are made."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firsthand.cases.case import Ids, Kind
from firsthand.cases.cells import cells
from firsthand.models.gmm import GaussianMixture, Mixture
from firsthand.numerics.neighbours import Points as Places
from firsthand.numerics.neighbours import nearest
from firsthand.recursion import Sampling
from firsthand.types import FloatArray, Provenance

RIDGE = 1e-3  # of the mean variance: keeps a mode with fewer rows than dimensions from being flat
HAIR = 0.05  # of the median distance to the nearest: how far a copy lies from what it copies
AWAY = 2.0  # standard deviations


class Marked(NamedTuple):
    """Points with their modes."""

    points: FloatArray  # (n, d)
    mode: Ids  # (n,)


class PointPool:
    """Human points; modes are their classes, or else cells found by k-means."""

    kind: Kind = "points"

    def __init__(self, points: NDArray[np.floating[Any]], classes: Ids | None = None) -> None:
        found = np.asarray(points, float)
        mode = cells(found) if classes is None else np.unique(classes, return_inverse=True)[1]
        self._whole = Marked(found, np.asarray(mode, np.int64))
        self.modes = int(self._whole.mode.max()) + 1

    def __len__(self) -> int:
        """How many points there are."""
        return len(self._whole.points)

    def fitting(self, rows: Ids, modes: Ids | None) -> Ids:
        """Rows of these modes."""
        return rows if modes is None else rows[np.isin(self._whole.mode[rows], modes)]

    def take(self, rows: Ids, modes: Ids | None) -> Marked:  # noqa: ARG002
        """Some points."""
        return Marked(self._whole.points[rows], self._whole.mode[rows])

    def mixed(self, first: Marked, second: Marked, which: NDArray[np.bool_]) -> Marked:
        """Points of the second where it says so."""
        points = np.where(which[:, None], second.points, first.points)
        return Marked(points, np.where(which, second.mode, first.mode))

    def copies(self, of: Marked, rng: np.random.Generator) -> Marked:
        """Points of the set, each moved by a twentieth of what usually lies between two."""
        n, d = of.points.shape
        own = np.arange(n)
        places = Places(of.points.astype(np.float32), own, own)
        hair = HAIR * float(np.median(nearest(places, places, 1).distance[:, 0]))
        rows = rng.integers(0, n, n)
        way = rng.standard_normal((n, d))
        way *= hair / np.linalg.norm(way, axis=1, keepdims=True)
        return Marked(of.points[rows] + way, of.mode[rows])

    def elsewhere(self, of: Marked, like: Marked, turn: int, rng: np.random.Generator) -> Marked:  # noqa: ARG002
        """Moved by two standard deviations along the direction in which human points vary most."""
        centred = like.points - like.points.mean(axis=0)
        values, axes = np.linalg.eigh(centred.T @ centred / len(centred))
        return of._replace(points=of.points + AWAY * np.sqrt(values[-1]) * axes[:, -1])

    def output(
        self,
        trained: Marked,
        fresh: Marked,
        n: int,
        sampling: Sampling,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Marked:
        """Human points as a sampler would show them: drawn together, or the far ones cut.

        Temperature T multiplies deviations from the middle of the mode by the root of T, which is
        what it does to a normal law; top-p keeps the share of points nearest to their middle, in
        units of the mode's own spread, of ceil(n / top_p) given ones.
        """
        middle, spread = _modes(trained, self.modes)
        off = fresh.points - middle[fresh.mode]
        points = middle[fresh.mode] + np.sqrt(sampling.temperature) * off
        far = np.linalg.norm(off, axis=1) / spread[fresh.mode]
        kept = np.sort(np.argsort(far, kind="stable")[: round(sampling.top_p * len(far))])[:n]
        return Marked(points[kept], fresh.mode[kept])

    def learnt(
        self, trained: Marked, n: int, sampling: Sampling, rng: np.random.Generator
    ) -> Marked:
        """A normal law for each mode, fitted and drawn from; temperature scales its covariance."""
        ridge = RIDGE * float(trained.points.var(axis=0).mean())
        model = GaussianMixture(components=1, ridge=ridge, levels=0)
        state = model.fit(trained.points, trained.mode, rng)
        root = np.sqrt(sampling.temperature)
        cooled = tuple(Mixture(a, b, factor * root) for a, b, factor in state.mixtures)
        return Marked(*model.sample(state._replace(mixtures=cooled), n, rng))

    def wider(
        self,
        trained: Marked,
        fresh: Marked,
        factor: float,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Marked:
        """Deviations from the middle of all, times a factor."""
        middle = trained.points.mean(axis=0)
        return fresh._replace(points=middle + factor * (fresh.points - middle))

    def shown(self, of: Marked, name: str, origin: Provenance) -> NDArray[np.float32]:  # noqa: ARG002
        """The points alone: they say nothing of who made them."""
        return np.asarray(of.points, np.float32)


def _modes(of: Marked, many: int) -> tuple[FloatArray, FloatArray]:
    """Middle and root mean squared deviation of each mode; of one never seen, those of all."""
    middle = np.tile(of.points.mean(axis=0), (many, 1))
    spread = np.full(many, np.sqrt(of.points.var(axis=0).sum()))
    for at in np.unique(of.mode):
        own = of.points[of.mode == at]
        middle[at] = own.mean(axis=0)
        spread[at] = np.sqrt(own.var(axis=0).sum()) or spread[at]
    return middle, spread
