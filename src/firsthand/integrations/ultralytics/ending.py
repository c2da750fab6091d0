"""The end of a guarded run: the verdict, its files, and the entry in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from firsthand import __version__
from firsthand.errors import InputError, LedgerError
from firsthand.integrations.ultralytics import registering, telling, verdict
from firsthand.integrations.ultralytics.gate import Admitted
from firsthand.integrations.ultralytics.lineage import (
    SCHEMA,
    VERDICT,
    digest_of,
    model_name,
    written,
)
from firsthand.integrations.ultralytics.run import NEEDED, Run, Wishes
from firsthand.integrations.ultralytics.verdict import PREDICTIONS, Contrast
from firsthand.integrations.ultralytics.watch import Look
from firsthand.messages import Language, text
from firsthand.report import over_epochs
from firsthand.types import Measurement, Undetermined


def begun(given: Admitted) -> dict[str, Any]:
    """What stands in the run's folder until the end, and stays there if that never comes."""
    known = given.audit.verdict if given.audit.verdict == "block" else "cannot-say"
    return {"schema": SCHEMA, "tool_version": __version__, "state": "begun", "verdict": known}


def conclude(run: Run, wishes: Wishes, trainer: Any) -> None:
    """Look at the final weights, hold them against earlier ones, write and register."""
    weights = Path(trainer.best if Path(trainer.best).is_file() else trainer.last)
    final = _final(run, weights)
    earlier = run.earlier.items() if final is not None else ()
    against = [verdict.contrast(role, one, final) for role, one in earlier if final is not None]
    missing = _open(run, final)
    run.verdict = verdict.decide(against, missing, all_human=run.given.all_human)
    digests = [digest_of(each) for each in {weights, Path(trainer.last)} if each.is_file()]
    name = model_name(run.folder.parent, digest_of(weights))
    if final is not None and run.watch is not None:
        with verdict.writing(run.folder):
            verdict.save_predictions(final.found, run.watch.cells.classes, run.folder / PREDICTIONS)
    document = _document(run, final, against, missing) | {
        "model": {
            "name": name,
            "weights": str(weights),
            "digests": digests,
            "generation": run.lineage.generation(run.given.generation),
            "data": str(run.given.named.path.absolute()),
        },
        "ledger": _registered(run, wishes, name),
    }
    with verdict.writing(run.folder):
        verdict.write(document, run.folder / VERDICT)
        _show(run, final, against, wishes.question.lang)
    for line in run.lines if wishes.announce else ():
        telling.line(line)


def _final(run: Run, weights: Path) -> Look | None:
    """The final weights on the anchor; looked at once more unless an epoch's look was at them."""
    if run.watch is None:
        return None
    for look in run.looks:
        if look.epoch == run.best:
            return look
    look = run.watch.look(weights, "", run.best)
    run.budget.paid(look.seconds, whole=True)
    return look


def _open(run: Run, final: Look | None) -> list[str]:
    """What keeps the verdict open whatever the data are."""
    found = [f"event-not-seen:{name}" for name in NEEDED if name not in run.fired]
    if final is None and not run.given.all_human:
        found.append("no-anchor")
    return found


def _document(
    run: Run, final: Look | None, against: Sequence[Contrast], open_: Sequence[str]
) -> dict[str, Any]:
    given, budget = run.given, run.budget
    return {
        "schema": SCHEMA,
        "tool_version": __version__,
        "state": "stopped" if run.stopped else "done",
        "verdict": run.verdict,
        "open": list(open_),
        "lost": [each for one in against for each in one.lost(len(against))],
        "lineage": written(run.lineage),
        "data": {
            "name": given.named.name,
            "digest": given.candidate.digest,
            "generation": given.generation,
            "all_human": given.all_human,
            "verdict": given.audit.verdict,
            "undetermined": given.audit.undetermined,
        },
        "recall": [] if final is None else _told(final.recall),
        "undetermined": [] if final is None else _untold(final.recall),
        "left": {one.role: _told(one.left) for one in against},
        "epochs": [{"epoch": one.epoch, "recall": _told(one.recall)} for one in run.looks],
        "final_epoch": run.best,
        "anchor": None if run.watch is None else _anchor(run),
        "cost": {"share": budget.share, "seconds": budget.spent, "training": budget.trained},
    }


def _anchor(run: Run) -> dict[str, Any]:
    assert run.watch is not None
    held = run.watch
    return {
        "images": held.human.images,
        "objects": len(held.human),
        "edges": held.cells.edges,
        "skips": held.skips,
    }


def _told(answers: Sequence[Measurement | Undetermined]) -> list[Measurement]:
    return [each for each in answers if isinstance(each, Measurement)]


def _untold(answers: Sequence[Measurement | Undetermined]) -> list[Undetermined]:
    return [each for each in answers if isinstance(each, Undetermined)]


def _registered(run: Run, wishes: Wishes, name: str) -> dict[str, Any] | None:
    """The entry in the ledger; what is wrong with a ledger must not cost a finished training."""
    try:
        ledger = registering.find(wishes.ledger)
        if ledger is None:
            return None
        entry = registering.register(ledger, run.given, name, run.lineage.parent)
    except (LedgerError, InputError) as error:
        telling.say("guard.ledger-failed", wishes.question.lang, error=str(error))
        return {"error": str(error)}
    said = asdict(entry)
    shown = {key: "–" if value is None else value for key, value in said.items()}
    shown["version"] = entry.version[:10]
    if entry.generation is None:
        shown["generation"] = text("guard.unknown", wishes.question.lang)
    telling.say("guard.ledger", wishes.question.lang, **shown)
    return said


def _show(run: Run, final: Look | None, against: Sequence[Contrast], lang: Language) -> None:
    run.lines = telling.conclusion(run, against, lang)
    told = over_epochs.Told(
        run.verdict or "cannot-say",
        run.lines[:-1],  # the last names the page itself
        tuple((one.epoch, one.recall) for one in (*_start(run), *run.looks)),
        tuple((role, one.recall) for role, one in run.earlier.items()),
        () if final is None else final.recall,
        {one.role: one.left for one in against},
    )
    (run.folder / "recall.svg").write_text(over_epochs.svg(told, lang), encoding="utf-8")
    (run.folder / "report.html").write_text(over_epochs.html(told, lang), encoding="utf-8")


def _start(run: Run) -> list[Look]:
    """What the weights found that the training began from, where that was looked at."""
    same = run.lineage.parent is not None and run.lineage.parent == run.lineage.first
    found = run.earlier.get("generation-0" if same else "parent")
    return [] if found is None else [found]
