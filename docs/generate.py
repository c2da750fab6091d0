"""Write the pages that say what the code says: `make docs`. A test fails while they differ."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

from firsthand import registry
from firsthand.config import DEFAULTS, Limit
from firsthand.contracts import Metric

FOLDER = Path(__file__).parent
NOTE = "<!-- Written by `make docs` from the code. Change the code, not this page. -->\n"


def pages() -> dict[str, str]:
    """Every generated page, by file name."""
    return {"metrics.md": metrics(), "components.md": components(), "limits.md": limits()}


def metrics() -> str:
    """What each metric asks, how to read it and what it is tested to notice."""
    parts = [
        "# Metrics\n",
        NOTE,
        "Each is one file in `src/firsthand/metrics/`. What a metric claims to notice, and what it "
        "claims not to, is tested on simulated damage (`tests/ladders.py`).\n",
    ]
    for name, metric in registry.load_all("metrics").items():
        module = importlib.import_module(f"firsthand.metrics.{name}")
        parts += [f"## {name}\n", f"{inspect.getdoc(module)}\n", _facts(metric)]
    return "\n".join(parts)


def _facts(metric: Metric) -> str:
    low, high = metric.range
    neutral = "depends on the reference" if metric.neutral is None else f"{metric.neutral:g}"
    rows = {
        "unit": metric.unit,
        "range": f"{low:g} to {high:g}",
        "nothing lost": neutral,
        "worse": metric.worse,
        "tasks": ", ".join(sorted(metric.tasks)),
        "looks at": metric.view,
        "needs": f"{metric.min_groups} groups a side, {metric.min_objects} objects a slice",
        "must notice": ", ".join(sorted(metric.sees)) or "nothing",
        "must not react to": ", ".join(sorted(metric.blind_to)) or "nothing in particular",
        "shards can be merged": "yes" if metric.mergeable else "no",
        "source": metric.source,
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items()), ""])


def components() -> str:
    """Everything else that can be added as one file."""
    parts = ["# Readers, features, models, policies\n", NOTE]
    for family in ("readers", "features", "models", "policies"):
        parts += [f"## {family}\n", "| name | answers |", "|---|---|"]
        for name, component in registry.load_all(family).items():
            text = getattr(component, "question", "") or (inspect.getdoc(component) or "")
            parts.append(f"| `{name}` | {text.splitlines()[0]} |")
        parts.append("")
    return "\n".join(parts)


def limits() -> str:
    """The default limits as one table."""
    rows = [
        f"| `{each.name}` | {_bound(each)} | {_yes(each)} | {each.reason} |" for each in DEFAULTS
    ]
    head = ["| limit | passes | required | reason |", "|---|---|---|---|"]
    return "\n".join(["# Limits\n", NOTE, LIMITS_INTRODUCTION, *head, *rows, "", LIMITS_FILE])


def _bound(limit: Limit) -> str:
    if limit.at_least is not None:
        return f"at least {limit.at_least:g}"
    return f"at most {limit.at_most:g}"


def _yes(limit: Limit) -> str:
    return "yes" if limit.required else "no"


LIMITS_INTRODUCTION = """\
A limit on a metric is breached when two things hold: the loss is larger than the limit allows, and
it is outside of what a second human sample would have shown, corrected for everything that was
looked at. The verdict is *block* if any limit is breached, else *cannot say* if a required one
could not be checked, else *pass*.
"""

LIMITS_FILE = """\
## Changing them

`firsthand.yaml` in the working folder, or `--limits FILE`. What is not named keeps its default.

```yaml
limits:
  class_survival: {at_least: 0.8, reason: "classes are merged next month"}
  tail_coverage: null            # not a limit here; still measured and reported
family_wise_rate: 0.05           # how often chance alone may block
waivers:                         # a breach somebody answers for, until a date
  - limit: size_survival
    slice: {size: small}
    owner: mei@example.org
    expires: 2027-03-01
    reason: small objects are being relabelled
expect:                          # a change that was made on purpose
  - slice: {class: bicycle}
    reason: the class was dropped from the product
```
"""


if __name__ == "__main__":
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
