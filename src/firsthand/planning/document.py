"""A plan for programs: codes and numbers, null where something is impossible or was not asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from firsthand import __version__
from firsthand.planning.answer import Plan, Step
from firsthand.planning.following import next_step
from firsthand.planning.target import LEVEL
from firsthand.report.ahead import as_values
from firsthand.report.plain import plain, skips_by_code

SCHEMA = "firsthand.plan/1"


def document(found: Plan, effort: Sequence[Step], source: str) -> str:
    """One JSON document. Infinite needs and weights are null."""
    people = found.people
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "tool_version": __version__,
        "verdict": found.verdict,
        "source": source,
        "target": as_values(found.target),
        "policy": found.choice.way,
        "budget": found.budget,
        "choice": as_values(found.choice) | {"weight": found.choice.weight},
        "human": {
            "samples": people.samples,
            "left_out": people.left_out,
            "other_split": people.other_split,
            "skips": skips_by_code(people.skips),
            "level": LEVEL,
            "classes": as_values(people.classes),
            "absent": list(people.absent),
        },
        "needs": as_values(found.needs),
        "outcomes": as_values(found.outcomes),
        "not_kept": [one.name for one in found.lost],
        "diversity": {"fresh": found.diversity, "keep": found.target.keep},
        "verifier": as_values(found.given) | as_values(found.verifier),
        "effort": as_values(effort),
        "checked": [as_values(one) | {"reached": one.reached} for one in found.checked],
        "undetermined": as_values(found.undetermined),
        "seed": found.seed,
        "next": next_step(found, source),
    }
    return json.dumps(plain(told), ensure_ascii=False, allow_nan=False, indent=2) + "\n"
