"""Does a history lose faster than fair drawing at its size, or slower?

What every generation keeps is set against what is kept if each is drawn fairly from the one before
(`founders`; for classes, drift of their shares, `outlook`). Faster is what temperature, filters and
thresholds do: larger sets do not help, other decoding does. As fast as that is the noise of
sampling, which larger sets slow. Slower is a model that fills in between what it saw, or human data
that come in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from firsthand.class_counts import class_counts
from firsthand.contracts import BoxesView, FeatureView, TokensView
from firsthand.diagnosing.answer import Pace
from firsthand.diagnosing.founders import Kept, founders, kept_of_points, kept_of_words
from firsthand.numerics.space import AT_MOST
from firsthand.outlook.clusters import overall_effect
from firsthand.outlook.observed import History, observed
from firsthand.sides import Side
from firsthand.sources import samples_of
from firsthand.trajectory import Row
from firsthand.types import ALL, FloatArray, Slice

FEWEST = 3  # generations
LEAST = 20  # samples of a half
LEVEL = 0.95
SPEEDS = np.geomspace(1 / 32, 32, 41)  # draws that there were, over draws that explain the loss
WORDS: Slice = (("n", "1"),)


def pace_of(rows: Sequence[Row] | None, reference: Side, train: Side, seed: int) -> Pace | None:
    """How fast the loss goes; None without a history.

    Args:
        rows: a trajectory of one chain against this reference; generation t was drawn from t - 1,
            and the first from human data.
        reference: human data.
        train: the training set, as large as every generation.
        seed: of halves and of who descends from whom.
    """
    if rows is None:
        return None
    offers = reference.offers & train.offers
    if "tokens" in offers:
        return _by_kinds(rows, reference, train, ("type_survival", WORDS), seed)
    if any(row.metric == "class_survival" for row in rows) and "boxes" in reference.offers:
        return _by_class(rows, reference, seed)
    if "features" in offers:
        return _by_kinds(rows, reference, train, ("coverage", ALL), seed)
    return Pace(state="unknown", reason="no-law")


def _by_kinds(
    rows: Sequence[Row], reference: Side, train: Side, asked: tuple[str, Slice], seed: int
) -> Pace:
    """By the metric of kinds: balls of points, or words."""
    mine = _mine(rows, *asked)
    if mine is None:
        return Pace(state="unknown", reason="too-few-looks", metric=asked[0])
    rng = np.random.Generator(np.random.Philox(key=seed, counter=17))
    whole, draws = _size(reference), _size(train)
    most = AT_MOST if asked[0] == "coverage" else whole
    seen = min(whole, draws, most) // 2  # halves of both are compared: numerics/halves.py
    if seen < LEAST:
        return Pace(state="unknown", reason="too-few-samples", metric=asked[0])
    view = reference.view("tokens" if asked[0] == "type_survival" else "features")
    found = (
        kept_of_words(view, seen, rng)
        if isinstance(view, TokensView)
        else kept_of_points(cast(FeatureView, view), seen, rng)
    )
    return _set_against(mine[-1], list(found), (whole, draws), rng)


def _mine(rows: Sequence[Row], metric: str, part: Slice) -> list[Row] | None:
    """Looks at one metric, if there are enough: those relative to what people show."""
    mine = [row for row in rows if (row.metric, row.slice) == (metric, part)]
    known = [row for row in mine if row.value is not None and row.null_low is not None]
    known = sorted((row for row in known if row.generation > 0), key=lambda row: row.generation)
    return known if len({row.generation for row in known}) >= FEWEST else None


def _size(side: Side) -> int:
    """Samples; words of texts."""
    if "tokens" in side.offers:
        return len(cast(TokensView, side.view("tokens")).tokens)
    return len(side.media)


def _set_against(
    last: Row, halves: Sequence[Kept], sizes: tuple[int, int], rng: np.random.Generator
) -> Pace:
    value = float(last.value or 0.0)
    now, *curves = (_drawn(halves, sizes, last.generation, speed, rng) for speed in (1.0, *SPEEDS))
    low, high = float(now[0].min()), float(now[2].max())
    speed, slow, fast = _speed(value, np.array(curves))
    state = "faster" if value < low else "slower" if value > high else "as-chance"
    return Pace(
        state=state,  # type: ignore[arg-type]
        metric=last.metric,
        slice=last.slice,
        generation=last.generation,
        draws=float(sizes[1]),
        counted="samples" if last.metric == "coverage" else "words",
        value=value,
        expected=float(now[1].mean()),
        null_low=low,
        null_high=high,
        speed=speed,
        speed_low=slow,
        speed_high=fast,
    )


def _drawn(
    halves: Sequence[Kept],
    sizes: tuple[int, int],
    generation: int,
    speed: float,
    rng: np.random.Generator,
) -> FloatArray:
    """Quantiles of what fair drawing keeps, where it began elsewhere and with the reference.

    (3, 2): lower end, middle and upper end.
    """
    whole, draws = sizes[0], max(round(sizes[1] / speed), 3)
    seen, chains = halves[0].seen, len(halves)
    others = founders(draws, seen, generation, rng, chains=chains)
    same = founders(draws, seen, generation, rng, start=whole, chains=chains)
    kept = [
        (each.share(other), each.share_same(mine * each.pool / whole))
        for each, other, mine in zip(halves, others, same, strict=True)
    ]
    return np.asarray(np.quantile(kept, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2], axis=0))


def _speed(value: float, curves: FloatArray) -> tuple[float, float, float]:
    """The speed at which fair drawing would keep this much, and the ends of all that could.

    Args:
        value: what was kept.
        curves: (speeds, 3, 2) quantiles; what is kept falls with the speed.
    """
    below = curves[:, 1].mean(axis=1) <= value
    middle = float(SPEEDS[below.argmax()] if below.any() else SPEEDS[-1])
    could = (curves[:, 0].min(axis=1) <= value) & (value <= curves[:, 2].max(axis=1))
    if not could.any():
        return middle, middle, middle
    slow, fast = (float(end) for end in SPEEDS[could][[0, -1]])
    return middle, 0.0 if could[0] else slow, float("inf") if could[-1] else fast


def _by_class(rows: Sequence[Row], reference: Side, seed: int) -> Pace:
    """By drift of shares, from objects of each class in every generation."""
    first = class_counts(samples_of(reference))
    view = cast(BoxesView, reference.view("boxes"))
    names = [name for name in view.classes if _mine(rows, "class_survival", (("class", name),))]
    nothing = Pace(state="unknown", reason="too-few-looks", metric="class_survival")
    if len(names) < 2:
        return nothing
    looks = [_mine(rows, "class_survival", (("class", name),)) or [] for name in names]
    if len({tuple(row.generation for row in each) for each in looks}) > 1:
        return nothing
    home = np.array([first.objects[first.names.index(name)] for name in names], float)
    kept = np.array([[float(row.value or 0) * row.n for row in each] for each in looks]).T
    counts = np.vstack([home, np.round(kept * home / max(len(reference.media), 1))])
    history = History(names=tuple(names), counts=counts, design_effect=overall_effect(first))
    found = observed(history, level=LEVEL, seed=seed).speed
    if found is None:
        return replace(nothing, reason="too-few-objects")
    least = float(counts[-1].sum() / max(counts[0].sum(), 1.0))
    size = found.size
    state = {"noise": "as-chance", "slower": "slower"}.get(found.cause, "faster")
    return Pace(
        state=state,  # type: ignore[arg-type]
        metric="class_survival",
        generation=looks[0][-1].generation,
        draws=found.nominal,
        counted="objects",
        value=least,
        speed=found.nominal / size.value,
        speed_low=found.nominal / size.high,
        speed_high=found.nominal / size.low,
    )
