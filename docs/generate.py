"""Write the pages that say what the code says: `make docs`. A test fails while they differ."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import typer

from firsthand import cli, registry
from firsthand.contracts import Metric

FOLDER = Path(__file__).parent
NOTE = "<!-- Written by `make docs` from the code. Change the code, not this page. -->\n"


def pages() -> dict[str, str]:
    """Every generated page, by file name."""
    return {"metrics.md": metrics(), "components.md": components(), "cli.md": commands()}


def metrics() -> str:
    """What each metric asks, how to read it and what it is tested to notice."""
    parts = [
        "# Metrics\n",
        NOTE,
        "Each is one file in `src/firsthand/metrics/`. What a metric claims to notice, and what it "
        "claims not to, is tested on simulated damage (`tests/ladders.py`).\n",
        "Every value is set against what a second human sample of the same size would show. "
        "Where other tools print a number that is not, it stands beside the value (*in itself*): "
        "it depends on the sample size, and nothing is concluded from it "
        "([why](decisions/0008-two-numbers-of-one-metric.md)).\n",
        *_overview(registry.load_all("metrics")),
    ]
    for name, metric in registry.load_all("metrics").items():
        module = importlib.import_module(f"firsthand.metrics.{name}")
        parts += [f"## {name}\n", f"{inspect.getdoc(module)}\n", _facts(metric)]
    return "\n".join(parts)


VIEWS = {
    "boxes": "Labels of images",
    "features": "Points: pictures or texts through an embedder, or your own features",
    "tokens": "Words of texts",
    "texts": "Texts as written",
    "categories": "Kinds: classes of labels, types of words",
    "columns": "Columns of tables",
}


def _overview(metrics: dict[str, Metric]) -> list[str]:
    """A table for each kind of data."""
    parts = []
    for view, title in VIEWS.items():
        rows = [
            f"| [{name}](#{name}) | {each.question} | {each.worse} | {_asked(each)} |"
            for name, each in metrics.items()
            if each.view == view
        ]
        head = ["| metric | asks | worse | every audit |", "|---|---|---|---|"]
        parts += ["\n".join([f"**{title}**\n", *head, *rows, ""])] if rows else []
    return parts


def _asked(metric: Metric) -> str:
    return "yes" if metric.audited else "`--metric`"


def _facts(metric: Metric) -> str:
    low, high = metric.range
    neutral = "depends on the reference" if metric.neutral is None else f"{metric.neutral:g}"
    rows = {
        "unit": metric.unit,
        "in itself": metric.absolute_unit or "not printed",
        "range": f"{low:g} to {high:g}",
        "nothing lost": neutral,
        "worse": metric.worse,
        "tasks": ", ".join(sorted(metric.tasks)),
        "looks at": metric.view,
        "needs": f"{metric.min_groups} groups a side, {metric.min_objects} objects a slice",
        "must notice": ", ".join(sorted(metric.sees)) or "nothing",
        "must not react to": ", ".join(sorted(metric.blind_to)) or "nothing in particular",
        "asked by every audit": "yes" if metric.audited else "no: `--metric`, or `measure`",
        "shards can be merged": "yes" if metric.mergeable else "no",
        "source": metric.source,
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items()), ""])


def components() -> str:
    """Everything else that can be added as one file."""
    parts = ["# Readers, features, models, policies, labelling, failures\n", NOTE]
    for family in ("readers", "features", "models", "policies", "labelling", "failures"):
        parts += [f"## {family}\n", "| name | answers |", "|---|---|"]
        for name, component in registry.load_all(family).items():
            text = getattr(component, "question", "") or (inspect.getdoc(component) or "")
            parts.append(f"| `{name}` | {text.splitlines()[0]} |")
        parts.append("")
    return "\n".join(parts)


def commands() -> str:
    """Every command with its help, as it prints it."""
    group = typer.main.get_command(cli.app)
    parts = ["# Commands\n", NOTE, EXIT_CODES]
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        context = command.make_context(f"firsthand {name}", [], resilient_parsing=True)
        context.terminal_width = context.max_content_width = 88
        parts += [f"## {name}\n", f"```text\n{command.get_help(context).rstrip()}\n```\n"]
    return "\n".join(parts)


EXIT_CODES = """\
Results go to stdout, everything else to stderr. Exit codes: 0 pass, 1 blocked, 2 wrong use or I/O,
3 cannot say. With `--json` stdout holds one JSON document, also for an error.
"""


if __name__ == "__main__":
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
