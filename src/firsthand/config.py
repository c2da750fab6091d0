"""The limits a candidate must keep: defaults with their reasons, and what `firsthand.yaml` changes.

A limit on a metric is breached when the loss is outside the null, family-wise over everything that
was looked at, *and* larger than the tolerance: chance alone breaches any limit in at most
`family_wise_rate` of audits, and a loss that is real but tiny breaches none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from firsthand import registry
from firsthand.errors import InputError
from firsthand.formats import yamltext
from firsthand.types import Measurement, Slice

if TYPE_CHECKING:
    from firsthand.limits_file import LimitsFile

COMPOSITION = ("origins_known", "human_share")
"""Limits on where samples come from, as opposed to what was lost."""

TENTH = (
    "a tenth lost in each generation is half lost in seven (0.9^7 = 0.48); smaller losses are "
    "reported and do not block"
)


@dataclass(frozen=True, slots=True)
class Limit:
    """What a number may not pass. One of `at_least` and `at_most`."""

    name: str
    at_least: float | None = None
    at_most: float | None = None
    required: bool = False  # undetermined: the verdict is cannot-say
    reason: str = ""

    def passed_by(self, value: float) -> bool:
        """Is the value beyond the limit?"""
        below = self.at_least is not None and value < self.at_least
        return below or (self.at_most is not None and value > self.at_most)


@dataclass(frozen=True, slots=True)
class Waiver:
    """A breach that a named person accepts until a date."""

    limit: str
    owner: str
    expires: date
    reason: str
    slice: Slice = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """A change of the data that was made on purpose: findings on this slice are notes."""

    slice: Slice
    reason: str
    metric: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Everything that turns numbers into a verdict."""

    limits: Mapping[str, Limit]
    family_wise_rate: float = 0.05
    waivers: tuple[Waiver, ...] = ()
    expect: tuple[Expectation, ...] = ()
    source: str = "defaults"

    def without_composition(self) -> Limits:
        """The same limits without those on where samples come from."""
        kept = {name: each for name, each in self.limits.items() if name not in COMPOSITION}
        return replace(self, limits=kept)

    def expected(self, measurement: Measurement) -> Expectation | None:
        """Was this change announced?"""
        for each in self.expect:
            named = not each.metric or each.metric == measurement.metric
            if named and set(each.slice) <= set(measurement.slice):
                return each
        return None

    def waived(self, limit: str, part: Slice, today: date) -> Waiver | None:
        """Does somebody answer for this breach today?"""
        for each in self.waivers:
            if each.limit == limit and set(each.slice) <= set(part) and each.expires >= today:
                return each
        return None


DEFAULTS: tuple[Limit, ...] = (
    Limit(
        "origins_known",
        at_most=0.0,
        required=True,
        reason="what is not known to be human cannot be called healthy",
    ),
    Limit(
        "anchor_clean",
        at_most=0.0,
        required=True,
        reason="a validation set that was trained on, or that a model made, shows no loss",
    ),
    Limit(
        "tails_measured",
        at_least=0.5,
        required=True,
        reason="share of the metrics for its task that gave a number: a set of which less than "
        "half could be looked at is not known to be healthy",
    ),
    Limit(
        "human_share",
        at_least=0.10,
        reason="the smallest share of retained human data that a published recursion held with "
        "only minor degradation (Shumailov et al. 2024, doi:10.1038/s41586-024-07566-y)",
    ),
    Limit("class_survival", at_least=0.9, reason=TENTH),
    Limit("size_survival", at_least=0.9, reason=TENTH),
    Limit("objects_per_image", at_least=0.9, reason=TENTH),
    Limit(
        "empty_images",
        at_most=0.05,
        reason="five more empty images in a hundred are a twentieth of all images unlabelled",
    ),
    Limit("pair_survival", at_least=0.9, reason=TENTH),
    Limit("shape_survival", at_least=0.9, reason=TENTH),
    Limit("position_survival", at_least=0.9, reason=TENTH),
    Limit("tail_coverage", at_least=0.9, reason=TENTH),
    Limit("type_survival", at_least=0.9, reason=TENTH),
    Limit("rare_token_mass", at_least=0.9, reason=TENTH),
    Limit("missing_mass", at_least=0.9, reason=TENTH),
)


def default_limits() -> Limits:
    """The documented defaults.

    >>> default_limits().limits["class_survival"].passed_by(0.7)
    True
    """
    return Limits({limit.name: limit for limit in DEFAULTS})


def load_limits(path: Path | str | None) -> Limits:
    """Defaults changed by a `firsthand.yaml`; None looks for one in the working folder.

    Raises:
        InputError: the file is missing, is no YAML, or says something that no limit knows.
    """
    if path is None:
        path = Path("firsthand.yaml")
        if not path.is_file():
            return default_limits()
    return _merged(yamltext.load(Path(path)))


def _merged(told: yamltext.Document) -> Limits:
    from pydantic import ValidationError

    from firsthand.limits_file import LimitsFile, keys_beside

    try:
        file = LimitsFile.model_validate({} if told.value is None else told.value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise InputError(
            f"{place}: {_problem(first['type'], first['msg'])} (found {first['input']!r})",
            expected=f"the keys {', '.join(keys_beside(first['loc']))}",
            todo="See docs/limits.md.",
            where=told.where(*first["loc"]),
        ) from error
    _check_names(file, told)
    base = default_limits()
    limits = _changed(base.limits, file, told)
    rate = base.family_wise_rate if file.family_wise_rate is None else file.family_wise_rate
    return Limits(
        limits,
        rate,
        tuple(Waiver(w.limit, w.owner, w.expires, w.reason, _slice(w.slice)) for w in file.waivers),
        tuple(Expectation(_slice(e.slice), e.reason, e.metric) for e in file.expect),
        str(told.path),
    )


def _problem(kind: str, said: str) -> str:
    """What is wrong, in the words of the file rather than of the checker."""
    return "there is no such key" if kind == "extra_forbidden" else said


def _changed(
    defaults: Mapping[str, Limit], file: LimitsFile, told: yamltext.Document
) -> dict[str, Limit]:
    limits = dict(defaults)
    for name, change in file.limits.items():
        if change is None:
            limits.pop(name, None)
            continue
        said = change.model_dump(exclude_unset=True)
        if {"at_least", "at_most"} & set(said):  # a bound takes the place of the default's
            said = {"at_least": None, "at_most": None, **said}
        limits[name] = replace(limits.get(name, Limit(name)), **said)
        if limits[name].at_least is None and limits[name].at_most is None:
            raise InputError(
                f"limits.{name} has no bound, so that nothing could ever breach it",
                expected="at_least or at_most, or null to switch the limit off",
                where=told.where("limits", name),
            )
    return limits


def _check_names(file: LimitsFile, told: yamltext.Document) -> None:
    """A misspelt name would leave the default in force and look like a limit that was set."""
    metrics = registry.names("metrics")
    known = sorted({*metrics, *(limit.name for limit in DEFAULTS)})
    said: list[tuple[yamltext.Where, str, list[str]]] = [
        *((("limits", name), name, known) for name in file.limits),
        *((("waivers", at), each.limit, known) for at, each in enumerate(file.waivers)),
        *((("expect", at), each.metric, list(metrics)) for at, each in enumerate(file.expect)),
    ]
    for place, name, allowed in said:
        if name and name not in allowed:
            raise InputError(
                f"{place[0]}: there is no {name!r}",
                expected="one of " + ", ".join(allowed),
                where=told.where(*place),
            )


def _slice(told: Mapping[str, str]) -> Slice:
    return tuple(told.items())
