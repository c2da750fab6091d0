"""`firsthand diff`: what changed from one version to another?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from firsthand.cli._ledger import Json, made_of, opened, say

if TYPE_CHECKING:
    from firsthand.ledger import Diff


def command(
    a: Annotated[str, typer.Argument(help="Older version: v1, a branch, an id.")],
    b: Annotated[str, typer.Argument(help="Newer version.")] = "main",
    limit: Annotated[int, typer.Option(help="Samples listed of each kind of change.")] = 5,
    as_json: Json = False,
) -> None:
    """Show what was added, removed, relabelled or moved, in sum and per class."""
    found = opened().diff(a, b, limit=limit)
    document = {
        "a": found.a.id,
        "b": found.b.id,
        "counts": found.counts,
        "changes": found.changes,
        "before": found.before,
        "after": found.after,
        "by_label": found.by_label,
    }
    say("diff", document, _text(found), as_json)


def _text(found: Diff) -> str:
    counts = [f"{count:,} {kind}" for kind, count in found.counts.items() if count]
    lines = [f"{found.a.name} to {found.b.name}: {', '.join(counts) or 'no sample differs'}"]
    lines.append(f"  was: {made_of(found.before)}")
    lines.append(f"  is:  {made_of(found.after)}")
    for name, (before, after) in found.by_label.items():
        if before != after:
            lines.append(f"  class {name}: {before:,} samples, now {after:,} ({after - before:+,})")
    for change in found.changes:
        source = f"{change.source}:" if change.source else ""
        moved = f" from {change.split_before} to {change.split_after}"
        lines.append(f"  {change.kind} {source}{change.key}{moved * (change.kind == 'moved')}")
    return "\n".join(lines)
