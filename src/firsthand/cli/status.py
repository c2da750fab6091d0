"""`firsthand status`: where the ledger stands."""

from __future__ import annotations

from firsthand.cli._ledger import Json, counted, made_of, opened, say


def command(as_json: Json = False) -> None:
    """Show branches, models, and what is staged for the next commit."""
    ledger = opened()
    status = ledger.status()
    lines = [f"{counted(len(status.staged), 'change')} staged in {status.root}"]
    for item in status.staged:
        doing = "remove" if item.mode == "remove" else f"{counted(item.samples, 'sample')}"
        lines.append(f"  {item.source or '(no source)'}: {doing}")
    for branch, name in status.branches.items():
        version = ledger.version(branch)
        lines.append(f"{branch} is {name}: {counted(version.samples, 'sample')}")
        lines.append(f"  {made_of(version.composition)}")
    for model in status.models:
        trained = ledger.version(model.trained_on).name if model.trained_on else "what is unknown"
        parent = f", tuned from {model.parent}" if model.parent else ""
        lines.append(f"model {model.name}: trained on {trained}{parent}")
    say("status", {"status": status}, "\n".join(lines), as_json)
