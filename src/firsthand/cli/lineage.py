"""`firsthand lineage`: where does something come from, and what came of it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from firsthand.cli._ledger import SHORT, Json, opened, say

if TYPE_CHECKING:
    from firsthand.ledger import Lineage

WORDS = {
    "made-by": "holds outputs of",
    "trained-on": "was trained on",
    "tuned-from": "was tuned from",
    "made": "made samples of",
    "trained": "trained",
    "tuned-to": "was tuned to",
    "in": "is in",
}


def command(
    name: Annotated[
        str, typer.Argument(help="A sample (key or media digest), NAME@VERSION, or a version.")
    ],
    as_json: Json = False,
) -> None:
    """Walk from a sample, model or version back to its origins and on to what came of it."""
    found = opened().lineage(name)
    say("lineage", {"lineage": found}, _text(found), as_json)


def _text(found: Lineage) -> str:
    lines = [f"{found.kind} {found.name}"]
    for row in found.appearances:
        generation = "unknown" if row.generation is None else str(row.generation)
        label = f", label {row.label[:SHORT]}" if row.label else ""
        lines.append(
            f"  since {row.version}: {row.provenance}, generation {generation}, "
            f"split {row.split or 'none'}, media {row.media[:SHORT]}{label}"
        )
    if found.history:
        lines.append(f"  continues {', '.join(found.history)}")
    for title, steps in (("comes from", found.upstream), ("came of it", found.downstream)):
        lines.append(f"{title}: {'' if steps else 'nothing that the ledger knows'}".rstrip())
        lines += [f"{'  ' * s.depth}{s.origin} {WORDS[s.relation]} {s.name}" for s in steps]
    return "\n".join(lines)
