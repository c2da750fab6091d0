"""An audit as one offline HTML file: no script, nothing fetched, light and dark, for print too.

Names of classes and paths are data of strangers. Jinja escapes every one; the only markup passed
through is that of our own charts, which escape their labels themselves.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from firsthand import leaks, registry
from firsthand.messages import Language, catalogue, percent
from firsthand.report import figures
from firsthand.report.charts import swatch
from firsthand.report.page import css, policy
from firsthand.report.story import Story, limits, retyped, said_once, tell
from firsthand.report.words import clean
from firsthand.trajectory import Row
from firsthand.types import PROVENANCE_CLASSES, Audit, ProvenanceClass

MOST_ROWS = 300
MOST_LABELS = 60
NOT_CHECKED = ("labels", "recursion", "model", "other")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of plain words under a heading."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: str = ""


def render(audit: Audit, lang: Language = "en", *, trajectory: Sequence[Row] = ()) -> str:
    """The whole report as one document."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    story = tell(audit, lang)
    style = css()
    page = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return page.from_string(_file("report.html")).render(
        story=story,
        audit=audit,
        say=story.say,
        findings=tuple(said_once(story.findings)),
        html=Markup,  # for our own SVG and CSS only
        style=style,
        policy=policy(style),
        swatch=swatch,
        percent=percent,
        made_of=figures.composition(story),
        tails=figures.tails(story),
        curves=figures.trajectory(story, trajectory),
        fans=figures.fans(story),
        limits=_limits(story),
        inside=tuple(_inside(story)),
        sides=tuple(_sides(story)),
        measurements=_measurements(story),
        unchecked=[story.say(f"not-checked.{name}") for name in NOT_CHECKED],
        json_command=clean(shlex.join([*retyped(audit), "--json"])),
    )


def _file(name: str) -> str:
    return resources.files("firsthand.report").joinpath(name).read_text(encoding="utf-8")


def _limits(story: Story) -> Table:
    heads = ("limit", "value", "required", "state", "why")
    rows = tuple(_limit(story, name, limit) for name, limit in limits(story.audit).items())
    return Table(story.say("section.limits"), _heads(story, heads), rows)


def _limit(story: Story, name: str, limit: Mapping[str, Any]) -> tuple[str, ...]:
    bounds = (("≥", limit.get("at_least")), ("≤", limit.get("at_most")))
    bound = " ".join(f"{sign} {value:g}" for sign, value in bounds if value is not None)
    needed = story.say("label.required" if limit.get("required") else "label.optional")
    reason = catalogue(story.lang).get(f"limit.{name}", clean(limit.get("reason") or ""))
    return clean(name), bound, needed, story.say(f"label.{_state(story.audit, name)}"), reason


def _state(audit: Audit, name: str) -> str:
    broken = [each for each in audit.findings if each.limit == name]
    if broken:
        return "broken" if any(each.severity == "block" for each in broken) else "waiver"
    measured = any(each.metric == name for each in audit.measurements)
    if any(each.metric == name for each in audit.undetermined):
        return "partly" if measured else "not-checked"
    return "kept" if measured or _asked(audit, name) else "not-asked"


def _asked(audit: Audit, name: str) -> bool:
    """Was a limit that rests on no metric held against anything?"""
    if name == leaks.LIMIT:
        return all(each.reason != "no-anchor" for each in audit.undetermined)
    return name not in registry.names("metrics")


def _inside(story: Story) -> Iterator[Table]:
    """The composition once more: by generation, split and class name."""
    made_of = story.audit.composition
    count = story.say("header.samples")
    generations = tuple(
        (story.say(f"generation.{_known(name)}", generation=name), f"{found:,}")
        for name, found in made_of.by_generation.items()
    )
    yield Table(
        story.say("header.generation"), (story.say("header.generation"), count), generations
    )
    for name, table in (("split", made_of.by_split), ("label", made_of.by_label)):
        if table:
            yield _crossed(story, story.say(f"header.{name}"), table)


def _known(generation: str) -> str:
    return "unknown" if generation == "unknown" else "known"


def _crossed(story: Story, title: str, table: Mapping[str, Mapping[ProvenanceClass, int]]) -> Table:
    seen = [name for name in PROVENANCE_CLASSES if any(row.get(name) for row in table.values())]
    rows = tuple(
        (clean(label) or "–", *(f"{row.get(name, 0):,}" for name in seen))
        for label, row in list(table.items())[:MOST_LABELS]
    )
    header = (title, *(story.say(f"provenance.{name}") for name in seen))
    return Table(title, header, rows, _more(story, len(table), MOST_LABELS))


def _sides(story: Story) -> Iterator[tuple[str, str]]:
    """What was compared, in facts: path, format, digest."""
    audit = story.audit
    for name, side in (
        ("candidate", audit.candidate),
        ("reference", audit.reference),
        ("anchor", audit.anchor),
    ):
        if side is not None:
            facts = [side.get(key) for key in ("path", "format", "digest")]
            said = " · ".join(clean(fact) for fact in facts if fact)
            yield story.say(f"side.{name}"), said


def _measurements(story: Story) -> Table:
    heads = ("metric", "slice", "value", "interval", "null", "p", "n", "method")
    measured = figures.ranked(story.audit.measurements, figures.severities(story))
    rows = tuple(figures.table_row(story, each) for each in measured[:MOST_ROWS])
    title = story.say("section.all-measurements", count=len(measured))
    return Table(title, _heads(story, heads), rows, _more(story, len(measured), MOST_ROWS))


def _heads(story: Story, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(story.say(f"header.{name}") for name in names)


def _more(story: Story, total: int, shown: int) -> str:
    return story.say("label.and-more", count=total - shown) if total > shown else ""
