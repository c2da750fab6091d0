"""What several candidates measure against one reference: cells in words, and one document.

The cells are written here and nowhere else, so that the table and the plot say the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from firsthand import __version__
from firsthand.measure import Measured
from firsthand.messages import Language, text
from firsthand.report.left_out import missing
from firsthand.report.plain import plain
from firsthand.report.story import SEVERITY_SHAPES
from firsthand.report.words import amount, clean
from firsthand.types import ALL, Measurement, Skip, Slice, Undetermined

SCHEMA = "firsthand.measure/1"
MARK = SEVERITY_SHAPES["watch"]  # before a value that is worse than human samples differ by


class Side(NamedTuple):
    """One dataset as it was given."""

    name: str  # what heads its column
    source: str
    described: Mapping[str, object]
    skips: tuple[Skip, ...] = ()

    @property
    def samples(self) -> int:
        """How many samples it holds."""
        return int(str(self.described["samples"]))


@dataclass(frozen=True)
class Column:
    """One candidate and all that was measured of it."""

    side: Side
    measured: Measured

    @property
    def answers(self) -> tuple[Measurement | Undetermined, ...]:
        """Every number, then everything that none could be given for."""
        return (*self.measured.measurements, *self.measured.undetermined)

    @cached_property
    def found(self) -> dict[tuple[str, Slice], list[Measurement | Undetermined]]:
        """The answers by metric and slice."""
        table: dict[tuple[str, Slice], list[Measurement | Undetermined]] = {}
        for each in self.answers:
            table.setdefault((each.metric, each.slice), []).append(each)
        return table


@dataclass(frozen=True, slots=True)
class Compared:
    """Candidates in the order given, all against one reference."""

    reference: Side
    columns: tuple[Column, ...]
    seed: int
    rate: float  # family-wise, within one candidate
    lang: Language = "en"

    def say(self, code: str, **params: object) -> str:
        """A catalogue text in the language asked for."""
        return text(code, self.lang, **params)

    @property
    def empty(self) -> bool:
        """Could nothing at all be measured?"""
        return not any(column.measured.measurements for column in self.columns)


class Cell(NamedTuple):
    """What is said of one slice of one candidate; `number` is None where there is none."""

    words: str
    null: str = ""
    outside: bool = False
    number: Measurement | None = None


def short_names(sources: Sequence[str]) -> list[str]:
    """What tells sources apart: their paths without the parts that all begin or end with.

    >>> short_names(["runs/gen1/data.yaml", "runs/gen2/data.yaml"]), short_names(["a/b"])
    (['gen1', 'gen2'], ['a/b'])
    """
    split = [source.rstrip("/").split("/") for source in sources]
    if len({tuple(parts) for parts in split}) < len(split) or len(split) == 1:
        return [clean(source) for source in sources]
    least = min(len(parts) for parts in split)
    front = next((at for at in range(least) if len({parts[at] for parts in split}) > 1), least - 1)
    room = range(1, least - front)
    back = next((at - 1 for at in room if len({parts[-at] for parts in split}) > 1), room.stop - 1)
    return [clean("/".join(parts[front : len(parts) - back])) for parts in split]


def slices(compared: Compared) -> dict[str, list[Slice]]:
    """Which slices of each metric any candidate has an answer for, in the order of the metrics.

    A metric that could not be determined as a whole has no row of its own where the reason stands
    in the rows of its slices.
    """
    found: dict[str, dict[Slice, bool]] = {}
    for column in compared.columns:
        split = {each.metric for each in column.measured.measurements if each.slice != ALL}
        for each in column.answers:
            parts = found.setdefault(each.metric, {})
            own = each.slice != ALL or isinstance(each, Measurement) or each.metric in split
            parts[each.slice] = parts.get(each.slice, False) or own
    return {
        metric: [which for which, own in parts.items() if own or len(parts) == 1]
        for metric, parts in found.items()
    }


def cell(compared: Compared, column: Column, metric: str, which: Slice) -> Cell:
    """Value with interval, or why there is none."""
    here = column.found.get((metric, which)) or [
        each for each in column.found.get((metric, ALL), ()) if isinstance(each, Undetermined)
    ]
    reasons = [each for each in here if isinstance(each, Undetermined)]
    numbers = [each for each in here if isinstance(each, Measurement)]
    said = [
        compared.say("measure.cannot-say", reason=told.reason)
        for told in missing(reasons, compared.lang)
    ]
    if not numbers:
        return Cell(compared.say("label.join").join(said) or compared.say("label.not-checked"))
    one = numbers[0]
    outside = one.adjusted_p is not None and one.adjusted_p <= compared.rate
    value, low, high, *null = (
        amount(end, one.unit) for end in (one.value, one.low, one.high, one.null_low, one.null_high)
    )
    shown = f"{MARK} " * outside + f"{value} [{low}, {high}]"
    return Cell(compared.say("label.join").join([shown, *said]), " – ".join(null), outside, one)


def document(compared: Compared) -> str:
    """The same for programs: one strict JSON document of codes, parameters and numbers."""
    found = {
        "schema": SCHEMA,
        "tool_version": __version__,
        "seed": compared.seed,
        "family_wise_rate": compared.rate,
        "reference": {**compared.reference.described, "source": compared.reference.source},
        "candidates": [
            {
                **column.side.described,
                "source": column.side.source,
                "shared": column.measured.shared._asdict(),
                "measurements": column.measured.measurements,
                "undetermined": column.measured.undetermined,
            }
            for column in compared.columns
        ],
    }
    return json.dumps(plain(found), ensure_ascii=False, allow_nan=False, indent=2) + "\n"
