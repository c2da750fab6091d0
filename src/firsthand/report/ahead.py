"""A forecast in words, and as one JSON document."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from math import isfinite
from typing import Any

from firsthand.messages import Language, number, percent, text
from firsthand.outlook.going_on import GoingOn
from firsthand.outlook.values import Band, ClassForecast, Estimate, Forecast, When
from firsthand.report.left_out import missing, noted
from firsthand.report.words import clean, width

SHOWN = 12  # classes in the table
ASIDE = 3  # of them in an audit
KEEPING = ("--keep", "0.9", "--probability", "0.95")  # of the plan that is proposed
CHECKED = 6  # classes whose closed form is held against the simulation


@dataclass(frozen=True, slots=True)
class Aside:
    """What an audit says of the generations to come."""

    lines: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    command: str

    @property
    def table(self) -> Iterator[str]:
        """Header and rows in columns."""
        return _grid([self.header, *self.rows])


def aside(going: GoingOn | None, human: str, lang: Language) -> Aside | None:
    """The same, from a forecast; nothing where there is none.

    Args:
        going: the forecast.
        human: the reference as it was typed.
        lang: language of everything but data.
    """
    if going is None:
        return None
    found = going.forecast
    basis = text(f"forecast.basis.{going.basis}", lang, now=found.now)
    reading = text("forecast.reading", lang, level=found.level, horizon=found.horizon)
    said = (sentence(found, lang), cause(found, lang), basis, reading)
    return Aside(
        lines=tuple(line for line in said if line),
        header=heads(found, lang),
        rows=tuple(rows(found, ASIDE)),
        command=clean(shlex.join(["firsthand", "plan", human, *KEEPING])),
    )


def render(found: Forecast, lang: Language = "en", *, commands: Sequence[str] = ()) -> str:
    """Verdict, by when, why, what it rests on, what to do next.

    Args:
        found: what to tell.
        lang: language of everything but data.
        commands: to type next, the first of them to find a plan.
    """
    sections = [
        "\n".join(_verdict(found, lang)),
        _section("when", _when(found, lang), lang),
        _section("why", _why(found, lang), lang),
        _section("check", _checks(found, lang), lang),
        _section("rests", _rests(found, lang), lang),
        _undetermined(found, lang),
        noted(found.skips, found.other_split, lang),
        _section("next", _next(commands, lang), lang),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def as_values(found: Any) -> Any:
    """Records as objects, all the way down."""
    if is_dataclass(found):
        out = {each.name: as_values(getattr(found, each.name)) for each in fields(found)}
        return out | ({"slice": dict(out["slice"])} if "slice" in out else {})
    if hasattr(found, "_asdict"):
        return {name: as_values(value) for name, value in found._asdict().items()}
    if isinstance(found, tuple | list):
        return [as_values(each) for each in found]
    return found


def sentence(found: Forecast, lang: Language) -> str:
    """What is gone, and when, of the most endangered class."""
    if not found.classes:
        return text("forecast.verdict.cannot-say", lang)
    one = found.classes[0]
    half = min(found.classes, key=lambda each: (each.half.value, each.half.low))
    if isfinite(one.gone.value):
        code = "gone"
    elif isfinite(half.half.value):
        code, one = "half", half
    else:
        code, one = ("may" if isfinite(half.half.low) else "safe"), half
    return text(
        f"forecast.verdict.{code}",
        lang,
        name=clean(one.name),
        half=by(one.half, found),
        gone=by(one.gone, found),
        soonest=number(one.half.low),
        horizon=found.horizon,
    )


def by(when: When, found: Forecast) -> str:
    """A generation with its interval: "7 [5, 12]"; "> 20 [9, > 20]" where it is not in sight."""
    value, low, high = (_generation(each, found) for each in when)
    return value if low == high == value else f"{value} [{low}, {high}]"


def _generation(value: float, found: Forecast) -> str:
    return f"{value:.0f}" if isfinite(value) else f"> {found.horizon}"


def interval(found: Estimate | Band, lang: Language) -> str:
    """A number with its interval, which may have no upper end."""
    value, low, high = (number(each) for each in (found.value, found.low, found.high))
    if not isfinite(found.high):
        return text("forecast.or-more", lang, value=value, low=low)
    return f"{value} [{low}, {high}]"


def kept(one: ClassForecast, at: int = -1) -> str:
    """What is left of the share in generation 0, at the last generation."""
    last, first = one.bands[at], one.shares[0]
    value, low, high = (percent(each / first) for each in (last.value, last.low, last.high))
    return f"{value} [{low}, {high}]"


def cause(found: Forecast, lang: Language) -> str:
    """Whether chance explains what was seen; empty where nothing was."""
    speed = found.speed
    if speed is None:
        return ""
    return text(
        f"forecast.cause.{speed.cause}",
        lang,
        size=interval(speed.size, lang),
        nominal=speed.nominal,
        p_biased=speed.p_biased,
        p_selective=speed.p_selective,
    )


def rows(found: Forecast, most: int = SHOWN) -> list[tuple[str, ...]]:
    """Class by class: name, share now, half gone, vanished, what is left."""
    return [
        (
            clean(one.name),
            percent(one.shares[-1]),
            by(one.half, found),
            by(one.gone, found),
            kept(one),
        )
        for one in found.classes[:most]
    ]


def heads(found: Forecast, lang: Language) -> tuple[str, ...]:
    """What stands above `rows`."""
    names = ("class", "share", "half", "gone", "kept")
    return tuple(text(f"forecast.header.{name}", lang, horizon=found.horizon) for name in names)


def inside(found: Forecast) -> tuple[int, int]:
    """How many shares that were seen afterwards lie in their bands, and how many there are."""
    pairs = [pair for one in found.classes for pair in zip(one.bands, one.later, strict=False)]
    hits = sum(band.low - 1e-9 <= share <= band.high + 1e-9 for band, share in pairs)
    return hits, len(pairs)


def _verdict(found: Forecast, lang: Language) -> Iterator[str]:
    yield sentence(found, lang)
    going = sum(isfinite(one.gone.value) for one in found.classes)
    if going > 1:
        many = len(found.classes)
        yield "  " + text(
            "forecast.others", lang, gone=going - 1, classes=many, horizon=found.horizon
        )
    yield "  " + text(
        f"forecast.{found.kind}",
        lang,
        policy=clean(found.policy),
        objects=found.objects[0],
        samples=sum(found.samples[:1]),
        draws=found.draws,
        now=found.now,
        horizon=found.horizon,
    )


def _section(name: str, lines: Iterator[str], lang: Language) -> str:
    body = [f"  {line}" for line in lines]
    return "\n".join([text(f"forecast.section.{name}", lang), *body]) if body else ""


def _when(found: Forecast, lang: Language) -> Iterator[str]:
    if not found.classes:
        return
    yield from _grid([heads(found, lang), *rows(found)])
    if len(found.classes) > SHOWN:
        yield text("label.and-more", lang, count=len(found.classes) - SHOWN)
    yield text("forecast.reading", lang, level=found.level, horizon=found.horizon)
    last = found.left[-1]
    ends = {"value": number(last.value), "low": number(last.low), "high": number(last.high)}
    many = len(found.classes)
    yield text("forecast.left", lang, horizon=found.horizon, classes=many, **ends)
    hits, all_of = inside(found)
    if all_of:
        later = len(found.classes[0].later)
        yield text("forecast.happened", lang, count=later, inside=hits, all=all_of)


def _grid(lines: Sequence[tuple[str, ...]]) -> Iterator[str]:
    wide = [max(width(line[at]) for line in lines) for at in range(len(lines[0]))]
    for line in lines:
        cells = (cell + " " * (wide[at] - width(cell)) for at, cell in enumerate(line))
        yield "   ".join(cells).rstrip()


def _why(found: Forecast, lang: Language) -> Iterator[str]:
    speed = found.speed
    if speed is None:
        return
    yield cause(found, lang)
    code = "size" if isfinite(speed.nominal) else "size-measured"
    yield text(f"forecast.{code}", lang, size=interval(speed.size, lang), nominal=speed.nominal)
    yield text(
        "forecast.exponent",
        lang,
        exponent=interval(speed.exponent, lang),
        inflow=interval(speed.inflow, lang),
    )
    yield text("forecast.alarm", lang, alarm=speed.alarm)


def _checks(found: Forecast, lang: Language) -> Iterator[str]:
    for each in found.check[: 2 * CHECKED]:
        yield text(
            "forecast.check",
            lang,
            name=clean(each.name),
            what=text(f"forecast.what.{each.what}", lang),
            closed=by(each.closed, found),
            simulated=by(each.simulated, found),
        )


def _rests(found: Forecast, lang: Language) -> Iterator[str]:
    if found.classes:
        yield text(f"forecast.method.{found.method}", lang, chains=found.chains)
    for code in found.assumptions:
        yield text(f"forecast.assumption.{code}", lang, design_effect=found.design_effect)
    yield text("label.seed", lang, seed=found.seed)


def _undetermined(found: Forecast, lang: Language) -> str:
    lines = []
    for each in missing(found.undetermined, lang):
        names = [slices for _, slices in each.what if slices]
        lines += [f"  ? {each.reason}", f"      {text('label.needs', lang, needs=each.needs)}"]
        lines += [f"      {', '.join(names)}"] if names else []
    return "\n".join([text("section.undetermined", lang), *lines]) if lines else ""


def _next(commands: Sequence[str], lang: Language) -> Iterator[str]:
    for command in commands:
        yield text("forecast.plan", lang)
        yield f"  $ {command}"
