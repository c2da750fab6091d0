"""Watches a training run of Ultralytics from its public callbacks, and says what became of it.

Before data are loaded the training set is audited; while it trains, recall is looked at on human
images; at the end the model is held against earlier ones. What is refused raises: a callback that
only logged would let the training go on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from firsthand import report
from firsthand.errors import Blocked, CannotSay, InputError
from firsthand.integrations.ultralytics import data, gate, telling, verdict
from firsthand.integrations.ultralytics.ending import begun, conclude
from firsthand.integrations.ultralytics.lineage import FOLDER, VERDICT, lineage, started_from
from firsthand.integrations.ultralytics.predict import BATCH
from firsthand.integrations.ultralytics.run import Run, Wishes
from firsthand.integrations.ultralytics.watch import Budget, Watch, as_one, watch_over
from firsthand.messages import text
from firsthand.types import Verdict

EVENTS = {
    "on_pretrain_routine_start": "begins",
    "on_train_start": "loaded",
    "on_train_epoch_start": "epoch_begins",
    "on_model_save": "saved",
    "on_fit_epoch_end": "epoch_ends",
    "on_train_end": "ends",
    "teardown": "gone",
}
"""What is listened to, and by which method."""


class Guard:
    """What `guard` attaches to a model; `run` is its last training run."""

    def __init__(self, model: Any, wishes: Wishes) -> None:
        self.model, self.wishes = model, wishes
        self.run: Run | None = None

    def __reduce__(self) -> NoReturn:
        # Several GPUs are trained on by processes of their own, to which callbacks are pickled.
        _refuse_several()

    @property
    def verdict(self) -> Verdict | None:
        """What became of the last run; None before its end."""
        return self.run.verdict if self.run else None

    def attach(self) -> Guard:
        """Listen to every event; one that this version of Ultralytics does not know is an error."""
        if not hasattr(self.model, "callbacks"):
            raise InputError(
                f"{self.model!r} is no model of Ultralytics",
                expected="an object such as YOLO('yolo26n.pt')",
            )
        unknown = sorted(set(EVENTS) - set(self.model.callbacks))
        if unknown:
            raise InputError(
                f"this version of Ultralytics has no event {', '.join(unknown)}",
                expected="the events that the guard listens to: it would see nothing",
                todo="Install a version that firsthand[yolo] names.",
            )
        if any(isinstance(getattr(each, "__self__", None), Guard) for each in self._listening()):
            raise InputError("the model is guarded already", expected="one guard a model")
        for event, method in EVENTS.items():
            self.model.add_callback(event, getattr(self, method))
        return self

    def _listening(self) -> list[Callable[..., Any]]:
        return [each for event in EVENTS for each in self.model.callbacks[event]]

    def begins(self, trainer: Any) -> None:
        """Before data are loaded: the audit."""
        self.run = None
        if trainer.world_size > 1 or os.environ.get("RANK", "-1") != "-1":
            _refuse_several()
        if trainer.args.task not in data.TASKS:
            raise InputError(
                f"the task is {trainer.args.task}", expected="one of " + ", ".join(data.TASKS)
            )
        asked = self.wishes.question
        given = gate.examine(trainer.args.data, trainer.args.task, asked)
        folder = Path(trainer.save_dir) / FOLDER
        came_from = lineage(*started_from(self.model, trainer))  # may be of this very folder
        with verdict.writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            report.write(given.audit, folder / "audit.html", asked.lang)
            verdict.write(begun(given), folder / VERDICT)
        telling.opened(given, asked)
        gate.refuse(given, asked)
        telling.admitted(given, asked)
        self.run = Run(folder, given, came_from, Budget(self.wishes.every, trainer.epochs))
        self.run.parent_classes = frozenset(dict(self.model.names).values())
        self.run.fired.add("on_pretrain_routine_start")

    def loaded(self, trainer: Any) -> None:
        """The data are there: is it what was audited? And how good are earlier models?"""
        run = self._going("on_train_start")
        if not data.same_place(run.given.named, trainer.data["train"]):
            raise InputError(
                f"Ultralytics trains on {trainer.data['train']}",
                expected=f"the data that were audited, in {run.given.named.root}",
                todo="Write the whole path into data.yaml.",
            )
        names = trainer.data["names"]
        classes = tuple(names[at] for at in sorted(names))
        if run.given.anchor is None:
            telling.say("guard.no-anchor", self.wishes.question.lang)
        else:
            sides = run.given.anchor, run.given.reference
            if trainer.args.single_cls:
                sides = as_one(sides[0], classes), as_one(sides[1], classes)
            run.watch = watch_over(*sides, classes, _asking(trainer))
            telling.watching(run.watch, self.wishes.question.lang)
            self._ask_earlier(run, classes)
        run.given = run.given.light()

    def _ask_earlier(self, run: Run, classes: tuple[str, ...]) -> None:
        assert run.watch is not None
        parent, first = run.lineage.parent, run.lineage.first
        asked = {"generation-0": first}
        if parent is not None and parent != first and set(classes) <= run.parent_classes:
            asked["parent"] = parent
        for role, one in asked.items():
            look = None if one is None else verdict.earlier(run.watch, one, role)
            if look is not None:
                run.earlier[role] = look
                run.budget.paid(look.seconds, whole=look.seconds > 0)

    def epoch_begins(self, _trainer: Any) -> None:
        """An epoch of training starts."""
        run = self._going("on_train_epoch_start")
        run.since = time.perf_counter()

    def saved(self, trainer: Any) -> None:
        """The weights of an epoch are on the disk."""
        run = self._going("on_model_save")
        run.saved = trainer.epoch + 1
        if trainer.best_fitness == trainer.fitness:
            run.best = run.saved

    def epoch_ends(self, trainer: Any) -> None:
        """An epoch is over, and validated by Ultralytics: look, if the budget allows."""
        run = self._going("on_fit_epoch_end")
        if not run.since:  # fires once more after the last validation
            return
        run.budget.epoch(time.perf_counter() - run.since)
        run.since = 0.0
        if run.watch is None:
            return
        last = trainer.stop or trainer.epoch + 1 >= trainer.epochs
        if run.budget.every == "auto" and not run.budget.cost and run.saved:
            run.budget.cost = run.watch.probe(trainer.last)
            run.budget.paid(run.budget.cost, whole=False)
        if run.budget.due(last):
            self._look(run, run.watch, trainer)

    def _look(self, run: Run, watch: Watch, trainer: Any) -> None:
        epoch, lang = trainer.epoch + 1, self.wishes.question.lang
        if run.saved != epoch:
            telling.say("guard.no-weights", lang, epoch=epoch)
            return
        look = watch.look(trainer.last, "", epoch)
        run.budget.paid(look.seconds, whole=True)
        telling.looked(look, run.looks, run.earlier, lang)
        run.looks.append(look)
        lost = [
            each
            for role, before in run.earlier.items()
            for each in verdict.contrast(role, before, look).lost(len(run.earlier))
        ]
        run.falling = run.falling + 1 if lost else 0
        if self.wishes.stop_on_loss and run.falling > 1 and not trainer.stop:
            trainer.stop, run.stopped = True, epoch
            telling.say("guard.stopped", lang, epoch=epoch)

    def ends(self, trainer: Any) -> None:
        """Training is over and its weights are final: the verdict."""
        run = self._going("on_train_end")
        conclude(run, self.wishes, trainer)

    def gone(self, _trainer: Any) -> None:
        """Everybody else has been told of the end: what is refused raises now."""
        run = self.run
        if run is None or run.verdict is None:
            return
        found, lang = run.given.audit, self.wishes.question.lang
        where = str(run.folder / VERDICT)
        if run.verdict == "block":
            raise Blocked(text("guard.blocked", lang, path=where), found)
        if run.verdict == "cannot-say" and not self.wishes.question.allow_undetermined:
            raise CannotSay(text("guard.cannot-say", lang, path=where), found)

    def _going(self, event: str) -> Run:
        """The run, which `begins` must have made."""
        if self.run is None:
            raise InputError(
                f"{event} came, and the guard was not asked before the data were loaded",
                expected="on_pretrain_routine_start first, as Ultralytics 8.4 has it",
            )
        self.run.fired.add(event)
        return self.run


def _asking(trainer: Any) -> dict[str, Any]:
    """How models are asked: a few images at a time, which adds little to what training holds.

    Every image is made square, so that it looks the same whichever others stand beside it.
    """
    most = max(min(BATCH, int(trainer.batch_size) // 4), 1)
    settings = {"imgsz": trainer.args.imgsz, "device": str(trainer.device)}
    return {**settings, "batch": most, "rect": False}


def _refuse_several() -> NoReturn:
    raise InputError(
        "training on several GPUs at once is not guarded",
        expected="one device, such as device=0",
        todo="Train on one GPU, or audit the data before training: firsthand gate",
    )
