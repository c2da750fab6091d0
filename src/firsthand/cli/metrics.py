"""`firsthand metrics`: what can be measured, as the metrics themselves declare it."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from firsthand import __version__
from firsthand.cli import _judging as judging


def command(
    name: Annotated[
        str | None, typer.Argument(help="One metric, told in full.", show_default=False)
    ] = None,
    as_json: judging.Json = False,
    lang: judging.Lang = None,
) -> None:
    """Which questions are asked of a training set, in which unit, and after whom?"""
    from firsthand import registry
    from firsthand.messages import language

    spoken = language(lang)
    found = registry.load_all("metrics") if name is None else {name: registry.load("metrics", name)}
    facts = [_facts(metric) for metric in found.values()]
    if as_json:
        said = {"schema": "firsthand.metrics/1", "tool_version": __version__, "metrics": facts}
        print(json.dumps(said, ensure_ascii=False))
        return
    for each in facts:
        print("\n".join(_told(each, spoken, full=name is not None)))


def _facts(metric: Any) -> dict[str, Any]:
    """What a metric declares, as plain values; an endless range ends in null."""
    low, high = metric.range
    return {
        "name": metric.name,
        "question": metric.question,
        "unit": metric.unit,
        "absolute_unit": metric.absolute_unit,
        "audited": metric.audited,
        "range": [None if abs(end) == float("inf") else end for end in (low, high)],
        "worse": metric.worse,
        "neutral": metric.neutral,
        "source": metric.source,
        "view": metric.view,
        "tasks": sorted(metric.tasks),
        "min_groups": metric.min_groups,
        "min_objects": metric.min_objects,
        "mergeable": metric.mergeable,
        "sees": sorted(metric.sees),
        "blind_to": sorted(metric.blind_to),
    }


def _told(facts: dict[str, Any], lang: Any, *, full: bool) -> list[str]:
    from firsthand.messages import catalogue, text

    known = catalogue(lang)
    said = {
        key: known.get(f"metric.{facts['name']}.{key}", facts[key]) for key in ("question", "unit")
    }
    lines = [
        f"{facts['name']}: {said['question']}",
        f"  {text('header.unit', lang)}: {said['unit']}",
        f"  {text('header.worse', lang)}: {text('worse.' + facts['worse'], lang)}",
    ]
    own = known.get(f"metric.{facts['name']}.absolute", facts["absolute_unit"])
    asked = text("measure.asked-always" if facts["audited"] else "measure.asked-named", lang)
    lines += [f"  {text('header.absolute', lang)}: {own}"] if own else []
    lines += [
        f"  {text('header.asked', lang)}: {asked}",
        f"  {text('header.source', lang)}: {facts['source']}",
    ]
    if not full:
        return lines
    rest = ("range", "neutral", "view", "tasks", "min_groups", "min_objects", "sees", "blind_to")
    return lines + [f"  {key}: {_plain(facts[key])}" for key in rest]


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join("∞" if each is None else str(each) for each in value) or "–"
    return "–" if value is None else str(value)
