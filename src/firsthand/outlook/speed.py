"""Were classes lost as fast as chance explains, or faster? A test beside the estimates.

Two statistics look for what chance does not do: that frequent classes gain (temperature, top-p,
thresholds), and that the same classes lose in every step (a filter, a detector's blind spots). Both
are ratios, so that they hardly depend on how strong drift is, and are held against histories drawn
by chance alone, with as many draws a generation as explain the size of the changes. The third sign
is the number of draws itself, when it is smaller than what there was.
"""

from __future__ import annotations

import numpy as np

from firsthand.errors import InputError
from firsthand.outlook.fitting import Posterior
from firsthand.outlook.steps import Steps
from firsthand.outlook.values import Cause, Estimate, Speed
from firsthand.theory.effective_size import EffectiveSize, effective_size
from firsthand.types import FloatArray

ALARM = 0.05  # how often chance alone is called faster: a third for each of the three signs
DRAWN = 399  # histories by chance alone
MOST = 1e9  # draws that stand for no drift at all


def drift_of(counts: FloatArray, *, measured: bool, level: float) -> EffectiveSize | None:
    """Draws a generation that explain the changes by chance; None with too few counts for it."""
    try:
        return effective_size(counts, measured=measured, level=level)
    except InputError:
        return None


def speed_of(
    steps: Steps,
    posterior: Posterior,
    drift: EffectiveSize,
    nominal: float,
    level: float,
    rng: np.random.Generator,
) -> Speed:
    """Put the estimates together, and say what they mean.

    Args:
        steps: what was seen.
        posterior: what could have made it.
        drift: the effective size; its interval of level 1 - 2 ALARM / 3 decides.
        nominal: independent draws a generation that there were; NaN where nobody knows.
        level: of the intervals that are returned.
        rng: of the histories by chance alone.
    """
    size = min(drift.value, MOST)
    p_biased, p_selective = _by_chance(steps, size, rng)
    ends = [0.5, (1 - level) / 2, (1 + level) / 2]
    exponent, inflow = (np.quantile(each, ends) for each in (posterior.exponent, posterior.inflow))
    biased, selective = p_biased <= ALARM / 3, p_selective <= ALARM / 3
    cause: Cause = "noise"
    # A class that a filter takes becomes rare, which looks like bias; the fit tells them apart.
    if biased and (not selective or exponent[1] > 1):
        cause = "biased"
    elif selective:
        cause = "selective"
    elif drift.high < nominal:
        cause = "fewer-draws"
    elif drift.low > nominal:
        cause = "slower"
    return Speed(
        cause=cause,
        size=Estimate(drift.value, drift.low, drift.high),
        nominal=nominal,
        exponent=Estimate(*exponent.tolist()),
        inflow=Estimate(*inflow.tolist()),
        p_biased=p_biased,
        p_selective=p_selective,
        alarm=ALARM,
    )


def _by_chance(steps: Steps, size: float, rng: np.random.Generator) -> tuple[float, float]:
    """How often chance alone looks as biased, and as selective."""
    after = steps.after / steps.sizes[:, None]
    biased, selective = _signs(steps.before[None], after[None], steps.guide)
    made = _measured(steps, size, rng) if steps.measured.size else _redrawn(steps, size, rng)
    too, also = _signs(*made)
    return _rare(biased, too), _rare(selective, also)


def _rare(seen: FloatArray, by_chance: FloatArray) -> float:
    return float(1 + (by_chance >= seen[0] - 1e-12).sum()) / (DRAWN + 1)


def _redrawn(
    steps: Steps, size: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Each step again, by chance, from the generation before as it was."""
    before = np.repeat(steps.before[None], DRAWN, axis=0)
    return before, _drawn(before, size, rng), steps.guide


def _measured(
    steps: Steps, size: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Whole histories by chance, of which as much is seen as was of the real one."""
    shares = np.repeat(steps.home[None], DRAWN, axis=0)
    seen = []
    for samples in steps.measured:
        seen.append(_drawn(shares, samples, rng))
        shares = _drawn(shares, size, rng)
    rows = np.array(seen).transpose(1, 0, 2)
    mean = rows.mean(axis=1, keepdims=True)
    guide = np.log(np.where(mean > 0, mean, 1.0))
    return rows[:, :-1], rows[:, 1:], guide


def _drawn(shares: FloatArray, size: float, rng: np.random.Generator) -> FloatArray:
    n = max(round(size), 1)
    fair = shares / (shares.sum(axis=-1, keepdims=True) * (1 + 1e-12))
    return np.asarray(rng.multinomial(n, fair) / n)


def _signs(
    before: FloatArray, after: FloatArray, guide: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Whether frequent classes gain, and whether classes move steadily. (histories,) each."""
    steps = after - before
    mean = before.mean(axis=1, keepdims=True)
    weight = np.where(mean > 0, 1 / np.where(mean > 0, mean, 1.0), 0.0)
    moved = np.maximum((steps**2 * weight).sum(axis=(1, 2)), 1e-300)
    steadily = (steps.sum(axis=1) ** 2 * weight[:, 0]).sum(axis=1) / moved
    spread = np.sqrt(np.maximum((before * guide**2).sum(axis=(1, 2)), 1e-300))
    gain = (steps * guide).sum(axis=(1, 2)) / spread / np.sqrt(moved)
    return gain, steadily
