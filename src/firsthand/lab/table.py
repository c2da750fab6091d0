"""From the records of chains to rows of a trajectory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from firsthand.engine import Arrays
from firsthand.lab.spec import Experiment
from firsthand.trajectory import Row
from firsthand.types import ALL, FloatArray, Slice

TOGETHER = -1  # in place of a chain's number: over all chains
MEDIAN: Slice = (("over chains", "median"),)
MEAN: Slice = (("over chains", "mean"),)
TOO_FEW = "too-few-objects"
BAND = (0.05, 0.95)
Z = 1.959963984540054


def joined(blocks: Sequence[Arrays]) -> dict[str, np.ndarray]:
    """The chains of all cells beside each other."""
    return {name: np.concatenate([one[name] for one in blocks], axis=-1) for name in blocks[0]}


def rows(
    experiment: Experiment,
    found: Arrays,
    units: Mapping[str, str],
    truth: Mapping[str, float],
    *,
    every_chain: bool = False,
) -> list[Row]:
    """What was found, summarised over the chains that had not degenerated.

    The row "median" has the 5 % and 95 % quantiles of chains as its ends; the row "mean" has the
    95 % interval of the mean. Generation 0 is the human population. With one chain, or where it is
    asked for, each chain has rows of its own. A number that the human data are too few for has one
    row without a value.
    """
    single = len(found["died"]) == 1
    made = [_cannot_say(experiment, name, units[name]) for name in units if name not in found]
    for name, unit in ((name, unit) for name, unit in units.items() if name in found):
        if name in truth:
            made.append(_row(experiment, 0, name, ALL, (truth[name], None, None), unit))
        for number, values in zip(experiment.recorded, found[name], strict=True):
            alive = _alive(found["died"], number)
            if every_chain or single:
                made += _each(experiment, number, name, np.where(alive, values, np.nan), unit)
            if not single and alive.any():
                made += _summary(experiment, number, name, values[alive], unit)
    for number in experiment.recorded:
        share = float(1 - _alive(found["died"], number).mean())
        ends = (share, None, None)
        made.append(_row(experiment, number, "degenerate_chains", ALL, ends, "share"))
    return made


def _cannot_say(experiment: Experiment, name: str, unit: str) -> Row:
    """The human data are too few for it, whatever the model does."""
    return _row(experiment, 0, name, ALL, (None, None, None), unit)._replace(reason=TOO_FEW)


def _alive(died: np.ndarray, number: int) -> np.ndarray:
    return (died < 0) | (died > number)


def _each(
    experiment: Experiment, number: int, name: str, values: FloatArray, unit: str
) -> Iterator[Row]:
    for chain in np.flatnonzero(np.isfinite(values)):
        ends = (float(values[chain]), None, None)
        yield _row(experiment, number, name, ALL, ends, unit)._replace(chain=int(chain))


def _summary(
    experiment: Experiment, number: int, name: str, values: FloatArray, unit: str
) -> Iterator[Row]:
    low, middle, high = (float(end) for end in np.quantile(values, [BAND[0], 0.5, BAND[1]]))
    yield _row(experiment, number, name, MEDIAN, (middle, low, high), unit)
    mean = float(values.mean())
    error = Z * float(values.std(ddof=1)) / len(values) ** 0.5 if len(values) > 1 else None
    ends = (mean, None, None) if error is None else (mean, mean - error, mean + error)
    yield _row(experiment, number, name, MEAN, ends, unit)


def _row(
    experiment: Experiment,
    number: int,
    name: str,
    part: Slice,
    ends: tuple[float | None, float | None, float | None],
    unit: str,
) -> Row:
    return Row(
        experiment.name,
        TOGETHER,
        experiment.policy,
        number,
        name,
        part,
        *ends,
        None,
        None,
        unit,
        experiment.samples,
        experiment.seed,
    )
